"""``hub audit``: show, search, export and verify the tamper-evident log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.instants import instant
from hub.cli.run import actor
from hub.cli.session import Session, Verbs, pass_session
from hub.core.errors import TamperEvident

if TYPE_CHECKING:
    from hub.audit.search import Found
    from hub.audit.verify import Checkpoint, Report
    from hub.store.engine import Store

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(cls=Verbs)
def audit() -> None:
    """Show, search, export and verify the tamper-evident log."""


@audit.command()
@pass_session
def head(session: Session) -> None:
    """Print size and root of the log, and its newest signed checkpoint."""
    from hub.audit.checkpoint import newest, notes_between
    from hub.audit.sequencer import count_waiting, frontier

    with _store(session) as store, store.read() as connection:
        log, last, waiting = frontier(connection), newest(connection), count_waiting(connection)
        notes = notes_between(connection, last.size - 1, last.size) if last else []
    document = {
        "size": log.size,
        "root": log.root().hex(),
        "waiting": waiting,
        "checkpoint": notes[0] if notes else None,
    }
    lines = [f"{log.size} entries, root {log.root().hex()}, {waiting} waiting for an index"]
    lines.append(f"\n{notes[0]}" if notes else "not signed yet")
    session.show(document, "\n".join(lines).rstrip())


@audit.command()
@click.option("--kind", help='What happened, such as sync.page; "consent.*" is all of consent.')
@click.option("--actor", "by", help="Who did it, such as os:kim.")
@click.option("--subject", help="Pseudonym of the person it is about.")
@click.option("--connection", help="Name of the connection it concerns.")
@click.option(
    "--since", metavar="TIME", help="At or after this time: 2026-05-01 or 2026-05-01T09:30"
)
@click.option("--until", metavar="TIME", help="Before this time.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True)
@pass_session
def search(
    session: Session,
    kind: str | None,
    by: str | None,
    subject: str | None,
    connection: str | None,
    since: str | None,
    until: str | None,
    limit: int,
) -> None:
    """Print the newest events that fit, newest first."""
    from hub.audit.search import Query
    from hub.audit.search import search as find

    zone = session.zone
    times = [instant(text, zone) for text in (since, until)]
    query = Query(kind, by, subject, connection, *times)
    with _store(session) as store, store.read() as reading:
        found = list(find(reading, query, limit))
    session.show([_document(each) for each in found], "\n".join(map(_line, found)))
    session.note(f"{len(found)} events" + (", more may fit: --limit" * (len(found) == limit)))


@audit.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--from", "start", type=click.IntRange(min=0), default=0, help="First index.")
@click.option("--to", "end", type=click.IntRange(min=1), help="Index after the last.")
@click.option("--subject", help="Only the entries about this pseudonym, each with its proof.")
@click.option("--checkpoint", type=_FILE, help="Your earlier checkpoint, to prove continuity with.")
@pass_session
def export(
    session: Session,
    target: Path,
    start: int,
    end: int | None,
    subject: str | None,
    checkpoint: Path | None,
) -> None:
    """Write the signed log to TARGET, a new folder or .zip, with the verifier beside it."""
    from hub.audit.export import VERIFIER, export_range, export_subject
    from hub.audit.log import AuditEvent, record

    kept = _kept(checkpoint)
    size = kept.size if kept else 0
    with session.app().open_hub(actor()) as hub:
        hub.notary.settle()
        if subject:
            done = export_subject(hub.store, target, subject, size)
        else:
            done = export_range(hub.store, target, start, end, size)
        what = {"first": start, "entries": done.count, "size": done.size}
        event = AuditEvent("audit.exported", actor(), hub.clock.now(), subject, what=what)
        with hub.store.write() as connection:
            record(connection, event)
        hub.notary.settle()
    session.show(
        {"target": str(target), "entries": done.count, "checkpoint": done.checkpoint},
        f"{done.count} entries in {target}, signed at size {done.size}. Verify with: python"
        f" {target.with_name(VERIFIER)} {target}",
    )


@audit.command()
@click.option("--checkpoint", type=_FILE, help="Your own earlier checkpoint.")
@pass_session
def verify(session: Session, checkpoint: Path | None) -> None:
    """Verify the log in the database: signatures, entries, root, time, search columns."""
    from hub.audit.database import verify_log
    from hub.audit.verify import Tampered

    kept = _kept(checkpoint)
    with _store(session) as store:
        try:
            report = verify_log(store, kept)
        except Tampered as finding:
            raise TamperEvident(f"step {finding.step}: {finding}") from finding
    session.show(
        {"result": "ok", "steps": dict(report.steps), "notes": report.notes}, _text(report)
    )


@audit.command("rotate-key")
@pass_session
def rotate_key(session: Session) -> None:
    """Put a new signing key into office; the old one signs the hand-over."""
    from hub.audit.checkpoint import rotate

    with session.app().open_hub(actor()) as hub:
        key = rotate(hub.store, hub.notary.keys, actor())
    session.show({"key": str(key)}, f"the log is signed by {key.id} from now on; back up the keys")


@contextmanager
def _store(session: Session) -> Iterator[Store]:
    with closing(session.app().open_store()) as store:
        yield store


def _kept(path: Path | None) -> Checkpoint | None:
    from hub.audit.verify import Checkpoint, Unusable

    try:
        return Checkpoint.newest_in(path.read_text("utf-8")) if path else None
    except (Unusable, UnicodeDecodeError) as err:
        raise click.BadParameter(f"{path} holds no checkpoint of an audit log") from err


def _document(found: Found) -> dict[str, object]:
    event = found.event
    return {
        "index": found.index,
        "at": event.at.isoformat(),
        "kind": event.kind,
        "actor": event.actor,
        "connection": event.connection,
        "subject": event.subject,
        "what": dict(event.what),
    }


def _line(found: Found) -> str:
    event = found.event
    index = "waiting" if found.index is None else str(found.index)
    about = " ".join(text for text in (event.connection, event.subject) if text)
    what = " ".join(f"{name}={value}" for name, value in event.what.items())
    at = event.at.isoformat(timespec="seconds")
    return f"{index:>8}  {at}  {event.kind}  {event.actor}  {about}  {what}".rstrip()


def _text(report: Report) -> str:
    lines = [f"  {number}  {text}" for number, text in report.steps]
    return "\n".join([*lines, *(f"  note: {note}" for note in report.notes), "the log is intact"])
