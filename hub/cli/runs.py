"""``hub runs``: what was read and pushed, when, by whom, and with what result."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click
import orjson

from hub.cli.instants import to_the_second
from hub.cli.layout import moment, tally
from hub.cli.session import Session, pass_session
from hub.core.clock import to_micros

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Row, Select

    from hub.store.runs import Run


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
        found = _look(reading, connection, limit, to_micros(store.clock.now()))
    session.show(
        [_document(run) for run in found],
        "\n".join(map(_words, found)) or "no runs yet. Start with: hub run",
    )


def _look(reading: Connection, connection: str | None, limit: int, now: int) -> list[Run]:
    from hub.store.runs import INTERRUPTED, WITHOUT_A_WORD, silent

    killed = silent(reading, now)
    found = [_run(row) for row in reading.execute(_latest(connection, limit))]
    return [
        replace(run, status=INTERRUPTED, error=WITHOUT_A_WORD) if run.run_id in killed else run
        for run in found
    ]


def _latest(connection: str | None, limit: int) -> Select[Any]:
    """The newest runs, and the pushes that somebody approved or that kept a system up to date."""
    from sqlalchemy import select

    from hub.store.schema import runs

    pulls = select(*(runs.c[name] for name in _COLUMNS))
    both = pulls.union_all(_pushes()).subquery()
    query = select(both).order_by(both.c.started_at.desc(), both.c.run_id).limit(limit)
    return query if connection is None else query.where(both.c.connection == connection)


def pushes(reading: Connection) -> list[Run]:
    """Every push that somebody approved or that kept a system up to date, newest first."""
    from sqlalchemy import desc

    return [_run(row) for row in reading.execute(_pushes().order_by(desc("started_at"), "run_id"))]


def _pushes() -> Select[Any]:
    from sqlalchemy import func, literal, null, select

    from hub.store.schema import plans

    writer = func.substr(plans.c.writer, func.length(plans.c.connection) + 2)
    values: tuple[ColumnElement[Any], ...] = (
        plans.c.plan_id, literal("push"), plans.c.connection, writer, plans.c.actor,
        plans.c.status, plans.c.created_at, null(), plans.c.counts, null(),
    )  # fmt: skip
    named = [value.label(name) for name, value in zip(_COLUMNS, values, strict=True)]
    return select(*named).where(plans.c.status != "planned")


def _run(row: Row[Any]) -> Run:
    from hub.store.runs import Run

    return Run(**{**row._mapping, "counts": orjson.loads(row.counts)})


def _document(run: Run) -> dict[str, object]:
    instants = {name: to_the_second(getattr(run, name)) for name in ("started_at", "ended_at")}
    told = {**asdict(run), **instants}
    return {"run" if name == "run_id" else name: told[name] for name in _COLUMNS}


def _words(run: Run) -> str:
    where = "/".join(part for part in (run.connection, run.stream) if part)
    took = "" if run.ended_at is None else f" in {(run.ended_at - run.started_at) / 1e6:.1f} s"
    none = "nothing to do" if run.ended_at is not None or run.kind == "push" else "not counted"
    lines = [
        f"{moment(run.started_at)}  {run.kind} {where}: {run.status}{took} by {run.actor}",
        _INSET + (tally(run.counts) or none),
    ]
    if run.kind == "push" and run.status == "sent":
        lines.append(f"{_INSET}to take it back: hub push undo {run.run_id}")
    if run.error:
        lines.append(_INSET + run.error)
    return "\n".join(lines)
