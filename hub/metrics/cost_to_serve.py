"""Cost to serve: what contacts cost, per customer, by the costs that the business states."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from typing import Final

from hub.core.clock import to_micros
from hub.core.money import minor_units
from hub.core.settings import MetricsSection
from hub.journeys.event import Event
from hub.metrics.interval import wilson
from hub.metrics.issues import contacts, lasts
from hub.metrics.months import DAY, begin, label, month_of
from hub.metrics.orders import Order
from hub.metrics.paired import absent
from hub.metrics.service import Service
from hub.metrics.skewed import ratio
from hub.metrics.snapshot import Measured, Worst

METRIC: Final = "cost_to_serve"
MONTHS: Final = 12
UNCOSTED: Final = "[metrics.cost_to_serve] does not say what a contact costs: nothing is assumed"
DEAR: Final = 4
"""So many times the mean is dear."""


@dataclass(frozen=True, slots=True)
class Touch:
    """An order, or a contact in a channel.

    Args:
        person: Golden id, or a place of its own for somebody unknown.
        at: Microseconds.
        channel: Lower case; empty where no source says.
        is_contact: Whether they turned to somebody; an order costs nothing here.
    """

    person: str
    at: int
    channel: str
    is_contact: bool


def touches(orders: Iterable[Order], service: Service) -> list[Touch]:
    """Every order and every contact; what a customer writes of one matter on one day is one."""
    found = [Touch(order.golden_id, order.at, "", is_contact=False) for order in orders]
    for person, events in sorted(service.items()):
        found += [
            Touch(person, to_micros(event.at), (event.channel or "").lower(), is_contact=True)
            for event in _one_a_day(contacts(filter(lasts, events)))
        ]
    return found


def _one_a_day(events: Iterable[Event]) -> Iterable[Event]:
    first: dict[tuple[str, str | None, str, int], Event] = {}
    for event in events:
        matter = event.ref or event.source
        first.setdefault(
            (event.connection, event.channel, matter, to_micros(event.at) // DAY), event
        )
    return first.values()


def overall(
    rows: Sequence[Touch], until: int, zone: tzinfo, given: MetricsSection
) -> Iterator[Measured]:
    """Cost per customer in each complete month of the last year, or why there is none.

    Args:
        rows: Of everybody.
        until: The end of what is known, microseconds.
        zone: On whose clocks a month begins.
        given: The costs.
    """
    if not any(row.is_contact for row in rows):
        return
    if given.cost_to_serve is None:
        yield absent(METRIC, "", UNCOSTED)
        return
    currency = given.cost_to_serve.currency
    costs = {
        channel.lower(): minor_units(Decimal(str(cost)), currency)
        for channel, cost in given.cost_to_serve.per_contact.items()
    }
    months: dict[int, list[Touch]] = defaultdict(list)
    for row in rows:
        months[month_of(row.at, zone)].append(row)
    running = month_of(until, zone)
    for month in sorted(months):
        if running - MONTHS <= month < running:
            span = begin(month, zone), begin(month + 1, zone) - 1
            series = f"{currency} {label(month)}"
            yield _month(series, months[month], costs, span, given.confidence)


def _month(
    series: str,
    rows: Sequence[Touch],
    costs: Mapping[str, int],
    span: tuple[int, int],
    confidence: float,
) -> Measured:
    own: dict[str, float] = defaultdict(float)
    counted, without = Counter[str](), Counter[str]()
    for row in rows:
        own[row.person] += costs.get(row.channel, 0) if row.is_contact else 0
        if row.is_contact:
            (counted if row.channel in costs else without)[row.channel or "unknown"] += 1
    each = ratio([(cost, 1.0) for cost in sorted(own.values())], confidence)
    dear = sum(cost > DEAR * each.value for cost in own.values())
    detail = {
        "customers": len(own),
        "customers_with_contacts": len({row.person for row in rows if row.is_contact}),
        "contacts": dict(sorted(counted.items())),
        "contacts_without_a_cost": dict(sorted(without.items())),
        "cost_minor": int(sum(own.values())),
    }
    share = wilson(dear, len(own), confidence)
    worst = Worst(f"customers who cost more than {DEAR} times the mean", share)
    return Measured(METRIC, series, each, span, detail=detail, worst=worst)
