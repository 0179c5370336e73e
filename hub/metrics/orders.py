"""Order metrics: AOV, repeat rate, RFM, churn without a contract, historic CLV.

Everything is computed from one aggregate per customer and currency, so the heavy work is only done
for customers whose orders changed, and the population metrics are sums over customers.

The population filter belongs to the metric (``hub.metrics.definition``): not cancelled, identified,
and positive sale lines, or adjustments and refunds of such orders. The store keeps every line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from hub.core.clock import from_micros, to_micros
from hub.metrics.interval import wilson
from hub.metrics.months import DAY
from hub.metrics.profile_value import ProfileValue
from hub.metrics.skewed import far_below, median, ratio
from hub.metrics.snapshot import Measured
from hub.store.records import chunks
from hub.store.schema import cluster_members, order_entries

PER_PROFILE = ("aov", "churn", "clv_historic", "last_order", "net_spend", "orders")


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer's orders in one currency; money in minor units, instants in microseconds.

    ``before`` and ``after`` count orders in the horizon before and after the churn cut-off;
    ``first_ref`` is the least of the order references.
    """

    golden_id: str
    currency: str
    first_ref: str
    orders: int
    net: int
    first_at: int
    last_at: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Order:
    """One order that counts: when it was placed and what is left of it, in minor units."""

    golden_id: str
    currency: str
    at: int
    net: int


def reference_date(connection: Connection, now: int, zone: tzinfo = UTC) -> int:
    """The first microsecond of the day after "today", as recency and churn count from it.

    That is tomorrow's start on the clocks of ``zone``, unless the newest order is older than 30
    days: then the data is a closed history and the day after its last one counts, else every
    customer of an old export would be churned. A whole day, so that an unchanged second run
    measures the same.
    """
    latest = connection.execute(select(func.max(order_entries.c.at))).scalar()
    return day_after(now if latest is None or not is_history(latest, now) else latest, zone)


def is_history(newest: int, now: int) -> bool:
    """Whether data whose newest entry is so old are a closed history."""
    return now - newest > 30 * DAY


def day_after(at: int, zone: tzinfo) -> int:
    """The first microsecond of the next day on the clocks of ``zone``."""
    local = from_micros(at).astimezone(zone)
    tomorrow = datetime.combine(local.date() + timedelta(days=1), time(), zone)
    return to_micros(tomorrow)


def customers(
    connection: Connection,
    reference: int,
    horizon_days: int,
    golden_ids: Sequence[str] | None = None,
) -> list[Customer]:
    """The order aggregates of all customers, or of some, by golden id and currency."""
    found: list[Customer] = []
    for counted in _counted(connection, golden_ids):
        each = counted.subquery().c
        cut, span = reference - horizon_days * DAY, horizon_days * DAY
        query = select(
            each.golden_id,
            each.currency,
            func.min(each.order_ref),
            func.count(),
            func.sum(each.net),
            func.min(each.at),
            func.max(each.at),
            func.sum(case((each.at.between(cut - span, cut - 1), 1), else_=0)),
            func.sum(case((each.at.between(cut, reference), 1), else_=0)),
        ).group_by(each.golden_id, each.currency)
        found.extend(
            Customer(*row[:3], *(int(value) for value in row[3:]))
            for row in connection.execute(query)
        )
    return sorted(found, key=lambda c: (c.golden_id, c.currency))


def each_order(connection: Connection) -> list[Order]:
    """Every order that counts, in no order."""
    found: list[Order] = []
    for counted in _counted(connection):
        each = counted.subquery().c
        query = select(each.golden_id, each.currency, each.at, each.net)
        found.extend(
            Order(golden_id, currency, int(at), int(net))
            for golden_id, currency, at, net in connection.execute(query)
        )
    return found


def _counted(
    connection: Connection, golden_ids: Sequence[str] | None = None
) -> Iterator[Select[Any]]:
    """The orders of all customers, or of some, a batch of customers each.

    Databases group what they read by sorting it: all of it at once takes memory by its size.
    """
    member = cluster_members.c.golden_id
    if golden_ids is None:
        golden_ids = connection.execute(select(member).distinct()).scalars().all()
    for chunk in chunks(sorted(golden_ids)):
        yield _orders().where(member.in_(chunk))


def _orders() -> Select[Any]:
    """One row per order of an identified customer, by the population of the order metrics."""
    entry, member = order_entries.c, cluster_members.c
    counted = and_(
        entry.cancelled.is_(False),
        or_(entry.positive.is_(True), entry.kind.in_(("adjustment", "refund"))),
    )
    return (
        select(
            member.golden_id,
            entry.currency,
            entry.stream_id,
            entry.order_ref,
            func.sum(entry.amount_minor).label("net"),
            func.min(entry.at).label("at"),
        )
        .join(cluster_members, member.rid == entry.party_rid)
        .where(counted)
        .group_by(member.golden_id, entry.currency, entry.stream_id, entry.order_ref)
        .having(func.max(case((entry.positive.is_(True), 1), else_=0)) == 1)
    )


def overall(
    everyone: Iterable[Customer], reference: int, margin: float, confidence: float
) -> Iterator[Measured]:
    """AOV, repeat rate, churn and mean CLV, one series per currency."""
    by_currency: dict[str, list[Customer]] = defaultdict(list)
    for customer in everyone:
        by_currency[customer.currency].append(customer)
    for currency, group in sorted(by_currency.items()):
        period = (min(c.first_at for c in group), max(c.last_at for c in group))
        orders, net = sum(c.orders for c in group), sum(c.net for c in group)
        detail = {
            "customers": len(group), "orders": orders, "net_minor": net, "reference": reference,
        }  # fmt: skip
        repeat = sum(c.orders >= 2 for c in group)
        basket = [(float(c.net), float(c.orders)) for c in group]
        worth = [(c.net * margin, 1.0) for c in group]
        mean_order, mean_worth = ratio(basket, confidence), ratio(worth, confidence)
        yield Measured(
            "aov", currency, mean_order, period, detail=detail,
            worst=far_below(basket, mean_order.value, confidence),
        )  # fmt: skip
        yield Measured(
            "repeat_rate", currency, wilson(repeat, len(group), confidence), period, detail=detail
        )
        yield Measured(
            "clv_historic", currency, mean_worth, period, detail={**detail, "margin": margin},
            worst=far_below(worth, mean_worth.value, confidence),
        )  # fmt: skip
        active = [c for c in group if c.before]
        lost = sum(not c.after for c in active)
        yield Measured(
            "churn",
            currency,
            wilson(lost, len(active), confidence) if active else None,
            period,
            detail={**detail, "active_before_cut_off": len(active), "not_since": lost},
        )


def medians(orders: Iterable[Order], confidence: float) -> Iterator[Measured]:
    """The median order value, one series per currency."""
    by_currency: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    span: dict[str, list[int]] = defaultdict(list)
    for order in orders:
        by_currency[order.currency][order.golden_id].append(order.net)
        span[order.currency].append(order.at)
    for currency, groups in sorted(by_currency.items()):
        period = (min(span[currency]), max(span[currency]))
        found = median(list(groups.values()), confidence)
        yield Measured(
            "aov_median", currency, found, period, detail={"orders": len(span[currency])}
        )


def per_profile(
    everyone: Iterable[Customer], reference: int, horizon_days: int, margin: float
) -> Iterator[ProfileValue]:
    """What each customer bought, and whether they still do, per currency."""
    for c in everyone:
        numbers = {
            "aov": c.net / c.orders,
            "clv_historic": c.net * margin,
            "last_order": c.last_at,
            "net_spend": c.net,
            "orders": c.orders,
        }
        for metric, number in numbers.items():
            yield ProfileValue(c.golden_id, metric, c.currency, number, c.orders)
        churned = reference - c.last_at > horizon_days * DAY
        yield ProfileValue(
            c.golden_id,
            "churn",
            c.currency,
            None,
            c.orders,
            label="churned" if churned else "active",
            status="ok" if churned else "provisional",  # an active customer may yet stay away
        )


def rfm(everyone: Sequence[Customer], currency: str) -> Iterator[ProfileValue]:
    """Quintiles of recency, frequency and monetary within one currency.

    Source: Hughes 1994. Ranks are stable, ties by first order, so that heavy one-time mass does not
    empty a quintile. A tie by golden id would give another hub on the same orders other labels.
    """
    chosen = (c for c in everyone if c.currency == currency)
    group = sorted(chosen, key=lambda c: (c.first_at, c.first_ref))
    ranks = (
        _quintiles({c.golden_id: c.last_at for c in group}),
        _quintiles({c.golden_id: c.orders for c in group}),
        _quintiles({c.golden_id: c.net for c in group}),
    )
    for c in group:
        label = "-".join(str(rank[c.golden_id]) for rank in ranks)
        yield ProfileValue(c.golden_id, "rfm", currency, None, c.orders, label=label)


def _quintiles(values: dict[str, int]) -> dict[str, int]:
    ordered = sorted(values, key=values.__getitem__)
    return {golden_id: 1 + 5 * place // len(ordered) for place, golden_id in enumerate(ordered)}
