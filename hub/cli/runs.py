"""``hub runs``: what was read and pushed, when, by whom, and with what result."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
import orjson

from hub.cli.layout import moment, tally
from hub.cli.session import Session, pass_session
from hub.core.clock import from_micros

if TYPE_CHECKING:
    from sqlalchemy import Row, Select


_COLUMNS = (
    "run_id", "kind", "connection", "stream", "actor", "status", "started_at", "ended_at", "counts",
    "error",
)  # fmt: skip
_INSET = " " * 22
"""As wide as an instant and two blanks."""


@click.command()
@click.option("--connection", metavar="NAME", help="Only of this connection.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@pass_session
def runs(session: Session, connection: str | None, limit: int) -> None:
    """Print the latest runs and pushes, newest first: what each did, and why it stopped."""
    if connection is not None:
        session.app().section(connection)  # a misspelt name must not look like no runs
    with closing(session.app().open_store()) as store, store.read() as reading:
        rows = reading.execute(_latest(connection, limit)).all()
    session.show(
        [_run(row) for row in rows],
        "\n".join(_run_line(row) for row in rows) or "no runs yet. Start with: hub run",
    )


def _latest(connection: str | None, limit: int) -> Select[Any]:
    """The newest runs, and the pushes that somebody approved or that kept a system up to date."""
    from sqlalchemy import func, literal, null, select

    from hub.store.schema import plans, runs

    writer = func.substr(plans.c.writer, func.length(plans.c.connection) + 2)
    pulls = select(*(runs.c[name] for name in _COLUMNS))
    pushes = select(
        plans.c.plan_id, literal("push"), plans.c.connection, writer, plans.c.actor,
        plans.c.status, plans.c.created_at, null(), plans.c.counts, null(),
    ).where(plans.c.status != "planned")  # fmt: skip
    both = pulls.union_all(pushes).subquery()
    query = select(both).order_by(both.c.started_at.desc(), both.c.run_id).limit(limit)
    return query if connection is None else query.where(both.c.connection == connection)


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
    told = tally(orjson.loads(row.counts))
    lines = [
        f"{moment(row.started_at)}  {row.kind} {where}: {row.status}{took} by {row.actor}",
        _INSET + (told or "nothing to do"),
    ]
    if row.kind == "push" and row.status == "sent":
        lines.append(f"{_INSET}to take it back: hub push undo {row.run_id}")
    if row.error:
        lines.append(_INSET + row.error)
    return "\n".join(lines)


def _instant(micros: int | None) -> str | None:
    return None if micros is None else from_micros(micros).isoformat(timespec="seconds")
