"""Signals of use, purchase and contract: what customers do less of, or may soon stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from hub.core.records import Interaction, Subscription
from hub.journeys import kinds
from hub.journeys.event import Event
from hub.metrics.rhythm import rhythm
from hub.voc.decline import BASELINE_SPANS, decline
from hub.voc.past import IN_USE, Past
from hub.voc.signal import MONTH, QUARTER, Finding, Signal

_SPAN: Final = timedelta(days=MONTH)
_CONTRACT_DAYS: Final = 60
_LATE: Final = 1.5
"""Times the own cadence from which a purchase is overdue; at twice, the points are full."""


def usage_drop(past: Past) -> Sequence[Finding]:
    """Half or less of the use of before, over four weeks, and less than chance explains."""
    events = past.of(IN_USE)
    instants = [event.at for event in events]
    fall = decline(instants, past.now, by=0.5, span=_SPAN, at_least=4, deviations=2)
    if fall is None:
        return []
    text = f"use fell from {fall.usual:.0f} times in four weeks to {fall.latest}"
    compared = past.now - (1 + BASELINE_SPANS) * _SPAN
    return [Finding(fall.since, text, tuple(e for e in events if e.at > compared))]


def features_dropped(past: Past) -> Sequence[Finding]:
    """Features that were used again and again, and not once in four weeks."""
    used = [
        (e, e.record.subject) for e in past.of({kinds.USAGE}) if isinstance(e.record, Interaction)
    ]
    recent = {name for event, name in used if past.age(event.at) < MONTH}
    before = Counter(name for event, name in used if MONTH <= past.age(event.at) < MONTH + QUARTER)
    return [
        Finding(last.at, f'"{name}" is not used any more', (last,))
        for name, times in sorted(before.items(), key=lambda item: str(item[0]))
        if name is not None and times >= 3 and name not in recent
        for last in [next(event for event, each in reversed(used) if each == name)]
    ]


def overdue_purchase(past: Past) -> Sequence[Finding]:
    """A pause after the last order that is long beside this customer's own."""
    orders = past.of({kinds.ORDER})
    own = rhythm(order.at.astimezone(past.zone).toordinal() for order in orders)
    if own is None:
        return []
    usual = own.usual
    ratio = past.age(orders[-1].at) / usual
    if ratio < _LATE:
        return []
    text = f"last order {past.age(orders[-1].at):.0f} days ago, usually every {usual:.0f}"
    due = orders[-1].at + timedelta(days=_LATE * usual)
    return [Finding(due, text, tuple(orders[-3:]), min(1.0, ratio - 1))]


def returns_spike(past: Past) -> Sequence[Finding]:
    """Two or more orders brought back within a month."""
    back = past.of({kinds.RETURN, kinds.REFUND}, days=30)
    orders = {event.ref or event.source for event in back}
    if len(orders) < 2:
        return []
    return [Finding(back[-1].at, f"{len(orders)} orders brought back in 30 days", tuple(back))]


def contract_ends(past: Past) -> Sequence[Finding]:
    """A contract that runs out within 60 days, and nobody speaks of renewal.

    A cancellation that is already given is no risk any more: it has happened.
    """
    return [
        Finding(
            max(event.at - timedelta(days=_CONTRACT_DAYS), event.record.started_at),
            f"a contract ends in {-past.age(event.at):.0f} days and nothing is done to renew it",
            (event,),
        )
        for event in past.ahead
        if event.kind == kinds.SUBSCRIPTION_ENDED
        and isinstance(event.record, Subscription)
        and event.record.end_reason in (None, "completed")
        and -past.age(event.at) < _CONTRACT_DAYS
        and not list(_renewals(past, event))
    ]


def running(past: Past) -> list[Event]:
    """The beginnings of contracts that have not ended."""
    return [
        event
        for event in past.of({kinds.SUBSCRIPTION_STARTED})
        if isinstance(event.record, Subscription)
        and (event.record.ended_at is None or event.record.ended_at > past.now)
    ]


def _renewals(past: Past, ending: Event) -> Iterator[Event]:
    began = ending.at - timedelta(days=_CONTRACT_DAYS)
    talks = {kinds.DEAL_OPENED, kinds.DEAL_WON, kinds.SUBSCRIPTION_STARTED}
    for event in past.of(talks):
        if event.at > began and event.source != ending.source:
            yield event


def failed_payment(past: Past) -> Sequence[Finding]:
    """A payment that failed, unless an order or a contract came after it."""
    mended = past.of({kinds.ORDER, kinds.SUBSCRIPTION_STARTED})
    latest = mended[-1].at if mended else datetime.min.replace(tzinfo=past.now.tzinfo)
    return [
        Finding(event.at, "a payment failed", (event,))
        for event in past.of({kinds.PAYMENT_FAILED}, days=60)
        if event.at > latest
    ]


def recent_purchase(past: Past) -> Sequence[Finding]:
    """An order within the last month, unless that is long for this customer."""
    latest = [] if overdue_purchase(past) else past.of({kinds.ORDER}, days=30)[-1:]
    return [Finding(order.at, "ordered within the last 30 days", (order,)) for order in latest]


_USE, _ORDERS = frozenset(IN_USE), frozenset({kinds.ORDER})
_CONTRACTS = frozenset({kinds.SUBSCRIPTION_STARTED, kinds.SUBSCRIPTION_ENDED})
_RETURNS = frozenset({kinds.ORDER, kinds.RETURN, kinds.REFUND})
_PAYMENTS = frozenset({kinds.PAYMENT_FAILED, kinds.SUBSCRIPTION_STARTED})

SIGNALS: Final = (
    Signal("usage-drop", 20, 20, None, (_USE,), usage_drop, silent=_USE),
    Signal(
        "feature-dropped", 5, 15, None,
        (frozenset({kinds.USAGE}),), features_dropped, silent=frozenset({kinds.USAGE}),
    ),
    Signal("overdue-purchase", 20, 20, None, (_ORDERS,), overdue_purchase, silent=_ORDERS),
    Signal("returns-spike", 5, 5, 30, (_RETURNS,), returns_spike),
    Signal("contract-ends", 15, 15, None, (_CONTRACTS,), contract_ends),
    Signal("failed-payment", 15, 15, 14, (_PAYMENTS,), failed_payment, involuntary=True),
    Signal("recent-purchase", -10, -10, 30, (_ORDERS,), recent_purchase),
)  # fmt: skip
