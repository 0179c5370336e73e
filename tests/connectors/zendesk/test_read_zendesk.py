"""Reading an emulated account over HTTP, through the sync engine, into a real database."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.zendesk.emulator import ZendeskEmulator
from connectors.zendesk.emulator.account import OWNER_ID
from hub.core.clock import ManualClock
from hub.emulation.world import World
from tests.connectors.zendesk.accounts import (
    CURSOR,
    Connect,
    add_users,
    export,
    filled,
    played,
    requests,
)

ALL = ("users", "organizations", "tickets", "comments", "survey_responses", "user_consents")


def test_the_first_read_brings_what_the_account_holds(full_hub: Any) -> None:
    """Every live record of every stream, no other, none in quarantine."""
    report = full_hub.sync()

    assert [stream.error for stream in report.streams] == [None] * 7
    assert report.counts.quarantined == 0
    for name in ALL:
        assert set(full_hub.records(name)) == set(full_hub.emulator.live_ids(name)), name


def test_values_arrive_as_the_account_shows_them(full_hub: Any) -> None:
    """Names, addresses and numbers of all users equal the emulator's own books."""
    held = {
        str(entry.id): (entry.body["name"], entry.body.get("email"), entry.body.get("phone"))
        for entry in full_hub.emulator.account.table("users").live()
    }

    full_hub.pull("users")

    read = {
        key: (person.full_name, *(person.emails or [None])[:1], *(person.phones or [None])[:1])
        for key, person in full_hub.records("users").items()
    }
    assert read == held


@pytest.mark.parametrize("listed", [True, False], ids=["beside", "inside"])
def test_metrics_come_with_the_tickets(
    connect: Connect, clock: ManualClock, world: World, listed: bool
) -> None:
    """First reply, reopenings and stations of every ticket, on later pages too, in no call more."""
    hub = connect(filled(clock, world, listed_metrics=listed, export_page=8))
    metrics = hub.emulator.account.metrics

    report = hub.pull("tickets")

    tickets = hub.records("tickets")
    assert report.pages > 1
    assert requests(hub, "/api/v2/") == report.pages
    assert {
        key: (each.reopens, each.assignee_stations, each.replies) for key, each in tickets.items()
    } == {
        key: tuple(metrics[int(key)][name] for name in ("reopens", "assignee_stations", "replies"))
        for key in tickets
    }
    assert any(ticket.first_reply_seconds for ticket in tickets.values())


def test_comments_cost_no_call_per_ticket(full_hub: Any) -> None:
    """Every comment is there, with few calls, on its ticket, by whom it was."""
    held = full_hub.emulator.live_ids("comments")
    requesters = {
        str(entry.id): str(entry.body["requester_id"])
        for entry in full_hub.emulator.account.table("tickets").live()
    }

    report = full_hub.pull("comments")

    messages = full_hub.records("comments")
    assert set(messages) == set(held)
    assert requests(full_hub, "/api/v2/") <= 3 * report.pages
    for message in messages.values():
        assert message.party.id == requesters[message.ticket]
        assert message.direction == ("in" if message.author == message.party.id else "out")
    assert {message.direction for message in messages.values()} == {"in", "out"}


@pytest.mark.parametrize(
    ("feedback", "has", "lacks"),
    [
        ("legacy", "satisfaction_ratings", "survey_responses"),
        ("surveys", "survey_responses", "satisfaction_ratings"),
    ],
)
def test_the_account_has_one_kind_of_csat(
    connect: Connect, clock: ManualClock, world: World, feedback: str, has: str, lacks: str
) -> None:
    """Answers come on their scale; the other kind says that it is not on this plan."""
    hub = connect(filled(clock, world, feedback=feedback))

    there, missing = hub.pull(has), hub.pull(lacks)

    answers = hub.records(has)
    assert (there.error, missing.error, missing.counts.read) == (None, None, 0)
    assert set(answers) == set(hub.emulator.live_ids(has))
    assert all(
        answer.scale_min <= answer.score <= answer.scale_max
        for answer in answers.values()
        if answer.score is not None
    )
    assert any(f"{lacks}: not on this plan" in line for line in hub.told)


def test_an_unchanged_account_stores_nothing(full_hub: Any) -> None:
    """A second run, incremental or full, stores no row and deletes none."""
    first = full_hub.sync()

    assert [stream.error for stream in first.streams] == [None] * 7
    for full in (False, True):
        counts = full_hub.sync(full=full).counts
        assert (counts.stored, counts.deleted, counts.events) == (0, 0, 0)


def test_a_second_run_reads_no_more_than_the_overlap(full_hub: Any) -> None:
    """By cursor nothing is read again; by time what lies within the look-back."""
    full_hub.sync()

    again = {stream.stream: stream.counts.read for stream in full_hub.sync().streams}

    assert (again["users"], again["tickets"], again["user_consents"]) == (0, 0, 0)
    assert again["organizations"] + again["comments"] <= 6


def test_the_cursor_is_the_only_state(connect: Connect, emulator: ZendeskEmulator) -> None:
    """However long the hub slept, it asks from the cursor on: no start, no clock."""
    with played() as server:
        for cursor in ("c1", "c2"):
            server.then(body=export(cursor, end=True), at=CURSOR)
        hub = connect(emulator, base_url=server.url)
        hub.pull("users")
        hub.clock.sleep(86_400)

        hub.pull("users")

    first, later = (str(each) for each in server.requests() if CURSOR in each)
    assert first == f"GET {CURSOR}?start_time=0&include=identities"
    assert later == f"GET {CURSOR}?cursor=c1&include=identities"


def test_hands_and_reopenings_are_counted_as_agents_work(hub: Any) -> None:
    """Three assignees, solved once and opened again: as Zendesk measures it, and as it arrives."""
    requester = int(add_users(hub, 1)[0])
    asked = {"requester_id": requester, "subject": "Invoice twice", "text": "Why?"}
    ticket = str(hub.mutate("create", "tickets", properties=asked)["id"])

    for assignee, status in ((OWNER_ID, "open"), (7, "solved"), (8, "open")):
        hub.clock.sleep(3_600)
        work = {"assignee_id": assignee, "status": status}
        hub.mutate("update", "tickets", id=ticket, properties=work)
    hub.clock.sleep(120)
    hub.pull("tickets")

    found = hub.records("tickets")[ticket]
    assert (found.assignee_stations, found.reopens, found.is_unsolved) == (3, 1, True)
    assert found.solved_at is None
