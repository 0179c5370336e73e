"""How the values of a vendor's row are read: null is nothing known, nonsense costs its own row.

values = Values("Acme", key="id")
values.instant({"id": 7, "created_at": "2026-11-01T09:30:00Z"}, "created_at")

Names are dotted paths, so that ``metrics.reopens`` is found inside an object. A reader takes null,
an empty text and a missing field for the same, and refuses a row only for a value that is there and
cannot be what it should.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from hub.core.errors import SkipRecord
from hub.core.pages import dig, instant_of

_LARGEST_COUNT = 2**31

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Values:
    """Reads the values of one system's rows.

    Args:
        system: Where an admin corrects a wrong value.
        key: Field that identifies a row, for messages.
    """

    system: str
    key: str

    def text(self, row: Mapping[str, Any], name: str) -> str | None:
        """The value as text without outer blanks; None for what is empty, null or no scalar."""
        value = dig(row, name)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value).strip() or None
        return None

    def instant(self, row: Mapping[str, Any], name: str) -> datetime | None:
        """The instant that a field holds.

        Raises:
            SkipRecord: If it holds something else.
        """
        return self.read(row, name, instant_of, "an ISO 8601 instant")

    def required_instant(self, row: Mapping[str, Any], name: str) -> datetime:
        """The instant of a field that a record makes no sense without.

        Raises:
            SkipRecord: If there is none.
        """
        found = self.instant(row, name)
        if found is None:
            raise self.refused(row, name, "no-date", "an ISO 8601 instant")
        return found

    def number(self, row: Mapping[str, Any], name: str) -> Decimal | None:
        """The number that a field holds.

        Raises:
            SkipRecord: If it holds something else.
        """
        return self.read(row, name, _finite, "a number")

    def count(self, row: Mapping[str, Any], name: str) -> int | None:
        """The whole number that a field holds.

        Raises:
            SkipRecord: If it holds something else.
        """
        return self.read(row, name, _whole, "a whole number")

    def birth_date(self, row: Mapping[str, Any], name: str) -> date | None:
        """The date of birth, if it is one: accounts keep free text in such fields, too."""
        try:
            return date.fromisoformat((self.text(row, name) or "")[:10])
        except ValueError:
            return None

    def read(
        self, row: Mapping[str, Any], name: str, parse: Callable[[str], T | None], wanted: str
    ) -> T | None:
        """What ``parse`` makes of a value; None without one.

        Raises:
            SkipRecord: If there is a value, but ``parse`` raises or makes nothing of it.
        """
        found = self.text(row, name)
        if found is None:
            return None
        try:
            value = parse(found)
        except (ValueError, ArithmeticError) as err:
            raise self.refused(row, name, "bad-value", wanted) from err
        if value is None:
            raise self.refused(row, name, "bad-value", wanted)
        return value

    def refused(self, row: Mapping[str, Any], name: str, reason: str, wanted: str) -> SkipRecord:
        """The error for a value that is not what was wanted; it does not repeat the value."""
        fix = f"Correct it in {self.system}; the next run reads it again"
        where = f"{self.text(row, self.key) or '?'}.{name}"
        return SkipRecord(f"{name} is not {wanted}. {fix}", reason=reason, where=where)


def present(*values: str | None) -> list[str]:
    """The values that are there, each once."""
    return list(dict.fromkeys(value for value in values if value))


def _finite(digits: str) -> Decimal:
    value = Decimal(digits)
    if not value.is_finite():
        raise InvalidOperation
    return value


def _whole(digits: str) -> int:
    value = _finite(digits)
    if abs(value) >= _LARGEST_COUNT:
        raise OverflowError
    return int(value)
