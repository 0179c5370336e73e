"""What a hub hears of: without it, "no log-in" cannot be told from "no log-ins are read"."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from hub.core.clock import from_micros, to_micros
from hub.core.ids import SourceKey
from hub.core.records import decode
from hub.journeys import kinds
from hub.journeys.timeline import events_of
from hub.store.schema import facts, order_entries, source_records, streams

_NEWEST: Final = 5_000
"""Records that are looked at per entity: kinds that are rarer than that count as not heard of."""


def known_kinds(connection: Connection, now: datetime) -> dict[str, datetime]:
    """Kinds of event among the newest records of any customer, with the newest instant of each."""
    found: dict[str, datetime] = {}
    for entity in connection.execute(select(facts.c.entity).distinct()).scalars().all():
        for at, kind in _newest(connection, entity, now):
            found[kind] = max(at, found.get(kind, at))
    ordered = select(func.max(order_entries.c.at)).where(order_entries.c.at <= to_micros(now))
    newest = connection.execute(ordered).scalar()
    return found if newest is None else found | {kinds.ORDER: from_micros(newest)}


def _newest(connection: Connection, entity: str, now: datetime) -> list[tuple[datetime, str]]:
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
    return [
        (event.at, event.kind)
        for body, name, stream, source_id in connection.execute(query)
        for event in events_of(str(SourceKey(name, stream, source_id)), decode(body))
        if event.at <= now
    ]
