"""What a hub hears of: without it, "no log-in" cannot be told from "no log-ins are read"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Final

from sqlalchemy import Connection, func, select

from hub.core.clock import from_micros, to_micros
from hub.core.ids import SourceKey
from hub.core.records import decode
from hub.journeys import kinds
from hub.journeys.timeline import Event, events_of
from hub.store.schema import facts, order_entries, source_records, streams

_NEWEST: Final = 5_000
"""Records that are looked at per entity: kinds that are rarer than that count as not heard of."""


def heard(events: Iterable[Event], now: datetime) -> dict[str, datetime]:
    """Kinds among the events until ``now``, of whichever customers, with the newest of each."""
    found: dict[str, datetime] = {}
    for event in events:
        if event.at <= now:
            found[event.kind] = max(event.at, found.get(event.kind, event.at))
    return found


def known_kinds(connection: Connection, now: datetime) -> dict[str, datetime]:
    """Kinds of event among the newest records of any customer, with the newest instant of each."""
    entities = connection.execute(select(facts.c.entity).distinct()).scalars().all()
    found = heard(chain.from_iterable(_newest(connection, each, now) for each in entities), now)
    ordered = select(func.max(order_entries.c.at)).where(order_entries.c.at <= to_micros(now))
    newest = connection.execute(ordered).scalar()
    return found if newest is None else found | {kinds.ORDER: from_micros(newest)}


def _newest(connection: Connection, entity: str, now: datetime) -> Iterator[Event]:
    newest = (
        select(facts.c.rid)
        .where(facts.c.entity == entity, facts.c.at <= to_micros(now))
        .order_by(facts.c.at.desc())
        .limit(_NEWEST)
        .subquery()
    )
    query = (
        select(
            source_records.c.canonical,
            streams.c.connection,
            streams.c.stream,
            source_records.c.source_id,
        )
        .join(newest, newest.c.rid == source_records.c.rid)
        .join(streams, streams.c.stream_id == source_records.c.stream_id)
        .where(source_records.c.canonical.is_not(None))
    )
    for body, name, stream, source_id in connection.execute(query):
        yield from events_of(str(SourceKey(name, stream, source_id)), decode(body))
