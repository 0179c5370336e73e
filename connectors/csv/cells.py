"""How the cell of a column becomes the value of a field: one reader per target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.csv.targets import Target
from connectors.csv.values import (
    BadValue,
    Memo,
    Notation,
    choice_reader,
    day_reader,
    instant_reader,
    integer_reader,
    number_reader,
    read_currency,
    read_flag,
)
from hub.core.errors import SkipRecord

Read = Callable[[str], Any]
"""Text to a value of the field's type; a record's field can be of any type."""
Fixed = str | int | float | bool
"""A value that stands in hub.toml."""


def value_reader(target: Target, notation: Notation) -> Read:
    """The reader of a text that is not empty.

    Raises (when called):
        BadValue: If the text is no such value.
    """
    match target.kind:
        case "integer":
            return integer_reader(notation)
        case "number" | "money":
            return number_reader(notation)
        case "float":
            number = number_reader(notation)
            return lambda text: float(number(text))
        case "flag":
            return read_flag
        case "instant":
            return instant_reader(notation)
        case "day":
            return day_reader(notation)
        case "choice":
            return choice_reader(target.choices)
        case "currency":
            return read_currency
        case _:
            return str


def translated(read: Read, values: Mapping[str, Fixed], *, strict: bool = False) -> Read:
    """``read`` after replacing texts that ``values`` explains; ``strict`` refuses all others."""
    if not values:
        return read
    known = {text.strip().casefold(): as_text(value) for text, value in values.items()}

    def translate(text: str) -> Any:
        found = known.get(text.casefold())
        if found is None and strict:
            raise BadValue("bad-choice", f"expected one of {', '.join(values)}")
        return read(text if found is None else found)

    return translate


def cell(
    column: str, read: Read, *, required: bool = False, default: object = None, suffix: str = ""
) -> Memo[str, Any]:
    """A remembered reader of the column's cells, empty ones included.

    Raises (when asked):
        SkipRecord: If the cell cannot be read; the message names the column, never the content.
    """

    def read_cell(text: str) -> Any:
        plain = text.strip().removesuffix(suffix)
        try:
            if plain:
                return read(plain)
            if required:
                raise BadValue("missing-value", "expected a value, found an empty cell")
        except BadValue as err:
            raise SkipRecord(f"{column}: {err}", reason=err.reason) from err
        return default

    return Memo(read_cell)


def as_text(value: Fixed) -> str:
    """The text that a constant of hub.toml stands for.

    >>> as_text(True), as_text(0.5), as_text("GBP")
    ('true', '0.5', 'GBP')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def constant(target: Target, value: Fixed) -> Any:
    """``value`` as the field holds it.

    Raises:
        BadValue: If it is no such value.
    """
    return value_reader(target, Notation())(as_text(value))
