"""How good a detector of leavers is, and at what price in false alerts.

1. A threshold is chosen: the lowest at which in no world more than a tenth of those who stay are
   alerted. "Are alerted" is read in three ways (:data:`SPANS`): ever in the year, which gives an
   unlucky week fifty chances; in 76 days, as long as leavers are watched; in one week.
2. At a threshold is reported: alerts for who stays, leavers alerted in the 90 to 14 days before
   they left, and how many of those for the right reason.

Who leaves after the end of the world is on their way out and counts on neither side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from hub.emulation.world.churn.causes import (
    COMPLAINT_UNHEARD,
    FAILED_PAYMENT,
    NOT_ADOPTED,
    ONE_OFF_NEED,
    PRICE_RISE,
    TERM_END,
    UNRESOLVED_ISSUE,
)

EARLIEST, LATEST = timedelta(days=90), timedelta(days=14)
"""Before somebody leaves: alerts within are in time, and about it."""

BUDGET = 0.10
SPANS: Mapping[str, int] = {"of stayers in a year": 53, "of stayers in 76 days": 11, "of weeks": 1}
"""What a share of false alerts is a share of, with its length in looks."""

NAMES: Mapping[str, str] = {
    "many-agents-no-answer": UNRESOLVED_ISSUE,
    "passed-around": UNRESOLVED_ISSUE,
    "open-issue": UNRESOLVED_ISSUE,
    "reopened": UNRESOLVED_ISSUE,
    "repeat-contact": UNRESOLVED_ISSUE,
    "complaint-calls-gone": COMPLAINT_UNHEARD,
    "wrote-then-called": COMPLAINT_UNHEARD,
    "low-score": COMPLAINT_UNHEARD,
    "complaint": COMPLAINT_UNHEARD,
    "negative-tone": COMPLAINT_UNHEARD,
    "burst-then-stop": ONE_OFF_NEED,
    "bought-not-begun": NOT_ADOPTED,
    "never-settled": NOT_ADOPTED,
    "contract-ends": TERM_END,
    "looked-around": TERM_END,
    "failed-payment": FAILED_PAYMENT,
    "competitor-named": PRICE_RISE,
}
"""The cause that a signal names. The others, such as less use, are symptoms of any of them."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one detector said of one customer on one day."""

    now: datetime
    points: float | None
    reasons: Mapping[str, int]

    @property
    def signals(self) -> Iterator[str]:
        """What speaks for leaving, heaviest first."""
        return (signal for signal, points in self.reasons.items() if points > 0)

    def alerts(self, threshold: float) -> bool:
        """Whether somebody would have been called; unknown is no alert."""
        return self.points is not None and self.points >= threshold


@dataclass(frozen=True, slots=True)
class Watched:
    """One customer under the eyes of one detector."""

    left_at: datetime | None
    cause: str | None
    looks: tuple[Look, ...]

    def in_time(self) -> list[Look]:
        """The looks at which an alert would have helped; none for who stayed."""
        if self.left_at is None:
            return []
        first, last = self.left_at - EARLIEST, self.left_at - LATEST
        return [look for look in self.looks if first <= look.now <= last]


@dataclass(frozen=True, slots=True)
class Score:
    """How one detector did on one world at one threshold."""

    threshold: float
    spans: int
    false_alerts: int
    leavers: int
    caught: tuple[tuple[Watched, Look], ...]

    @property
    def false_share(self) -> float:
        """Of the spans of who stays, those that hold an alert."""
        return self.false_alerts / self.spans

    @property
    def named(self) -> int:
        """Leavers who were alerted for the right cause."""
        return sum(cause_named(look) == each.cause for each, look in self.caught)


def cause_named(look: Look) -> str | None:
    """The cause that the heaviest reason names which names any."""
    return next((NAMES[signal] for signal in look.signals if signal in NAMES), None)


def threshold(worlds: Sequence[Sequence[Watched]], span: int) -> float:
    """The lowest points at which each of these worlds keeps to the budget.

    One more world, drawn as these ``n`` were, exceeds it with a chance of at most ``1 / (n + 1)``,
    whatever the distribution: it would have to be the one of all that needs the highest points.

    Args:
        worlds: Everybody of each world, under the eyes of one detector.
        span: Length in looks.

    Source: Wilks 1941, the largest of a sample as a limit for the next; conformal prediction with
    whole groups for units: Dunn, Wasserman and Ramdas 2023; Lee, Barber and Willett 2023.
    """
    return max(needed(seen, span) for seen in worlds)


def needed(seen: Sequence[Watched], span: int) -> float:
    """The lowest points at which at most a tenth of the spans of who stays hold an alert.

    Args:
        seen: Everybody of a world, under the eyes of one detector.
        span: Length in looks.
    """
    highest = worst(seen, span)
    highest_refused = sorted(highest, reverse=True)[int(BUDGET * len(highest))]
    return min((points for points in highest if points > highest_refused), default=float("inf"))


def score(seen: Sequence[Watched], at: float, end: datetime, span: int) -> Score:
    """How the detector does at that threshold."""
    highest = worst(seen, span)
    leavers = leavers_of(seen, end)
    first = ((each, next((x for x in each.in_time() if x.alerts(at)), None)) for each in leavers)
    return Score(
        threshold=at,
        spans=len(highest),
        false_alerts=sum(points >= at for points in highest),
        leavers=len(leavers),
        caught=tuple((each, look) for each, look in first if look is not None),
    )


def worst(seen: Sequence[Watched], span: int) -> list[float]:
    """The highest points within each span of who stays; one span for who was there less long."""
    return [
        max(map(_points, each.looks[first : first + span]))
        for each in stayers(seen)
        for first in range(max(1, len(each.looks) - span + 1))
    ]


def together(worlds: Sequence[Sequence[Watched]]) -> list[Watched]:
    """Everybody of these worlds."""
    return list(chain.from_iterable(worlds))


def stayers(seen: Sequence[Watched]) -> list[Watched]:
    """Who stayed and was looked at."""
    return [each for each in seen if each.left_at is None and each.looks]


def leavers_of(seen: Sequence[Watched], end: datetime) -> list[Watched]:
    """Who left before the end and was looked at early enough."""
    return [each for each in seen if each.left_at and each.left_at < end and each.in_time()]


def _points(look: Look) -> float:
    return -1.0 if look.points is None else look.points
