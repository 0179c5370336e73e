"""Regulars who have fallen silent, each by their own rhythm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.clock import to_micros
from hub.exports.report.overdue import overdue
from hub.metrics.orders import Order

TODAY = datetime(2026, 1, 1, tzinfo=UTC)


def bought(*days_ago: int, who: str = "g1") -> list[Order]:
    at = [to_micros(TODAY - timedelta(days=days, hours=1)) for days in days_ago]
    return [Order(who, "AUD", each, 1_000) for each in at]


def late(orders: list[Order]):
    return overdue(orders, to_micros(TODAY), UTC)


@pytest.mark.parametrize(
    ("days_ago", "is_late"),
    [
        ((70, 60, 50, 29), True),
        ((70, 60, 50, 20), False),
        ((120, 60, 50, 40), False),
        ((90, 60), False),
        ((60, 60, 60), False),
        ((600, 590, 580, 500), False),
    ],
    ids=["late", "twice-the-gap", "had-a-longer-one", "two-days", "one-day", "long-gone"],
)
def test_silence_is_measured_by_the_customers_own_gaps(days_ago, is_late):
    """Longer than twice the usual gap, longer than ever, and not so long that all is over."""
    assert bool(late(bought(*days_ago))) is is_late


def test_what_the_data_show_is_told_in_days():
    """Days with an order, the usual gap and the silence."""
    [found] = late(bought(70, 60, 60, 50, 29))

    assert (found.days, found.usual, found.silent) == (4, 10, 29)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 400), max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_orders_does_not_matter(days_ago, chance):
    """Two hubs with the same orders name the same customers."""
    orders = bought(*days_ago) + bought(90, 80, 40, who="g2")
    shuffled = list(orders)
    chance.shuffle(shuffled)

    assert late(shuffled) == late(orders)
