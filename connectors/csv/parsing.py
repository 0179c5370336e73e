"""From lines to records: a window of lines at a time, so that one bad line costs one line.

The C reader of the ``csv`` module splits fields. What it cannot do is recover: after a quotation
mark that nobody closed it swallows line after line. So whatever does not fit is judged here: if the
line after the first is a whole record by itself, only the first is refused, and reading resumes
behind it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from connectors.csv.encoding import Encoding
from hub.core.connector import Reject

if TYPE_CHECKING:
    from _csv import Reader

FIELD_LIMIT = 1_000_000
"""Most characters of one field; the hub takes no larger row either."""

csv.field_size_limit(FIELD_LIMIT)  # the module knows one limit per process

_LOOK_AHEAD = 50
_UNREADABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Format:
    """How the lines of one file become records.

    Args:
        name: File, as places show it.
        encoding: How its bytes were decoded.
        delimiter: Between fields.
        quote: Quotation mark, or empty.
        escape: Escape character, or empty.
        width: How many columns there are.
        heading: The header line, which files that were strung together repeat.
        skip: Beginnings of lines that are no records.
    """

    name: str
    encoding: Encoding
    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    width: int = 0
    heading: str = ""
    skip: tuple[str, ...] = ()

    def split(self, lines: Sequence[str]) -> Reader:
        """Splits ``lines``; raises ``csv.Error`` while iterating where quoting makes no sense."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            escapechar=self.escape or None,
            doublequote=not self.escape,
            skipinitialspace=self.delimiter == " ",
            strict=True,
        )


@dataclass(slots=True)
class Parsed:
    """What one window of lines held.

    Args:
        rows: Fields of each record.
        starts: Index of its first line in the window, parallel to ``rows``.
        ends: Index behind its last line, parallel to ``rows``.
        rejects: Lines that are no record.
        used: How many lines were used; the others begin a record that the window cuts.
        last: Index of the line where the last record or reject begins.
    """

    rows: list[list[str]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    used: int = 0
    last: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """Why some lines are no record: reason, message, and the column where it shows."""

    reason: str
    message: str
    column: int = 1


_NOTHING = Fault("nothing", "a blank line, or one that is declared to be no record")
_SKIPPED = Fault("skipped", "such a line with a quotation mark that swallowed others")


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive lines of one file.

    Args:
        format: How to read them.
        lines: With their line ends.
        first: Number of the first one in the file.
        final: Whether the file ends with them.
        unreadable: Whether some hold NUL or bytes that could not be decoded.
    """

    format: Format
    lines: list[str]
    first: int = 1
    final: bool = True
    unreadable: bool = False

    def parse(self) -> Parsed:
        """The records of the window.

        0. Most windows hold one record per line, all of the right width: that takes no Python.
        1. Split until something does not fit.
        2. If the window may have cut it, leave it to the next one.
        3. Find how far the fault reaches, refuse that much, go on behind it at 1.
        """
        if smooth := self._smooth():  # 0
            return smooth
        parsed = Parsed()
        while parsed.used < len(self.lines):
            start, end, fault = self._split(parsed)  # 1
            if fault is None:
                parsed.used = end
            elif fault.reason == "bad-quoting" and end == len(self.lines) and not self.final:  # 2
                parsed.used = start
                break
            else:  # 3
                parsed.used = self._extent(start, end)
                if not self._is_skipped(start):
                    parsed.rejects.append(self.reject(start, parsed.used, fault))
                parsed.last = start
        return parsed

    def reject(self, start: int, end: int, fault: Fault) -> Reject:
        """The lines from ``start`` to ``end`` as they came, for quarantine."""
        where = f"{self.format.name}:{self.first + start}:{fault.column}"
        raw = self.format.encoding.bytes_of("".join(self.lines[start:end]))
        return Reject(fault.reason, f"{where}: {fault.message}", where, raw)

    @property
    def _careful(self) -> bool:
        return self.unreadable or bool(self.format.skip) or self.format.heading in self.lines

    def _smooth(self) -> Parsed | None:
        """The window's records if there is nothing to judge about any of them."""
        if self._careful:
            return None
        try:
            rows = list(self.format.split(self.lines))
        except csv.Error:
            return None
        count = len(self.lines)
        if len(rows) != count or set(map(len, rows)) != {self.format.width}:
            return None
        if not all(map(itemgetter(0), rows)):  # may be blank but for delimiters
            return None
        return Parsed(rows, [*range(count)], [*range(1, count + 1)], [], count, count - 1)

    def _split(self, parsed: Parsed) -> tuple[int, int, Fault | None]:
        """Collect records from ``parsed.used`` on; stop at a fault that spans lines."""
        start = offset = parsed.used
        width, careful = self.format.width, self._careful
        reader = self.format.split(self.lines[offset:] if offset else self.lines)
        try:
            for fields in reader:
                end = offset + reader.line_num
                plain = len(fields) == width and fields[0] and not careful
                fault = None if plain else self._judged(fields, start, end)
                if fault is None:
                    parsed.rows.append(fields)
                    parsed.starts.append(start)
                    parsed.ends.append(end)
                    parsed.last = start
                elif fault is not _NOTHING:
                    if end - start > 1:
                        return start, end, fault
                    parsed.rejects.append(self.reject(start, end, fault))
                    parsed.last = start
                start = end
        except csv.Error as err:
            return start, offset + reader.line_num, self._bad_quoting(str(err), start)
        return start, start, None

    def _judged(self, fields: list[str], start: int, end: int) -> Fault | None:
        """What is wrong with ``fields``; empty ones of trailing delimiters are dropped."""
        width = self.format.width
        if not any(fields) or self.lines[start] == self.format.heading:
            return _NOTHING
        if self._is_skipped(start):
            return _NOTHING if end - start == 1 else _SKIPPED
        if len(fields) > width and not any(fields[width:]):
            del fields[width:]
        if self.unreadable:
            for column, text in enumerate(fields, start=1):
                if found := _UNREADABLE.search(text):
                    return self._unreadable(found[0], column)
        return None if len(fields) == width else self._wrong_width(len(fields))

    def _is_skipped(self, start: int) -> bool:
        return bool(self.format.skip) and self.lines[start].startswith(self.format.skip)

    def _extent(self, start: int, end: int) -> int:
        """Where to resume: behind one line if an open quote swallowed whole records."""
        if end - start == 1 or self._is_skipped(start):
            return start + 1
        followers = range(start + 1, min(end, start + _LOOK_AHEAD))
        return start + 1 if any(map(self._is_record, followers)) else end

    def _is_record(self, index: int) -> bool:
        try:
            rows = list(self.format.split([self.lines[index]]))
        except csv.Error:
            return False
        return len(rows) == 1 and len(rows[0]) == self.format.width

    def _wrong_width(self, found: int) -> Fault:
        width = self.format.width
        return Fault(
            "too-many-columns" if found > width else "too-few-columns",
            f"expected {width} columns, found {found}. Quote texts that contain "
            f"{self.format.delimiter!r}; name totals and comments in skip_starting_with",
            min(found, width) + 1,
        )

    def _unreadable(self, character: str, column: int) -> Fault:
        if character == "\0":
            return Fault("nul", "a NUL character. Remove it at its source", column)
        codec = self.format.encoding.codec
        message = f"not valid {codec}. Correct it at its source, or declare the file's encoding"
        return Fault("unreadable-encoding", message, column)

    def _bad_quoting(self, error: str, start: int) -> Fault:
        before, quote, _ = self.lines[start].partition(self.format.quote or "\n")
        column = before.count(self.format.delimiter) + 1 if quote else 1
        if "field larger" in error:
            message = f"a field is longer than {FIELD_LIMIT} characters. Shorten it at its source"
            return Fault("field-too-long", message, column)
        message = (
            "a quotation mark does not match. Close or double it at its source; "
            'set quote = "" if the file does not quote'
        )
        return Fault("bad-quoting", message, column)
