"""Which field values Salesforce accepts, and the form in which it keeps them.

Instants are kept as it shows them, ``2026-09-30T14:03:00.000+0000`` in UTC and to the second, so
that the order of two values is the order of their texts; dates as ``YYYY-MM-DD``. An empty text is
no value: null.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any

from connectors.salesforce.emulator.fields import Field
from connectors.salesforce.emulator.ids import normal
from connectors.salesforce.emulator.refusals import Refusal, bad_json, invalid

Json = Any
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s.,;<>()]+(\.[^@\s.,;<>()]+)+")
_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")


def stamp(instant: datetime) -> str:
    """``instant`` as Salesforce shows it: whole seconds, UTC.

    >>> stamp(datetime(2026, 9, 30, 14, 3, 0, 120_000, tzinfo=UTC))
    '2026-09-30T14:03:00.000+0000'
    """
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def instant_of(text: str) -> datetime:
    """The instant that an ISO 8601 text stands for.

    Raises:
        ValueError: If it is none, or has no offset.
    """
    instant = datetime.fromisoformat(_OFFSET.sub(r"\1:\2", text.strip()))
    if instant.tzinfo is None:
        raise ValueError("the instant has no offset")
    return instant


def accept(field: Field, value: Json) -> Json:
    """The value as it is kept; None clears.

    Raises:
        Refusal: 400; ``JSON_PARSER_ERROR`` if the JSON type is wrong, which spoils the whole
            request, another code if the value is, which spoils its record.
    """
    if value is None or value == "":
        return _cleared(field)
    if field.type in _BY_TYPE:
        return _BY_TYPE[field.type](field, value)
    return _text(field, value)


def _cleared(field: Field) -> Json:
    if field.type == "boolean":
        raise invalid("INVALID_TYPE_ON_FIELD_IN_RECORD", f"{field.name}: null", field.name)
    if field.required:
        message = f"Required fields are missing: [{field.name}]"
        raise invalid("REQUIRED_FIELD_MISSING", message, field.name)
    return None


def _wrong_type(field: Field, value: Json) -> Refusal:
    message = f"Cannot deserialize instance of {field.type} from the value of {field.name}"
    return bad_json(f"{message}: {type(value).__name__}")


def _text(field: Field, value: Json) -> str:
    if isinstance(value, bool | int | float):
        value = str(value).lower() if isinstance(value, bool) else str(value)
    if not isinstance(value, str):
        raise _wrong_type(field, value)
    if field.length and len(value) > field.length:
        message = f"{field.label}: data value too large: {value[:40]} (max length={field.length})"
        raise invalid("STRING_TOO_LONG", message, field.name)
    return value.strip()


def _email(field: Field, value: Json) -> str:
    address = _text(field, value)
    if not _EMAIL.fullmatch(address):
        message = f"{field.label}: invalid email address: {address}"
        raise invalid("INVALID_EMAIL_ADDRESS", message, field.name)
    return address


def _picklist(field: Field, value: Json) -> str:
    choice = _text(field, value)
    if field.restricted and choice not in field.values:
        message = f"{field.label}: bad value for restricted picklist field: {choice}"
        raise invalid("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, field.name)
    return choice


def _boolean(field: Field, value: Json) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(field, value)
    return value


def _number(field: Field, value: Json) -> float | int:
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise _wrong_type(field, value)
    digits = field.precision - field.scale
    if digits > 0 and abs(value) >= 10**digits:
        message = f"{field.label}: value outside of valid range on numeric field: {value}"
        raise invalid("NUMBER_OUTSIDE_VALID_RANGE", message, field.name)
    return round(float(value), field.scale) if field.precision else float(value)


def _int(field: Field, value: Json) -> int:
    number = _number(field, value)
    if number != int(number):
        raise _wrong_type(field, value)
    return int(number)


def _date(field: Field, value: Json) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError as error:
        raise _wrong_type(field, value) from error


def _datetime(field: Field, value: Json) -> str:
    try:
        return stamp(instant_of(str(value)))
    except ValueError as error:
        raise _wrong_type(field, value) from error


def _reference(field: Field, value: Json) -> str:
    found = normal(str(value))
    if not found:
        message = f"{field.label}: id value of incorrect type: {value}"
        raise invalid("MALFORMED_ID", message, field.name)
    return found


_BY_TYPE: dict[str, Callable[[Field, Json], Json]] = {
    "email": _email,
    "picklist": _picklist,
    "boolean": _boolean,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "int": _int,
    "date": _date,
    "datetime": _datetime,
    "reference": _reference,
}
