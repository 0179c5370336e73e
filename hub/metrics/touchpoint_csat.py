"""CSAT by touchpoint: what customers say of each place where they meet the business.

1. An answer is about the ticket that it names, else about what the customer met last within three
   days before it: a ticket, a message, a call, a chat, a visit or an order.
2. A touchpoint of few answers is drawn to the mean of all by B = m / (answers + m), the more so
   the fewer it has and the less touchpoints differ: m is what the mean is worth in answers. With k
   touchpoints B is lowered to (k - 3) / (k - 1) of it; of three or fewer none is drawn.
3. The mean of all can rise while every touchpoint falls, if more answers come from the better
   ones: the change of the newest month is also told at an equal mix.

Source: Kleinman 1973 (m by moments); Morris 1983 (B and its interval); Simpson 1951.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Final

from hub.core.clock import from_micros, to_micros
from hub.core.records import Feedback
from hub.core.settings import MetricsSection
from hub.journeys import kinds
from hub.journeys.event import Event
from hub.journeys.inventory import ASKED_WITHIN, answers
from hub.metrics.interval import Estimate, wilson
from hub.metrics.months import label, month_of
from hub.metrics.orders import Order
from hub.metrics.service import Service
from hub.metrics.snapshot import Measured, Worst
from hub.metrics.survey import WORST, satisfied

METRIC: Final = "csat_touchpoint"
FEWEST: Final = 4
"""Touchpoints that tell how much touchpoints differ."""

ELSEWHERE: Final = "elsewhere"
"""About nothing that the customer met in the days before."""


@dataclass(frozen=True, slots=True)
class Rated:
    """One CSAT answer and what it is about.

    Args:
        person: Golden id, or a place of its own for somebody unknown.
        at: Microseconds.
        touchpoint: Kind of event, and its channel if there is one.
        scale: On which scale.
        score: The answer.
        satisfied: Whether it is in the top boxes.
    """

    person: str
    at: int
    touchpoint: str
    scale: str
    score: float
    satisfied: bool


def rated(service: Service, orders: Iterable[Order]) -> list[Rated]:
    """Every CSAT answer, with its touchpoint."""
    bought: dict[str, list[int]] = defaultdict(list)
    for order in orders:
        bought[order.golden_id].append(order.at)
    return [
        Rated(person, to_micros(answer.at), _place(answer, about, bought[person]),
              told[1], answer.record.score or 0.0, told[0])
        for person, events in sorted(service.items())
        for answer, about in answers(events)
        if isinstance(answer.record, Feedback) and (told := satisfied(answer.record)) is not None
    ]  # fmt: skip


def _place(answer: Event, about: Event | None, bought: Iterable[int]) -> str:
    recent = [
        at
        for at in map(from_micros, bought)
        if timedelta(0) <= answer.at - at <= ASKED_WITHIN and (about is None or at > about.at)
    ]
    if recent and not (about is not None and answer.ref is not None):
        return kinds.ORDER
    if about is None:
        return ELSEWHERE
    return f"{about.kind}, {about.channel}" if about.channel else about.kind


def overall(
    rows: Sequence[Rated], until: int, zone: tzinfo, given: MetricsSection
) -> Iterator[Measured]:
    """Per scale the share of all, and that of each touchpoint drawn to it."""
    scales: dict[str, list[Rated]] = defaultdict(list)
    for row in rows:
        scales[row.scale].append(row)
    for scale, found in sorted(scales.items()):
        places = _by_place(found)
        hits = sum(row.satisfied for row in found)
        mean = wilson(hits, len(found), given.confidence)
        sums = [(sum(r.satisfied for r in own), len(own)) for own in places.values()]
        parent = Parent(mean.value / 100, strength(sums), len(sums))
        mix = _mix(found, month_of(until, zone) - 1, zone)
        yield _measured(f"{scale} all", found, mean, given, {"touchpoints": len(places), **mix})
        for place, own in sorted(places.items()):
            liked = sum(row.satisfied for row in own)
            raw = wilson(liked, len(own), given.confidence)
            drawn = shrunk(liked, len(own), parent, given.confidence)
            detail = {
                "unshrunk_percent": round(raw.value, 1),
                "answers_the_mean_is_worth": round(parent.weight, 1),
            }
            yield _measured(f"{scale} {place}", own, drawn, given, detail)


@dataclass(frozen=True, slots=True)
class Parent:
    """What touchpoints are drawn to.

    Args:
        mean: Share of all answers, 0..1.
        weight: Of how many answers it is worth.
        groups: How many touchpoints there are.
    """

    mean: float
    weight: float
    groups: int


def strength(groups: Sequence[tuple[int, int]]) -> float:
    """Of how many answers the mean is worth beside a group's own; all of them if none differ.

    >>> strength([(50, 100), (50, 100)]), round(strength([(60, 100), (40, 100)]), 1)
    (200.0, 13.1)
    """
    n, squares = sum(size for _, size in groups), sum(size * size for _, size in groups)
    mean = sum(hits for hits, _ in groups) / n
    spread = sum(size * (hits / size - mean) ** 2 for hits, size in groups)
    chance, free = mean * (1 - mean), len(groups) - 1
    between = n - squares / n - free
    if chance == 0 or between <= 0:
        return float(n)
    alike = (spread - free * chance) / between / chance
    return float(n) if alike <= 0 else min(float(n), (1 - min(alike, 1.0)) / alike)


def shrunk(hits: int, n: int, parent: Parent, confidence: float) -> Estimate:
    """A share drawn to its parent's; n stays its own.

    The interval is Wilson's, with as many answers as the drawn share is worth: more than its own,
    less for not knowing how much touchpoints differ.
    """
    own, mean, groups = hits / n, parent.mean, parent.groups
    drawn = parent.weight / (n + parent.weight) * max(0, groups - FEWEST + 1) / max(1, groups - 1)
    spread = (1 - drawn * (groups - 1) / groups) / n
    if drawn and 0 < mean < 1:
        unsure = 2 * (drawn * (own - mean)) ** 2 / (groups - FEWEST + 1)
        spread += unsure / (mean * (1 - mean))
    share, worth = own + drawn * (mean - own), 1 / spread
    found = wilson(share * worth, worth, confidence)
    return Estimate(100 * share, found.low, found.high, n)


def _measured(
    series: str,
    rows: Sequence[Rated],
    estimate: Estimate,
    given: MetricsSection,
    detail: Mapping[str, object],
) -> Measured:
    low, high = WORST[rows[0].scale]
    bad = sum(low <= row.score <= high for row in rows)
    worst = Worst(f"answers {low}-{high}", wilson(bad, len(rows), given.confidence))
    period = min(row.at for row in rows), max(row.at for row in rows)
    return Measured(METRIC, series, estimate, period, detail=detail, worst=worst)


def _by_place(rows: Iterable[Rated]) -> dict[str, list[Rated]]:
    places: dict[str, list[Rated]] = defaultdict(list)
    for row in rows:
        places[row.touchpoint].append(row)
    return places


def _mix(rows: Sequence[Rated], newest: int, zone: tzinfo) -> dict[str, object]:
    """3. The newest complete month beside the one before, as it is and at an equal mix."""
    before, after = (
        [row for row in rows if month_of(row.at, zone) == month] for month in (newest - 1, newest)
    )
    then, now = _by_place(before), _by_place(after)
    both = sorted(then.keys() & now.keys())
    if not both:
        return {}
    weights = {place: len(then[place]) + len(now[place]) for place in both}
    moved = sum(
        weights[place] * (_share(now[place]) - _share(then[place])) for place in both
    ) / sum(weights.values())
    change = _share(after) - _share(before)
    return {
        "months": [label(newest - 1), label(newest)],
        "change_points": round(change, 1),
        "change_at_equal_mix_points": round(moved, 1),
        "mix_turns_the_change": change * moved < 0,
    }


def _share(rows: Sequence[Rated]) -> float:
    return 100 * sum(row.satisfied for row in rows) / len(rows)
