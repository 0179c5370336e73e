"""Incremental exports: nothing lost by cursor, repeats and holes by time, as Zendesk has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from connectors.zendesk.emulator import ZendeskEmulator, create
from hub.core.clock import ManualClock
from hub.emulation.world import World

if TYPE_CHECKING:
    from tests.connectors.zendesk.conftest import Wire

USERS, TICKETS = "/incremental/users/cursor", "/incremental/tickets/cursor"
ORGANIZATIONS, EVENTS = "/incremental/organizations", "/incremental/ticket_events"
MINUTE = 61


def drain(wire: Wire, path: str, query: str = "start_time=0") -> tuple[list[dict[str, Any]], str]:
    """Every row from there on, and the cursor at the end."""
    rows: list[dict[str, Any]] = []
    kind, cursor = path.split("/")[2], ""
    while True:
        page = wire.get(f"{path}?{query}").json()
        rows += page[kind]
        cursor = page["after_cursor"] or cursor
        query = f"cursor={cursor}&per_page={len(page[kind]) or 1}"
        if page["end_of_stream"]:
            return rows, cursor


def test_a_cursor_export_brings_every_record_once(full_wire: Wire, world: World) -> None:
    """Pages of seven hold everybody, and nobody twice."""
    rows, _ = drain(full_wire, USERS, "start_time=0&per_page=7")

    ids = [str(row["id"]) for row in rows]
    assert len(ids) == len(set(ids))
    assert set(ids) == full_wire.emulator.live_ids("users")
    assert {p.local_id for p in world.presences("zendesk")} < set(ids)


def test_the_cursor_goes_on_where_it_ended(wire: Wire, clock: ManualClock) -> None:
    """An idle source gives an empty page and the same cursor; a change comes alone."""
    first, other = wire.add_user("Ann"), wire.add_user("Bob")
    clock.sleep(MINUTE)
    _, cursor = drain(wire, USERS)

    idle = wire.get(f"{USERS}?cursor={cursor}").json()
    wire.put(f"/users/{first}", {"user": {"notes": "called"}})
    clock.sleep(MINUTE)
    changed = wire.get(f"{USERS}?cursor={cursor}").json()["users"]

    assert (idle["users"], idle["after_cursor"], idle["end_of_stream"]) == ([], cursor, True)
    assert [row["id"] for row in changed] == [first] != [other]


def test_the_last_minute_is_left_out(wire: Wire, clock: ManualClock) -> None:
    """A change shows after sixty seconds, not before."""
    clock.sleep(3_600)
    made = wire.add_user("Ann")
    start = int(clock.now().timestamp()) - 120

    found = []
    for pause in (0, 59, 1):
        clock.sleep(pause)
        found.append([row["id"] for row in drain(wire, USERS, f"start_time={start}")[0]])

    assert found == [[], [], [made]]


def test_a_late_commit_still_arrives_by_cursor(wire: Wire, clock: ManualClock) -> None:
    """Zendesk orders by when a change was generated: `updated_at` below the cursor is no matter."""
    made = wire.add_user("Ann")
    clock.sleep(86_400)
    wire.add_user("Bob")
    clock.sleep(MINUTE)
    _, cursor = drain(wire, USERS)
    wire.inject(kind="late_commit", at=[1], seconds=7_261, object_type="users", count=9)

    rows, _ = drain(wire, USERS, f"cursor={cursor}")

    late = next(row for row in rows if row["id"] == made)
    assert late["updated_at"] == "2026-01-01T22:00:00Z"


def test_a_plateau_is_paged_through_by_cursor(
    clock: ManualClock, open_wire: Callable[[ZendeskEmulator], Wire]
) -> None:
    """More records with one time than a page holds come one page after the other."""
    wire = open_wire(create(clock=clock, plan="unmetered", export_page=3))
    ids = {wire.add_user(f"P{n}") for n in range(10)}
    clock.sleep(3_600)
    _, cursor = drain(wire, USERS)
    wire.inject(kind="plateau", at=[1], count=100, object_type="users")

    rows, _ = drain(wire, USERS, f"cursor={cursor}")

    assert ids < {row["id"] for row in rows}
    assert len({row["updated_at"] for row in rows}) == 1


def test_deleted_records_come_as_tombstones(full_wire: Wire, clock: ManualClock) -> None:
    """Users with `active: false`, tickets with the status `deleted`, unless they are excluded."""
    cursors = {path: drain(full_wire, path)[1] for path in (USERS, TICKETS)}
    for stream in ("users", "tickets"):
        gone = min(full_wire.emulator.live_ids(stream))
        command = {"op": "archive", "object": stream, "id": "10001" if stream == "users" else gone}
        full_wire.emulator.mutate(command)
    clock.sleep(MINUTE)

    users, tickets = (drain(full_wire, path, f"cursor={c}")[0] for path, c in cursors.items())
    left = drain(full_wire, TICKETS, f"cursor={cursors[TICKETS]}&exclude_deleted=true")[0]

    assert [(row["id"], row["active"]) for row in users] == [(10001, False)]
    assert [row["status"] for row in tickets] == ["deleted"]
    assert left == []


@pytest.mark.parametrize("listed", [True, False], ids=["beside", "inside"])
def test_metrics_are_side_loaded(
    clock: ManualClock,
    world: World,
    open_wire: Callable[[ZendeskEmulator], Wire],
    listed: bool,
) -> None:
    """Both reported forms of `metric_sets`, and none without asking."""
    clock.sleep((world.end - clock.now()).total_seconds())
    emulator = create(clock=clock, listed_metrics=listed)
    emulator.seed(world)
    wire = open_wire(emulator)

    bare, page = (
        wire.get(f"{TICKETS}?start_time=0{x}").json() for x in ("", "&include=metric_sets")
    )

    sets = page["metric_sets"] if listed else [row["metric_set"] for row in page["tickets"]]
    assert {row["ticket_id"] for row in sets} == {row["id"] for row in page["tickets"]}
    assert "metric_sets" not in bare
    assert "metric_set" not in bare["tickets"][0]


def test_a_ticket_measures_as_the_world_knows_it(full_wire: Wire, world: World) -> None:
    """First reply, re-openings and hands are what happened."""
    sets = full_wire.get(f"{TICKETS}?start_time=0&include=metric_sets").json()["metric_sets"]
    measured = {str(row["ticket_id"]): row for row in sets}

    for ticket in world.of("zendesk", world.tickets):
        row = measured[ticket.ticket_id]
        reply = row["reply_time_in_minutes"]["calendar"]
        passed = ticket.first_reply_at and (ticket.first_reply_at - ticket.created_at)
        assert reply == (int(passed.total_seconds()) // 60 if passed else None)
        assert row["reopens"] == ticket.reopens
        assert row["assignee_stations"] == len(ticket.agents)


def test_comments_come_with_the_ticket_events(full_wire: Wire, world: World) -> None:
    """Every message is in the event stream, its text only on request, and in the ticket's list."""
    tickets = world.of("zendesk", world.tickets)
    said = sorted(message.text for ticket in tickets for message in ticket.messages)

    whole = full_wire.get(f"{EVENTS}?start_time=0&include=comment_events").json()
    bare = full_wire.get(f"{EVENTS}?start_time=0").json()["ticket_events"]
    listed = full_wire.get(f"/tickets/{tickets[0].ticket_id}/comments").json()["comments"]

    children = [child for event in whole["ticket_events"] for child in event["child_events"]]
    assert sorted(child["body"] for child in children) == said
    assert {str(child["id"]) for child in children} == full_wire.emulator.live_ids("comments")
    assert [row["body"] for row in listed] == [m.text for m in tickets[0].messages]
    assert all("body" not in child for event in bare for child in event["child_events"])


def add_organizations(emulator: ZendeskEmulator, count: int) -> None:
    for number in range(count):
        new = {"op": "create", "object": "organizations", "properties": {"name": f"O{number}"}}
        emulator.mutate(new)
        if number % 2:
            emulator.clock.sleep(10)


def test_time_based_pages_repeat_their_edge(
    clock: ManualClock, open_wire: Callable[[ZendeskEmulator], Wire]
) -> None:
    """A page ends at a second and the next begins with it: the rows of that second come twice."""
    wire = open_wire(create(clock=clock, export_page=3))
    add_organizations(wire.emulator, 6)
    clock.sleep(MINUTE)

    first = wire.get(f"{ORGANIZATIONS}?start_time=0").json()
    second = wire.get(first["next_page"]).json()

    names = [[row["name"] for row in page["organizations"]] for page in (first, second)]
    assert names == [["O0", "O1", "O2", "O3"], ["O2", "O3", "O4", "O5"]]
    assert first["next_page"].endswith(f"start_time={first['end_time']}")
    assert (first["count"], first["end_of_stream"]) == (4, False)


def test_a_time_based_export_ends_with_a_short_page(wire: Wire, clock: ManualClock) -> None:
    """Fewer rows than a page holds are the end; no rows have no end time."""
    empty = wire.get(f"{ORGANIZATIONS}?start_time=0").json()
    add_organizations(wire.emulator, 1)
    clock.sleep(MINUTE)

    page = wire.get(f"{ORGANIZATIONS}?start_time=0").json()

    assert (empty["count"], empty["end_time"], empty["next_page"]) == (0, None, None)
    assert (page["count"], page["end_of_stream"]) == (1, True)


def test_a_late_commit_is_lost_to_a_time_based_export(wire: Wire, clock: ManualClock) -> None:
    """What is stamped below the last end time only comes to a client that looks back."""
    add_organizations(wire.emulator, 2)
    clock.sleep(86_400)
    end_time = wire.get(f"{ORGANIZATIONS}?start_time=0").json()["end_time"]
    wire.inject(kind="late_commit", at=[1], seconds=90_000, object_type="organizations", count=1)

    missed = wire.get(f"{ORGANIZATIONS}?start_time={end_time + 1}").json()["organizations"]
    looked_back = wire.get(f"{ORGANIZATIONS}?start_time={end_time - 7_200}").json()

    assert missed == []
    assert any(row["notes"] for row in looked_back["organizations"])


def test_a_late_ticket_event_is_stamped_in_the_past(full_wire: Wire, clock: ManualClock) -> None:
    """Events are exported by their own time: whoever goes on from the end never sees it."""
    end_time = full_wire.get(f"{EVENTS}?start_time=0").json()["end_time"]
    ago = int(clock.now().timestamp()) - end_time + 3_600
    full_wire.inject(kind="late_commit", at=[1], seconds=ago, object_type="comments", count=1)

    missed = full_wire.get(f"{EVENTS}?start_time={end_time + 1}").json()["ticket_events"]
    looked_back = full_wire.get(f"{EVENTS}?start_time={end_time - 3_600}").json()["ticket_events"]

    assert missed == []
    assert end_time - 3_600 in [event["timestamp"] for event in looked_back]


def test_an_equal_value_leaves_a_record_in_its_place(full_wire: Wire, clock: ManualClock) -> None:
    """Saving a ticket as it is moves nothing in the export, and is no effect."""
    rows, cursor = drain(full_wire, TICKETS)
    same = {"op": "update", "object": "tickets", "id": str(rows[0]["id"])}
    full_wire.emulator.mutate({**same, "properties": {"priority": rows[0]["priority"]}})
    clock.sleep(MINUTE)

    assert drain(full_wire, TICKETS, f"cursor={cursor}")[0] == []
    assert len(full_wire.emulator.effects) == 0


def test_a_cursor_is_bound_to_its_stream(full_wire: Wire) -> None:
    """A cursor of tickets, or a changed letter, is refused where users are exported."""
    _, cursor = drain(full_wire, TICKETS)
    bent = ("A" if cursor[0] != "A" else "B") + cursor[1:]

    answers = [full_wire.get(f"{USERS}?cursor={c}") for c in (cursor, bent, "nonsense")]

    assert [answer.status_code for answer in answers] == [400] * 3


def test_identities_are_side_loaded_with_users(wire: Wire, clock: ManualClock) -> None:
    """A second address is an identity beside the first."""
    made = wire.add_user("Ann", email="ann@example.com")
    wire.put(f"/users/{made}", {"user": {"email": "ann@work.example", "skip_verify_email": True}})
    clock.sleep(MINUTE)

    page = wire.get(f"{USERS}?start_time=0&include=identities").json()

    mine = [row for row in page["identities"] if row["user_id"] == made]
    assert [(row["value"], row["primary"]) for row in mine] == [
        ("ann@example.com", True),
        ("ann@work.example", False),
    ]


def test_a_plateau_as_long_as_a_page_stands_still_by_time(
    clock: ManualClock, open_wire: Callable[[ZendeskEmulator], Wire]
) -> None:
    """The next page is the same page: whoever follows `next_page` alone never arrives."""
    wire = open_wire(create(clock=clock, export_page=3))
    add_organizations(wire.emulator, 6)
    clock.sleep(3_600)
    wire.inject(kind="plateau", at=[1], count=100, object_type="organizations")

    first = wire.get(f"{ORGANIZATIONS}?start_time=0").json()
    second = wire.get(first["next_page"]).json()

    assert first["count"] == 6
    assert (second["end_time"], second["end_of_stream"]) == (first["end_time"], False)
    assert second["organizations"] == first["organizations"]


def test_the_past_is_exported_whatever_time_it_is(
    clock: ManualClock, world: World, open_wire: Callable[[ZendeskEmulator], Wire]
) -> None:
    """An account that is opened before its world ends shows all that was seeded."""
    emulator = create(clock=clock)
    emulator.seed(world)
    assert clock.now() < world.end

    rows, _ = drain(open_wire(emulator), USERS)

    assert {str(row["id"]) for row in rows} == emulator.live_ids("users")
