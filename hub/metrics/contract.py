"""Churn of those who have a contract, in people and in revenue.

A spell is an unbroken stretch of paying. Subscriptions of one person that touch, such as a change
of plan, are one spell; who comes back later begins a new one. A pause ends no spell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from sqlalchemy import Connection

from hub.core.clock import to_micros
from hub.core.records import Subscription
from hub.metrics.facts import facts_of
from hub.metrics.interval import wilson
from hub.metrics.months import begin, label, month_of
from hub.metrics.skewed import ratio
from hub.metrics.snapshot import Measured

MONTHS = 12
"""Complete months that are kept as snapshots."""

_A_YEAR = {"week": 52, "month": 12, "quarter": 4, "year": 1, None: 0}


@dataclass(frozen=True, slots=True)
class Contract:
    """One subscription of one person; instants in microseconds.

    Args:
        person: Golden id.
        start: When it began, with a trial or without.
        paid_from: When paying began: the start, or the end of the trial.
        end: When it ended; None while it runs.
        reason: ``cancelled``, ``payment_failed``, ``completed``, ``paused``; None while it runs.
        currency: Of the amount; empty when the source tells none.
        yearly: What a year of it costs, minor units.
    """

    person: str
    start: int
    paid_from: int
    end: int | None
    reason: str | None
    currency: str = ""
    yearly: int = 0

    @property
    def is_trial(self) -> bool:
        """Whether it began without paying."""
        return self.paid_from > self.start

    def pays_at(self, at: int) -> bool:
        """Whether it was being paid at the instant ``at``; the end is the first unpaid one."""
        return self.paid_from <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class Churn:
    """What became of those who paid at the begin of one period.

    Args:
        active: People who paid at its begin.
        cancelled: Of them, whose spell ended by their will or its term.
        involuntary: Of them, whose spell ended because a payment failed.
        paused: Of them, who do not pay at its end but have only paused.
        returned: Of the cancelled and involuntary, who paid again before its end: a new spell.
        inside: People who joined and left between begin and end: in no rate.
        revenue: Per currency, see :class:`Revenue`.
    """

    active: frozenset[str]
    cancelled: frozenset[str]
    involuntary: frozenset[str]
    paused: frozenset[str]
    returned: frozenset[str]
    inside: frozenset[str]
    revenue: Mapping[str, Revenue]

    @property
    def lost(self) -> frozenset[str]:
        """All whose spell ended."""
        return self.cancelled | self.involuntary


@dataclass(frozen=True, slots=True)
class Revenue:
    """Yearly recurring revenue in minor units of those who paid at the begin, by person.

    A rise counts as expansion, a fall of somebody who stays as contraction; a pause earns nothing
    while it lasts and is told apart.
    """

    begin: Mapping[str, int]
    lost: Mapping[str, int]
    contraction: int
    expansion: int
    paused: int


def contract(person: str, record: Subscription) -> Contract:
    """The subscription as the rows of this module have it."""
    start = to_micros(record.started_at)
    trial = record.trial_until
    return Contract(
        person,
        start,
        start if trial is None else max(start, to_micros(trial)),
        None if record.ended_at is None else to_micros(record.ended_at),
        record.end_reason,
        record.currency or "",
        (record.amount_minor or 0) * _A_YEAR[record.period],
    )


def contracts(connection: Connection) -> list[Contract]:
    """Every subscription of an identified customer."""
    found = facts_of(connection, Subscription)
    return [contract(golden_id, record) for _, golden_id, _, record in found if golden_id]


def churn(contracts: Iterable[Contract], start: int, end: int) -> Churn:
    """Churn in the period from ``start`` up to, not including, ``end``."""
    held: dict[str, list[Contract]] = defaultdict(list)
    for each in contracts:
        if each.end is None or each.end > each.paid_from:  # a trial that never paid has no spell
            held[each.person].append(each)
    active = frozenset(who for who, own in held.items() if _pays(own, start))
    endings = {who: _ending(held[who], start, end) for who in active}
    lost = {who: last for who, last in endings.items() if last and last.reason != "paused"}
    failed = frozenset(who for who, last in lost.items() if last.reason == "payment_failed")
    return Churn(
        active,
        frozenset(lost) - failed,
        failed,
        frozenset(who for who, last in endings.items() if last and last.reason == "paused"),
        frozenset(who for who in lost if _pays(held[who], end)),
        frozenset(
            who for who, own in held.items() if who not in active and _inside(own, start, end)
        ),
        _revenue(held, active, frozenset(lost), start, end),
    )


def overall(
    contracts: Sequence[Contract], now: int, zone: tzinfo, confidence: float
) -> Iterator[Measured]:
    """Churn of the newest complete months, a series per month (and currency).

    The month in which history begins has no base: who paid at its begin cannot be known.
    """
    for month in newest_months(contracts, now, zone)[1:]:
        start, end = begin(month, zone), begin(month + 1, zone)
        found = churn(contracts, start, end)
        if found.active:
            yield from _churned(found, label(month), (start, end - 1), confidence)


def newest_months(contracts: Sequence[Contract], now: int, zone: tzinfo) -> Sequence[int]:
    """The complete months of the last year, from the one before it or the first contract's on."""
    running = month_of(now, zone)
    first = min((month_of(each.start, zone) for each in contracts), default=running)
    return range(max(first, running - MONTHS - 1), running)


# --- people ----------------------------------------------------------------------------------


def _pays(own: Iterable[Contract], at: int) -> bool:
    return any(each.pays_at(at) for each in own)


def _ending(own: Sequence[Contract], start: int, end: int) -> Contract | None:
    """The subscription whose end in the period ended a spell: the first after which none pays."""
    ended = [each for each in own if each.end is not None and start < each.end <= end]
    for each in sorted(ended, key=lambda each: each.end or 0):
        if each.end is not None and each.paid_from < each.end and not _pays(own, each.end):
            return each
    return None


def _inside(own: Sequence[Contract], start: int, end: int) -> bool:
    """Whether a spell both began and ended in the period."""
    began = any(start < each.paid_from < end for each in own)
    last = _ending(own, start, end)
    return began and last is not None and not _pays(own, end)


# --- revenue ---------------------------------------------------------------------------------


def _revenue(
    held: Mapping[str, Sequence[Contract]],
    active: frozenset[str],
    lost: frozenset[str],
    start: int,
    end: int,
) -> dict[str, Revenue]:
    """By currency; who came back before the end has not taken their revenue away."""
    currencies = {c.currency for who in active for c in held[who] if c.pays_at(start) and c.yearly}
    found = {}
    for currency in sorted(currencies):
        was = {who: _yearly(held[who], currency, start) for who in sorted(active)}
        now = {who: _yearly(held[who], currency, end) for who in was}
        gone = {who: was[who] for who in was if who in lost and not _pays(held[who], end)}
        paused = {who for who in was if who not in gone and not _pays(held[who], end)}
        moved = [now[who] - was[who] for who in was if who not in gone and who not in paused]
        found[currency] = Revenue(
            {who: minor for who, minor in was.items() if minor},
            {who: minor for who, minor in gone.items() if minor},
            -sum(each for each in moved if each < 0),
            sum(each for each in moved if each > 0),
            sum(was[who] for who in paused),
        )
    return found


def _yearly(own: Iterable[Contract], currency: str, at: int) -> int:
    return sum(each.yearly for each in own if each.currency == currency and each.pays_at(at))


# --- snapshots -------------------------------------------------------------------------------


def _churned(
    found: Churn, month: str, period: tuple[int, int], confidence: float
) -> Iterator[Measured]:
    names = ("active", "cancelled", "involuntary", "paused", "returned", "inside")
    detail: dict[str, object] = {name: len(getattr(found, name)) for name in names}
    rate = wilson(len(found.lost), len(found.active), confidence)
    yearly = 100 * (1 - (1 - rate.value / 100) ** 12)
    yield Measured(
        "churn_contract", month, rate, period, detail={**detail, "a_year_percent": round(yearly, 2)}
    )
    for currency, money in found.revenue.items():
        pairs = [(100 * money.lost.get(who, 0), minor) for who, minor in money.begin.items()]
        total, lost = sum(money.begin.values()), sum(money.lost.values())
        net = lost + money.contraction - money.expansion
        yield Measured(
            "churn_revenue", f"{currency} {month}", ratio(pairs, confidence), period,
            detail={
                "yearly_begin_minor": total, "lost_minor": lost, "paused_minor": money.paused,
                "contraction_minor": money.contraction, "expansion_minor": money.expansion,
                "net_percent": round(100 * net / total, 2),
            },
        )  # fmt: skip
