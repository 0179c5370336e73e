"""Mistakes in hub.toml: where, what was expected, what was probably meant.

A validation error names a path; the positions name its place; the model's JSON Schema at that path
says what was expected. The same three steps serve the hub's own sections and every connector's
settings, so a plugin's configuration is explained as well as the hub's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hub.core.errors import ConfigError
from hub.core.expectations import Expectations, one_of
from hub.core.positions import KeyPath, Place, Positions
from hub.core.secrets import LITERAL_FIX


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing to correct.

    Args:
        place: Line and column.
        message: What is wrong.
        expected: What may stand there.
        suggestion: The nearest allowed name, if one is near.
        path: Key path, for programs that read ``hub check --json``.
    """

    place: Place
    message: str
    expected: str = ""
    suggestion: str = ""
    path: KeyPath = ()

    @classmethod
    def at(
        cls, place: Place, path: KeyPath, what: str, expected: str = "", suggestion: str = ""
    ) -> Mistake:
        """What is wrong with the key at ``path``, which the message names."""
        return cls(place, f"{dotted(path)}: {what}", expected, suggestion, path)

    def __str__(self) -> str:
        parts = [f"{self.place}: {self.message}"]
        parts += [f"expected {self.expected}"] if self.expected else []
        parts += [f'did you mean "{self.suggestion}"?'] if self.suggestion else []
        return "; ".join(parts)


class ConfigMistakes(ConfigError):
    """Everything that is wrong in one hub.toml, in the order of its lines."""

    default_code = "HUB-201"

    def __init__(self, file: Path, mistakes: Iterable[Mistake], code: str | None = None) -> None:
        self.file = file
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: mistake.place))
        count = "1 mistake" if len(self.mistakes) == 1 else f"{len(self.mistakes)} mistakes"
        lines = "".join(f"\n{file}:{mistake}" for mistake in self.mistakes)
        super().__init__(f"{count} in {file}; nothing was started.{lines}", code=code)


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of ``names`` that ``name`` was probably meant to be, or the empty text.

    >>> nearest("evrey", ["every", "cron"])
    'every'
    """
    scored = [(_likeness(name, other), other) for other in names]
    score, best = max(scored, default=(0.0, ""), key=lambda pair: pair[0])
    return best if score >= 0.6 else ""


def _likeness(name: str, other: str) -> float:
    """Likeness 0..1; the same letters in another order count as near, however short the name."""
    anagram = 0.9 if sorted(name) == sorted(other) else 0.0
    return max(anagram, SequenceMatcher(None, name.lower(), other.lower()).ratio())


def mistakes_in(
    error: ValidationError, model: type[BaseModel], positions: Positions, root: KeyPath = ()
) -> list[Mistake]:
    """One mistake per error, with place, expectation and suggestion.

    Args:
        error: What pydantic found.
        model: Model that was validated.
        positions: Places in the file.
        root: KeyPath of the validated table in the file.
    """
    table = _Table(Expectations.of(model), positions, root)
    found = [table.mistake(detail) for detail in _telling(error, table.expectations)]
    # A misspelt required key is one mistake, although it is both unknown and missing.
    meant = {(*m.path[:-1], m.suggestion) for m in found if m.message.startswith("unknown key")}
    return [m for m in found if not (m.message.startswith("missing key") and m.path in meant)]


def _telling(error: ValidationError, expectations: Expectations) -> list[ErrorDetails]:
    """The errors that an admin can act on: one per place, entries before the list they are in."""
    details = [d for d in error.errors(include_url=False) if not _echoes_an_entry(d)]
    forks: dict[KeyPath, list[ErrorDetails]] = {}
    for detail in details:
        fork = expectations.fork(detail["loc"])
        if fork is not None:
            forks.setdefault(fork, []).append(detail)
    told = [d for d in details if expectations.fork(d["loc"]) is None]
    return told + [d for fork, errors in forks.items() for d in _one_form(fork, errors)]


def _one_form(fork: KeyPath, errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors of the form that was probably meant; all forms when none of them fits at all.

    A form that refuses the value as a whole was not meant; of those that look inside, the first.
    """
    inside = [d for d in errors if len(d["loc"]) > len(fork) + 1]
    if inside:
        return [d for d in inside if d["loc"][len(fork)] == inside[0]["loc"][len(fork)]]
    return [{**errors[0], "loc": fork}]


def _echoes_an_entry(detail: ErrorDetails) -> bool:
    """Whether a list is called too short only because its entries were refused one by one."""
    return detail["type"] == "too_short" and len(detail["input"]) > 0


@dataclass(frozen=True, slots=True)
class _Table:
    """A validated table: what it accepts, and where it stands in the file."""

    expectations: Expectations
    positions: Positions
    root: KeyPath

    def mistake(self, detail: ErrorDetails) -> Mistake:
        context: Mapping[str, Any] = detail.get("ctx", {})
        loc: KeyPath = detail["loc"]
        if detail["type"] == "extra_forbidden":
            return self._unknown_key(loc)
        if detail["type"] == "missing":
            return self._missing_key(loc)
        if loc[-1:] == ("[key]",):
            return self._bad_name(loc[:-1])
        return self._bad_value(loc, detail, context)

    def _unknown_key(self, loc: KeyPath) -> Mistake:
        path, key = (*self.root, *self.expectations.in_file(loc)), str(loc[-1])
        names = self.expectations.names(loc[:-1])
        message = f'unknown key "{key}" in {table_name(path[:-1])}'
        place = self.positions.of_key(path)
        return Mistake(place, message, one_of(names), nearest(key, names), path)

    def _missing_key(self, loc: KeyPath) -> Mistake:
        path = (*self.root, *self.expectations.in_file(loc))
        message = f'missing key "{loc[-1]}" in {table_name(path[:-1])}'
        place = self.positions.of_value(path[:-1])
        return Mistake(place, message, self.expectations.at(loc), "", path)

    def _bad_name(self, loc: KeyPath) -> Mistake:
        path, key = (*self.root, *self.expectations.in_file(loc)), str(loc[-1])
        names = self.expectations.names(loc[:-1])
        message = f'"{key}" cannot be a name in {table_name(path[:-1])}'
        expected = self.expectations.key_form(loc[:-1])
        return Mistake(self.positions.of_key(path), message, expected, nearest(key, names), path)

    def _bad_value(self, loc: KeyPath, detail: ErrorDetails, context: Mapping[str, Any]) -> Mistake:
        path, given = (*self.root, *self.expectations.in_file(loc)), detail["input"]
        names = [*context.get("names", ()), *self.expectations.choices(loc)]
        expected = str(context.get("wanted") or self.expectations.at(loc))
        if detail["type"] == "literal_secret":
            expected = LITERAL_FIX
        suggestion = nearest(given, names) if isinstance(given, str) else ""
        what = _what_is_wrong(detail, expected)
        return Mistake.at(self.positions.of_value(path), path, what, expected, suggestion)


_OUT_OF_RANGE = ("greater_than", "less_than", "too_long", "finite_number")
_EMPTY = ("too_short", "string_too_short")


def _what_is_wrong(detail: ErrorDetails, expected: str) -> str:
    """Says it without repeating a value that may be a secret."""
    kind = detail["type"]
    if kind == "literal_error":
        return "not one of the allowed values"
    if kind.startswith(_OUT_OF_RANGE) or kind == "duration_range":
        return f"out of range: {_shown(detail['input'])}"
    if kind in _EMPTY:
        return "must not be empty"
    if kind == "string_pattern_mismatch":
        return "not in the right form"
    if kind.endswith(("_type", "_parsing")) or kind == "int_from_float":
        return f"wrong type: found {type_name(detail['input'])}"
    return str(detail["msg"]) if kind != "value_error" else str(detail["ctx"]["error"])


def _shown(value: object) -> str:
    return str(value) if isinstance(value, int | float) else type_name(value)


def type_name(value: object) -> str:
    """What an admin calls a value of this type.

    >>> type_name(True), type_name(3), type_name([])
    ('true or false', 'a whole number', 'a list')
    """
    names: tuple[tuple[type, str], ...] = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number"),
        (str, "text"),
        (list, "a list"),
        (dict, "a table"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "a date or time")


def dotted(path: KeyPath) -> str:
    """``path`` as an admin reads it.

    >>> dotted(("connections", "shop", "streams", 0))
    'connections.shop.streams[0]'
    """
    return "".join(_step(step) for step in path).removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if re.fullmatch(r"[\w-]+", step, re.ASCII) else f'."{step}"'


def table_name(path: KeyPath) -> str:
    """The table at ``path`` as its header, or the file itself."""
    return f"[{dotted(path)}]" if path else "this file"
