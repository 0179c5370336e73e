"""Rows that could not be used: kept as they came, with the reason, until they are replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from hub.store import bulk
from hub.store.records import IdPool, chunks
from hub.store.schema import quarantine


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row on its way to quarantine."""

    digest: bytes
    place: str
    reason: str
    message: str
    raw: bytes
    source_id: str | None = None


def keep(
    connection: Connection, stream: int, rows: Sequence[BadRow], pool: IdPool, run: str, now: int
) -> int:
    """Quarantine ``rows``; returns how many were not there already."""
    if not rows:
        return 0
    present = _present(connection, stream, [row.digest for row in rows])
    fresh = {row.digest: row for row in rows if row.digest not in present}
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
    return len(fresh)


def settle(connection: Connection, stream: int, source_ids: Sequence[str], now: int) -> None:
    """Close the quarantined rows whose record has meanwhile been stored."""
    opened = select(quarantine.c.source_id).where(
        quarantine.c.stream_id == stream,
        quarantine.c.state == "open",
        quarantine.c.source_id.is_not(None),
    )
    waiting = set(connection.execute(opened.distinct()).scalars())
    for source_id in sorted(waiting & set(source_ids)):
        connection.execute(
            update(quarantine)
            .where(
                quarantine.c.stream_id == stream,
                quarantine.c.source_id == source_id,
                quarantine.c.state == "open",
            )
            .values(state="replayed", last_at=now)
        )


def _present(connection: Connection, stream: int, digests: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for chunk in chunks(digests):
        query = select(quarantine.c.digest).where(
            quarantine.c.stream_id == stream, quarantine.c.digest.in_(chunk)
        )
        found.update(bytes(digest) for digest in connection.execute(query).scalars())
    return found
