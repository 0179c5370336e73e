"""From the text of a cell to a typed value: numbers, dates, times, flags, as files write them.

A reader of a cell is a function of its text. It raises :class:`BadValue`, whose message says what
was expected but never repeats the text, which may be personal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from hub.core.clock import from_micros

DATE_FORMATS = ("iso", "day-first", "month-first", "unix", "unix-ms")
"""Names that stand for whole families of date formats."""

_REMEMBERED = 1 << 16
_DIGITS = 18  # more do not fit the store's 64-bit integers

K = TypeVar("K")
V = TypeVar("V")


class BadValue(ValueError):
    """A cell that cannot be read.

    Args:
        reason: Machine-readable, such as ``bad-date``.
        expected: What it should have been.
    """

    def __init__(self, reason: str, expected: str) -> None:
        super().__init__(expected)
        self.reason = reason


class Memo(dict[K, V], Generic[K, V]):
    """A reader that reads each distinct text once; it forgets everything when it grows too large.

    Columns repeat themselves: dates, prices and customer ids of a POS export are read again and
    again, and looking a result up costs a tenth of computing it.
    """

    def __init__(self, read: Callable[[K], V]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: K) -> V:
        value = self._read(text)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[text] = value
        return value


@dataclass(frozen=True, slots=True)
class Notation:
    """How a file writes numbers and dates.

    Args:
        decimal: Decimal mark.
        thousands: Mark between thousands, or empty.
        currency_sign: Sign to remove from amounts, or empty.
        dates: Formats in the order they are tried.
        timezone: Zone of times that name none.
    """

    decimal: str = "."
    thousands: str = ""
    currency_sign: str = ""
    dates: tuple[str, ...] = ("iso",)
    timezone: str = "UTC"


# --- numbers ---------------------------------------------------------------------------------


def number_reader(notation: Notation) -> Callable[[str], Decimal]:
    """Reads decimal numbers, exactly.

    >>> read = number_reader(Notation(decimal=",", thousands=".", currency_sign="€"))
    >>> read("1.234,50 €"), read("(3,00)"), read("7-")
    (Decimal('1234.50'), Decimal('-3.00'), Decimal('-7'))
    """
    mark, group = re.escape(notation.decimal), re.escape(notation.thousands)
    grouped = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|" if group else ""
    form = re.compile(
        rf"[+-]?(?:(?:{grouped}[0-9]+)(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?\d)?"
    )

    def read(text: str) -> Decimal:
        plain = _signed(
            text.replace(notation.currency_sign, "") if notation.currency_sign else text
        )
        if not form.fullmatch(plain):
            raise BadValue("bad-number", _expected_number(notation))
        if notation.thousands:
            plain = plain.replace(notation.thousands, "")
        value = Decimal(plain.replace(notation.decimal, "."))
        if value.adjusted() >= _DIGITS or len(value.as_tuple().digits) > _DIGITS:
            raise BadValue("bad-number", f"expected at most {_DIGITS} digits")
        return value

    return read


def _signed(text: str) -> str:
    """Accounting notations as an ordinary sign: (3.00) and 3.00- are -3.00."""
    plain = text.strip().replace("\u00a0", " ").replace("\u202f", " ").replace("\u2212", "-")
    if plain.startswith("(") and plain.endswith(")"):
        return "-" + plain[1:-1].strip()
    if plain.endswith("-") and not plain.startswith("-"):
        return "-" + plain[:-1].strip()
    return plain


def _expected_number(notation: Notation) -> str:
    grouped = f" and {notation.thousands!r} between thousands" if notation.thousands else ""
    return (
        f"expected a number with {notation.decimal!r} as decimal mark{grouped}; if the file writes "
        "numbers otherwise, set decimal, thousands or currency_sign"
    )


def integer_reader(notation: Notation) -> Callable[[str], int]:
    """Reads whole numbers; 6.0 is 6, 6.5 is refused."""
    number = number_reader(notation)

    def read(text: str) -> int:
        value = number(text)
        if value != value.to_integral_value():
            raise BadValue("bad-number", "expected a whole number")
        return int(value)

    return read


# --- flags and choices -----------------------------------------------------------------------

_FLAGS = dict.fromkeys(("true", "t", "yes", "y", "1", "x", "on"), True) | dict.fromkeys(
    ("false", "f", "no", "n", "0", "off"), False
)


def read_flag(text: str) -> bool:
    """Reads yes and no in their usual spellings."""
    try:
        return _FLAGS[text.strip().casefold()]
    except KeyError:
        expected = "expected yes or no; say what other words mean with values = { … = true }"
        raise BadValue("bad-flag", expected) from None


def choice_reader(choices: Sequence[str]) -> Callable[[str], str]:
    """Reads one of ``choices``, whatever the case; blanks and hyphens count as underscores."""
    known = {choice.casefold(): choice for choice in choices}

    def read(text: str) -> str:
        try:
            return known[re.sub(r"[ -]+", "_", text.strip().casefold())]
        except KeyError:
            expected = f"expected one of {', '.join(choices)}; map others with values = {{ … }}"
            raise BadValue("bad-choice", expected) from None

    return read


def read_currency(text: str) -> str:
    """Reads an ISO 4217 code."""
    code = text.strip().upper()
    if not re.fullmatch("[A-Z]{3}", code):
        raise BadValue("bad-currency", "expected an ISO 4217 code such as GBP")
    return code


# --- dates and times -------------------------------------------------------------------------

_TIME = (
    r"(?:[T ,]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,6})[0-9]*)?)?\s*([AaPp][Mm])?)?"
)
_NUMERIC = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})" + _TIME)


def instant_reader(notation: Notation) -> Callable[[str], datetime]:
    """Reads instants, in UTC; a time without a zone is in the notation's zone.

    >>> instant_reader(Notation(dates=("day-first",), timezone="Europe/Paris"))("31/7/2026 9:05")
    datetime.datetime(2026, 7, 31, 7, 5, tzinfo=datetime.timezone.utc)
    """
    parse = _datetime_reader(notation)
    zone = ZoneInfo(notation.timezone)

    def read(text: str) -> datetime:
        found = parse(text)
        try:
            return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
        except OverflowError:
            raise BadValue("bad-date", "expected a date between the years 1 and 9999") from None

    return read


def day_reader(notation: Notation) -> Callable[[str], date]:
    """Reads calendar days, such as birth dates; no zone moves them."""
    parse = _datetime_reader(notation)
    return lambda text: parse(text).date()


def _datetime_reader(notation: Notation) -> Callable[[str], datetime]:
    parsers = [_PARSERS.get(name) or _with_format(name) for name in notation.dates]
    expected = (
        f"expected a date that exists, written as {' or '.join(notation.dates)}; "
        "if the file writes dates otherwise, set dates"
    )

    def read(text: str) -> datetime:
        plain = text.strip()
        for parse in parsers:
            try:
                return parse(plain)
            except (ValueError, OverflowError):
                continue
        raise BadValue("bad-date", expected)

    return read


def _with_format(form: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the zone


def _numeric(text: str, *, day_first: bool) -> datetime:
    match = _NUMERIC.fullmatch(text)
    if not match:
        raise ValueError(text)
    first, _, second, year, hour, minute, seconds, fraction, half = match.groups()
    day, month = (first, second) if day_first else (second, first)
    hours = int(hour or 0)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError(text)
        hours = hours % 12 + (12 if half.upper() == "PM" else 0)
    micros = int((fraction or "0").ljust(6, "0"))
    return datetime(  # noqa: DTZ001 - the caller adds the zone
        int(year), int(month), int(day), hours, int(minute or 0), int(seconds or 0), micros
    )


def _unix(text: str, *, per_second: int) -> datetime:
    if not re.fullmatch(r"-?[0-9]{1,16}(?:\.[0-9]{1,9})?", text):
        raise ValueError(text)
    return from_micros(int(Decimal(text) * 1_000_000) // per_second)


_PARSERS: Mapping[str, Callable[[str], datetime]] = {
    "iso": datetime.fromisoformat,
    "day-first": lambda text: _numeric(text, day_first=True),
    "month-first": lambda text: _numeric(text, day_first=False),
    "unix": lambda text: _unix(text, per_second=1),
    "unix-ms": lambda text: _unix(text, per_second=1000),
}
