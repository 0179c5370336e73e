"""Writing users and organizations: one by one, in jobs, into fields that were defined."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from connectors.zendesk.emulator import ZendeskEmulator, create
from hub.core.clock import ManualClock

if TYPE_CHECKING:
    from tests.connectors.zendesk.conftest import Wire


def define(wire: Wire, key: str, kind: str = "text", of: str = "user", **more: object) -> None:
    wanted = {"key": key, "title": key.title(), "type": kind, **more}
    answer = wire.post(f"/{of}_fields", {f"{of}_field": wanted})
    assert answer.status_code == 201, answer.text


def methods(emulator: ZendeskEmulator, since: int = 0) -> list[tuple[str, tuple[str, ...]]]:
    return [(effect.method, effect.fields) for effect in emulator.effects.since(since)]


# --- custom fields ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "sent", "kept"),
    [
        pytest.param("text", "g-1", "g-1", id="text"),
        pytest.param("textarea", "two\nlines", "two\nlines", id="textarea"),
        pytest.param("checkbox", True, True, id="checkbox"),
        pytest.param("date", "2026-11-01", "2026-11-01T00:00:00+00:00", id="date"),
        pytest.param("date", "2026-11-01T09:30:00Z", "2026-11-01T00:00:00+00:00", id="instant"),
        pytest.param("integer", "7", 7, id="integer"),
        pytest.param("decimal", "45.50", 45.5, id="decimal"),
        pytest.param("text", "", None, id="cleared"),
    ],
)
def test_a_value_is_kept_in_its_fields_form(
    wire: Wire, kind: str, sent: object, kept: object
) -> None:
    """What is read back may differ in form from what was sent, and sending it again is nothing."""
    define(wire, "score", kind)
    key = wire.add_user()
    body = {"user": {"user_fields": {"score": sent}, "skip_verify_email": True}}

    shown = wire.put(f"/users/{key}", body).json()["user"]["user_fields"]
    before = len(wire.emulator.effects)
    wire.put(f"/users/{key}", body)

    assert shown == {"score": kept}
    assert len(wire.emulator.effects) == before


def test_a_field_that_nobody_defined_swallows_its_value(wire: Wire) -> None:
    """Zendesk answers 200 and keeps nothing: only reading back tells."""
    key = wire.add_user()
    before = len(wire.emulator.effects)

    answer = wire.put(f"/users/{key}", {"user": {"user_fields": {"golden_id": "g-1"}}})

    assert (answer.status_code, answer.json()["user"]["user_fields"]) == (200, {})
    assert len(wire.emulator.effects) == before


def test_fields_are_listed_as_they_were_defined(wire: Wire) -> None:
    """Users and organizations have their own; an unset checkbox is false, anything else null."""
    define(wire, "vip", "checkbox")
    define(wire, "tier", of="organization")
    define(wire, "plan", "dropdown", custom_field_options=[{"name": "Gold", "value": "gold"}])

    listed = wire.get("/user_fields?page[size]=100").json()["user_fields"]
    user = wire.get(f"/users/{wire.add_user()}").json()["user"]

    assert [(row["key"], row["type"]) for row in listed] == [
        ("vip", "checkbox"),
        ("plan", "dropdown"),
    ]
    assert user["user_fields"] == {"vip": False, "plan": None}
    assert len(wire.get("/organization_fields").json()["organization_fields"]) == 1


# --- one user --------------------------------------------------------------------------------


def test_creating_a_user_sends_an_email_unless_it_is_told_not_to(wire: Wire) -> None:
    """Forgetting `skip_verify_email` writes to a customer, and the log shows it."""
    silent = {"name": "Ann", "email": "ann@example.com", "skip_verify_email": True}
    loud = {"name": "Bob", "email": "bob@example.com"}

    answers = [wire.post("/users/create_or_update", {"user": user}) for user in (silent, loud)]

    found = [(effect.method, effect.id) for effect in wire.emulator.effects.since()]
    ann, bob = (str(answer.json()["user"]["id"]) for answer in answers)
    assert found == [("create", ann), ("create", bob), ("email", bob)]


def test_a_new_address_is_a_second_one(wire: Wire) -> None:
    """An update never replaces the first address, and may send an e-mail to the new one."""
    key = wire.add_user(email="ann@example.com")
    before = len(wire.emulator.effects)

    user = wire.put(f"/users/{key}", {"user": {"email": "ann@new.example"}}).json()["user"]

    assert user["email"] == "ann@example.com"
    assert methods(wire.emulator, before) == [
        ("update", ("identities",)),
        ("email", ("verification",)),
    ]


def test_a_first_address_is_announced_too(wire: Wire) -> None:
    """A user who had none gets one, and an e-mail to it."""
    key = wire.add_user()
    before = len(wire.emulator.effects)

    user = wire.put(f"/users/{key}", {"user": {"email": "ann@example.com"}}).json()["user"]

    assert user["email"] == "ann@example.com"
    assert [name for name, _ in methods(wire.emulator, before)] == ["update", "email"]


def test_an_upsert_finds_by_external_id_whatever_its_case(wire: Wire) -> None:
    """201 for a new user, 200 for a known one, whose external id takes the case that was sent."""
    body: dict[str, Any] = {"name": "Ann", "external_id": "crm/17A", "skip_verify_email": True}

    made = wire.post("/users/create_or_update", {"user": body})
    known = wire.post("/users/create_or_update", {"user": {**body, "external_id": "CRM/17a"}})

    assert [answer.status_code for answer in (made, known)] == [201, 200]
    assert made.json()["user"]["id"] == known.json()["user"]["id"]
    assert known.json()["user"]["external_id"] == "CRM/17a"
    assert known.headers["location"] == f"/api/v2/users/{made.json()['user']['id']}.json"


def test_an_upsert_finds_by_address_when_the_external_id_is_new(wire: Wire) -> None:
    """The user who has the address gets the external id."""
    key = wire.add_user(email="ann@example.com")
    body = {"name": "Ann", "email": "ANN@example.com", "external_id": "crm/1"}

    user = wire.post("/users/create_or_update", {"user": body}).json()["user"]

    assert (user["id"], user["external_id"]) == (key, "crm/1")


# --- many ------------------------------------------------------------------------------------


def test_a_job_is_queued_then_works_then_is_done(wire: Wire, clock: ManualClock) -> None:
    """Nothing is written before the job is done; then every record has a result."""
    keys = [wire.add_user(f"P{n}") for n in range(3)]
    before = len(wire.emulator.effects)
    body = {"users": [{"id": key, "notes": "gold"} for key in keys]}

    job = wire.put("/users/update_many.json", body).json()["job_status"]
    seen = [(job["status"], len(wire.emulator.effects) - before)]
    for _ in range(2):
        clock.sleep(1)
        job = wire.get(f"/job_statuses/{job['id']}.json").json()["job_status"]
        seen.append((job["status"], len(wire.emulator.effects) - before))

    assert seen == [("queued", 0), ("working", 0), ("completed", 3)]
    assert job["results"] == [
        {"id": key, "action": "update", "success": True, "status": "Updated"} for key in keys
    ]


def test_the_same_values_again_have_no_effect(wire: Wire) -> None:
    """A job may say Updated and change nothing."""
    define(wire, "tier")
    body = {"users": [{"id": wire.add_user(), "user_fields": {"tier": "gold"}}]}
    wire.finished(wire.put("/users/update_many", body))
    before = len(wire.emulator.effects)

    job = wire.finished(wire.put("/users/update_many", body))

    assert job["results"][0]["success"] is True
    assert len(wire.emulator.effects) == before


def test_a_bad_record_fails_alone(wire: Wire) -> None:
    """The others of its job are updated; its result says why, and where it stood."""
    define(wire, "visits", "integer")
    first, last = wire.add_user(), wire.add_user("Bob")
    rows = [
        {"id": first, "user_fields": {"visits": 3}},
        {"id": 999, "user_fields": {"visits": 3}},
        {"id": last, "user_fields": {"visits": "many"}},
    ]

    results = wire.finished(wire.put("/users/update_many", {"users": rows}))["results"]

    assert [row["success"] for row in results] == [True, False, False]
    assert [row.get("error") for row in results] == [None, "RecordNotFound", "RecordInvalid"]
    assert [row.get("index") for row in results] == [None, 1, 2]
    assert results[2]["details"] == "Visits: is invalid"


def test_a_record_without_an_id_fails_alone(wire: Wire) -> None:
    """The job ends and the other records are written."""
    key = wire.add_user()
    rows = [{"id": None, "notes": "x"}, {"id": key, "notes": "x"}]

    results = wire.finished(wire.put("/users/update_many", {"users": rows}))["results"]

    assert [(row["success"], row.get("error")) for row in results] == [
        (False, "RecordNotFound"),
        (True, None),
    ]


ODD_IDS: tuple[object, ...] = ([], {}, "x", True, 1e300, -1, 2**63)


@pytest.mark.parametrize("odd", [*({"id": key} for key in ODD_IDS), {"tags": "gold"}], ids=repr)
def test_a_parameter_of_the_wrong_type_sinks_the_request(wire: Wire, odd: dict[str, Any]) -> None:
    """It is found before there is a job: the other record is not written either."""
    key = wire.add_user()
    before = len(wire.emulator.effects)

    answer = wire.put("/users/update_many", {"users": [{"id": key, "notes": "x"}, odd]})

    assert (answer.status_code, answer.json()["error"]["title"]) == (400, "Invalid attribute")
    assert wire.get("/job_statuses").json()["job_statuses"] == []
    assert len(wire.emulator.effects) == before


def test_one_change_for_many(wire: Wire) -> None:
    """Ids in the query and one set of attributes in the body."""
    keys = [wire.add_user(f"P{n}", external_id=f"x{n}") for n in range(2)]
    by_id = f"/users/update_many?ids={keys[0]},{keys[1]}"

    wire.finished(wire.put(by_id, {"user": {"notes": "gold"}}))
    wire.finished(wire.put("/users/update_many?external_ids=X1", {"user": {"details": "x"}}))

    users = wire.get(f"/users/show_many?ids={keys[0]},{keys[1]},999").json()["users"]
    assert [(row["notes"], row["details"]) for row in users] == [("gold", None), ("gold", "x")]


def test_many_are_created_or_updated(wire: Wire) -> None:
    """Each result has its index; a new user without silence gets an e-mail, a bad one nothing."""
    wire.add_user(external_id="a")
    rows = [
        {"external_id": "A", "name": "Ann B."},
        {"external_id": "b", "name": "Bob", "email": "bob@example.com"},
        {"external_id": "c", "name": ""},
    ]
    before = len(wire.emulator.effects)

    answer = wire.post("/users/create_or_update_many", {"users": rows})
    results = wire.finished(answer)["results"]

    assert [(row["index"], row["status"]) for row in results] == [
        (0, "Updated"),
        (1, "Created"),
        (2, "Failed"),
    ]
    assert [name for name, _ in methods(wire.emulator, before)] == ["update", "create", "email"]


def test_organizations_are_updated_in_jobs_too(wire: Wire) -> None:
    """Names are unique; custom fields are written under `organization_fields`."""
    define(wire, "tier", of="organization")
    new = [{"op": "create", "object": "organizations", "properties": {"name": n}} for n in "AB"]
    keys = [int(str(wire.emulator.mutate(command)["id"])) for command in new]
    rows = [
        {"id": keys[0], "organization_fields": {"tier": "gold"}},
        {"id": keys[1], "name": "a"},
    ]

    results = wire.finished(wire.put("/organizations/update_many", {"organizations": rows}))

    shown = wire.get(f"/organizations/show_many?ids={keys[0]}").json()["organizations"][0]
    assert [row["success"] for row in results["results"]] == [True, False]
    assert shown["organization_fields"] == {"tier": "gold"}


def test_a_fault_makes_records_of_a_job_fail(wire: Wire) -> None:
    """The first two fail, the third is written."""
    keys = [wire.add_user(f"P{n}") for n in range(3)]
    wire.inject(kind="partial_failure", at=[1], count=2)
    before = len(wire.emulator.effects)

    rows = [{"id": key, "notes": "x"} for key in keys]
    results = wire.finished(wire.put("/users/update_many", {"users": rows}))["results"]

    assert [row["success"] for row in results] == [False, False, True]
    assert [effect.id for effect in wire.emulator.effects.since(before)] == [str(keys[2])]


def test_thirty_jobs_are_all_that_may_wait(
    clock: ManualClock, open_wire: Callable[[ZendeskEmulator], Wire]
) -> None:
    """The next one is refused with the ids of those, until one is done."""
    wire = open_wire(create(clock=clock, plan="unmetered"))
    body = {"users": [{"id": wire.add_user(), "notes": "x"}]}

    answers = [wire.put("/users/update_many", body) for _ in range(31)]
    clock.sleep(5)
    later = wire.put("/users/update_many", body)

    left = [answer.headers["zendesk-ratelimit-inflight-jobs"] for answer in answers[:2]]
    assert left == ["total=30; remaining=29; resets=60", "total=30; remaining=28; resets=60"]
    assert (answers[30].status_code, answers[30].json()["error"]) == (429, "TooManyJobs")
    assert len(answers[30].json()["current_job_ids"]) == 30
    assert later.status_code == 200


def test_a_job_is_forgotten_after_an_hour(wire: Wire, clock: ManualClock) -> None:
    """Whoever asks too late is told that there is no such job."""
    body = {"users": [{"id": wire.add_user(), "notes": "x"}]}
    job = wire.finished(wire.put("/users/update_many", body))
    listed = wire.get("/job_statuses").json()["job_statuses"]
    clock.sleep(3_600)

    answer = wire.get(f"/job_statuses/{job['id']}")

    assert [row["id"] for row in listed] == [job["id"]]
    assert (answer.status_code, answer.json()["error"]) == (404, "RecordNotFound")


def test_a_job_that_nobody_asks_after_is_done_all_the_same(wire: Wire, clock: ManualClock) -> None:
    """Its effects are in the log once its time has come."""
    wire.put("/users/update_many", {"users": [{"id": wire.add_user(), "notes": "x"}]})

    clock.sleep(5)

    assert methods(wire.emulator)[-1] == ("update", ("notes",))


def test_bulk_imports_are_off_until_the_owner_asks(
    clock: ManualClock, open_wire: Callable[[ZendeskEmulator], Wire]
) -> None:
    """403 for the three bulk endpoints; one by one it still works."""
    wire = open_wire(create(clock=clock, bulk=False))
    key = wire.add_user()
    rows = {"users": [{"id": key, "notes": "x"}]}

    many = wire.put("/users/update_many", rows), wire.post("/users/create_or_update_many", rows)
    one = wire.put(f"/users/{key}", {"user": {"notes": "x"}})

    assert [answer.status_code for answer in many] == [403, 403]
    assert many[0].json()["error"]["title"] == "Forbidden"
    assert one.status_code == 200
