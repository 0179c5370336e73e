"""Values of a vendor's row, read as what they should be: null is nothing known, rubbish is refused.

values = Values("Salesforce", key="Id")
values.instant(row, "CreatedDate")      # None, an instant, or SkipRecord with the record's id

Every vendor field is nullable, so a missing or empty value is None, whatever its type. A value that
is there and cannot be what it should costs its row, never its page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from hub.core.errors import SkipRecord
from hub.core.pages import instant_of
from hub.core.records import Identifier, Scalar

_LARGEST_COUNT = 2**31

Object = Mapping[str, Any]
"""A row, or an object inside one."""
T = TypeVar("T")


def text(row: Object, name: str) -> str | None:
    """The value as text without outer blanks; None for what is empty, null or no scalar."""
    value = row.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value).strip() or None
    return None


def lower(row: Object, name: str) -> str | None:
    """The value as text in lower case, for vendors that capitalise their own options."""
    found = text(row, name)
    return found.lower() if found else None


def flag(row: Object, name: str) -> bool | None:
    """True or false; None for anything else, above all for a field that is not there."""
    return {"true": True, "false": False}.get(lower(row, name) or "")


def listed(row: Object, name: str, separator: str = ";") -> list[str]:
    """The items of a value that the vendor separates by ``separator``."""
    return [item.strip() for item in (text(row, name) or "").split(separator) if item.strip()]


def present(*values: str | None) -> list[str]:
    """The values that are there, each once."""
    return list(dict.fromkeys(value for value in values if value))


def birth_date(row: Object, name: str) -> date | None:
    """The date of birth, if it is one: systems keep free text in that field, too."""
    try:
        return date.fromisoformat((text(row, name) or "")[:10])
    except ValueError:
        return None


def known(*found: Mapping[str, Scalar], **more: Scalar) -> dict[str, Scalar]:
    """What has a value, by name.

    >>> known({"status": "open", "reason": None}, priority="high")
    {'status': 'open', 'priority': 'high'}
    """
    return {
        name: value for part in (*found, more) for name, value in part.items() if value is not None
    }


def identifiers(kinds: Mapping[str, str], find: Callable[[str], str | None]) -> list[Identifier]:
    """The identifiers that have a value.

    Args:
        kinds: Field to kind of identifier.
        find: The value of a field.
    """
    found = ((kind, find(name)) for name, kind in kinds.items())
    return [Identifier(kind=kind, value=value) for kind, value in found if value]


@dataclass(frozen=True, slots=True)
class Values:
    """Reads values that may be refused.

    Args:
        system: Where an admin corrects them.
        key: Field of the row's id, for the message.
    """

    system: str
    key: str

    def instant(self, row: Object, name: str) -> datetime | None:
        """The instant that a field holds.

        Raises:
            SkipRecord: If it holds something else.
        """
        return self.read(row, name, instant_of, "an ISO 8601 instant")

    def required_instant(self, row: Object, name: str) -> datetime:
        """The instant of a field that a record makes no sense without.

        Raises:
            SkipRecord: If there is none.
        """
        found = self.instant(row, name)
        if found is None:
            raise self.refused(row, name, "no-date", "an ISO 8601 instant")
        return found

    def number(self, row: Object, name: str) -> Decimal | None:
        """The number that a field holds.

        Raises:
            SkipRecord: If it holds something else.
        """
        return self.read(row, name, _finite, "a number")

    def count(self, row: Object, name: str) -> int | None:
        """The whole number that a field holds.

        Raises:
            SkipRecord: If it holds something else.
        """
        return self.read(row, name, _whole, "a whole number")

    def read(
        self, row: Object, name: str, parse: Callable[[str], T | None], wanted: str
    ) -> T | None:
        """What ``parse`` makes of a value; None without one.

        Raises:
            SkipRecord: If there is a value, but ``parse`` raises or makes nothing of it.
        """
        found = text(row, name)
        if found is None:
            return None
        try:
            value = parse(found)
        except (ValueError, ArithmeticError) as err:
            raise self.refused(row, name, "bad-value", wanted) from err
        if value is None:
            raise self.refused(row, name, "bad-value", wanted)
        return value

    def refused(self, row: Object, name: str, reason: str, wanted: str) -> SkipRecord:
        """The error for a value that is not ``wanted``."""
        message = (
            f"{name} is not {wanted}. Correct it in {self.system}; the next run reads it again"
        )
        return SkipRecord(message, reason=reason, where=f"{row.get(self.key, '?')}.{name}")


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
