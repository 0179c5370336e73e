"""Quarantined rows once more, after a setting, a mapping or a plugin was corrected.

1. Take the stream's lease, so that no pull works on the same records.
2. A record that its source has deleted since is not brought back. Of several bad versions of one
   record only the newest is tried: an older one must never be stored over it.
3. Rows go through the ordinary path, page by page, as if they had just been read; the checkpoint
   does not move. Rows that the reader could not even parse need a corrected source instead.
4. What is in the store now is closed. What is still bad stays open, with today's reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import insert, select

from hub.core.clock import to_micros
from hub.core.connector import Page, Row, Stream
from hub.core.errors import NotFound
from hub.store import leases, quarantine
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.quarantine import Waiting
from hub.store.records import chunks
from hub.store.schema import runs, streams
from hub.sync.compare import Comparer
from hub.sync.counts import Counts
from hub.sync.ingest import Ingest
from hub.sync.pull import Source, lease_name, target_of
from hub.sync.target import Target


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What became of the open rows of one stream.

    Args:
        connection: Connection name.
        stream: Stream name.
        replayed: Closed: the record is in the store now.
        gone: Closed: the source has deleted the record since.
        bad: Still open: the row cannot be used under today's mapping either.
        unreadable: Still open: never parsed, so the source must be corrected and read again.
        counts: What the ordinary path said of the rows that were tried.
    """

    connection: str
    stream: str
    replayed: int
    gone: int
    bad: int
    unreadable: int
    counts: Counts


def replay(
    store: Store, keys: Keys, source: Source, stream: Stream, *, run: str, actor: str
) -> ReplayReport:
    """What became of every open row of ``stream``, as its connector declares it now.

    Raises:
        NotFound: If the stream was never read.
        StopRun: If another process is reading it.
    """
    row_id = _registered(store, source.name, stream.name)
    lease = leases.acquire(store, lease_name(source, stream))  # 1
    target = target_of(source, stream, row_id, lease, run, actor)
    started = to_micros(store.clock.now())
    try:
        report = _Replay(store, keys, target).run()
    finally:
        leases.release(store, lease)
    _note(store, target, report, started)
    return report


def _note(store: Store, target: Target, report: ReplayReport, started: int) -> None:
    counts = {**report.counts.as_dict(), "still_bad": report.bad + report.unreadable}
    row = insert(runs).values(
        run_id=f"{target.run}/{target.cause}",
        kind="replay",
        connection=target.connection,
        stream=target.stream.name,
        actor=target.actor,
        status="succeeded",
        started_at=started,
        ended_at=to_micros(store.clock.now()),
        counts=orjson.dumps(counts),
    )
    with store.write() as connection:
        connection.execute(row)


class _Replay:
    """One replay of one stream, under its lease."""

    def __init__(self, store: Store, keys: Keys, target: Target) -> None:
        self._store = store
        self._target = target
        self._ingest = Ingest(store, keys, target, None)
        self._comparer = Comparer(
            target.connection, target.stream, target.stream_id, target.mapping, keys
        )

    def run(self) -> ReplayReport:
        with self._store.read() as connection:
            opened = quarantine.waiting(connection, self._target.stream_id)
        gone = [row.qid for row in opened if row.deleted]
        self._close(gone, "gone")  # 2
        counts, unreadable = Counts(), 0
        for chunk in chunks(_newest([row for row in opened if not row.deleted])):
            raws = self._raws(chunk)
            rows = {qid: row for qid, (_, raw) in raws.items() if (row := _parsed(raw)) is not None}
            unreadable += len(raws) - len(rows)
            page = Page(list(rows.values()), places=[raws[qid][0] for qid in rows])
            counts.add(self._ingest.commit(page).counts)  # 3
            self._settle(rows, page)  # 4
        return self._report(opened, len(gone), unreadable, counts)

    def _raws(self, qids: Sequence[int]) -> dict[int, tuple[str, bytes]]:
        with self._store.read() as connection:
            return quarantine.raws(connection, qids)

    def _settle(self, rows: Mapping[int, Row], page: Page) -> None:
        keyed, _ = self._comparer.key(page)
        with self._store.read() as connection:
            compared = self._comparer.compare(connection, keyed)
            _, bad = self._comparer.map(connection, compared.changed)
        differ = {row.source_id for row, _ in compared.changed}
        stored = {row.source_id for row in keyed} - differ
        self._close([qid for qid, row in rows.items() if self._key(row) in stored], "replayed")
        with self._store.write() as connection:
            quarantine.explain(connection, self._target.stream_id, bad)

    def _key(self, row: Row) -> str | None:
        try:
            return self._target.stream.key_of(row)
        except KeyError:
            return None

    def _close(self, qids: Sequence[int], state: quarantine.Closed) -> None:
        with leases.writing(self._store, self._target.lease) as (connection, now):
            quarantine.close(connection, qids, state, now)

    def _report(
        self, opened: Sequence[Waiting], gone: int, unreadable: int, counts: Counts
    ) -> ReplayReport:
        with self._store.read() as connection:
            still = {row.qid for row in quarantine.waiting(connection, self._target.stream_id)}
        left = sum(row.qid in still for row in opened)
        return ReplayReport(
            self._target.connection,
            self._target.stream.name,
            replayed=len(opened) - gone - left,
            gone=gone,
            bad=left - unreadable,
            unreadable=unreadable,
            counts=counts,
        )


def _registered(store: Store, connection_name: str, stream: str) -> int:
    query = select(streams.c.stream_id).where(
        streams.c.connection == connection_name, streams.c.stream == stream
    )
    with store.read() as connection:
        row_id = connection.execute(query).scalar()
    if row_id is None:
        raise NotFound(
            f"{connection_name}: stream {stream} was never read, so nothing of it is in quarantine."
            f" Read it with: hub sync {connection_name}"
        )
    return int(row_id)


def _newest(opened: Sequence[Waiting]) -> list[int]:
    last = {row.source_id: row.qid for row in opened}  # they come oldest first
    return [row.qid for row in opened if row.source_id is None or last[row.source_id] == row.qid]


def _parsed(raw: bytes) -> Row | None:
    """The row, or None for what a reader could not parse: its bytes as they came."""
    try:
        row = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return row if isinstance(row, dict) else None
