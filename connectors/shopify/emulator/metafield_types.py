"""Which values a metafield of a type may hold, and the form in which they are kept.

Source: Shopify "List of data types" for metafields (read November 2026). Unconfirmed: the longest
text, and the exact form in which decimals and instants come back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

LONGEST = 65_536
SAFE_INTEGER = 2**53 - 1
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_URL = re.compile(r"(https?://|mailto:|tel:|sms:)\S+")
_DECIMAL = re.compile(r"-?\d{1,13}(\.\d{1,9})?")


class InvalidValue(ValueError):
    """A value that does not fit its type; says why in Shopify's manner."""


def accept(kind: str, value: str) -> str:
    """The value as it is kept.

    >>> accept("number_decimal", "9"), accept("date_time", "2026-01-02T03:04:05Z")
    ('9.0', '2026-01-02T03:04:05+00:00')

    Raises:
        InvalidValue: If it does not fit the type.
    """
    if len(value) > LONGEST:
        raise InvalidValue(f"Value is too long (maximum is {LONGEST} characters).")
    return _ACCEPT[kind](value)


def size(kind: str, value: str) -> Decimal:
    """What ``min`` and ``max`` of a definition compare: a number, or the length of a text."""
    return Decimal(value) if kind.startswith("number_") else Decimal(len(value))


def _line(value: str) -> str:
    if "\n" in value or "\r" in value:
        raise InvalidValue("Value must be a single line text string.")
    return value


def _any_text(value: str) -> str:
    return value


def _integer(value: str) -> str:
    if not re.fullmatch(r"-?\d{1,16}", value) or abs(int(value)) > SAFE_INTEGER:
        raise InvalidValue("Value must be an integer.")
    return str(int(value))


def _decimal(value: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation as err:
        raise InvalidValue("Value must be a decimal.") from err
    if not _DECIMAL.fullmatch(value):
        raise InvalidValue("Value must be a decimal with at most 13 digits and 9 decimal places.")
    return f"{number:.1f}" if number == number.to_integral_value() else f"{number.normalize():f}"


def _boolean(value: str) -> str:
    if value.lower() not in ("true", "false"):
        raise InvalidValue("Value must be true or false.")
    return value.lower()


def _date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as err:
        raise InvalidValue("Value must be in YYYY-MM-DD format.") from err


def _date_time(value: str) -> str:
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as err:
        raise InvalidValue("Value must be in YYYY-MM-DDTHH:MM:SS format.") from err
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="seconds")


def _json(value: str) -> str:
    try:
        json.loads(value)
    except ValueError as err:
        raise InvalidValue("Value is invalid JSON.") from err
    return value


def _matching(pattern: re.Pattern[str], told: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise InvalidValue(told)
        return value

    return check


_ACCEPT: Mapping[str, Callable[[str], str]] = {
    "single_line_text_field": _line,
    "multi_line_text_field": _any_text,
    "id": _line,
    "number_integer": _integer,
    "number_decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "date_time": _date_time,
    "json": _json,
    "url": _matching(_URL, "Value must be a URL."),
    "color": _matching(_COLOUR, "Value must be a color in #rrggbb format."),
}
TYPES = frozenset(_ACCEPT)
"""The types that the emulator knows; Shopify has more."""
