"""One file as a table: its header, then windows of records from any position on."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from connectors.csv.config import StreamSettings
from connectors.csv.encoding import Encoding, decide
from connectors.csv.files import Survey, content
from connectors.csv.parsing import Format, Parsed, Window
from hub.core.errors import StopRun
from hub.core.mistakes import nearest

_ROWS = 2_000
_LEAST, _MOST = 1 << 14, 1 << 20  # characters of a window
_HEAD = 1 << 16
DELIMITERS = (",", ";", "\t", "|")

_NAMES_ITS_DELIMITER = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
"""First line of a file that Excel wrote, or is to open, in another country."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where reading stands: byte of the unpacked content, and number of the line there."""

    at: int
    line: int


@dataclass(frozen=True, slots=True)
class Piece:
    """The records of one window.

    Args:
        window: The lines, for places and rejects.
        parsed: What they held.
        next: Where reading goes on after a restart.
    """

    window: Window
    parsed: Parsed
    next: Position


@dataclass(frozen=True, slots=True)
class Table:
    """A file whose format is known.

    Args:
        survey: The file.
        format: How its lines become records.
        names: Column names; those that the settings use are spelt as there.
        begin: Where the first record stands.
    """

    survey: Survey
    format: Format
    names: tuple[str, ...]
    begin: Position

    @property
    def manner(self) -> str:
        """Encoding and delimiter, as an admin reads them."""
        delimiter = {"\t": "tab", " ": "blank"}.get(self.format.delimiter, self.format.delimiter)
        return f"{self.format.encoding.codec}, separated by {delimiter}"

    def pieces(self, start: Position, stop: int) -> Iterator[Piece]:
        """The records from ``start`` until byte ``stop``, about two thousand at a time.

        Raises:
            StopRun: If the file is no longer what was surveyed.
        """
        carried: list[str] = []
        position, hint, final = start, _LEAST, False
        with _decoded(self.survey, self.format.encoding, start.at) as source:
            while not final and position.at < stop:
                fresh = source.readlines(hint)
                if not fresh:
                    raise _changed(self.survey.name)
                piece, final = self._piece([*carried, *fresh], position, stop)
                carried = piece.window.lines[piece.parsed.used :]
                hint = _hint(piece.window.lines)
                position = piece.next
                yield piece

    def _piece(self, lines: list[str], position: Position, stop: int) -> tuple[Piece, bool]:
        text, encoding = "".join(lines), self.format.encoding
        unreadable = "\0" in text
        try:
            end = position.at + len(text.encode(encoding.codec))
        except UnicodeEncodeError:  # what could not be decoded cannot be encoded either
            end, unreadable = position.at + len(encoding.bytes_of(text)), True
        final = end >= stop
        while end > stop:  # the file has grown since the survey; the next run reads that
            end -= len(encoding.bytes_of(lines.pop()))
        window = Window(self.format, lines, position.line, final, unreadable)
        parsed = window.parse()
        resume = parsed.used
        if final and lines and not lines[-1].endswith(("\n", "\r")):
            resume = parsed.last  # whoever writes the file may not have finished this line
        behind = len(encoding.bytes_of("".join(lines[resume:])))
        return Piece(window, parsed, Position(end - behind, position.line + resume)), final


def open_table(survey: Survey, stream: StreamSettings) -> Table | None:
    """The file as a table; None if it holds nothing at all.

    1. Decide the encoding.
    2. Skip what stands above the header.
    3. Take the delimiter that yields the declared columns.

    Raises:
        StopRun: If the encoding is unclear or a declared column is missing; the message says which
            one was probably meant.
    """
    encoding = _encoding(survey, stream)  # 1
    lines = _head(survey, encoding)
    top = _above(lines, stream)  # 2
    if top == len(lines):
        return None
    form = Format(
        name=survey.name,
        encoding=encoding,
        quote=stream.quote,
        escape=stream.escape,
        skip=stream.skip_starting_with,
    )
    splits = [  # 3
        _first_record(replace(form, delimiter=delimiter), lines[top:])
        for delimiter in _delimiters(lines, stream)
    ]
    wanted = stream.header or stream.columns_used
    form, found, used = max(splits, key=lambda split: _agreement(split[1], wanted, stream))
    names = _spelt(stream.header or found, stream.columns_used)
    _require(names, stream, f"{survey.name}:{top + 1}")
    behind = top if stream.header else top + used
    begin = Position(encoding.mark + len(encoding.bytes_of("".join(lines[:behind]))), behind + 1)
    heading = "" if stream.header else lines[top]
    return Table(survey, replace(form, width=len(names), heading=heading), names, begin)


def head_lines(survey: Survey, stream: StreamSettings) -> list[str]:
    """The first lines of the file, as they stand.

    Raises:
        StopRun: If the encoding is unclear.
    """
    return _head(survey, _encoding(survey, stream))


def _head(survey: Survey, encoding: Encoding) -> list[str]:
    with _decoded(survey, encoding, encoding.mark) as source:
        return source.readlines(_HEAD)


def _delimiters(lines: list[str], stream: StreamSettings) -> Sequence[str]:
    """The declared one, the one that the file itself names, or all that are usual."""
    if stream.delimiter:
        return [stream.delimiter]
    named = _NAMES_ITS_DELIMITER.fullmatch(lines[0].rstrip("\r\n"))
    return [named[1]] if named else DELIMITERS


def _encoding(survey: Survey, stream: StreamSettings) -> Encoding:
    with content(survey.path, survey.name) as raw:
        return decide(stream.encoding, survey.evidence, raw, survey.name)


def _above(lines: list[str], stream: StreamSettings) -> int:
    """How many lines stand above the header: declared ones, blank ones, comments."""
    top = stream.skip_lines
    if lines and _NAMES_ITS_DELIMITER.fullmatch(lines[0].rstrip("\r\n")):
        top = max(top, 1)
    while top < len(lines):
        line = lines[top]
        if line.strip() and not line.startswith(stream.skip_starting_with or "\0"):
            return top
        top += 1
    return len(lines)


def _first_record(form: Format, lines: list[str]) -> tuple[Format, tuple[str, ...], int]:
    reader = form.split(lines)
    try:
        return form, tuple(next(reader)), reader.line_num
    except csv.Error:
        return form, (), 1


def _agreement(
    found: tuple[str, ...], wanted: Sequence[str], stream: StreamSettings
) -> tuple[int, int]:
    """How well a split fits: declared columns that it yields, then how many columns at all."""
    if stream.header:
        return (-abs(len(found) - len(wanted)), 0)
    names = {_folded(name) for name in found}
    return (sum(_folded(name) in names for name in wanted), len(found))


def _folded(name: str) -> str:
    return name.strip().casefold()


def _spelt(found: Sequence[str], used: Sequence[str]) -> tuple[str, ...]:
    """Header names, those in use spelt as the settings spell them, every one unique."""
    spelling = {_folded(name): name for name in used}
    names: list[str] = []
    for number, name in enumerate(found, start=1):
        plain = spelling.get(_folded(name), name.strip()) or f"column {number}"
        names.append(f"{plain} ({number})" if plain in names else plain)
    return tuple(names)


def _require(names: tuple[str, ...], stream: StreamSettings, where: str) -> None:
    for column in stream.columns_used:
        if column not in names:
            guess = nearest(column, names)
            hint = f'did you mean "{guess}"? ' if guess else ""
            raise StopRun(
                f'{where}: no column "{column}"; {hint}The file has: {", ".join(names)}. '
                "Correct columns, key or delimiter in the settings of the stream.",
                code="HUB-125",
            )


@contextmanager
def _decoded(survey: Survey, encoding: Encoding, at: int) -> Iterator[io.TextIOWrapper]:
    """The text from byte ``at`` on, line ends as they are."""
    with content(survey.path, survey.name) as raw:
        raw.seek(at)
        try:
            yield io.TextIOWrapper(raw, encoding=encoding.codec, errors=encoding.errors, newline="")
        except UnicodeDecodeError as err:
            raise StopRun(
                f"{survey.name}: the content breaks off inside a character of {encoding.codec}. "
                "Copy the file again, or declare its encoding.",
                code="HUB-122",
            ) from err


def _changed(name: str) -> StopRun:
    return StopRun(
        f"{name}: the file became shorter while it was being read. Run the sync again once it is "
        "complete.",
        code="HUB-124",
    )


def _hint(lines: list[str]) -> int:
    """Characters of about two thousand lines like these."""
    mean = sum(map(len, lines)) // max(1, len(lines))
    return min(_MOST, max(_LEAST, _ROWS * mean))
