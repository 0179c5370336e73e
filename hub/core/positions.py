"""Where every key and value of a TOML text stands.

``tomllib`` gives values without places. This scanner gives places without values: it walks the
same grammar (TOML 1.0: dotted and quoted keys, tables, arrays of tables, inline tables, all string
forms) and skips over values. On a text that ``tomllib`` refuses it goes as far as it understands,
which is enough to name both places of a duplicate key.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top of the file to a value."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Line and column in characters, both counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A key or table that stands twice."""

    path: KeyPath
    first: Place
    second: Place


class Positions:
    """Places of one file's keys and values, by path.

    They are looked for when the first of them is asked for: a file without mistakes needs none.

    Args:
        text: The file's text; places are found as far as it is TOML.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def keys(self) -> Mapping[KeyPath, Place]:
        """Where each key stands."""
        return self._scanned.keys

    @property
    def values(self) -> Mapping[KeyPath, Place]:
        """Where each value stands."""
        return self._scanned.values

    @property
    def duplicates(self) -> Sequence[Duplicate]:
        """What stands twice."""
        return self._scanned.duplicates

    def of_key(self, path: KeyPath) -> Place:
        """Where the key stands; for one that is not in the file, the table it belongs into."""
        while path and path not in self.keys:
            path = path[:-1]
        return self.keys.get(path, Place(1, 1))

    def of_value(self, path: KeyPath) -> Place:
        """Where the value stands; for a table written as ``[header]``, its header."""
        return self.values.get(path) or self.of_key(path)

    @cached_property
    def _scanned(self) -> _Scanner:
        scanner = _Scanner(self._text)
        with suppress(_NotToml):  # tomllib says what is wrong and where
            scanner.document()
        return scanner


class _NotToml(Exception):
    """The text left the grammar."""


_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*|[^\s,\[\]{}#=]+")


_DEEPEST = 64
"""Settings are not nested deeper; below, a value has the place of what holds it."""


class _Scanner:
    """One pass over one text; ``at`` is the offset of the next character."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.keys: dict[KeyPath, Place] = {}
        self.values: dict[KeyPath, Place] = {}
        self.duplicates: list[Duplicate] = []
        self._headers: set[KeyPath] = set()
        self._array_ends: dict[KeyPath, int] = {}
        self._line_starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def document(self) -> None:
        table: KeyPath = ()
        while self._skip(_BLANK).at < len(self.text):
            if self._took("[["):
                table = self._array_header()
            elif self._took("["):
                table = self._table_header()
            else:
                self._assignment(table)

    def _table_header(self) -> KeyPath:
        place, names = self._place(), self._key()
        self._need("]")
        path = self._table_path(names)
        if path in self._headers or path in self.values or path in self._array_ends:
            self.duplicates.append(Duplicate(path, self.keys[path], place))
        else:
            self.keys[path] = place  # the header itself, not an earlier [header.child]
        self._headers.add(path)
        self._mark_parents(path, place)
        return path

    def _array_header(self) -> KeyPath:
        place, names = self._place(), self._key()
        self._need("]]")
        array = (*self._table_path(names[:-1]), names[-1])
        if array in self._headers or array in self.values:
            self.duplicates.append(Duplicate(array, self.keys[array], place))
        self._array_ends[array] = self._array_ends.get(array, -1) + 1
        path = (*array, self._array_ends[array])
        self.keys[path] = place
        self._mark_parents(path, place)
        return path

    def _table_path(self, names: list[str]) -> KeyPath:
        path: KeyPath = ()
        for name in names:
            path = (*path, name)
            if path in self._array_ends:
                path = (*path, self._array_ends[path])
        return path

    def _assignment(self, table: KeyPath) -> None:
        place, names = self._place(), self._key()
        self._need("=")
        path = (*table, *names)
        first = self.keys.get(path) or self._value_above(path, len(table))
        if first is not None:
            self.duplicates.append(Duplicate(path, first, place))
        else:
            self.keys[path] = place
            self._mark_parents(path, place)
        self._value(path)

    def _value_above(self, path: KeyPath, depth: int) -> Place | None:
        """Where a dotted key below ``depth`` passes through a key that already has a value."""
        above = (path[:size] for size in range(depth + 1, len(path)))
        return next((self.keys[p] for p in above if p in self.values and p in self.keys), None)

    def _mark_parents(self, path: KeyPath, place: Place) -> None:
        for size in range(1, len(path)):
            self.keys.setdefault(path[:size], place)

    def _key(self) -> list[str]:
        names = [self._name()]
        while self._took("."):
            names.append(self._name())
        return names

    def _name(self) -> str:
        self._skip(_SPACE)
        if (bare := _BARE_KEY.match(self.text, self.at)) is not None:
            self.at = bare.end()
            return bare[0]
        raw = self._match(_STRING)
        try:
            return str(tomllib.loads(f"key = {raw}")["key"])
        except tomllib.TOMLDecodeError as err:
            raise _NotToml from err

    def _value(self, path: KeyPath) -> None:
        if len(path) > _DEEPEST:
            raise _NotToml
        self._skip(_SPACE)
        self.values.setdefault(path, self._place())
        if self._took("["):
            self._array(path)
        elif self._took("{"):
            self._inline_table(path)
        elif self.text.startswith(('"', "'"), self.at):
            self._match(_STRING)
        else:
            self._match(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        index = 0
        while not self._skip(_BLANK)._took("]"):
            self._value((*path, index))
            index += 1
            if not self._skip(_BLANK)._took(","):
                self._skip(_BLANK)._need("]")
                return

    def _inline_table(self, path: KeyPath) -> None:
        if self._took("}"):
            return
        while True:
            self._skip(_SPACE)._assignment(path)
            if not self._took(","):
                self._need("}")
                return

    def _place(self) -> Place:
        self._skip(_SPACE)
        line = bisect_right(self._line_starts, self.at)
        return Place(line, self.at - self._line_starts[line - 1] + 1)

    def _skip(self, pattern: re.Pattern[str]) -> _Scanner:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self

    def _took(self, token: str) -> bool:
        self._skip(_SPACE)
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True

    def _need(self, token: str) -> None:
        if not self._took(token):
            raise _NotToml

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _NotToml
        self.at = match.end()
        return match[0]
