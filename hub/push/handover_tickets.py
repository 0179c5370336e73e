"""The tickets that a context card may be for: new, open or not, and who asked.

Source of the 30 days: none but sense. The life of a ticket that nobody closed is months, and a card
after four weeks helps nobody.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, func, select

from hub.core.clock import Clock, to_micros
from hub.core.ids import SourceKey
from hub.core.records import Message, Ticket, decode
from hub.core.settings import Settings
from hub.store.records import chunks
from hub.store.schema import (
    cluster_members,
    facts,
    order_entries,
    runs,
    source_records,
    streams,
)

RECENT = timedelta(days=30)
"""How old a ticket may be to get a card."""

_OPEN = frozenset({"new", "open", "pending", "on_hold"})
_ABOUT = "ticket-"


@dataclass(frozen=True, slots=True)
class Asked:
    """A ticket, and who asked."""

    rid: int
    key: SourceKey
    ticket: Ticket
    party_rid: int | None
    alive: bool = True

    @property
    def about(self) -> str:
        """Its name among handovers."""
        return f"{_ABOUT}{self.rid}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still works on it."""
        return self.alive and self.ticket.status in _OPEN


def takers(settings: Settings) -> frozenset[str]:
    """The connections whose new tickets are to get a card."""
    sections = settings.connections.items()
    return frozenset(name for name, each in sections if each.push.enabled and each.push.notes)


def rids_of(about: Collection[str]) -> set[int]:
    """Row ids of the tickets among what handovers are about."""
    return {int(each.removeprefix(_ABOUT)) for each in about if each.startswith(_ABOUT)}


def fresh(connection: Connection, name: str, clock: Clock) -> set[int]:
    """Row ids of the tickets that were opened lately, since the hub first read there."""
    begun = connection.execute(
        select(func.min(runs.c.started_at)).where(runs.c.connection == name)
    ).scalar_one()
    if begun is None:
        return set()
    since = max(begun, to_micros(clock.now() - RECENT))
    query = (
        select(facts.c.rid)
        .join(source_records, source_records.c.rid == facts.c.rid)
        .join(streams, streams.c.stream_id == source_records.c.stream_id + 0)
        .where(
            facts.c.entity == Ticket.entity_name,
            facts.c.at >= since,
            streams.c.connection == name,
            source_records.c.deleted_at.is_(None),
        )
    )
    return set(connection.execute(query).scalars())


def asked_of(connection: Connection, rids: Collection[int]) -> list[Asked]:
    """Those tickets, by row id."""
    found = []
    for chunk in chunks(sorted(rids)):
        query = (
            select(
                source_records.c.rid, streams.c.connection, streams.c.stream,
                source_records.c.source_id, source_records.c.canonical, facts.c.party_rid,
                source_records.c.deleted_at.is_(None),
            )
            .join(streams, streams.c.stream_id == source_records.c.stream_id + 0)
            .outerjoin(facts, facts.c.rid == source_records.c.rid)
            .where(source_records.c.rid.in_(chunk), source_records.c.canonical.is_not(None))
        )  # fmt: skip
        for rid, name, stream, source_id, body, party, alive in connection.execute(query):
            record = decode(body)
            if isinstance(record, Ticket):
                key = SourceKey(name, stream, source_id)
                found.append(Asked(rid, key, record, party, bool(alive)))
    return found


def owners(connection: Connection, parties: Collection[int]) -> dict[int, str]:
    """The customers, by the records of who asked."""
    found: dict[int, str] = {}
    for chunk in chunks(sorted(parties)):
        query = select(cluster_members.c.rid, cluster_members.c.golden_id)
        rows = connection.execute(query.where(cluster_members.c.rid.in_(chunk)))
        found.update((rid, golden_id) for rid, golden_id in rows)
    return found


def first_heard(connection: Connection, golden_ids: Collection[str]) -> dict[str, int]:
    """When each customer was first heard of, microseconds; 0 for one with records in two places.

    What a ticket's own messages tell is no more than the ticket.
    """
    found: dict[str, int] = {}
    for chunk in chunks(sorted(golden_ids)):
        of = cluster_members.c
        for table in (facts, order_entries):
            query = select(of.golden_id, func.min(table.c.at)).where(of.golden_id.in_(chunk))
            query = query.join(table, table.c.party_rid == of.rid).group_by(of.golden_id)
            if table is facts:
                query = query.where(facts.c.entity != Message.entity_name)
            for golden_id, at in connection.execute(query):
                found[golden_id] = min(at, found.get(golden_id, at))
        several = select(of.golden_id).where(of.golden_id.in_(chunk)).group_by(of.golden_id)
        for golden_id in connection.execute(several.having(func.count() > 1)).scalars():
            found[golden_id] = 0
    return found
