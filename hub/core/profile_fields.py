"""What a system is given of a profile unless hub.toml says otherwise; each spells names its way.

FIELDS = spelled(lambda name: f"cxhub_{name}")
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hub.core.connector import OutField

PROFILE_FIELDS: tuple[OutField, ...] = (
    OutField("golden_id", "who.golden_id", "service", label="Customer id"),
    OutField("card", "card.text", "service", "long_text", "Customer at a glance"),
    OutField("lifecycle", "relationship.lifecycle", "service", label="Lifecycle"),
    OutField("open_tickets", "service.open_tickets", "service", "number", "Open tickets"),
    OutField("consent", "permission.summary", "service", "long_text", "Permissions"),
    OutField("loyalty", "relationship.loyalty", "analytics", label="Loyalty"),
    OutField("nps", "voice.nps", "analytics", "number", "NPS answer"),
    OutField("csat", "voice.csat", "analytics", "number", "CSAT answer"),
    OutField("ces", "voice.ces", "analytics", "number", "CES answer"),
    OutField("orders", "value.orders", "analytics", "number", "Orders"),
    OutField("net_spend", "value.net_spend", "analytics", "number", "Net spend"),
    OutField("aov", "value.aov", "analytics", "number", "Average order value"),
    OutField("last_order_at", "value.last_order_at", "analytics", "datetime", "Last order"),
    OutField("clv", "value.clv_historic", "analytics", "number", "Customer value to date"),
    OutField("churn", "risk.churn", "analytics", label="Churn state"),
    OutField("rfm", "value.rfm", "marketing", label="RFM segment"),
)


def spelled(spell: Callable[[str], str]) -> tuple[OutField, ...]:
    """The fields, named as a system's own rules want it.

    >>> spelled(str.upper)[0].name
    'GOLDEN_ID'
    """
    return tuple(replace(field, name=spell(field.name)) for field in PROFILE_FIELDS)
