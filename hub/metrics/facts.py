"""Facts as metrics read them: typed, with whose they are and when they happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Connection, select

from hub.core.records import Record, decode
from hub.store.records import chunks
from hub.store.schema import cluster_members, facts, source_records

R = TypeVar("R", bound=Record)


def facts_of(
    connection: Connection, kind: type[R], golden_ids: Sequence[str] | None = None
) -> Iterator[tuple[int, str | None, int, R]]:
    """Row id, golden id, instant and record of every fact of one kind, or those of some customers.

    The golden id is None where nobody knows whose it is.
    """
    for rid, golden_id, at, body in _rows(connection, kind.entity_name, golden_ids):
        record = decode(body)
        if isinstance(record, kind):
            yield rid, golden_id, at, record


def _rows(
    connection: Connection, entity: str, golden_ids: Sequence[str] | None
) -> Iterator[tuple[int, str | None, int, bytes]]:
    columns = (facts.c.rid, cluster_members.c.golden_id, facts.c.at, source_records.c.canonical)
    whose, record = cluster_members.c.rid == facts.c.party_rid, source_records.c.rid == facts.c.rid
    query = select(*columns).join(source_records, record)
    if golden_ids is None:
        everybody = query.outerjoin(cluster_members, whose)  # also people unknown
        yield from connection.execute(everybody.where(facts.c.entity == entity))
        return
    # From the customers on, never from all facts: SQLite would look through them for every chunk.
    chosen = query.join(cluster_members, whose).where(facts.c.entity + "" == entity)
    for chunk in chunks(golden_ids):
        yield from connection.execute(chosen.where(cluster_members.c.golden_id.in_(chunk)))
