"""Lists page by page, people who are deleted or merged, and the two kinds of CSAT."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import pytest

from connectors.zendesk.emulator import ZendeskEmulator, create
from hub.core.clock import ManualClock
from hub.emulation.world import World

if TYPE_CHECKING:
    from tests.connectors.zendesk.conftest import Wire

Connect = Callable[[ZendeskEmulator], "Wire"]


def pages(wire: Wire, path: str, name: str) -> Iterator[list[dict[str, Any]]]:
    """The pages by cursor."""
    while True:
        page = wire.get(path).json()
        yield page[name]
        if not page["meta"]["has_more"]:
            return
        path = page["links"]["next"]


def test_cursor_pages_hold_everything_once(full_wire: Wire) -> None:
    """The links lead through the whole list."""
    found = list(pages(full_wire, "/users.json?page[size]=10&role=end-user", "users"))

    ids = [row["id"] for page in found for row in page]
    assert [len(page) for page in found[:-1]] == [10] * (len(found) - 1)
    assert len(ids) == len(set(ids)) > 20
    assert {row["role"] for page in found for row in page} == {"end-user"}


@pytest.mark.parametrize(
    "path", ["/users{}?page[size]=3", "/incremental/users/cursor{}?start_time=0&per_page=3"]
)
def test_paths_end_in_json_or_not(full_wire: Wire, path: str) -> None:
    """Rows are the same, cursors are good for both, and links keep the form that was asked in."""
    bare, suffixed = (full_wire.get(path.format(end)).json() for end in ("", ".json"))

    assert bare["users"] == suffixed["users"]
    links = [page.get("after_url") or page["links"]["next"] for page in (bare, suffixed)]
    assert [".json?" in link for link in links] == [False, True]
    crossed = full_wire.get(links[0].replace("?", ".json?")).json()["users"]
    assert crossed == full_wire.get(links[1]).json()["users"]


def test_cursor_pages_lead_back(full_wire: Wire) -> None:
    """`prev` of the second page is the first one."""
    first = full_wire.get("/users?page[size]=5").json()
    second = full_wire.get(first["links"]["next"]).json()

    back = full_wire.get(second["links"]["prev"]).json()

    assert first["links"]["prev"] is None
    assert back["users"] == first["users"]


def test_a_deleted_edge_does_not_bend_the_next_page(wire: Wire) -> None:
    """Paging goes on after the place of a row that is gone meanwhile."""
    keys = [wire.add_user(f"P{n}") for n in range(4)]
    first = wire.get("/users?page[size]=2&role=end-user").json()
    wire.send("DELETE", f"/users/{keys[1]}")

    second = wire.get(first["links"]["next"]).json()

    assert [row["id"] for row in second["users"]] == keys[2:]


def test_offset_pages_count_and_link(full_wire: Wire) -> None:
    """The older paging tells how many there are."""
    first = full_wire.get("/users?per_page=20").json()
    last = full_wire.get("/users?per_page=20&page=3").json()

    assert first["count"] == len(full_wire.emulator.live_ids("users"))
    assert (len(first["users"]), first["previous_page"]) == (20, None)
    assert "page=2" in first["next_page"]
    assert last["next_page"] is None


@pytest.mark.parametrize(("page", "status"), [(100, 200), (101, 400)])
def test_offset_pages_end_at_a_hundred(wire: Wire, page: int, status: int) -> None:
    """Beyond, cursors are the only way."""
    answer = wire.get(f"/users?page={page}&per_page=10")

    assert answer.status_code == status
    if status == 400:
        assert answer.json()["errors"][0]["code"] == "InvalidPaginationDepth"


# --- deleted and merged ----------------------------------------------------------------------


def test_a_deleted_user_is_listed_until_erased_and_after(wire: Wire) -> None:
    """Deleting keeps the data for a while; erasing keeps the id alone."""
    key = wire.add_user("Ann", email="ann@example.com", phone="+61755500011")
    gone = wire.send("DELETE", f"/users/{key}").json()["user"]
    listed = wire.get("/deleted_users").json()["deleted_users"][0]
    erased = wire.send("DELETE", f"/deleted_users/{key}").json()["deleted_user"]
    relisted = wire.get("/deleted_users?page[size]=100").json()["deleted_users"][0]

    assert (gone["active"], listed["email"], listed["phone"]) == (
        False,
        "ann@example.com",
        "+61755500011",
    )
    for row in (erased, relisted):
        assert (row["id"], row["name"]) == (key, "Permanently Deleted User")
        assert (row["email"], row["phone"]) == (None, None)
    assert [e.method for e in wire.emulator.effects.since()] == ["create", "archive", "erase"]
    assert wire.get(f"/users/{key}").status_code == 404


def test_an_erased_user_reappears_in_the_export(wire: Wire, clock: ManualClock) -> None:
    """Without a name, for whoever kept one."""
    key = wire.add_user("Ann", email="ann@example.com")
    wire.send("DELETE", f"/users/{key}")
    wire.send("DELETE", f"/deleted_users/{key}")
    clock.sleep(61)

    rows = wire.get("/incremental/users/cursor?start_time=0").json()["users"]

    row = next(row for row in rows if row["id"] == key)
    assert (row["active"], row["email"], row["name"]) == (False, None, "Permanently Deleted User")


def test_a_deleted_users_address_is_free_again(wire: Wire) -> None:
    """Somebody else may have it."""
    key = wire.add_user(email="ann@example.com")
    wire.send("DELETE", f"/users/{key}")

    assert wire.add_user("Anna", email="ann@example.com") != key
    with pytest.raises(ValueError, match="already being used"):
        wire.emulator.mutate({"op": "restore", "object": "users", "id": str(key)})


def test_a_deleted_organization_is_gone_without_a_trace(full_wire: Wire) -> None:
    """Neither list nor export tells of it; its people stay, without one."""
    users = full_wire.get("/users?page[size]=100").json()["users"]
    employee = next(row for row in users if row["organization_id"])
    gone = employee["organization_id"]

    command = {"op": "archive", "object": "organizations", "id": str(gone)}
    full_wire.emulator.mutate(command)

    rows = full_wire.get("/incremental/organizations?start_time=0").json()["organizations"]
    left = full_wire.get(f"/users/{employee['id']}").json()["user"]
    assert gone not in {row["id"] for row in rows}
    assert full_wire.get(f"/organizations/{gone}").status_code == 404
    assert (left["active"], left["organization_id"]) == (True, None)


def test_a_deleted_user_has_no_identities(wire: Wire, clock: ManualClock) -> None:
    """The record is still in the export, its addresses are not."""
    key = wire.add_user(email="ann@example.com")
    wire.send("DELETE", f"/users/{key}")
    clock.sleep(61)

    page = wire.get("/incremental/users/cursor?start_time=0&include=identities").json()

    assert key in {row["id"] for row in page["users"]}
    assert key not in {row["user_id"] for row in page["identities"]}


def test_a_merge_fills_gaps_and_keeps_what_was_there(wire: Wire) -> None:
    """Of two values the surviving user's own one stays, custom fields too."""
    for key in ("tier", "plan"):
        wire.post("/user_fields", {"user_field": {"key": key, "title": key, "type": "text"}})
    loser = wire.add_user(phone="1", notes="old", user_fields={"tier": "silver", "plan": "a"})
    winner = wire.add_user("Bob", notes="new", user_fields={"tier": "gold"})

    left = wire.put(f"/users/{loser}/merge", {"user": {"id": winner}}).json()["user"]

    assert (left["phone"], left["notes"]) == ("1", "new")
    assert left["user_fields"] == {"tier": "gold", "plan": "a"}


def test_a_merge_moves_addresses_and_tickets(full_wire: Wire, clock: ManualClock) -> None:
    """The user in the path goes, the one in the body stays with both addresses."""
    tickets = full_wire.get("/tickets?page[size]=100").json()["tickets"]
    loser = tickets[0]["requester_id"]
    winner = next(row["requester_id"] for row in tickets if row["requester_id"] != loser)
    address = full_wire.get(f"/users/{loser}").json()["user"]["email"]

    left = full_wire.put(f"/users/{loser}/merge", {"user": {"id": winner}}).json()["user"]

    moved = full_wire.get(f"/tickets/{tickets[0]['id']}").json()["ticket"]
    gone = full_wire.get(f"/users/{loser}").json()["user"]
    identities = full_wire.get(f"/users/show_many?ids={winner}&include=identities").json()
    assert (left["id"], moved["requester_id"], gone["active"]) == (winner, winner, False)
    assert address in {row["value"] for row in identities["identities"]}
    assert [(e.method, e.id, e.fields) for e in full_wire.emulator.effects.since()] == [
        ("merge", str(winner), (str(loser),))
    ]


# --- CSAT ------------------------------------------------------------------------------------


@pytest.fixture(params=["legacy", "surveys"])
def asking(
    request: pytest.FixtureRequest, clock: ManualClock, world: World, open_wire: Connect
) -> Wire:
    """Calls to an account with one of the two kinds of CSAT."""
    feedback: Literal["legacy", "surveys"] = request.param
    clock.sleep((world.end - clock.now()).total_seconds())
    emulator = create(clock=clock, feedback=feedback)
    emulator.seed(world)
    return open_wire(emulator)


def csat(world: World) -> list[tuple[str, int]]:
    """Ticket and score of each answer that Zendesk has a place for."""
    tickets = {ticket.ticket_id for ticket in world.of("zendesk", world.tickets)}
    answers = world.of("zendesk", world.surveys)
    return sorted(
        (a.about, a.score) for a in answers if a.instrument == "CSAT" and a.about in tickets
    )


def test_an_account_has_one_kind_of_csat(asking: Wire) -> None:
    """The other one is refused: whoever reads only that has no CSAT at all."""
    paths = ("/satisfaction_ratings", "/guide/survey_responses?page[size]=10")
    answers = [asking.get(path) for path in paths]

    legacy = asking.emulator.account.feedback == "legacy"
    assert [a.status_code for a in answers] == ([200, 404] if legacy else [403, 200])


def test_every_answer_about_a_ticket_is_there(asking: Wire, world: World) -> None:
    """Ratings know good and bad, surveys the point on the scale."""
    wanted = csat(world)
    assert wanted

    if asking.emulator.account.feedback == "legacy":
        rows = asking.get("/satisfaction_ratings").json()["satisfaction_ratings"]
        found = sorted((str(row["ticket_id"]), row["score"]) for row in rows)
        assert found == [(about, "good" if score >= 4 else "bad") for about, score in wanted]
    else:
        page = asking.get("/guide/survey_responses?page[size]=100").json()
        rows = page["survey_responses"]
        found = sorted((row["subjects"][0]["id"], row["answers"][0]["rating"]) for row in rows)
        assert found == wanted
        assert set(page) == {"survey_responses", "meta"}


def test_ratings_are_filtered_by_score_and_time(
    clock: ManualClock, world: World, open_wire: Connect
) -> None:
    """An unqualified score holds those with and without a comment."""
    clock.sleep((world.end - clock.now()).total_seconds())
    emulator = create(clock=clock, feedback="legacy")
    emulator.seed(world)
    wire = open_wire(emulator)

    def count(query: str) -> int:
        return len(wire.get(f"/satisfaction_ratings?{query}").json()["satisfaction_ratings"])

    now = int(clock.now().timestamp())
    parts = [count(f"score={s}") for s in ("good_with_comment", "good_without_comment", "bad")]
    assert sum(parts) == count("score=received") == count(f"end_time={now}") > 0
    assert count(f"start_time={now}") == 0


def test_survey_responses_are_filtered_by_ticket_and_time(full_wire: Wire, world: World) -> None:
    """By subject, by responder, by milliseconds."""
    path = "/guide/survey_responses"
    rows = full_wire.get(f"{path}?page[size]=100").json()["survey_responses"]
    one = rows[0]
    end = int(world.end.timestamp() * 1000)

    queries = {
        f"filter[subject_zrns]={one['subject_zrns'][0]}": 1,
        f"filter[created_at_start]={end}": 0,
        f"filter[created_at_end]={end}": len(rows),
    }
    found = {
        query: len(full_wire.get(f"{path}?page[size]=100&{query}").json()["survey_responses"])
        for query in queries
    }
    assert found == queries
