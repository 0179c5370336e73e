"""``hub runs``: what was done, when, by whom, and with what result."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
import orjson

from hub.cli.session import Session, pass_session
from hub.core.clock import from_micros

if TYPE_CHECKING:
    from sqlalchemy import Row


@click.command()
@click.option("--connection", metavar="NAME", help="Only of this connection.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@pass_session
def runs(session: Session, connection: str | None, limit: int) -> None:
    """Print the latest runs, newest first: what each read, and why it stopped."""
    from sqlalchemy import select

    from hub.store import schema

    query = select(schema.runs)
    if connection is not None:
        session.app().section(connection)  # a misspelt name must not look like no runs
        query = query.where(schema.runs.c.connection == connection)
    order = (schema.runs.c.started_at.desc(), schema.runs.c.run_id)
    with closing(session.app().open_store()) as store, store.read() as reading:
        rows = reading.execute(query.order_by(*order).limit(limit)).all()
    session.show(
        [_run(row) for row in rows],
        "\n".join(_run_line(row) for row in rows) or "no runs yet. Start with: hub run",
    )


def _run(row: Row[Any]) -> dict[str, object]:
    return {
        "run": row.run_id,
        "kind": row.kind,
        "connection": row.connection,
        "stream": row.stream,
        "actor": row.actor,
        "status": row.status,
        "started_at": _instant(row.started_at),
        "ended_at": _instant(row.ended_at),
        "counts": orjson.loads(row.counts),
        "error": row.error,
    }


def _run_line(row: Row[Any]) -> str:
    where = "/".join(part for part in (row.connection, row.stream) if part)
    took = "" if row.ended_at is None else f" in {(row.ended_at - row.started_at) / 1e6:.1f} s"
    counts = orjson.loads(row.counts)
    told = ", ".join(f"{number:,} {what}" for what, number in counts.items() if number)
    error = f"\n  {row.error}" if row.error else ""
    who = f"{row.kind} {where} by {row.actor}"
    return f"{_instant(row.started_at)}  {who}: {row.status}{took}; {told or 'nothing'}{error}"


def _instant(micros: int | None) -> str | None:
    return None if micros is None else from_micros(micros).isoformat(timespec="seconds")
