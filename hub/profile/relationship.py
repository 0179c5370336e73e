"""How the customer and the business stand to each other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from hub.core.records import LoyaltyEntry
from hub.profile.figures import instant, own_number
from hub.profile.happened import latest
from hub.profile.leaf import LATER, Field, Group, field, no_data
from hub.profile.sources import Fact, Sources

DORMANT_DAYS = 90


def relationship(sources: Sources, now: datetime) -> Group:
    """Stage, loyalty and channels at ``now``."""
    last_order = instant(sources, "last_order")
    seen = [fact.at for fact in sources.facts]
    seen += [at for at in (sources.first_order_at, last_order) if at is not None]
    loyalty = latest(sources.facts, LoyaltyEntry, lambda entry: entry.tier is not None)
    balance = latest(sources.facts, LoyaltyEntry, lambda entry: entry.balance is not None)
    channels = list(dict.fromkeys([*sources.channels, *_contact_channels(sources.facts)]))
    return {
        "lifecycle": _lifecycle(sources, last_order, now),
        "loyalty": _loyalty(sources),
        "segments": no_data(LATER),
        "tier": field(loyalty[1].tier, *loyalty[0]) if loyalty else no_data(),
        "points": field(balance[1].balance, *balance[0]) if balance else no_data(),
        "first_seen": field(min(seen).isoformat(), "hub", min(seen)) if seen else no_data(),
        "last_seen": field(max(seen).isoformat(), "hub", max(seen)) if seen else no_data(),
        "channels": field(channels, "hub", None) if channels else no_data(),
        "preferred_channel": field(channels[0], "hub", None) if channels else no_data(),
    }


def _lifecycle(sources: Sources, last_order: datetime | None, now: datetime) -> Field:
    """Lead (never bought) · new (one order) · active · dormant (> 90 days) · churned (horizon)."""
    churn, orders = own_number(sources, "churn"), own_number(sources, "orders")
    if orders is None or last_order is None:
        return field("lead", "hub", None)
    source = f"metric:{orders.definition}"
    if churn is not None and churn.label == "churned":
        return field("churned", f"metric:{churn.definition}", last_order)
    if now - last_order > timedelta(days=DORMANT_DAYS):
        return field("dormant", source, last_order)
    return field("new" if orders.value == 1 else "active", source, last_order)


def _loyalty(sources: Sources) -> Field:
    """Retained · repeat (two or more orders) · advocate (repeat and promoter)."""
    orders, nps = own_number(sources, "orders"), own_number(sources, "nps")
    if orders is None or orders.value is None:
        return no_data()
    source = f"metric:{orders.definition}"
    if orders.value < 2:
        return field("retained", source, orders.at)
    promoter = nps is not None and nps.value is not None and nps.value >= 9
    return field("advocate" if promoter else "repeat", source, orders.at)


def _contact_channels(facts: Iterable[Fact]) -> list[str]:
    channels = (getattr(fact.record, "channel", None) for fact in facts)
    return sorted({channel for channel in channels if channel})
