"""Writing profile fields: in bulk jobs, one by one, and through everything that can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.zendesk.client import NotOffered
from connectors.zendesk.connector import ZENDESK
from connectors.zendesk.emulator import ZendeskEmulator, create
from connectors.zendesk.fields import FIELDS, ORGANIZATION_FIELDS
from connectors.zendesk.writer import ALIKE, PATIENCE
from hub.core.clock import ManualClock
from hub.core.connector import Change, OutField, RowResult, Value, Writer
from hub.core.errors import NeedsReauth, RetryLater, StopRun
from hub.testing.scripted import ScriptedServer, scripted

VALUES: Mapping[str, Value] = {
    "cxhub_golden_id": "01990000-0000-7000-8000-000000000001",
    "cxhub_card": "Ada. Repeat customer.\nOne open ticket.",
    "cxhub_nps": 9,
    "cxhub_aov": 45.5,
    "cxhub_last_order_at": "2025-12-30T09:15:00+00:00",
    "cxhub_churn": "active",
}
NAMES = [*VALUES]
NOBODY = "999999999999"
BULK = "PUT /api/v2/users/update_many"

Connect = Callable[..., Any]
Send = Callable[..., dict[str, RowResult]]


def writer(name: str = "profiles") -> Writer:
    [found] = [each for each in ZENDESK.writers_for(None) if each.name == name]
    return found


@pytest.fixture
def connect(connect_hub: Connect) -> Connect:
    """Connects a hub to an account whose fields the hub has created."""

    def open_hub(emulator: ZendeskEmulator) -> Any:
        hub = connect_hub(ZENDESK, emulator)
        provision(hub, writer())
        return hub

    return open_hub


@pytest.fixture
def send(released: Callable[..., Sequence[Any]]) -> Send:
    """What the writer reports, by trace, of changes that the gate released."""

    def write(hub: Any, *changes: Change, by: Writer | None = None) -> dict[str, RowResult]:
        found = (by or writer()).write(hub.ctx, released(*changes))
        return {result.trace: result for result in found}

    return write


def provision(hub: Any, by: Writer) -> Sequence[str]:
    assert callable(by.provision)
    return by.provision(hub.ctx, by.fields)


def users(hub: Any, count: int) -> list[str]:
    new = [{"name": f"P{n}", "email": f"p{n}@example.com"} for n in range(count)]
    return [str(hub.mutate("create", "users", properties=each)["id"]) for each in new]


def change(user: str, trace: str = "", **values: Value) -> Change:
    return Change(user, values or VALUES, trace or f"trace-{user}")


def calls(hub: Any, call: str) -> int:
    return int(hub.emulator.calls.counts().get(call, 0))


@contextmanager
def played(connect_hub: Connect) -> Iterator[tuple[Any, ScriptedServer]]:
    """An account that is played by hand, for what no emulator does."""
    with scripted() as server:
        server.then(body={"access_token": "t", "expires_in": 1800}, at="/oauth/tokens")
        emulator = create(clock=ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))
        yield connect_hub(ZENDESK, emulator, base_url=server.url), server


# --- what arrives ----------------------------------------------------------------------------


def test_what_is_written_is_what_is_read(hub: Any, send: Send) -> None:
    """Text, long text, numbers and instants come back as profiles spell them."""
    [user] = users(hub, 1)

    result = send(hub, change(user))[f"trace-{user}"]

    assert result.ok
    assert writer().read(hub.ctx, [user, NOBODY], NAMES) == {user: VALUES}


def test_a_hundred_users_are_one_call(hub: Any, send: Send) -> None:
    """One bulk update, one job; nobody gets an e-mail."""
    ids = users(hub, 100)

    results = send(hub, *map(change, ids))

    assert all(result.ok for result in results.values())
    assert len(results) == 100
    assert calls(hub, BULK) == 1


def test_an_absent_field_is_kept_and_none_clears(hub: Any, send: Send) -> None:
    """Only what is named changes."""
    [user] = users(hub, 1)
    send(hub, change(user))

    send(hub, change(user, "again", cxhub_nps=None, cxhub_churn="churned"))

    held = writer().read(hub.ctx, [user], NAMES)[user]
    assert held == {**VALUES, "cxhub_nps": None, "cxhub_churn": "churned"}


def test_a_repeated_write_has_no_second_effect(hub: Any, send: Send) -> None:
    """So a lost answer may be asked for again."""
    [user] = users(hub, 1)
    send(hub, change(user))
    before = len(hub.emulator.effects)

    result = send(hub, change(user, "again"))["again"]

    assert result.ok
    assert len(hub.emulator.effects) == before


def test_the_hubs_own_write_comes_back_as_no_change(hub: Any, send: Send) -> None:
    """The user is exported again, and nothing is stored."""
    [user] = users(hub, 1)
    hub.clock.sleep(120)
    hub.pull("users")
    send(hub, change(user))
    hub.clock.sleep(120)

    counts = hub.pull("users").counts

    assert (counts.read, counts.stored) == (1, 0)


def test_organizations_get_their_id(hub: Any, send: Send) -> None:
    """Into a field of their own, which is created first."""
    by = writer("organizations")
    created = provision(hub, by)
    made = str(hub.mutate("create", "organizations", properties={"name": "Acme"})["id"])

    results = send(hub, change(made, "t", cxhub_golden_id="g-1"), by=by)

    assert list(created) == [field.name for field in ORGANIZATION_FIELDS]
    assert results["t"].ok
    assert by.read(hub.ctx, [made], created) == {made: {"cxhub_golden_id": "g-1"}}


# --- fields ----------------------------------------------------------------------------------


def test_fields_are_created_where_they_are_missing(hub: Any) -> None:
    """All of them the first time (the fixture's), one that is new the next, else none."""
    by = writer()
    assert callable(by.provision)
    new = OutField("cxhub_extra", "who.name", "service", "boolean", "Extra")

    again, more = by.provision(hub.ctx, FIELDS), by.provision(hub.ctx, [*FIELDS, new])

    assert (list(again), list(more)) == ([], ["cxhub_extra"])


def test_a_field_that_somebody_creates_meanwhile_is_fine(connect_hub: Connect) -> None:
    """422 for a key that exists by now is no failure, and not reported as created."""
    missing: dict[str, object] = {"user_fields": [], "meta": {"has_more": False}}
    there = {"user_fields": [{"key": "cxhub_golden_id"}], "meta": {"has_more": False}}
    with played(connect_hub) as (hub, server):
        server.then(body=missing, at="/api/v2/user_fields")
        server.then(422, {"error": "RecordInvalid"}, at="/api/v2/user_fields")
        server.then(body=there, at="/api/v2/user_fields")
        by = writer()
        assert callable(by.provision)

        created = by.provision(hub.ctx, FIELDS[:1])

    assert list(created) == []


def test_a_field_that_cannot_be_created_stops_the_push(connect_hub: Connect) -> None:
    """A refused definition is an error, not a push into nowhere."""
    none: dict[str, object] = {"user_fields": [], "meta": {"has_more": False}}
    with played(connect_hub) as (hub, server):
        server.then(body=none, at="/api/v2/user_fields")
        server.then(422, {"error": "RecordInvalid"}, at="/api/v2/user_fields")
        server.then(body=none, at="/api/v2/user_fields")

        with pytest.raises(StopRun, match="cxhub_golden_id cannot be created"):
            provision(hub, writer())


# --- partial failure, and none that is hidden ------------------------------------------------


def test_one_bad_record_sinks_no_batch(hub: Any, send: Send) -> None:
    """A user that is gone and an id that is none fail alone, with a reason."""
    first, gone, last = users(hub, 3)
    hub.mutate("archive", "users", id=gone)

    results = send(hub, *map(change, (first, gone, "x17", last)))

    assert {trace: result.ok for trace, result in results.items()} == {
        f"trace-{first}": True,
        f"trace-{gone}": False,
        "trace-x17": False,
        f"trace-{last}": True,
    }
    assert results[f"trace-{gone}"].error == "RecordNotFound"
    assert results["trace-x17"].error == "no Zendesk id"


def test_items_that_the_job_fails_are_reported_as_failed(hub: Any, send: Send) -> None:
    """Two of five fail inside the job; exactly those are to be tried again."""
    ids = users(hub, 5)
    hub.strike({"kind": "partial_failure", "path": "*/update_many", "count": 2, "times": 1})

    results = send(hub, *map(change, ids))

    failed = [result for result in results.values() if not result.ok]
    assert len(failed) == 2
    assert all(result.retryable and result.error == "InternalError" for result in failed)
    held = writer().read(hub.ctx, ids, ["cxhub_nps"])
    assert sum(values["cxhub_nps"] == 9 for values in held.values()) == 3


def test_two_changes_of_one_user_have_two_results(hub: Any, send: Send) -> None:
    """Results are told apart by their place in the batch."""
    [user] = users(hub, 1)

    results = send(hub, change(user, "one", cxhub_nps=1), change(user, "two", cxhub_ces=2))

    assert [results[trace].ok for trace in ("one", "two")] == [True, True]


@pytest.mark.parametrize("place", [0, 57, 99])
def test_a_record_that_sinks_the_request_costs_no_other(hub: Any, send: Send, place: int) -> None:
    """Zendesk takes no id of 2**63, nor the request that it stands in: the others are taken."""
    ids = users(hub, 99)
    changes = list(map(change, ids))
    changes.insert(place, change(str(2**63), "bad"))

    results = send(hub, *changes)

    assert [trace for trace, result in results.items() if not result.ok] == ["bad"]
    assert (results["bad"].error, results["bad"].retryable) == ("RecordNotFound", False)
    asked = [call for call in hub.emulator.calls.since() if call.method == "PUT"]
    assert len(asked) <= 16


def test_a_request_that_is_refused_whatever_it_carries_comes_to_an_end(
    connect_hub: Connect, send: Send
) -> None:
    """Each of 100 records gets Zendesk's own reason, after 163 requests and not more."""
    with played(connect_hub) as (hub, server):
        server.then(422, {"error": "RecordInvalid"}, at=MANY)
        for number in range(100):
            server.then(422, {"error": "RecordInvalid"}, at=f"/api/v2/users/{number}")

        results = send(hub, *(change(str(number)) for number in range(100)))

    assert {(r.ok, r.error, r.retryable) for r in results.values()} == {
        (False, "RecordInvalid", False)
    }
    assert len(results) == 100
    assert sum(told.startswith("PUT") for told in server.requests()) == 163


# --- where bulk import is off ----------------------------------------------------------------


def test_without_bulk_import_users_are_written_one_by_one(
    connect: Connect, clock: ManualClock, send: Send
) -> None:
    """The 403 is met once per run; the bad record fails alone all the same."""
    hub, by = connect(create(clock=clock, bulk=False)), writer()
    ids = users(hub, 3)

    first = send(hub, change(ids[0]), change(NOBODY), by=by)
    second = send(hub, *map(change, ids[1:]), by=by)

    assert [result.ok for result in (*first.values(), *second.values())] == [
        True,
        False,
        True,
        True,
    ]
    assert first[f"trace-{NOBODY}"].error == "RecordNotFound"
    assert writer().read(hub.ctx, ids, NAMES) == dict.fromkeys(ids, VALUES)
    assert calls(hub, BULK) == 1
    assert any("bulk import is off" in line for line in hub.told)


def test_the_next_run_asks_for_bulk_again(connect: Connect, clock: ManualClock, send: Send) -> None:
    """Zendesk's support may have switched it on meanwhile."""
    hub = connect(create(clock=clock, bulk=False))
    [user] = users(hub, 1)
    send(hub, change(user))

    hub.emulator.account.bulk = True
    send(hub, change(user, "again", cxhub_nps=3))

    assert calls(hub, BULK) == 2
    assert calls(hub, f"PUT /api/v2/users/{user}") == 1


@pytest.fixture
def alone(connect: Connect, clock: ManualClock) -> Any:
    """A hub connected to an account on which bulk import is off."""
    return connect(create(clock=clock, bulk=False))


@pytest.mark.parametrize(
    ("status", "retryable", "ambiguous"), [(409, True, False), (500, True, True), (503, True, True)]
)
def test_one_user_in_trouble_costs_no_other(
    alone: Any, send: Send, status: int, retryable: bool, ambiguous: bool
) -> None:
    """It is tried once more at the end, and has a result of its own."""
    first, busy, last = users(alone, 3)
    fault = {"kind": "server_error", "path": f"*/users/{busy}", "status": status}
    alone.strike(fault)

    results = send(alone, *map(change, (first, busy, last)))

    found = results[f"trace-{busy}"]
    assert [results[f"trace-{key}"].ok for key in (first, busy, last)] == [True, False, True]
    assert (found.error, found.retryable, found.ambiguous) == (
        f"answered {status}",
        retryable,
        ambiguous,
    )
    assert calls(alone, f"PUT /api/v2/users/{busy}") == 2
    assert alone.waits.told[-1][1] == "Zendesk was busy with some records"


def test_trouble_of_a_moment_is_over_at_the_second_attempt(alone: Any, send: Send) -> None:
    """Then the user is written like any other."""
    ids = users(alone, 2)
    alone.strike({"kind": "server_error", "path": f"*/users/{ids[0]}", "status": 502, "times": 1})

    results = send(alone, *map(change, ids))

    assert [result.ok for result in results.values()] == [True, True]


def test_a_user_whom_the_credential_may_not_change_costs_no_other(alone: Any, send: Send) -> None:
    """An agent's credential changes customers, not admins: refused for good, at once."""
    first, boss, last = users(alone, 3)
    alone.mutate("update", "users", id=boss, properties={"role": "admin"})
    alone.emulator.account.access.role = "agent"

    results = send(alone, *map(change, (first, boss, last)))

    found = results[f"trace-{boss}"]
    assert [results[f"trace-{key}"].ok for key in (first, boss, last)] == [True, False, True]
    assert (found.error, found.retryable) == ("Forbidden", False)
    assert calls(alone, f"PUT /api/v2/users/{boss}") == 1


@pytest.mark.parametrize(("status", "kind"), [(403, NotOffered), (503, RetryLater)])
def test_what_ten_users_in_a_row_meet_ends_the_run(
    connect_hub: Connect, send: Send, status: int, kind: type[Exception]
) -> None:
    """A scope that is missing, or a Zendesk that is down, is no matter of the records."""
    with played(connect_hub) as (hub, server):
        server.then(403, at=MANY)
        for number in range(20):
            server.then(status, at=f"/api/v2/users/{number}")

        with pytest.raises(kind):
            send(hub, *(change(str(number)) for number in range(20)))

    assert sum(told.startswith("PUT") for told in server.requests()) == 1 + ALIKE


@pytest.mark.parametrize(("status", "kind"), [(401, NeedsReauth), (429, RetryLater)])
def test_what_is_surely_everybodys_ends_the_run_at_once(
    connect_hub: Connect, send: Send, status: int, kind: type[Exception]
) -> None:
    """No other user is tried with a credential that is refused, or over a limit."""
    with played(connect_hub) as (hub, server):
        server.then(403, at=MANY)
        server.then(status, at="/api/v2/users/1")

        with pytest.raises(kind):
            send(hub, change("1"), change("2"))

    assert "PUT /api/v2/users/2" not in server.requests()


# --- jobs that go astray ---------------------------------------------------------------------


MANY, JOB = "/api/v2/users/update_many", "/api/v2/job_statuses/j1"


def job(status: str, *results: Mapping[str, object]) -> dict[str, object]:
    return {"job_status": {"id": "j1", "status": status, "results": list(results) or None}}


def test_a_job_is_asked_after_until_it_is_over(connect_hub: Connect, send: Send) -> None:
    """Queued, working, completed: each question waits a little longer and says why."""
    done = {"id": 7, "action": "update", "status": "Updated", "success": True}
    with played(connect_hub) as (hub, server):
        server.then(body=job("queued"), at=MANY)
        for status in ("queued", "working"):
            server.then(body=job(status), at=JOB)
        server.then(body=job("completed", done), at=JOB)

        results = send(hub, change("7"))

    assert results["trace-7"].ok
    assert hub.waits.seconds == [1, 2, 4]
    assert all("bulk update" in reason for _, reason in hub.waits.told)


@pytest.mark.parametrize("fate", ["forgotten", "endless", "silent", "killed"])
def test_a_job_that_goes_astray_is_ambiguous(connect_hub: Connect, send: Send, fate: str) -> None:
    """Nobody knows whether it took effect: no row is done, none is failed for good."""
    with played(connect_hub) as (hub, server):
        server.then(body=job("queued"), at=MANY)
        match fate:
            case "forgotten":
                server.then(404, {"error": "RecordNotFound"}, at=JOB)
            case "endless":
                server.then(body=job("working"), at=JOB)
            case "silent":
                server.then(body=job("completed"), at=JOB)
            case _:
                server.then(body=job("killed"), at=JOB)

        results = send(hub, change("7"))

    assert (results["trace-7"].ok, results["trace-7"].ambiguous) == (False, True)
    assert sum(hub.waits.seconds) <= PATIENCE + 15


def test_a_full_queue_is_waited_for(connect: Connect, clock: ManualClock, send: Send) -> None:
    """Thirty jobs of somebody else are under way: the thirty-first waits for its place."""
    hub = connect(create(clock=clock, job_seconds=20))
    [user] = users(hub, 1)
    for number in range(30):
        body = {"users": [{"id": int(user), "notes": f"n{number}"}]}
        hub.ctx.wire.put("/api/v2/users/update_many", json=body)

    result = send(hub, change(user))[f"trace-{user}"]

    assert result.ok
    assert any("as many bulk updates under way" in reason for _, reason in hub.waits.told)


def test_a_lost_answer_takes_effect_once(hub: Any, send: Send) -> None:
    """The update is sent again; the values are there already."""
    [user] = users(hub, 1)
    before = len(hub.emulator.effects)
    hub.strike({"kind": "timeout_after_effect", "path": "*/update_many", "times": 1})

    result = send(hub, change(user))[f"trace-{user}"]

    assert result.ok
    assert len(hub.emulator.effects) == before + 1


def test_a_server_that_only_fails_confirms_nothing(hub: Any, send: Send) -> None:
    """500 on every write is an error to be tried later, not a success."""
    [user] = users(hub, 1)
    hub.strike({"kind": "server_error", "method": "PUT"})

    with pytest.raises(RetryLater):
        send(hub, change(user))
