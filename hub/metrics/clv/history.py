"""What each customer's orders say to the models: days with a purchase, and their value.

History ends with a whole month: the prediction stands for a month, so that a new order today does
not move the expected value of everybody else, and with it every profile and every push.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, tzinfo

from hub.core.clock import from_micros
from hub.metrics.orders import Order


@dataclass(frozen=True, slots=True)
class History:
    """One customer in one currency.

    Args:
        golden_id: Whose.
        currency: Of the value.
        x: Days with a purchase, less the first.
        t_x: Days from the first to the last of them.
        age: Days from the first to the end of observation.
        repeat_value: Mean net value of a repeat day, minor units; 0 without one.
        value: Mean net value of a day, the first included, minor units.
    """

    golden_id: str
    currency: str
    x: int
    t_x: int
    age: int
    repeat_value: float
    value: float


def month_begin(reference: int, zone: tzinfo) -> date:
    """The first day of the month that the last day before ``reference`` lies in."""
    return from_micros(reference - 1).astimezone(zone).date().replace(day=1)


def histories(orders: Iterable[Order], cut_off: date, zone: tzinfo) -> list[History]:
    """Customers who bought before ``cut_off``, by golden id and currency.

    A day with several orders is one purchase: split parcels are no habit.
    """
    days: dict[tuple[str, str], dict[date, int]] = defaultdict(dict)
    for order in orders:
        on = from_micros(order.at).astimezone(zone).date()
        if on < cut_off:
            bought = days[order.golden_id, order.currency]
            bought[on] = bought.get(on, 0) + order.net
    return [
        _history(golden_id, currency, bought, cut_off)
        for (golden_id, currency), bought in sorted(days.items())
    ]


def _history(golden_id: str, currency: str, bought: dict[date, int], cut_off: date) -> History:
    first, last, x = min(bought), max(bought), len(bought) - 1
    total = sum(bought.values())
    return History(
        golden_id,
        currency,
        x,
        (last - first).days,
        (cut_off - first).days - 1,
        (total - bought[first]) / x if x else 0.0,
        total / (x + 1),
    )
