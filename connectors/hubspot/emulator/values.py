"""Which property values HubSpot accepts, and the form in which it keeps them.

Every value arrives as a string. Instants are kept as ISO 8601 with milliseconds in UTC, so that the
order of two values is the order of their texts; dates as ``YYYY-MM-DD``; an empty string clears.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from connectors.hubspot.emulator.catalogue import Property
from connectors.hubspot.emulator.refusals import Problem

MAX_LENGTH = 65_536
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s.,;<>()]+(\.[^@\s.,;<>()]+)+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MIDNIGHT = timedelta(days=1)


class InvalidValue(ValueError):
    """A value that HubSpot refuses for its property."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def stamp(instant: datetime) -> str:
    """``instant`` as HubSpot shows it: ``2026-09-30T14:03:00.120Z``."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant_of(text: str) -> datetime:
    """The instant that epoch milliseconds or an ISO 8601 text stand for.

    Raises:
        ValueError: If the text is neither.
    """
    if re.fullmatch(r"-?\d+", text):
        return _EPOCH + timedelta(milliseconds=int(text))
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def is_email(text: str) -> bool:
    """Whether HubSpot takes the text for an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def accept(prop: Property, value: str) -> str:
    """The value as it is kept; an empty string means that it is cleared.

    Raises:
        InvalidValue: If HubSpot refuses it.
    """
    if value == "":
        return value
    if prop.name == "email":
        return _email(prop, value)
    return _BY_TYPE[prop.type](prop, value)


def _refuse(prop: Property, code: str, message: str) -> InvalidValue:
    return InvalidValue(Problem(code, message, prop.name))


def _email(prop: Property, value: str) -> str:
    address = value.strip().lower()
    if not is_email(address):
        raise _refuse(prop, "INVALID_EMAIL", f"Email address {value} is invalid")
    return address


def _text(prop: Property, value: str) -> str:
    if len(value) > MAX_LENGTH:
        message = f"{prop.name} is too long: at most {MAX_LENGTH} characters are allowed."
        raise _refuse(prop, "PROPERTY_VALUE_TOO_LONG", message)
    return value


def _number(prop: Property, value: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise _refuse(prop, "INVALID_DOUBLE", f"{value} was not a valid number.")
    return value


def _bool(prop: Property, value: str) -> str:
    if value not in ("true", "false"):
        raise _refuse(prop, "INVALID_BOOLEAN", f"{value} was not a valid boolean.")
    return value


def _date(prop: Property, value: str) -> str:
    try:
        if not re.fullmatch(r"-?\d{6,}", value):
            return date.fromisoformat(value).isoformat()
        midnight = instant_of(value)
    except (ValueError, OverflowError):
        raise _refuse(prop, "INVALID_DATE", f"{value} was not a valid date.") from None
    if (midnight - _EPOCH) % _MIDNIGHT:
        raise _refuse(prop, "INVALID_DATE", f"{value} is at {midnight:%H:%M} UTC, not midnight!")
    return midnight.date().isoformat()


def _datetime(prop: Property, value: str) -> str:
    try:
        return stamp(instant_of(value))
    except (ValueError, OverflowError):
        raise _refuse(prop, "INVALID_DATE", f"{value} was not a valid date.") from None


def _enumeration(prop: Property, value: str) -> str:
    allowed = [option for option, _ in prop.options]
    chosen = value.split(";") if prop.field_type == "checkbox" else [value]
    if unknown := [item for item in chosen if item and item not in allowed]:
        message = f"{unknown[0]} was not one of the allowed options: {allowed}"
        raise _refuse(prop, "INVALID_OPTION", message)
    return value


_BY_TYPE: dict[str, Callable[[Property, str], str]] = {
    "string": _text,
    "phone_number": _text,
    "number": _number,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
    "enumeration": _enumeration,
}
