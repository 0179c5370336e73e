"""What the hub writes to a customer, and how Shopify wants it: definitions and values.

A field is a metafield, named ``namespace.key``. Every value is text; a metafield cannot be empty,
so clearing one deletes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from hub.core.connector import Json, OutField, Value
from hub.core.pages import instant_of
from hub.core.profile_fields import spelled
from hub.core.values import Object, text

_LEFT_OUT = frozenset({"cxhub.open_tickets", "cxhub.ces", "cxhub.loyalty"})
"""What other fields say nearly as well: a call sets 25 metafields, and one customer is one call."""

FIELDS = tuple(out for out in spelled(lambda name: f"cxhub.{name}") if out.name not in _LEFT_OUT)
"""What the hub writes to a customer, unless hub.toml says otherwise."""

_TYPES: Mapping[str, str] = {
    "text": "single_line_text_field",
    "long_text": "multi_line_text_field",
    "number": "number_decimal",
    "date": "date",
    "datetime": "date_time",
    "boolean": "boolean",
}
"""The hub's field types as Shopify's metafield types."""


def address(name: str) -> dict[str, str]:
    """Namespace and key of the field ``name``; a name without a namespace is in the hub's own.

    >>> address("cxhub.nps"), address("vip")
    ({'namespace': 'cxhub', 'key': 'nps'}, {'namespace': 'cxhub', 'key': 'vip'})
    """
    namespace, _, key = name.rpartition(".")
    return {"namespace": namespace or "cxhub", "key": key}


def full_name(name: str) -> str:
    """The field's name with its namespace."""
    return ".".join(address(name).values())


def definition(out: OutField, *, pinned: bool) -> dict[str, Json]:
    """The definition of the metafield that holds ``out``; a pinned one stands on the customer page.

    Never one of unique values: a person may own several customers of one shop.
    """
    return {
        **address(out.name),
        "name": out.label or out.name,
        "description": f"Written by cxhub from {out.source} for the purpose {out.purpose}.",
        "ownerType": "CUSTOMER",
        "type": _TYPES[out.type],
        "pin": pinned,
    }


def metafield_value(value: Value) -> str | None:
    """The value as Shopify takes it; None for one that is cleared.

    >>> [metafield_value(v) for v in (9, 45.5, True, "", None)]
    ['9', '45.5', 'true', None, None]
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def kept_value(metafield: Object) -> Value:
    """What a metafield holds, as profiles spell it: text; numbers shortest, instants with offset.

    >>> kept_value({"type": "number_decimal", "value": "9.0"})
    '9'
    >>> kept_value({"type": "date_time", "value": "2026-11-01T09:30:00Z"})
    '2026-11-01T09:30:00+00:00'
    """
    held, kind = text(metafield, "value"), text(metafield, "type")
    if held and kind == "date_time":
        instant = instant_of(held)
        return instant.isoformat() if instant else held
    return _shortest(held) if held and kind == "number_decimal" else held


def _shortest(digits: str) -> str:
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return digits
    return format(number.quantize(Decimal(1)) if number == int(number) else number.normalize(), "f")
