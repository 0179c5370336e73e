"""Regular customers who have fallen silent, each by their own rhythm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo

from hub.core.clock import from_micros
from hub.metrics.orders import Order
from hub.metrics.rhythm import rhythm

GONE = 365
"""Days of silence after which nobody waits for them any more."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """A regular who is late; ``usual`` and ``silent`` in days."""

    golden_id: str
    days: int
    usual: int
    silent: int


def overdue(orders: Iterable[Order], reference: int, zone: tzinfo) -> list[Overdue]:
    """Who is late by their own rhythm (:mod:`hub.metrics.rhythm`), and not long gone.

    Args:
        orders: Of any number of customers.
        reference: Instant that silence counts to, microseconds.
        zone: On whose clocks a day begins.
    """
    bought: dict[str, set[int]] = defaultdict(set)
    for order in orders:
        bought[order.golden_id].add(from_micros(order.at).astimezone(zone).toordinal())
    today = from_micros(reference - 1).astimezone(zone).toordinal()
    found = (_late(golden_id, days, today) for golden_id, days in sorted(bought.items()))
    return [each for each in found if each is not None]


def _late(golden_id: str, days: set[int], today: int) -> Overdue | None:
    own = rhythm(days)
    if own is None or not own.is_late(today - own.last) or today - own.last > GONE:
        return None
    return Overdue(golden_id, own.purchases, round(own.usual), today - own.last)
