"""What ran: one row per run and stream, from the moment that it holds its lease.

    running → succeeded · partial · failed      the run says how it ended
            → interrupted                       it could not: it was killed, or the machine stopped

A run that ended without a word is known by its lease, which nobody holds any more; the next run of
its stream writes that down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import orjson
from sqlalchemy import Connection, literal_column, select, update

from hub.store import bulk, leases
from hub.store.schema import leases as lease_rows
from hub.store.schema import runs

_RUNS = runs.c.status == literal_column("'running'")  # a bound value would miss the partial index
INTERRUPTED: Final = "interrupted"
WITHOUT_A_WORD: Final = (
    "ended without a word: it was killed, or the machine stopped. What was committed stays; the"
    " next run goes on from the checkpoint"
)
_COLUMNS = (
    "run_id", "kind", "connection", "stream", "actor", "status", "started_at", "ended_at", "counts",
    "error",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Run:
    """A run as ``hub runs`` tells it. Instants are microseconds of UTC.

    Args:
        run_id: Unique; ends in connection and stream.
        kind: ``sync`` or ``webhooks``.
        connection: Connection name.
        stream: Stream name; None for all of them.
        actor: Who asked.
        started_at: When it began.
        status: How it stands.
        ended_at: When it ended; None if it did not, or nobody knows.
        counts: What became of the rows.
        error: Why it stopped early.
    """

    run_id: str
    kind: str
    connection: str
    stream: str | None
    actor: str
    started_at: int
    status: str = "running"
    ended_at: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None

    def ended(self, status: str, at: int, counts: Mapping[str, int], error: str | None) -> Run:
        """The same run at its end."""
        return replace(self, status=status, ended_at=at, counts=counts, error=error)


def note(connection: Connection, run: Run) -> None:
    """Write down how ``run`` stands."""
    row = tuple(
        orjson.dumps(run.counts) if name == "counts" else getattr(run, name) for name in _COLUMNS
    )
    bulk.upsert(connection, runs, _COLUMNS, [row], key=("run_id",))


def begin(connection: Connection, run: Run) -> None:
    """Write down that ``run`` has begun, under its stream's lease: whatever ran before is over."""
    before = (runs.c.connection == run.connection, runs.c.stream == run.stream)
    connection.execute(
        update(runs)
        .where(*before, runs.c.kind == run.kind, _RUNS)
        .values(status=INTERRUPTED, error=WITHOUT_A_WORD)
    )
    note(connection, run)


def silent(connection: Connection, now: int) -> set[str]:
    """Ids of the runs that began, did not end, and hold their lease no more."""
    lease = "sync:" + runs.c.connection + "/" + runs.c.stream
    query = (
        select(runs.c.run_id, lease_rows.c.holder, lease_rows.c.until)
        .outerjoin(lease_rows, lease_rows.c.name == lease)
        .where(_RUNS)
    )
    return {
        run_id
        for run_id, holder, until in connection.execute(query)
        if holder is None or not leases.is_held(holder, until, now)
    }
