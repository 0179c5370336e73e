"""What the hub writes into users and organizations, and how Zendesk wants it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.zendesk.config import ConsentField
from hub.core.connector import Json, OutField, Value
from hub.core.profile_fields import spelled

OWNED = "cxhub_"
"""How the keys of the fields begin that the hub may create."""

FIELDS = spelled(lambda name: f"{OWNED}{name}")
"""What the hub writes into a user, unless hub.toml says otherwise."""

ORGANIZATION_FIELDS = tuple(field for field in FIELDS if field.source == "who.golden_id")
"""What the hub writes into an organization: what it knows of people stays with the people."""

_TYPES: Mapping[str, str] = {
    "text": "text",
    "long_text": "textarea",
    "number": "decimal",
    "date": "date",
    "datetime": "text",  # Zendesk's dates hold no time of day
    "boolean": "checkbox",
}
"""The hub's field types as Zendesk's."""


def definition(out: OutField) -> dict[str, Json]:
    """The custom field that holds ``out``."""
    told = f"Written by cxhub from {out.source} for the purpose {out.purpose}."
    return _definition(out.name, _TYPES[out.type], out.label or out.name, told)


def consent_definitions(consent: ConsentField) -> list[dict[str, Json]]:
    """The custom fields that hold a permission: the box, and when it was decided."""
    what = f"{consent.purpose} by {consent.channel}"
    told = f"Written by cxhub when a customer withdraws: {what}."
    found = [_definition(consent.field, "checkbox", f"Permitted: {what}", told)]
    if consent.decided is not None:
        found.append(_definition(consent.decided, "date", f"Decided: {what}", told))
    return found


def _definition(key: str, kind: str, title: str, description: str) -> dict[str, Json]:
    return {"key": key, "type": kind, "title": title, "description": description}


def kept_value(value: object) -> Value:
    """What a custom field holds, as profiles spell it: None for empty, and for what is no scalar.

    >>> [kept_value(v) for v in ("gold", 7.5, True, "", ["a"])]
    ['gold', 7.5, True, None, None]
    """
    return value if value != "" and isinstance(value, str | int | float | bool) else None


def names(fields: Sequence[OutField]) -> list[str]:
    """Keys of the fields that the hub owns."""
    return [field.name for field in fields]
