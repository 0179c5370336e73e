"""Cells of a CSV file: typed for programs, or guarded for spreadsheets.

A spreadsheet runs a cell that starts with ``=``, ``+``, ``-`` or ``@`` as a formula, and customers
choose their own names. So text for people's spreadsheets is guarded; text for programs is not,
because a guard would change phone numbers (``+61…``) for the next system.
Source: OWASP, "CSV Injection" (characters and the leading apostrophe); CWE-1236.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Cell = str | int | float | bool | None

_FORMULA = frozenset("=+-@")
_CONTROL = ("\t", "\r", "\n")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class CsvLines:
    """How rows become lines.

    Args:
        spreadsheet: Whether a person will open the file in a spreadsheet.
    """

    spreadsheet: bool = False

    def header(self, names: Sequence[str]) -> bytes:
        """The first line; for spreadsheets behind the mark by which they recognise UTF-8."""
        return (_BOM if self.spreadsheet else b"") + self.row(names)

    def row(self, cells: Sequence[Cell]) -> bytes:
        """One row as UTF-8, ended as RFC 4180 says: CR LF."""
        # Every text is quoted for spreadsheets: under a locale that separates by semicolon, an
        # unquoted "x;=1+1" would be cut into two cells behind the guard's back.
        quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if self.spreadsheet else csv.QUOTE_MINIMAL
        writer = csv.writer(_Echo(), quoting=quoting)
        line: str = writer.writerow([self._spelled(cell) for cell in cells])  # what _Echo returned
        return line.encode()

    def _spelled(self, cell: Cell) -> Cell:
        if isinstance(cell, bool):
            return "true" if cell else "false"
        return guarded(cell) if self.spreadsheet and isinstance(cell, str) else cell


def guarded(text: str) -> str:
    """``text`` behind an apostrophe if a spreadsheet could take it for a formula.

    Looked at as the spreadsheet may see it: compatibility forms folded (full-width ``＝`` is an
    equals sign), leading blanks and invisible characters skipped.

    >>> guarded("＝1+1"), guarded(" -2"), guarded("Ann-Marie")
    ("'＝1+1", "' -2", 'Ann-Marie')
    """
    seen = unicodedata.normalize("NFKC", text).lstrip()
    first = next((char for char in seen if unicodedata.category(char) not in ("Cf", "Cc")), "")
    return f"'{text}" if first in _FORMULA or text.startswith(_CONTROL) else text


class _Echo:
    """A file for ``csv.writer`` whose ``write`` hands the line back."""

    @staticmethod
    def write(line: str) -> str:
        return line
