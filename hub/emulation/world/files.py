"""The exports as bytes, with the planted faults in their places."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.emulation.world.contents import Contents
from hub.emulation.world.exports import (
    DAY_FIRST,
    ISO_OFFSET,
    ISO_UTC,
    MONTH_FIRST,
    PLAIN,
    Dialect,
    Export,
    Row,
    exports,
)
from hub.emulation.world.mistakes import BAD_DATE, BAD_ENCODING, NUL, TOO_FEW, TOO_LONG, TOO_MANY
from hub.emulation.world.model import Mistake

TOO_MANY_BYTES = 2 * 1024 * 1024 + 1
IMPOSSIBLE = {
    DAY_FIRST: "31/02/2026 10:15",
    MONTH_FIRST: "13/32/2026 10:15 AM",
    PLAIN: "2026-02-30 10:15:00",
    ISO_UTC: "2026-13-45T10:15:00Z",
    ISO_OFFSET: "2026-02-30T10:15:00+10:00",
}
"""By format of times, a time that no calendar has."""

UNDECODABLE = {"cp1252": b"\x81", "utf-8": b"\xff", "utf-8-sig": b"\xff"}
"""By encoding, a byte that it never contains."""

_PLACE_OF_BYTE = "\x07"


@dataclass(frozen=True, slots=True)
class PlantedLine:
    """One line that must end in quarantine; ``line`` counts physical lines from 1."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """One export, ready to be written; counts are of lines that are no header."""

    export: Export
    data: bytes
    planted: tuple[PlantedLine, ...]
    blank_lines: int
    footer_lines: int


@dataclass
class _Page:
    """A file in the making."""

    dialect: Dialect
    chunks: list[bytes] = field(default_factory=list)
    line: int = 1

    def write(self, row: Sequence[str], undecodable: bool = False) -> int:
        """Appends the row and returns the physical line on which it begins."""
        sink = io.StringIO()
        csv.writer(
            sink,
            delimiter=self.dialect.delimiter,
            lineterminator=self.dialect.line_end,
            quoting=self.dialect.quoting,  # type: ignore[arg-type]  # a csv.QUOTE_ constant
        ).writerow(row)
        return self.append(sink.getvalue(), undecodable)

    def append(self, text: str, undecodable: bool = False) -> int:
        """Appends text that ends its line and returns the line on which it begins."""
        encoding = self.dialect.encoding
        chunk = text.encode(encoding.removesuffix("-sig") if encoding != "utf-16" else "utf-16-le")
        if undecodable:
            chunk = chunk.replace(_PLACE_OF_BYTE.encode(), UNDECODABLE[encoding])
        self.chunks.append(chunk)
        begins = self.line
        self.line += text.count("\n")
        return begins


def render(world: Contents) -> Iterator[RenderedFile]:
    """Every export of the world, one after the other."""
    for export in exports(world):
        yield _render(export, [m for m in world.mistakes if m.file == export.file])


def write_file(folder: Path, rendered: RenderedFile) -> Path:
    """The path of the export, written to ``folder``."""
    path = folder / rendered.export.file
    path.write_bytes(rendered.data)
    return path


def _render(export: Export, mistakes: Sequence[Mistake]) -> RenderedFile:
    """The file: byte order mark, header, rows with the planted lines between them, footer."""
    page = _Page(export.dialect, [_mark(export.dialect.encoding)])
    page.write(export.header)
    planted: list[PlantedLine] = []
    blanks = 0
    for number, row in enumerate(export.rows, start=1):
        page.write(row)
        due = mistakes[len(planted) :]
        for mistake in (m for m in due if m.after_row == number or number == len(export.rows)):
            planted.append(_plant(page, export, row, mistake, len(planted)))
        if export.dialect.blank_every and number % export.dialect.blank_every == 0:
            page.append(export.dialect.line_end)
            blanks += 1
    if export.dialect.footer:
        page.append(f"*** {len(export.rows)} lines exported ***{export.dialect.line_end}")
    data = b"".join(page.chunks)
    return RenderedFile(export, data, tuple(planted), blanks, int(export.dialect.footer))


def _mark(encoding: str) -> bytes:
    """The byte order mark that files of that encoding begin with."""
    return {"utf-8-sig": codecs.BOM_UTF8, "utf-16": codecs.BOM_UTF16_LE}.get(encoding, b"")


def _plant(page: _Page, export: Export, good: Row, mistake: Mistake, number: int) -> PlantedLine:
    """Writes a faulty copy of a good row under a key of its own."""
    cells = list(good)
    cells[0] = f"X{number + 1:05d}"
    if mistake.reason == TOO_MANY:
        cells += ["surplus"] * 3
    elif mistake.reason == TOO_FEW:
        del cells[2:]
    elif mistake.reason == BAD_DATE:
        cells[export.date_column] = IMPOSSIBLE[export.dialect.times]
    else:
        cells[export.text_column] = _FAULTY_TEXT[mistake.reason]
    line = page.write(cells, undecodable=mistake.reason == BAD_ENCODING)
    return PlantedLine(export.file, line, mistake.reason)


_FAULTY_TEXT = {
    NUL: "before\x00after",
    TOO_LONG: "x" * TOO_MANY_BYTES,
    BAD_ENCODING: f"caf{_PLACE_OF_BYTE} au lait",
}
