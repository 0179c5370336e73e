"""What the hub writes into a person's record, and how Salesforce wants it: fields and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from hub.core.connector import Json, OutField, Value
from hub.core.errors import ConfigError
from hub.core.pages import instant_of
from hub.core.profile_fields import spelled

PERMISSION_SET, PERMISSION_SET_LABEL = "CXHub_Fields", "Customer hub fields"

_ABBREVIATIONS = frozenset({"aov", "ces", "clv", "csat", "nps", "rfm"})


def _name(field: str) -> str:
    """The API name of a custom field.

    >>> _name("last_order_at"), _name("nps")
    ('CXHub_Last_Order_At__c', 'CXHub_NPS__c')
    """
    words = (w.upper() if w in _ABBREVIATIONS else w.capitalize() for w in field.split("_"))
    return f"CXHub_{'_'.join(words)}__c"


FIELDS = spelled(_name)
"""What the hub writes into a contact, lead or person account, unless hub.toml says otherwise."""

TASK_KEY = OutField(_name("key"), "the task's key", "service", label="Customer hub key")
"""By which the hub finds a task again."""

_ACTIVITY = "Activity"
"""Where the fields of tasks and events are defined.

Source: Salesforce Metadata API, "CustomObject" and "Activity" (read November 2026).
"""

_TYPES: Mapping[str, dict[str, Json]] = {
    "text": {"type": "Text", "length": 255},
    "long_text": {"type": "LongTextArea", "length": 32_768, "visibleLines": 10},
    "number": {"type": "Number", "precision": 18, "scale": 4},
    "date": {"type": "Date"},
    "datetime": {"type": "DateTime"},
    "boolean": {"type": "Checkbox", "defaultValue": "false"},
}
"""The hub's field types as metadata."""

_BY_NAME = {field.name: field for field in FIELDS}


def definition(sobject: str, out: OutField) -> dict[str, Json]:
    """The custom field that holds ``out``.

    Only the key of a task is unique: one customer may own several contacts, and uniqueness of what
    stands on those would refuse that.

    Raises:
        ConfigError: If ``out`` is not named as custom fields are.
    """
    if not out.name.endswith("__c"):
        raise ConfigError(f"{out.name}: a field that the hub creates in Salesforce ends in __c")
    metadata: dict[str, Json] = {
        **_TYPES[out.type],
        "label": (out.label or out.name.removesuffix("__c"))[:40],
        "description": f"Written by cxhub from {out.source} for the purpose {out.purpose}.",
    }
    if out == TASK_KEY:
        metadata |= {"externalId": True, "unique": True, "caseSensitive": True}
    home = _ACTIVITY if sobject == "Task" else sobject
    return {"FullName": f"{home}.{out.name}", "Metadata": metadata}


def field_value(name: str, value: Value) -> Value:
    """The value as Salesforce takes it: numbers as numbers, None to clear.

    >>> field_value("CXHub_NPS__c", "9"), field_value("CXHub_Loyalty__c", "")
    (9.0, None)
    """
    if value is None or value == "":
        return None
    known = _BY_NAME.get(name)
    if known is not None and known.type == "number" and isinstance(value, str):
        try:
            return float(Decimal(value))
        except InvalidOperation:
            return value  # Salesforce refuses it, with the record's id
    return value


def kept_value(name: str, value: object) -> Value:
    """What the field ``name`` holds, as profiles spell it: instants with their offset.

    >>> kept_value("CXHub_Last_Order_At__c", "2026-11-01T09:30:00.000+0000")
    '2026-11-01T09:30:00+00:00'
    >>> kept_value("CXHub_NPS__c", 9.0)
    9
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)  # Salesforce knows no whole numbers, only numbers without decimals
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value).replace("\r\n", "\n")  # as long text areas break lines
    known = _BY_NAME.get(name)
    instant = instant_of(text) if known is not None and known.type == "datetime" else None
    return instant.isoformat() if instant else text


def field_values(values: Mapping[str, Value]) -> dict[str, Value]:
    """Every value of a change as Salesforce takes it."""
    return {name: field_value(name, value) for name, value in values.items()}


def names(fields: Sequence[OutField]) -> frozenset[str]:
    """The fields that the hub owns."""
    return frozenset(field.name for field in fields)
