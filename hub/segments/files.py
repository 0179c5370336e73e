"""Segment files: those that stand next to hub.toml, or the ones that the hub ships."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from hub.core.hubtoml import read_model
from hub.core.mistakes import ConfigMistakes, Mistake
from hub.core.own_files import own_files
from hub.core.positions import KeyPath, Place, Positions
from hub.segments.checking import RuleMistake
from hub.segments.defined import Defined, Segments
from hub.segments.definition import Segment, SegmentFile
from hub.segments.rule import rule

SHIPPED = Path(str(files("hub.segments") / "shipped.toml"))
"""The segments that apply where a business has written none."""

HEADER = "customer"
"""Column of a file of members."""

_BELONGS: Mapping[str, tuple[str, ...]] = {
    "dynamic": ("rule",),
    "static": ("members", "csv"),
    "event": ("event", "rule"),
}
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "dynamic": ("rule",),
    "static": ("members", "csv"),
    "event": ("event",),
}


@cache
def shipped() -> Segments:
    """The segments of the hub itself."""
    return read([SHIPPED])


def read_all(folder: Path, pattern: str) -> Segments:
    """Every segment in the files that ``pattern`` names; the shipped ones if there are none.

    Args:
        folder: The folder of hub.toml, where a relative pattern starts.
        pattern: As in ``[segments] files``.

    Raises:
        ConfigError: As :func:`read`.
    """
    found = own_files(folder, pattern, SHIPPED)
    return shipped() if found == [SHIPPED] else read(found)


def read(paths: Sequence[Path]) -> Segments:
    """Every segment of the files, in their order.

    Raises:
        ConfigMistakes: With everything that is wrong in the first file that has mistakes.
        ConfigError: If a file cannot be read.
    """
    found: dict[str, Defined] = {}
    for path in paths:
        content, positions = read_model(path, SegmentFile)
        reading = _File(path, positions, found)
        mistakes = [
            mistake
            for at, segment in enumerate(content.segments)
            for mistake in reading.take(segment, ("segments", at))
        ]
        if mistakes:
            raise ConfigMistakes(path, mistakes)
    return Segments(tuple(found.values()))


@dataclass(frozen=True, slots=True)
class _File:
    """One file while it is read, and the segments that were found so far."""

    path: Path
    positions: Positions
    found: dict[str, Defined]

    def take(self, segment: Segment, where: KeyPath) -> Iterator[Mistake]:
        """Add a segment; what is wrong with it."""
        yield from _mistakes(segment, where, self.positions)
        if segment.id in self.found:
            what = f'another segment is called "{segment.id}", too'
            yield _mistake(self.positions, (*where, "id"), what, "another name")
        try:
            self.found[segment.id] = _defined(segment, self.path)
        except RuleMistake as err:
            yield self._in_rule(err, segment.rule or "", (*where, "rule"))
        except _BadList as err:
            yield _mistake(self.positions, (*where, "csv"), str(err), _A_LIST)

    def _in_rule(self, err: RuleMistake, text: str, path: KeyPath) -> Mistake:
        """The mistake at its own line and column of the file."""
        start = self.positions.of_value(path)
        place = _within(self.path.read_text("utf-8-sig"), start, text, err.at)
        return Mistake.at(place, path, err.message, err.expected, err.suggestion)


def _mistakes(segment: Segment, where: KeyPath, positions: Positions) -> Iterator[Mistake]:
    """Keys that do not belong to the kind of a segment, and those that it lacks."""
    given = [name for name in ("rule", "event", "members", "csv") if getattr(segment, name)]
    for name in given:
        if name not in _BELONGS[segment.kind]:
            what = f"does not belong to kind {segment.kind}"
            expected = " or ".join(_BELONGS[segment.kind])
            yield _mistake(positions, (*where, name), what, expected)
    if not set(_NEEDS[segment.kind]) & set(given):
        missing = " or ".join(_NEEDS[segment.kind])
        yield _mistake(positions, where, f"kind {segment.kind} lacks {missing}", missing)


def _mistake(positions: Positions, path: KeyPath, what: str, expected: str) -> Mistake:
    return Mistake.at(positions.of_value(path), path, what, expected)


def _defined(segment: Segment, path: Path) -> Defined:
    checked = None if segment.rule is None else rule(segment.rule)
    listed = segment.members
    if segment.csv is not None:
        listed += _column(path.parent / segment.csv)
    return Defined(segment, checked, listed)


_A_LIST = f'a CSV file in UTF-8 with a column "{HEADER}"'


class _BadList(Exception):
    """A file of members that cannot be used."""


def _column(path: Path) -> tuple[str, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if HEADER not in (rows.fieldnames or ()):
                raise _BadList(f"{path.name} has no column {HEADER}")
            return tuple(name for row in rows if (name := (row[HEADER] or "").strip()))
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise _BadList(f"cannot read {path.name}: {type(err).__name__}") from err


def _within(file: str, start: Place, text: str, at: int) -> Place:
    """Where character ``at`` of the text that is quoted at ``start`` stands.

    A text with escapes, whose characters are not where they are read, is pointed at as a whole.
    """
    lines = file.split("\n")
    here = lines[start.line - 1][start.column - 1 :]
    quotes = 3 if here.startswith(("'''", '"""')) else 1
    before = text[:at].split("\n")
    row, column = len(before) - 1, len(before[-1]) + 1
    if quotes == 3 and not here[quotes:].strip():  # the line break after the quotes is no part
        row += 1
    place = Place(start.line + row, column + (0 if row else start.column - 1 + quotes))
    stands = lines[place.line - 1][place.column - 1 :] if place.line <= len(lines) else ""
    return place if stands.startswith(text[at:].partition("\n")[0]) else start
