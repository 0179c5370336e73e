"""A file that leaves the hub: whole or not at all, and never without a trace.

1. Write all of it aside, out of one consistent view of the store, hashing what is written: a draft
   beside the target, or an unnamed temporary file when it goes to stdout.
2. Tell the audit log: what, how many rows, their SHA-256, who asked. A crash after this leaves an
   event about a file that nobody got; the other order could leave a file that nobody knows of.
3. Put it in the target's place in one step, or copy it to stdout. A full disk stops at 1, and the
   old file stays as it was.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TextIO

from sqlalchemy import Connection

from hub.audit import log
from hub.audit.log import AuditEvent, Scalar
from hub.core.writers import replacing
from hub.store.engine import Store


@dataclass(frozen=True, slots=True)
class Content:
    """What goes into a file.

    Args:
        header: First line, or nothing.
        rows: One line per row, read from the store while it is written.
        footer: Last line, or nothing.
    """

    header: str
    rows: Generator[str, None, None]
    footer: str = ""


def as_array(lines: Content) -> Content:
    """JSON lines as one JSON document, for programs that read the whole of it."""

    def items() -> Generator[str, None, None]:
        with closing(lines.rows) as rows:
            for number, line in enumerate(rows):
                yield (",\n" if number else "") + line.rstrip("\n")

    return Content("[\n", items(), "\n]\n")


@dataclass(frozen=True, slots=True)
class Exported:
    """What left: number of rows and the SHA-256 of the bytes, in hex."""

    rows: int
    sha256: str


def _nothing_else(_: Connection) -> tuple[Mapping[str, Scalar], Sequence[AuditEvent]]:
    return {}, ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where an export goes and who asked for it.

    Args:
        kind: Kind of the audit event, such as ``export.profiles``.
        form: Name of the format, for the event.
        actor: Who asked.
        target: File to write, or the stream to copy to.
        also: Details for the event, and events of their own, once all is written.
    """

    kind: str
    form: str
    actor: str
    target: Path | IO[bytes]
    also: Callable[[Connection], tuple[Mapping[str, Scalar], Sequence[AuditEvent]]] = _nothing_else

    def deliver(self, store: Store, content: Callable[[Connection], Content]) -> Exported:
        """Write, record and hand over what ``content`` reads.

        Raises:
            Unavailable: If the file cannot be written; the old one is untouched.
            StoreError: If the database refused; no file is left.
        """
        with self._draft() as draft:
            with store.read() as connection:
                done = _fill(draft, content(connection))  # 1
            draft.flush()
            self._record(store, done)  # 2
        return done

    @contextmanager
    def _draft(self) -> Iterator[TextIO]:
        """A file that is handed over when the block ends well (3)."""
        if isinstance(self.target, Path):
            with replacing(self.target) as draft:
                yield draft
            return
        with (
            tempfile.TemporaryFile() as raw,
            TextIOWrapper(raw, "utf-8", newline="") as text,
        ):
            yield text
            raw.seek(0)
            shutil.copyfileobj(raw, self.target)
            self.target.flush()

    def _record(self, store: Store, done: Exported) -> None:
        with store.write() as connection:
            details, events = self.also(connection)
            what: dict[str, Scalar] = {
                "format": self.form,
                "rows": done.rows,
                "sha256": done.sha256,
                "to": "file" if isinstance(self.target, Path) else "stdout",
                **details,
            }
            event = AuditEvent(self.kind, self.actor, store.clock.now(), what=what)
            log.record_many(connection, [event, *events])


def _fill(draft: TextIO, content: Content) -> Exported:
    digest, count = sha256(content.header.encode()), 0
    draft.write(content.header)
    with closing(content.rows) as rows:  # a full disk must not leave a cursor open
        for line in rows:
            draft.write(line)
            digest.update(line.encode())
            count += 1
    draft.write(content.footer)
    digest.update(content.footer.encode())
    return Exported(count, digest.hexdigest())
