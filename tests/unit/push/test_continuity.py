"""Hand-over continuity: of the tickets in which a customer met somebody new, who had the card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from hub.core.clock import ManualClock, to_micros
from hub.core.ids import IdSource, SourceKey
from hub.core.records import PartyRef, Ticket, encode
from hub.core.settings import Settings
from hub.push.continuity import measure
from hub.push.handover_cards import key_of
from hub.store import bulk, handovers
from hub.store.engine import Store
from hub.store.handovers import Handover, Status
from hub.store.schema import (
    cluster_members,
    facts,
    metric_snapshots,
    runs,
    source_records,
    streams,
)
from tests.conftest import Databases

START = datetime(2026, 11, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)


class Desk:
    """A help desk's tickets in the store, and what became of their cards."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.rid = 100
        with store.write() as connection:
            names = ("stream_id", "connection", "stream", "entity")
            rows = [(1, "desk", "users", "person"), (2, "desk", "tickets", "ticket")]
            bulk.insert(connection, streams, names, rows)
            began = to_micros(START)
            columns = ("run_id", "kind", "connection", "actor", "status", "started_at", "counts")
            row = ("r", "sync", "desk", "test", "succeeded", began, b"{}")
            bulk.insert(connection, runs, columns, [row])

    def person(self, rid: int) -> None:
        self._record(rid, 1, f"u{rid}", "person", b"{}")
        with self.store.write() as connection:
            member = (rid, f"g{rid}", 0)
            bulk.insert(connection, cluster_members, ("rid", "golden_id", "since"), [member])

    def ticket(self, party: int, days: float, channel: str, *, agents: int = 1) -> SourceKey:
        """A ticket about the one thing that everybody here writes about."""
        self.rid += 1
        at = START + days * DAY
        ticket = Ticket(
            party=PartyRef(id=f"u{party}", stream="users"), at=at, subject="Late parcel",
            channel=channel, assignee_stations=agents,
        )  # fmt: skip
        self._record(self.rid, 2, f"t{self.rid}", "ticket", encode(ticket))
        with self.store.write() as connection:
            columns = ("rid", "party_rid", "entity", "at")
            row = (self.rid, party, "ticket", to_micros(at))
            bulk.insert(connection, facts, columns, [row])
        return SourceKey("desk", "tickets", f"t{self.rid}")

    def card(self, ticket: SourceKey, status: Status) -> None:
        """What became of the ticket's card."""
        digest = b"d" if status == "done" else None
        row = Handover(
            key_of(ticket), "note", f"ticket-{self.rid}", "desk", self.rid, "g", status, False,
            digest, digest, None, None, None, None, None, 1, 0, None, 0,
        )  # fmt: skip
        with self.store.write() as connection:
            handovers.write(connection, [row])

    def measured(self, notes: bool = True) -> Mapping[str, tuple[float | None, int]]:
        """Value and number of tickets, per series."""
        push = {"notes": notes}
        raw = {
            "connections": {"desk": {"connector": "zendesk", "push": push}},
            "metrics": {"min_n": 1},
        }
        settings = Settings.model_validate(raw)
        ids = IdSource.seeded(self.store.clock, seed=1)
        measure(self.store, settings, ids=ids, actor="test")
        table = metric_snapshots.c
        query = select(table.series, table.value, table.n).where(
            table.metric == "handover_continuity", table.superseded_at.is_(None)
        )
        with self.store.read() as connection:
            return {series: (value, n) for series, value, n in connection.execute(query)}

    def _record(self, rid: int, stream: int, source_id: str, entity: str, body: bytes) -> None:
        columns = (
            "rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping",
            "canonical", "created_at", "changed_at",
        )  # fmt: skip
        row = (rid, stream, source_id, entity, 1, b"", b"", body, 0, 0)
        with self.store.write() as connection:
            bulk.insert(connection, source_records, columns, [row])


@pytest.fixture
def desk(sqlite_databases: Databases) -> Iterator[Desk]:
    """A desk ten days after the hub first read it, with three customers."""
    store = Store.open(sqlite_databases.migrated(), clock=ManualClock(START + 10 * DAY))
    desk = Desk(store)
    for rid in (1, 2, 3):
        desk.person(rid)
    yield desk
    store.close()


def test_the_share_of_hand_overs_that_found_the_card(desk: Desk) -> None:
    """Two changed the channel and one of them found the card; one of two was passed on with it."""
    for party, status in ((1, "done"), (2, "withheld")):
        desk.ticket(party, 1, "chat")
        desk.card(desk.ticket(party, 2, "voice", agents=2), status)  # type: ignore[arg-type]  # a literal each

    assert desk.measured() == {"channel": (50.0, 2), "team": (50.0, 2)}


def test_who_goes_on_where_they_were_meets_nobody_new(desk: Desk) -> None:
    """The same channel and one agent is no hand-over, with a card or without."""
    desk.ticket(1, 1, "chat")
    desk.card(desk.ticket(1, 2, "chat"), "done")

    assert desk.measured() == {}


def test_newcomers_and_old_tickets_do_not_count(desk: Desk) -> None:
    """Nothing could have been told of the one, and nobody was asked to tell it of the other."""
    desk.ticket(1, 1, "chat", agents=3)
    desk.ticket(2, -3, "chat")
    desk.ticket(2, -2, "voice", agents=3)

    assert desk.measured() == {}


def test_a_card_that_nobody_wanted_yet_is_a_miss(desk: Desk) -> None:
    """A ticket that a second agent got before the next run had no card to look at."""
    desk.ticket(3, 1, "chat")
    desk.ticket(3, 2, "chat", agents=2)

    assert desk.measured() == {"team": (0.0, 1)}


def test_a_desk_that_takes_no_notes_has_no_number(desk: Desk) -> None:
    """It ends when the setting does: a share of nothing asked for would say nothing."""
    desk.ticket(1, 1, "chat")
    desk.card(desk.ticket(1, 2, "voice"), "done")

    before, after = desk.measured(), desk.measured(notes=False)

    assert (before, after) == ({"channel": (100.0, 1)}, {})
