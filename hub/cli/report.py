"""``hub report``: one page per reader, or the same numbers as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.journey_ground import maps
from hub.cli.run import actor
from hub.cli.session import Session, pass_session

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.exports.delivery import Content
    from hub.exports.report.ground import Ground
    from hub.exports.report.model import Report

KINDS = ("executive", "cx", "agent", "compliance")


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.option(
    "--period", metavar="MONTH", help="Month, such as 2026-10.  [default: the last that is over]"
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write or replace; without it the report goes to stdout.",
)
@pass_session
def report(session: Session, kind: str, period: str | None, out: Path | None) -> None:
    """Write the report KIND of one month as an HTML page, or as JSON; the audit log records it.

    executive: headlines with interval and change, who is waiting, who stays, what moved. cx:
    surveys, tone, journeys. agent: whom to get in touch with. compliance: consent, withdrawals,
    audit log, unusable rows.
    """
    from hub.exports.delivery import Delivery

    month = _month(period)
    form = "json" if session.json else "html"
    delivery = Delivery(f"export.report.{kind}", form, actor(), out or sys.stdout.buffer)

    def content(connection: Connection) -> Content:
        return _content(_made(session, kind, month, connection), form)

    with session.app().open_hub(actor()) as hub:
        try:
            done = delivery.deliver(hub.store, content)
        finally:
            hub.notary.settle()
    said = f"SHA-256 {done.sha256}; recorded in the audit log"
    session.note(f"{out}: {said}" if out else said)


def _month(period: str | None) -> int | None:
    from hub.exports.report.month import month_named

    try:
        return None if period is None else month_named(period)
    except ValueError as err:
        raise click.BadParameter(str(err), param_hint="--period") from err


def _made(session: Session, kind: str, month: int | None, connection: Connection) -> Report:
    from hub.exports.report.ground import Ground, newest_month

    app = session.app()
    settings, now = app.settings, app.clock.now()
    if month is None:
        month = newest_month(connection, settings, now)
    return _builder(kind)(Ground(connection, settings, maps(session), now, month))


def _builder(kind: str) -> Callable[[Ground], Report]:
    from hub.exports.report.agent import agent
    from hub.exports.report.compliance import compliance
    from hub.exports.report.customer_experience import customer_experience
    from hub.exports.report.executive import executive

    return {
        "executive": executive,
        "cx": customer_experience,
        "agent": agent,
        "compliance": compliance,
    }[kind]


def _content(made: Report, form: str) -> Content:
    """The report as one row of an export: whole or not at all."""
    from hub.exports.delivery import Content
    from hub.exports.report.model import document
    from hub.exports.report.page import page

    text = (
        page(made)
        if form == "html"
        else json.dumps(document(made), indent=2, ensure_ascii=False) + "\n"
    )
    return Content("", (each for each in [text]))
