"""What a system is given of a profile unless hub.toml says otherwise; each spells names its way.

Nothing here moves with every day that passes: of the risk a system is told the band and the main
reason, not the points. Why marketing is held serves the customer, so it needs no consent to
marketing.

FIELDS = spelled(lambda name: f"cxhub_{name}")
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hub.core.connector import OutField

STANDING_FIELDS: tuple[OutField, ...] = (
    OutField("next_action", "risk.next_action", "service", label="Next action"),
    OutField("risk_band", "risk.band", "analytics", label="Risk of leaving"),
    OutField("value_band", "value.band", "analytics", label="Value band"),
    OutField("hold_marketing", "suppress.marketing", "service", "boolean", "Hold marketing"),
    OutField("hold_reason", "suppress.reason", "service", "long_text", "Why marketing is held"),
    OutField("risk_reason", "risk.top_reason", "analytics", label="Main reason to leave"),
    OutField("segments", "relationship.segments", "marketing", "long_text", "Segments"),
    OutField("tier", "relationship.tier", "service", label="Loyalty tier"),
    OutField("recent_return", "risk.recent_return", "service", "boolean", "Returned something"),
    OutField("open_complaint", "risk.open_complaint", "service", "boolean", "Open complaint"),
    OutField("in_dispute", "risk.in_dispute", "service", "boolean", "Payment in dispute"),
    OutField(
        "unresolved_detractor", "risk.unresolved_detractor", "service", "boolean", "Unhappy, untold"
    ),
)
"""How the customer stands, the most useful first: some systems show only so many."""

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
    *STANDING_FIELDS,
)


def spelled(spell: Callable[[str], str]) -> tuple[OutField, ...]:
    """The fields, named as a system's own rules want it.

    >>> spelled(str.upper)[0].name
    'GOLDEN_ID'
    """
    return tuple(replace(field, name=spell(field.name)) for field in PROFILE_FIELDS)
