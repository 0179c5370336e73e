"""What a row is, and how its values are read.

A *row* is the properties of one CRM record, beside what its own endpoint does not tell:

    {"hs_object_id": "512", "email": "…", "lastmodifieddate": "…",
     "associated contacts": ["101"], "subscription statuses": [{…}]}

HubSpot's own names have no blanks, so the added ones cannot collide with a property. Every property
is text or null, whatever its type; a reader takes null for "nothing known", and refuses a row only
for a value that is there and cannot be what it should.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from connectors.hubspot.api import CrmRecord
from hub.core.connector import Row
from hub.core.errors import SkipRecord
from hub.core.pages import instant_of

KEY = "hs_object_id"
CONTACTS = "associated contacts"
COMPANIES = "associated companies"
TICKETS = "associated tickets"
STATUSES = "subscription statuses"

MERGED = ("hs_merged_object_ids", "hs_calculated_merged_vids")

_LARGEST_COUNT = 2**31

Values = Mapping[str, Any]
"""A row, or an object inside one."""
T = TypeVar("T")


def row_of(record: CrmRecord) -> Row:
    """The row of a record as received."""
    return {**(record.properties or {}), KEY: record.id}


def aliases(row: Row) -> list[str]:
    """Ids of the records that were merged into this one, without their times of merging."""
    merged = [item.partition(":")[0] for name in MERGED for item in listed(row, name)]
    return [item for item in dict.fromkeys(merged) if item and item != row.get(KEY)]


def associated(row: Row, name: str) -> list[str]:
    """Ids of the associated records that the row names under ``name``, ascending."""
    value = row.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def text(row: Values, name: str) -> str | None:
    """The value as text without outer blanks; None for what is empty, null or no scalar."""
    value = row.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value).strip() or None
    return None


def lower(row: Values, name: str) -> str | None:
    """The value as text in lower case: HubSpot shouts its own options."""
    found = text(row, name)
    return found.lower() if found else None


def listed(row: Values, name: str) -> list[str]:
    """The items of a value that HubSpot separates by semicolons."""
    return [item.strip() for item in (text(row, name) or "").split(";") if item.strip()]


def present(*values: str | None) -> list[str]:
    """The values that are there, each once."""
    return list(dict.fromkeys(value for value in values if value))


def instant(row: Values, name: str) -> datetime | None:
    """The instant that a property holds.

    Raises:
        SkipRecord: If it holds something else.
    """
    return read(row, name, instant_of, "an ISO 8601 instant")


def required_instant(row: Values, name: str) -> datetime:
    """The instant of a property that a record makes no sense without.

    Raises:
        SkipRecord: If there is none.
    """
    found = instant(row, name)
    if found is None:
        raise _refused(row, name, "no-date", "an ISO 8601 instant")
    return found


def number(row: Values, name: str) -> Decimal | None:
    """The number that a property holds.

    Raises:
        SkipRecord: If it holds something else.
    """
    return read(row, name, _finite, "a number")


def count(row: Values, name: str) -> int | None:
    """The whole number that a property holds.

    Raises:
        SkipRecord: If it holds something else.
    """
    return read(row, name, _whole, "a whole number")


def birth_date(row: Values, name: str) -> date | None:
    """The date of birth, if it is one: accounts keep free text in that property, too."""
    try:
        return date.fromisoformat((text(row, name) or "")[:10])
    except ValueError:
        return None


def read(row: Values, name: str, parse: Callable[[str], T | None], wanted: str) -> T | None:
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
        raise _refused(row, name, "bad-value", wanted) from err
    if value is None:
        raise _refused(row, name, "bad-value", wanted)
    return value


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


def _refused(row: Values, name: str, reason: str, wanted: str) -> SkipRecord:
    message = f"{name} is not {wanted}. Correct it in HubSpot; the next run reads it again"
    return SkipRecord(message, reason=reason, where=f"{row.get(KEY, '?')}.{name}")
