"""What the commands that write files share: options, delivery, and the line at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.run import actor
from hub.cli.session import Session, pass_session

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.exports.delivery import Content
    from hub.exports.profiles import Form

_FORMATS = ("jsonl", "csv")


def export_options(default: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options ``--format``, ``--output`` and ``--spreadsheet``."""
    form = click.option(
        "--format", "form", type=click.Choice(_FORMATS), default=default, show_default=True
    )
    output = click.option(
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        help="File to write or replace; without it the lines go to stdout.",
    )
    spreadsheet = click.option(
        "--spreadsheet",
        is_flag=True,
        help="CSV for people: text that a spreadsheet would run as a formula is disarmed.",
    )
    return lambda command: form(output(spreadsheet(command)))


def write(
    session: Session,
    what: str,
    content: Callable[[Connection, Form], Content],
    form: Form,
    output: Path | None,
    *,
    spreadsheet: bool,
) -> None:
    """Deliver ``content`` and leave the audit event ``export.<what>``; ``--json`` is an array."""
    from hub.exports.delivery import Delivery, as_array

    if spreadsheet:
        form = "spreadsheet"
    array = session.json and output is None

    def wanted(connection: Connection) -> Content:
        return as_array(content(connection, "jsonl")) if array else content(connection, form)

    target = output or sys.stdout.buffer
    delivery = Delivery(f"export.{what}", "json" if array else form, actor(), target)
    with session.app().open_hub(actor()) as hub:
        try:
            done = delivery.deliver(hub.store, wanted)
        finally:
            hub.notary.settle()
    said = f"{done.rows:,} rows exported, SHA-256 {done.sha256}; recorded in the audit log"
    if output is None:
        session.note(said)
    else:
        document = {"file": str(output), "rows": done.rows, "sha256": done.sha256}
        session.show(document, f"{output}: {said}")


@click.command("export")
@click.option(
    "--quality",
    is_flag=True,
    help="Leave out what [quality] keeps from systems; the reason stands in its place.",
)
@export_options("jsonl")
@pass_session
def profiles_export(
    session: Session, form: Form, output: Path | None, spreadsheet: bool, quality: bool
) -> None:
    """Write every unified profile to stdout or a file; the audit log records that it left."""
    from hub.exports import profiles
    from hub.profile.quality import Quality

    app = session.app()
    judge = profiles.fit_to_leave(Quality(app.settings.quality), app.clock.now())
    content = partial(profiles.content, judged=judge if quality else profiles.as_stored)
    write(session, "profiles", content, form, output, spreadsheet=spreadsheet)


@click.command("export")
@click.argument("snapshot", required=False)
@click.option(
    "--lineage",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With SNAPSHOT: file for the number and all that it was made from.",
)
@export_options("csv")
@pass_session
def metrics_export(
    session: Session,
    snapshot: str | None,
    lineage: Path | None,
    form: Form,
    output: Path | None,
    spreadsheet: bool,
) -> None:
    """Write every metric snapshot, superseded ones too; the audit log records that it left.

    With SNAPSHOT and --lineage: one number with its definition, parameters and rows, people as
    numbers; hub metrics verify makes it again anywhere.
    """
    from hub.exports import metrics

    if (snapshot is None) != (lineage is None):
        raise click.UsageError("SNAPSHOT and --lineage FILE go together")
    if snapshot is None:
        write(session, "metrics", metrics.content, form, output, spreadsheet=spreadsheet)
        return
    settings = session.app().settings

    def content(connection: Connection, _: Form) -> Content:
        return metrics.lineage_content(
            connection, snapshot, settings.metrics, settings.hub.time_zone
        )

    write(session, "lineage", content, "jsonl", lineage, spreadsheet=False)
