"""What the hub writes into a person's record, and how Salesforce wants it: fields and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from hub.core.connector import Json, OutField, Value
from hub.core.errors import ConfigError
from hub.core.pages import instant_of

PERMISSION_SET, PERMISSION_SET_LABEL = "CXHub_Fields", "Customer hub fields"

FIELDS: tuple[OutField, ...] = (
    OutField("CXHub_Golden_Id__c", "who.golden_id", "service", label="Customer id"),
    OutField("CXHub_Card__c", "card.text", "service", "long_text", "Customer at a glance"),
    OutField("CXHub_Lifecycle__c", "relationship.lifecycle", "service", label="Lifecycle"),
    OutField("CXHub_Open_Tickets__c", "service.open_tickets", "service", "number", "Open tickets"),
    OutField("CXHub_Consent__c", "permission.summary", "service", label="Permissions"),
    OutField("CXHub_Loyalty__c", "relationship.loyalty", "analytics", label="Loyalty"),
    OutField("CXHub_NPS__c", "voice.nps", "analytics", "number", "NPS answer"),
    OutField("CXHub_CSAT__c", "voice.csat", "analytics", "number", "CSAT answer"),
    OutField("CXHub_CES__c", "voice.ces", "analytics", "number", "CES answer"),
    OutField("CXHub_Orders__c", "value.orders", "analytics", "number", "Orders"),
    OutField("CXHub_Net_Spend__c", "value.net_spend", "analytics", "number", "Net spend"),
    OutField("CXHub_AOV__c", "value.aov", "analytics", "number", "Average order value"),
    OutField(
        "CXHub_Last_Order_At__c", "value.last_order_at", "analytics", "datetime", "Last order"
    ),
    OutField("CXHub_CLV__c", "value.clv_historic", "analytics", "number", "Customer value to date"),
    OutField("CXHub_Churn__c", "risk.churn", "analytics", label="Churn state"),
    OutField("CXHub_RFM__c", "value.rfm", "marketing", label="RFM segment"),
)
"""What the hub writes into a contact, lead or person account, unless hub.toml says otherwise."""

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

    Never a unique one: one customer may own several contacts, and uniqueness would refuse that.

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
    return {"FullName": f"{sobject}.{out.name}", "Metadata": metadata}


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
