"""``hub quickstart``: files in; report, follow-up list and thirty-day plan out. No server."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.progress import watch_leaving_off
from hub.cli.run import actor
from hub.cli.session import Session, pass_session
from hub.core.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.cli.quickstart_settings import Guessed
    from hub.exports.delivery import Content
    from hub.exports.report.followup import FollowUp
    from hub.exports.report.model import Report, Table
    from hub.exports.report.quickstart import Lost
    from hub.pipeline import Hub, PipelineReport

REPORT, LIST, UNUSED = "report.html", "follow-up.csv", "not-usable.csv"


@click.command()
@click.argument(
    "files",
    metavar="FILE [FILE]...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("quickstart"),
    show_default=True,
    help="Folder for the results.",
)
@click.option("--currency", metavar="CODE", help="Of amounts whose file names none, such as EUR.")
@click.option("--time-zone", default="UTC", show_default=True, help="Where the business is.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep hub.toml and database here, to go on with; else they are temporary.",
)
@pass_session
def quickstart(
    session: Session,
    files: tuple[Path, ...],
    out: Path,
    currency: str | None,
    time_zone: str,
    keep: Path | None,
) -> int:
    """Read files of orders, customers, tickets or answers, and say what to do about them.

    Writes report.html with a plan for thirty days, follow-up.csv: whom to get in touch with, and,
    if lines could not be used, not-usable.csv: which ones, and why. Settings are guessed and shown;
    nothing leaves this machine.
    """
    from hub.cli.quickstart_settings import guessed, settings_text

    _check(currency, time_zone)
    found = guessed(list(dict.fromkeys(files)), currency, time_zone)
    with _home(keep) as home:
        config = home / "hub.toml"
        if config.exists():
            raise ConfigError(f"{config} exists; go on with it: hub --config {config} run")
        text = settings_text(found, name=out.resolve().name, time_zone=time_zone)
        config.write_text(text, encoding="utf-8")
        code, made = _played(session, config, found, out)
    session.show(_document(out, code, made), "\n".join(_lines(out, made)))
    if keep is not None:
        session.note(f"kept in {keep}. Next: hub --config {config} run")
    return code


def _check(currency: str | None, time_zone: str) -> None:
    from zoneinfo import available_timezones

    if currency is not None and not (len(currency) == 3 and currency.isalpha()):
        raise click.BadParameter(f'"{currency}" is not a code such as EUR', param_hint="--currency")
    if time_zone not in available_timezones():
        raise click.BadParameter(
            f'"{time_zone}" is not a zone such as Europe/Paris', param_hint="--time-zone"
        )


@contextmanager
def _home(keep: Path | None) -> Iterator[Path]:
    """Where hub.toml and database are while the command runs, or for good."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="cxhub-quickstart-") as folder:
        yield Path(folder)


@dataclass(frozen=True, slots=True)
class Made:
    """What the files gave."""

    report: Report
    people: Sequence[FollowUp]
    lost: Sequence[Lost]


def _document(out: Path, code: int, made: Made) -> dict[str, object]:
    from hub.exports.report.model import document

    files = {"report": str(out / REPORT), "follow_up": str(out / LIST)}
    if made.lost:
        files["not_usable"] = str(out / UNUSED)
    lost = [{"place": each.place, "why": each.why} for each in made.lost]
    counts = {"follow_ups": len(made.people), "not_usable_lines": lost}
    return {**files, "exit_code": code, **counts, "document": document(made.report)}


def _lines(out: Path, made: Made) -> Iterator[str]:
    from hub.cli.layout import counted

    yield f"{out / REPORT}: open it in a browser"
    yield f"{out / LIST}: {counted(len(made.people), 'customer')} to get in touch with"
    if made.lost:
        yield f"{out / UNUSED}: {counted(len(made.lost), 'line')} that could not be used, and why"


def _played(
    session: Session, config: Path, found: Sequence[Guessed], out: Path
) -> tuple[int, Made]:
    from hub import pipeline
    from hub.app import load

    app = session.loaded = load(config)
    with (
        watch_leaving_off(session, app.clock) as watched,
        app.open_hub(actor()) as hub,
        app.lanes(wait=watched.wait) as lanes,
    ):
        ran = pipeline.run(hub, lanes, actor=actor(), progress=watched.progress)
        made = _made(hub, _files_table(found, ran))
        _write(hub, made, out)
    for each in ran.pulled.streams:
        if each.error is not None:
            session.note(f"{each.stream}: {each.error}")
    return ran.exit_code, made


def _files_table(found: Sequence[Guessed], ran: PipelineReport) -> Table:
    """What became of each file."""
    from hub.exports.report.model import Table

    counts = {each.stream: each.counts for each in ran.pulled.streams}
    rows = tuple(
        (
            each.file.name, each.entity.replace("_", " "), counts[each.stream].read,
            counts[each.stream].stored, counts[each.stream].quarantined, " ".join(each.checks),
        )
        for each in found
    )  # fmt: skip
    head = ("file", "each line is", "read", "used", "not usable", "please check")
    return Table("Files, and what was guessed about them", head, rows)


def _write(hub: Hub, made: Made, out: Path) -> None:
    """Report and lists, each whole or not at all, each in the audit log."""
    from hub.exports.delivery import Content, Delivery
    from hub.exports.profiles import table
    from hub.exports.report.followup import as_file
    from hub.exports.report.page import page

    contents = {
        REPORT: ("html", Content("", (each for each in [page(made.report)]))),
        LIST: ("csv", as_file(made.people)),
    }
    if made.lost:
        rows = ((each.place, each.why) for each in made.lost)
        contents[UNUSED] = ("csv", table(("place", "why"), rows, "spreadsheet"))
    else:
        (out / UNUSED).unlink(missing_ok=True)  # of an earlier run
    for name, (form, content) in contents.items():
        kind = f"export.quickstart.{name.partition('.')[0]}"
        Delivery(kind, form, actor(), out / name).deliver(hub.store, partial(_same, content))
    hub.notary.settle()


def _same(content: Content, _: Connection) -> Content:
    return content


def _made(hub: Hub, files: Table) -> Made:
    from hub.exports.report.ground import Ground, newest_month
    from hub.exports.report.quickstart import quickstart as made
    from hub.journeys.files import SHIPPED, Journeys, read

    journey, now = read(SHIPPED), hub.clock.now()
    with hub.store.read() as connection:
        month = newest_month(connection, hub.settings, now)
        maps = Journeys({journey.key: journey})
        lost = _lost(connection)
        ground = Ground(connection, hub.settings, maps, now, month)
        return Made(*made(ground, files, lost), lost)


def _lost(connection: Connection) -> list[Lost]:
    """Every line that could not be used, by file and line."""
    from hub.exports.report.quickstart import Lost
    from hub.store import quarantine

    found = quarantine.entries(connection, quarantine.Filter(), sys.maxsize)
    # A file of sales is read twice if it names customers: a line is bad once.
    told = {each.place: each.message.removeprefix(f"{each.place}: ") for each in reversed(found)}
    return [Lost(*each) for each in sorted(told.items(), key=lambda each: _line(each[0]))]


def _line(place: str) -> tuple[str, list[int]]:
    """File and line of ``sales.csv:12:3``, the lines in the order of their numbers."""
    name, *numbers = place.split(":")
    return name, [int(each) for each in numbers if each.isdecimal()]
