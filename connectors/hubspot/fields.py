"""What the hub writes into a contact, and how HubSpot wants it: definitions and values.

Every property value is text; an empty one clears.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.core.connector import Json, OutField, Value
from hub.core.pages import instant_of
from hub.core.profile_fields import spelled

GROUP, GROUP_LABEL = "cxhub", "Customer hub"

FIELDS = spelled(lambda name: f"cxhub_{name}")
"""What the hub writes into a contact, unless hub.toml says otherwise."""

_TYPES: Mapping[str, tuple[str, str]] = {
    "text": ("string", "text"),
    "long_text": ("string", "textarea"),
    "number": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "boolean": ("bool", "booleancheckbox"),
}
"""The hub's field types as HubSpot's ``type`` and ``fieldType``."""


def definition(out: OutField) -> dict[str, Json]:
    """The property that holds ``out``.

    Never a unique one: one customer may own several contacts, and uniqueness cannot be undone.
    """
    kind, field_type = _TYPES[out.type]
    made: dict[str, Json] = {
        "name": out.name,
        "label": out.label or out.name,
        "groupName": GROUP,
        "type": kind,
        "fieldType": field_type,
        "formField": False,
        "description": f"Written by cxhub from {out.source} for the purpose {out.purpose}.",
    }
    return made | ({"options": _YES_NO} if kind == "bool" else {})


_YES_NO: list[Json] = [
    {"value": "true", "label": "Yes", "displayOrder": 0},
    {"value": "false", "label": "No", "displayOrder": 1},
]


def property_value(value: Value) -> str:
    """The value as HubSpot takes it: always text, empty to clear.

    >>> [property_value(v) for v in (9, 45.5, True, None)]
    ['9', '45.5', 'true', '']
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def kept_value(out: str, value: object) -> Value:
    """What the property ``out`` holds, as profiles spell it: text; instants with their offset.

    >>> kept_value("cxhub_last_order_at", "2026-11-01T09:30:00.000Z")
    '2026-11-01T09:30:00+00:00'
    """
    text = None if value is None else str(value)
    instant = instant_of(text) if out in _INSTANTS else None
    return instant.isoformat() if instant else text


_INSTANTS = frozenset(field.name for field in FIELDS if field.type == "datetime")


def property_values(values: Mapping[str, Value]) -> dict[str, str]:
    """Every value of a change as HubSpot takes it."""
    return {name: property_value(value) for name, value in values.items()}


def names(fields: Sequence[OutField]) -> frozenset[str]:
    """The properties that the hub owns."""
    return frozenset(field.name for field in fields)
