"""Context cards as an origin of notes: whoever takes a new ticket sees what is known already.

A ticket gets a card if

1. its connection is asked for notes, and the ticket was opened after the hub first read there,
   within the last 30 days, and is not solved;
2. its customer was known before, or is known in more than one place;
3. nobody has to decide whether the requester is somebody else: a wrong card would tell one
   customer's story to another;
4. the gate lets it go.

It is written once: what is learnt later stands in the profile, and would bury the ticket in notes.
Beside the card stand the earlier contacts about the same matter, in whatever channel.

Source: the life of a ticket that nobody closed is months; a card after 30 days helps nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, func, select

from hub.core.clock import Clock, to_micros
from hub.core.connector import Note, OutField
from hub.core.ids import SourceKey
from hub.core.records import Message, Ticket, decode
from hub.core.settings import Settings
from hub.identity.doubt import in_doubt
from hub.journeys import timeline
from hub.journeys.event import Event
from hub.journeys.threads import threads
from hub.push.handover import NOTES, Origin, Wanted
from hub.store import handovers
from hub.store.records import chunks
from hub.store.schema import (
    cluster_members,
    facts,
    order_entries,
    profiles,
    runs,
    source_records,
    streams,
)

CARD = "card"
"""The part that a note is made of."""
RECENT = timedelta(days=30)
"""How old a ticket may be to get one."""
EARLIER = 3
"""Most contacts named beside the card."""

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


def origin(settings: Settings, clock: Clock) -> Origin[Note]:
    """The cards that new tickets ask for."""
    sections = settings.connections.items()
    takers = {name for name, each in sections if each.push.enabled and each.push.notes}
    zone = ZoneInfo(settings.hub.time_zone)

    def due(
        connection: Connection, name: str, about: Collection[str] | None = None
    ) -> Sequence[Wanted[Note]]:
        held = {row.about for row in handovers.not_over(connection, "note", name)}
        new = fresh(connection, name, clock) if name in takers else set()
        chosen = held | {f"{_ABOUT}{rid}" for rid in new}
        chosen = chosen if about is None else chosen & set(about)
        rids = {int(each.removeprefix(_ABOUT)) for each in chosen if each.startswith(_ABOUT)}
        asked = _asked(connection, rids)
        waiting = [each for each in asked if name in takers and each.is_open]
        cards = _cards(connection, waiting, zone)
        return [*_wanted(asked, {each.rid for each in waiting}, cards, held)]

    return Origin(NOTES, (OutField(CARD, "card.text", "service", "long_text"),), due)


def key_of(ticket: SourceKey) -> str:
    """The name of a ticket's card, the same after the database was made anew."""
    return f"card-{hashlib.blake2s(str(ticket).encode(), digest_size=16).hexdigest()}"


def note(key: str, text: str, native_id: str, parts: Collection[str]) -> Note:
    """The card at the ticket.

    Args:
        key: The note's name.
        text: The card.
        native_id: The ticket.
        parts: What the gate lets go; without the card there is no note.
    """
    return Note(key, native_id, text if CARD in parts else "")


# --- which tickets ---------------------------------------------------------------------------


def fresh(connection: Connection, name: str, clock: Clock) -> set[int]:
    """1. Row ids of the tickets that were opened lately, since the hub first read there."""
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


def _asked(connection: Connection, rids: Collection[int]) -> list[Asked]:
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


def _wanted(
    asked: Iterable[Asked],
    waiting: Collection[int],
    cards: Mapping[int, tuple[str | None, str]],
    held: Collection[str],
) -> Iterable[Wanted[Note]]:
    for each in asked:
        golden_id, text = cards.get(each.rid, (None, ""))
        over = each.rid not in waiting or each.rid not in cards
        if over and each.about not in held:
            continue
        key = key_of(each.key)
        build = partial(note, key, text)
        yield Wanted(key, each.about, golden_id, build, on=each.rid, over=over, once=True)


# --- what they say ---------------------------------------------------------------------------


def _cards(
    connection: Connection, asked: Sequence[Asked], zone: tzinfo
) -> dict[int, tuple[str | None, str]]:
    """By ticket, the customer and the card: nobody where in doubt, and nothing of newcomers."""
    parties = {each.party_rid for each in asked if each.party_rid is not None}
    owners = _owners(connection, parties)
    heard = first_heard(connection, set(owners.values()))
    doubtful = in_doubt(connection, parties)
    texts = _texts(connection, heard.keys())
    told = timeline.load(connection, texts)
    found: dict[int, tuple[str | None, str]] = {}
    for each in asked:
        golden_id = owners.get(each.party_rid or 0, "")
        if golden_id not in texts or heard[golden_id] >= to_micros(each.ticket.at):
            continue  # 2
        if each.party_rid in doubtful:  # 3
            found[each.rid] = (None, "")
            continue
        before = earlier(told[golden_id], each, zone)
        found[each.rid] = (golden_id, "\n".join([texts[golden_id], *before]))
    return found


def earlier(events: Sequence[Event], asked: Asked, zone: tzinfo) -> list[str]:
    """One line that names the last contacts about the same matter before the ticket, if any."""
    own = str(asked.key)
    same = next((each for each in threads(events) if own in {e.source for e in each.events}), None)
    if same is None:
        return []
    before = [
        contact
        for contact in same.contacts
        if contact.at <= asked.ticket.at
        and contact.source != own
        and (contact.connection, contact.ref) != (asked.key.connection, asked.key.source_id)
    ]
    told = [
        f"{each.channel or each.kind} {each.at.astimezone(zone).date().isoformat()}"
        for each in before[-EARLIER:]
    ]
    return [f"Same matter before: {', '.join(told)}"] if told else []


def _owners(connection: Connection, parties: Collection[int]) -> dict[int, str]:
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


def _texts(connection: Connection, golden_ids: Collection[str]) -> dict[str, str]:
    """The cards of those customers, as their profiles have them."""
    found: dict[str, str] = {}
    for chunk in chunks(sorted(golden_ids)):
        query = select(profiles.c.golden_id, profiles.c.body)
        for golden_id, body in connection.execute(query.where(profiles.c.golden_id.in_(chunk))):
            text = orjson.loads(body).get("card", {}).get("text", {}).get("value")
            if text:
                found[golden_id] = text
    return found
