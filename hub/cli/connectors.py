"""``hub connectors list | new | check | read``: the plugin author's door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.session import Session, Verbs, pass_session
from hub.core.errors import EXIT_FAILED, EXIT_OK, EXIT_PARTIAL, ConfigError, NotFound

if TYPE_CHECKING:
    from hub.app import Connection
    from hub.core.connector import Stream
    from hub.testing import Finding, Report

_MARKS = {"passed": "ok  ", "failed": "FAIL", "not applicable": "n/a "}


@click.group(cls=Verbs)
def connectors() -> None:
    """List connectors, write a new one, examine one, look at what one reads."""


@connectors.command("list")
@pass_session
def list_(session: Session) -> int:
    """Show every installed connector, the package that brings it, and whether it loads."""
    from hub.core.plugins import available

    found = available()
    lines = [
        f"{info.name:<14} {info.state:<10} {info.distribution} {info.version}  "
        f"{info.why or info.summary}"
        for info in found
    ]
    session.show([asdict(info) for info in found], "\n".join(lines) or "no connector is installed")
    return EXIT_OK if all(info.state == "ok" for info in found) else EXIT_PARTIAL


@connectors.command()
@click.argument("name")
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write.  [default: ./hub-NAME]",
)
@pass_session
def new(session: Session, name: str, folder: Path | None) -> None:
    """Write a package with a working connector NAME, its emulator and its tests."""
    from hub.cli.scaffolding import write_package

    folder = folder or Path(f"hub-{name}")
    written = [str(path) for path in write_package(name, folder)]
    following = f"cd {folder} && pip install -e '.[dev]' && hub connectors check {name}"
    session.show({"written": written, "next": following}, "\n".join([*written, ""]).rstrip())
    session.note(f"wrote {len(written)} files. Next: {following}")


@connectors.command()
@click.argument("name")
@click.option("--only", multiple=True, metavar="CHECK", help="Run this check only (repeatable).")
@pass_session
def check(session: Session, name: str, only: tuple[str, ...]) -> int:
    """Examine connector NAME against its own emulator, promise by promise, and grade it."""
    from hub.testing import CHECKS, Report, Subject, findings

    known = {check.id for check in CHECKS}
    unknown = [wanted for wanted in only if wanted not in known]
    if unknown:
        raise NotFound(f'there is no check "{unknown[0]}". All: {", ".join(sorted(known))}')
    subject = Subject.installed(name)
    found = []
    for finding in findings(subject, only):
        found.append(finding)
        if not session.json:
            click.echo(_line(finding))
    report = Report(name, tuple(found), bool(subject.connector.emulator))
    session.show(_document(report), _verdict(report, of_all=not only))
    return EXIT_FAILED if report.failed and (only or not report.grade) else EXIT_OK


def _line(finding: Finding) -> str:
    told = f"\n     {finding.detail}" if finding.outcome == "failed" else ""
    check, promise = finding.check, finding.check.promise.replace("`", "")
    return f"{_MARKS[finding.outcome]} {check.grade.label:<6} {check.id}: {promise}{told}"


def _verdict(report: Report, *, of_all: bool) -> str:
    passed = sum(finding.outcome == "passed" for finding in report.findings)
    skipped = len(report.findings) - passed - len(report.failed)
    counts = f"{passed} kept, {len(report.failed)} broken, {skipped} not applicable"
    if not of_all:
        return counts
    grade = f"{report.connector}: {report.grade.label} ({counts})"
    return "\n".join([grade, *(f"  not {reason}" for reason in report.reasons)])


def _document(report: Report) -> dict[str, object]:
    return {
        "connector": report.connector,
        "grade": report.grade.label,
        "reasons": report.reasons,
        "checks": [
            {
                "id": finding.check.id,
                "promise": finding.check.promise,
                "grade": finding.check.grade.label,
                "outcome": finding.outcome,
                "detail": finding.detail,
            }
            for finding in report.findings
        ],
    }


@connectors.command()
@click.argument("source", metavar="CONNECTION|FILE")
@click.argument("stream", required=False)
@click.option("--limit", default=5, show_default=True, help="Records to show.")
@click.option("--guess", is_flag=True, help="Propose settings for a FILE, as TOML for hub.toml.")
@click.option("--reveal", is_flag=True, help="Show values; without it, only their kind.")
@pass_session
def read(
    session: Session, source: str, stream: str | None, limit: int, guess: bool, reveal: bool
) -> None:
    """Show what CONNECTION's STREAM brings and what it maps to; nothing is stored.

    With --guess, propose settings for a FILE instead.
    """
    if guess:
        proposed = proposal(Path(source))
        session.show({"toml": proposed}, proposed)
        return
    with session.app().connect(source) as connection:
        chosen = _stream(connection, stream)
        shown = list(islice(_records(connection, chosen, reveal=reveal), limit))
    text = "\n".join(_block(str(item["key"]), item["record"]) for item in shown)
    session.show(shown, text or f"{source}/{chosen.name} brought nothing")


def proposal(path: Path) -> str:
    """What the first connector that can read files off a folder proposes."""
    from hub.core.connector import Unsupported
    from hub.core.plugins import available, load_connector

    for info in available():
        if info.state != "ok":
            continue
        propose = load_connector(info.name).guess
        if not isinstance(propose, Unsupported):
            return propose(path)
    raise ConfigError("no installed connector proposes settings for files")


def _stream(connection: Connection, name: str | None) -> Stream:
    offered = {stream.name: stream for stream in connection.streams}
    if name is None and len(offered) == 1:
        return next(iter(offered.values()))
    if name not in offered:
        raise NotFound(f"{connection.name} has the streams {', '.join(offered)}; name one of them")
    return offered[name]


def _records(
    connection: Connection, stream: Stream, *, reveal: bool
) -> Iterator[dict[str, object]]:
    """Key and mapped record of each row; a row that does not map says why."""
    for page in stream.reader(connection.context, {}):
        for row in page.rows:
            yield {"key": stream.key_of(row), "record": _mapped(stream, row, reveal=reveal)}
        for reject in page.rejects:
            yield {"key": reject.where, "record": f"{reject.reason}: {reject.message}"}


def _block(key: str, record: object) -> str:
    """A record for people: its key, then a line for each field."""
    if not isinstance(record, dict):
        return f"{key}\n  {record}"
    lines = (f"  {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in record.items())
    return "\n".join([key, *lines])


def _mapped(stream: Stream, row: dict[str, object], *, reveal: bool) -> object:
    from hub.core.errors import SkipRecord
    from hub.core.records import encode
    from hub.testing.rig import mapped

    try:
        fields = json.loads(encode(mapped(stream, row)))
    except SkipRecord as err:
        return f"quarantine ({err.reason}): {err}"
    return fields if reveal else {**_masked(fields), "entity": fields["entity"]}


def _masked(value: Any) -> Any:
    """The shape of a record without its data: names of fields stay, values become their kind."""
    match value:
        case dict():
            return {name: _masked(inner) for name, inner in value.items()}
        case list():
            return [_masked(inner) for inner in value]
        case str():
            return f"text({len(value)})"
    return value if value is None or isinstance(value, bool) else "number"
