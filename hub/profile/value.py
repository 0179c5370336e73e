"""What the customer is worth to the business."""

from __future__ import annotations

from hub.core.records import Cart
from hub.profile.figures import instant, metric_leaf, own_number
from hub.profile.happened import latest
from hub.profile.leaf import Group, field, no_data
from hub.profile.sources import Sources


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
        "clv_historic": metric_leaf(sources, "clv_historic", minor=True, purpose="analytics"),
        "clv_predicted": metric_leaf(sources, "clv_predicted", minor=True, purpose="analytics"),
        "open_cart": field(cart[1].total_minor, *cart[0]) if cart else no_data(),
        "returns": field(sources.returns, "hub", sources.last_return_at),
    }
