"""Rows that could not be used: kept as they came, with the reason, until they are replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Select, and_, bindparam, func, select, update

from hub.store import bulk
from hub.store.records import IdPool, chunks
from hub.store.schema import quarantine, source_records, streams

Closed = Literal["replayed", "gone"]


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row on its way to quarantine."""

    digest: bytes
    place: str
    reason: str
    message: str
    raw: bytes
    source_id: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open row without its content, and whether its source has deleted the record since."""

    qid: int
    source_id: str | None
    deleted: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A quarantined row as the admin sees it. Instants are microseconds of UTC."""

    qid: int
    connection: str
    stream: str
    source_id: str | None
    place: str
    reason: str
    message: str
    state: str
    first_at: int
    run_id: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which open rows to look at; what is None does not matter."""

    connection: str | None = None
    stream: str | None = None
    reason: str | None = None

    def of(self, query: Select[Any]) -> Select[Any]:
        """``query`` over the open rows that fit, joined with their streams."""
        query = query.join(streams, streams.c.stream_id == quarantine.c.stream_id).where(
            quarantine.c.state == "open"
        )
        wanted = {
            streams.c.connection: self.connection,
            streams.c.stream: self.stream,
            quarantine.c.reason: self.reason,
        }
        return query.where(*(column == name for column, name in wanted.items() if name is not None))


def keep(
    connection: Connection, stream: int, rows: Sequence[BadRow], pool: IdPool, run: str, now: int
) -> int:
    """Quarantine ``rows``; returns how many are news: not there already, or closed since."""
    if not rows:
        return 0
    states = _states(connection, stream, [row.digest for row in rows])
    fresh = {row.digest: row for row in rows if row.digest not in states}
    bulk.insert(
        connection,
        quarantine,
        (
            "qid", "stream_id", "digest", "source_id", "place", "reason", "message", "raw",
            "state", "first_at", "last_at", "run_id",
        ),
        [
            (
                pool.take(), stream, row.digest, row.source_id, row.place, row.reason, row.message,
                row.raw, "open", now, now, run,
            )
            for row in fresh.values()
        ],
    )  # fmt: skip
    closed = [digest for digest, state in states.items() if state != "open"]
    for chunk in chunks(closed):  # it was repaired, and is as bad again
        connection.execute(
            update(quarantine)
            .where(quarantine.c.stream_id == stream, quarantine.c.digest.in_(chunk))
            .values(state="open", first_at=now, last_at=now, run_id=run)
        )
    return len(fresh) + len(closed)


def settle(connection: Connection, stream: int, source_ids: Sequence[str], now: int) -> None:
    """Close the quarantined rows whose record has meanwhile been stored."""
    opened = (quarantine.c.stream_id == stream, quarantine.c.state == "open")
    if connection.execute(select(quarantine.c.qid).where(*opened).limit(1)).first() is None:
        return  # nearly every page of nearly every stream
    for chunk in chunks(source_ids):
        connection.execute(
            update(quarantine)
            .where(*opened, quarantine.c.source_id.in_(chunk))
            .values(state="replayed", last_at=now)
        )


def close(connection: Connection, qids: Sequence[int], state: Closed, now: int) -> None:
    """Close rows: their record is in the store, or gone at its source."""
    for chunk in chunks(qids):
        connection.execute(
            update(quarantine)
            .where(quarantine.c.qid.in_(chunk), quarantine.c.state == "open")
            .values(state=state, last_at=now)
        )


def explain(connection: Connection, stream: int, bad: Sequence[BadRow]) -> None:
    """Write today's reason to rows that are still bad."""
    if bad:
        statement = (
            update(quarantine)
            .where(quarantine.c.stream_id == stream, quarantine.c.digest == bindparam("same"))
            .values(reason=bindparam("why"), message=bindparam("words"))
        )
        connection.execute(
            statement,
            [{"same": row.digest, "why": row.reason, "words": row.message} for row in bad],
        )


def waiting(connection: Connection, stream: int) -> list[Waiting]:
    """The open rows of a stream, oldest first."""
    record, row = source_records.c, quarantine.c
    deleted_since = and_(
        record.stream_id == row.stream_id,
        record.source_id == row.source_id,
        record.deleted_at > row.first_at,
    )
    query = (
        select(row.qid, row.source_id, record.rid.is_not(None))
        .outerjoin(source_records, deleted_since)
        .where(row.stream_id == stream, row.state == "open")
        .order_by(row.first_at, row.qid)
    )
    return [Waiting(qid, source_id, bool(d)) for qid, source_id, d in connection.execute(query)]


def raws(connection: Connection, qids: Sequence[int]) -> dict[int, tuple[str, bytes]]:
    """Place and bytes of a few rows, in the order of their ids."""
    row = quarantine.c
    query = select(row.qid, row.place, row.raw).where(row.qid.in_(list(qids))).order_by(row.qid)
    return {qid: (place, bytes(raw)) for qid, place, raw in connection.execute(query)}


def reasons(connection: Connection, wanted: Filter) -> list[tuple[str, str, str, int]]:
    """Connection, stream, reason and number of open rows, most frequent first."""
    group = (streams.c.connection, streams.c.stream, quarantine.c.reason)
    count = func.count()
    query = wanted.of(select(*group, count).select_from(quarantine))
    found = connection.execute(query.group_by(*group).order_by(count.desc(), *group))
    return [(name, stream, reason, number) for name, stream, reason, number in found]


def entries(connection: Connection, wanted: Filter, limit: int) -> list[Entry]:
    """The newest open rows that fit."""
    query = wanted.of(select(*_ENTRY).select_from(quarantine))
    order = (quarantine.c.first_at.desc(), quarantine.c.qid.desc())
    return [Entry(*row) for row in connection.execute(query.order_by(*order).limit(limit))]


def entry(connection: Connection, qid: int) -> Entry | None:
    """One row, open or closed."""
    query = select(*_ENTRY).join(streams, streams.c.stream_id == quarantine.c.stream_id)
    row = connection.execute(query.where(quarantine.c.qid == qid)).first()
    return None if row is None else Entry(*row)


_ENTRY = (
    quarantine.c.qid,
    streams.c.connection,
    streams.c.stream,
    *(quarantine.c[name] for name in list(Entry.__dataclass_fields__)[3:]),
)


def _states(connection: Connection, stream: int, digests: Sequence[bytes]) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    for chunk in chunks(digests):
        query = select(quarantine.c.digest, quarantine.c.state).where(
            quarantine.c.stream_id == stream, quarantine.c.digest.in_(chunk)
        )
        found.update((bytes(digest), state) for digest, state in connection.execute(query))
    return found
