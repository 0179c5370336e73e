"""What the customer is worth to the business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.core.records import Cart
from hub.profile.figures import instant, metric_leaf, own_number
from hub.profile.happened import latest
from hub.profile.leaf import Field, Group, field, no_data
from hub.profile.sources import Sources

BANDS: Final[Mapping[str, str]] = {
    "5": "top", "4": "high", "3": "middle", "2": "low", "1": "lowest",
}  # fmt: skip
"""Quintile of net spend to its name: a fifth of all buyers of one currency each."""


def value(sources: Sources) -> Group:
    """Orders and money, each in the currency they spent most in."""
    money = own_number(sources, "net_spend")
    cart = latest(sources.facts, Cart, lambda cart: cart.completed_at is None)
    last = instant(sources, "last_order")
    return {
        "orders": metric_leaf(sources, "orders", whole=True),
        "net_spend": metric_leaf(sources, "net_spend", minor=True),
        "currency": field(money.series, f"metric:{money.definition}", None) if money else no_data(),
        "aov": metric_leaf(sources, "aov", minor=True),
        "last_order_at": {**metric_leaf(sources, "last_order"), "value": last and last.isoformat()},
        "rfm": metric_leaf(sources, "rfm", purpose="analytics"),
        "band": _band(sources),
        "clv_historic": metric_leaf(sources, "clv_historic", minor=True, purpose="analytics"),
        "clv_predicted": metric_leaf(sources, "clv_predicted", minor=True, purpose="analytics"),
        "open_cart": field(cart[1].total_minor, *cart[0]) if cart else no_data(),
        "returns": field(sources.returns, "hub", sources.last_return_at),
    }


def _band(sources: Sources) -> Field:
    """The monetary quintile of RFM by its name; ``none`` for who has bought nothing."""
    rank = own_number(sources, "rfm")
    if rank is None or rank.label is None:
        return field("none", "hub", None, purpose="analytics")
    name = BANDS[rank.label.rpartition("-")[2]]
    return field(name, f"metric:{rank.definition}", rank.at, purpose="analytics")
