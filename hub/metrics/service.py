"""What customers and agents did in service: the events that service metrics are made from.

1. The events of tickets, messages, conversations and answers to surveys, of everybody.
2. A ticket's events belong to its requester, also what somebody in copy wrote.
3. What was merged into another ticket is part of that one.

People unknown are each somebody: a ticket of theirs waits like any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from msgspec import Struct
from msgspec.json import Decoder
from sqlalchemy import Connection, select

from hub.core.ids import SourceKey
from hub.core.records import Ticket, decode
from hub.journeys import kinds
from hub.journeys.threads import CONVERSATION
from hub.journeys.timeline import Event, events_of, in_order, together
from hub.store.schema import cluster_members, facts, source_records, streams

Service = Mapping[str, list[Event]]
"""Person to the events of their service, in order."""

MERGED = "merged_into"
"""Attribute of a ticket: id, in its own connection, of the one that it was merged into."""

_ENTITIES = ("feedback", "interaction", "message", "ticket")
_KINDS = CONVERSATION | {kinds.SURVEY}

_Ref = tuple[str, str | None]


def load(connection: Connection) -> Service:
    """The service of everybody, from the store."""
    return by_person(_said(connection))


def by_person(said: Iterable[tuple[str | None, Event]]) -> Service:
    """The service of each person.

    Args:
        said: Events with the golden id of whoever's record tells them, None for people unknown.
    """
    found = [(golden_id, event) for golden_id, event in said if event.kind in _KINDS]
    merged = _merged(event for _, event in found)
    owners: dict[_Ref, str] = {}
    for golden_id, event in found:
        if event.kind == kinds.TICKET_OPENED and _ref(event) not in merged:
            owners[_ref(event)] = golden_id or f"unknown:{event.source}"
    told: dict[str, list[Event]] = defaultdict(list)
    for golden_id, event in found:
        event = replace(event, ref=merged.get(_ref(event), event.ref))
        told[owners.get(_ref(event)) or golden_id or f"unknown:{event.source}"].append(event)
    return {person: in_order(together(events)) for person, events in told.items()}


class _Word(Struct, frozen=True):
    """Of an interaction no more than the source's own word for it."""

    kind: str


_word_of = Decoder(_Word).decode
_is_service = lru_cache(4096)(lambda word: kinds.of_interaction(word) in _KINDS)


def _said(connection: Connection) -> Iterator[tuple[str | None, Event]]:
    """Page views and log-ins are most of the interactions, and no service: they stay undecoded."""
    key = (streams.c.connection, streams.c.stream, source_records.c.source_id)
    query = (
        select(facts.c.entity, cluster_members.c.golden_id, source_records.c.canonical, *key)
        .select_from(facts)
        .join(source_records, source_records.c.rid == facts.c.rid)
        .join(streams, streams.c.stream_id == source_records.c.stream_id)
        .outerjoin(cluster_members, cluster_members.c.rid == facts.c.party_rid)
        .where(facts.c.entity.in_(_ENTITIES))
    )
    for entity, golden_id, body, name, stream, source_id in connection.execute(query):
        if entity == "interaction" and not _is_service(_word_of(body).kind):
            continue
        source = str(SourceKey(name, stream, source_id))
        for event in events_of(source, decode(body)):
            yield golden_id, event


def _ref(event: Event) -> _Ref:
    return event.connection, event.ref


def _merged(events: Iterable[Event]) -> dict[_Ref, str]:
    """The tickets that were merged, with where they ended; merged in a circle they stay apart."""
    into = {
        _ref(event): str(event.record.attributes[MERGED])
        for event in events
        if isinstance(event.record, Ticket) and event.record.attributes.get(MERGED) is not None
    }
    ends: dict[_Ref, str] = {}
    for start in into:
        passed, at = {start}, (start[0], into[start])
        while at in into and at not in passed:
            passed.add(at)
            at = (at[0], into[at])
        if at not in into:
            ends[start] = at[1]
    return ends
