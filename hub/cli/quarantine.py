"""``hub quarantine``: rows that could not be used, and the way back for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from hub.cli.customer import note_reading
from hub.cli.instants import iso
from hub.cli.layout import counted
from hub.cli.run import actor
from hub.cli.session import Session, Verbs, pass_session
from hub.core.errors import EXIT_OK, EXIT_PARTIAL, HubError, NotFound

if TYPE_CHECKING:
    from hub.pipeline import Hub, Lane
    from hub.store.quarantine import Entry
    from hub.sync.replay import ReplayReport

_CONNECTION = click.option("--connection", metavar="NAME", help="Only of this connection.")
_STREAM = click.option("--stream", metavar="NAME", help="Only of this stream.")


@click.group(cls=Verbs)
def quarantine() -> None:
    """List, look at and replay rows that could not be used."""


@quarantine.command("list")
@_CONNECTION
@_STREAM
@click.option("--reason", help="Only with this reason, such as bad-date.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@pass_session
def list_rows(
    session: Session, connection: str | None, stream: str | None, reason: str | None, limit: int
) -> None:
    """Count open rows by reason, and print the newest with place and message."""
    from hub.store.quarantine import Filter, entries, reasons

    wanted = Filter(connection, stream, reason)
    with closing(session.app().open_store()) as store, store.read() as reading:
        sums, newest = reasons(reading, wanted), entries(reading, wanted, limit)
    total = sum(number for *_, number in sums)
    lines = [f"{number:>8,}  {name}/{of}  {why}" for name, of, why, number in sums]
    lines += ["", *(_line(entry) for entry in newest)] if newest else []
    lines.append(
        f"{counted(total, 'row')} in quarantine, {len(newest)} shown. To see one, by its number:"
        " hub quarantine show\nAfter a correction: hub quarantine replay"
        if total
        else "nothing waits in quarantine"
    )
    document = {
        "open": total,
        "reasons": [
            {"connection": name, "stream": of, "reason": why, "rows": number}
            for name, of, why, number in sums
        ],
        "rows": [_document(entry) for entry in newest],
    }
    session.show(document, "\n".join(lines))


@quarantine.command()
@click.argument("qid", type=int)
@click.option("--reveal", is_flag=True, help="Show the values; the audit log records that.")
@pass_session
def show(session: Session, qid: int, reveal: bool) -> None:
    """Print one row: why it waits, and its fields with the values masked."""
    with session.app().open_hub(actor()) as hub:
        entry, raw = _entry(hub, qid)
        if reveal:
            what: dict[str, int | str] = {"qid": entry.qid, "stream": entry.stream}
            note_reading(hub, "quarantine", connection=entry.connection, details=what)
    content = revealed(raw) if reveal else masked(raw)
    lines = [_line(entry), f"{entry.state}, run {entry.run_id}"]
    lines.append(json.dumps(content, indent=2, ensure_ascii=False))
    if not reveal:
        lines.append(f"values are masked; to see them: hub quarantine show {qid} --reveal")
    document = {**_document(entry), "state": entry.state, "content": content}
    session.show(document, "\n".join(lines))


@quarantine.command()
@_CONNECTION
@_STREAM
@pass_session
def replay(session: Session, connection: str | None, stream: str | None) -> int:
    """Try open rows again, after a setting, a mapping or a plugin was corrected."""
    app = session.app()
    if connection is not None:
        app.section(connection)  # a misspelt name must not look like an empty quarantine
    done: list[ReplayReport] = []
    failed: list[HubError] = []
    with app.open_hub(actor()) as hub:
        for name, streams in _waiting(hub, connection, stream).items():
            try:
                with app.lanes([name]) as lanes:
                    _replay(hub, lanes[0], streams, done, failed)
            except HubError as err:  # a connection that cannot be opened does not hold up others
                failed.append(err)
        hub.notary.settle()
    session.show(
        {
            "streams": [asdict(report) for report in done],
            "errors": [app.redactor.redact(str(err)) for err in failed],
        },
        "\n".join([*map(_told, done), *(f"  failed: {err}" for err in failed), _sum(done, failed)]),
    )
    if not failed:
        return EXIT_OK
    return EXIT_PARTIAL if done else failed[0].exit_code


def masked(raw: bytes) -> object:
    """The row with every value replaced by what kind of value it is.

    >>> masked(b'{"name":"Ada","age":36,"tags":["a"],"none":null}')
    {'name': 'text, 3 characters', 'age': 'number', 'tags': ['text, 1 characters'], 'none': None}
    """
    try:
        return _masked(json.loads(raw))
    except ValueError:
        return f"{len(raw):,} bytes that the reader could not parse"


def revealed(raw: bytes) -> object:
    """The row as it came; bytes that are no text are spelled as escapes."""
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "backslashreplace")


def _masked(value: object) -> object:
    if isinstance(value, dict):
        return {name: _masked(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if isinstance(value, str):
        return f"text, {len(value):,} characters"
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else value


def _entry(hub: Hub, qid: int) -> tuple[Entry, bytes]:
    from hub.store import quarantine as rows

    with hub.store.read() as connection:
        entry = rows.entry(connection, qid)
        if entry is None:
            raise NotFound(f"no row {qid} is in quarantine. See: hub quarantine list")
        return entry, rows.raws(connection, [qid])[qid][1]


def _waiting(hub: Hub, connection: str | None, stream: str | None) -> Mapping[str, Sequence[str]]:
    """Streams with open rows, by connection."""
    from hub.store.quarantine import Filter, reasons

    with hub.store.read() as reading:
        sums = reasons(reading, Filter(connection, stream))
    streams: dict[str, list[str]] = {}
    for name, of in sorted({(name, of) for name, of, _, _ in sums}):
        streams.setdefault(name, []).append(of)
    return streams


def _replay(
    hub: Hub,
    lane: Lane,
    streams: Sequence[str],
    done: list[ReplayReport],
    failed: list[HubError],
) -> None:
    for name in streams:
        try:
            done.append(_replayed(hub, lane, name))
        except HubError as err:
            failed.append(err)


def _replayed(hub: Hub, lane: Lane, name: str) -> ReplayReport:
    from hub.sync.inbox import Inbox
    from hub.sync.replay import replay as again
    from hub.sync.unusable import PREFIX

    if name.startswith(PREFIX):
        inbox = Inbox(hub.store, hub.keys, lane.source, hub.ids)
        return inbox.replay(name.removeprefix(PREFIX))
    (stream,) = lane.source.only([name]).streams
    run = hub.ids.uuid7()
    return again(hub.store, hub.keys, lane.source, stream, run=run, actor=actor())


def _told(report: ReplayReport) -> str:
    parts = [f"{report.replayed:,} replayed", f"{report.bad:,} still bad"]
    if report.gone:
        parts.append(f"{report.gone:,} deleted at the source since")
    if report.unreadable:
        parts.append(
            f"{report.unreadable:,} never parsed: fix the source file and sync again (hub sync"
            f" {report.connection})"
        )
    return f"{report.connection}/{report.stream}: {', '.join(parts)}"


def _sum(done: Sequence[ReplayReport], failed: Sequence[HubError]) -> str:
    if not done:
        return "nothing was replayed" if failed else "nothing waits in quarantine"
    stored = sum(report.counts.stored for report in done)
    follow = "; to bring the customers up to date: hub run" if stored else ""
    return f"{stored:,} rows stored{follow}"


def _line(entry: Entry) -> str:
    where = f"{entry.connection}/{entry.stream}  {_place(entry)}"
    message = entry.message.removeprefix(f"{entry.place}: ")
    return f"{entry.qid}  {where}  {entry.reason}\n       {message}"


def _document(entry: Entry) -> dict[str, object]:
    return {
        "qid": entry.qid,
        "connection": entry.connection,
        "stream": entry.stream,
        "place": _place(entry),
        "reason": entry.reason,
        "message": entry.message,
        "first_at": iso(entry.first_at),
    }


def _place(entry: Entry) -> str:
    """Where the row stood; an id that looks like an address or a name stays masked."""
    if entry.place != entry.source_id or entry.place.replace("-", "").replace("_", "").isalnum():
        return entry.place
    return f"id of {len(entry.place)} characters"
