"""Who sees a customer leave in time, and says why: the hub's risk beside recency and chance.

1. Two worlds of :mod:`hub.emulation.world.churn`. Their timelines are replayed week by week, each
   as it was known on that day; whoever judges sees events and the day, nothing else.
2. On the first world a threshold is chosen: the lowest at which at most a tenth of those who stay
   are alerted. "Are alerted" is read in three ways (:data:`SPANS`): ever in the year, which gives
   an unlucky week fifty chances; in 76 days, as long as leavers are watched; in one week.
3. On the second world that threshold is reported: alerts for who stays, leavers alerted in the 90
   to 14 days before they left, and how many of those for the right reason.

Who leaves after the end of the world is on their way out and counts on neither side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks.churn_detectors import Detector, by_chance, hub_risk, recency
from benchmarks.results import Finding
from benchmarks.timelines import as_known
from hub.emulation.world.churn import ChurnWorld, Subscriber
from hub.emulation.world.churn.causes import (
    COMPLAINT_UNHEARD,
    FAILED_PAYMENT,
    NOT_ADOPTED,
    ONE_OFF_NEED,
    PRICE_RISE,
    TERM_END,
    UNRESOLVED_ISSUE,
)
from hub.metrics.interval import wilson

CHOSEN_ON, REPORTED_ON = 101, 202
SUBSCRIBERS = 400
EVERY = timedelta(days=7)
FIRST_LOOK = timedelta(days=28)
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
    "negative-tone": COMPLAINT_UNHEARD,
    "burst-then-stop": ONE_OFF_NEED,
    "bought-not-begun": NOT_ADOPTED,
    "never-settled": NOT_ADOPTED,
    "contract-ends": TERM_END,
    "failed-payment": FAILED_PAYMENT,
    "competitor-named": PRICE_RISE,
}
"""The cause that a signal names. The others, such as less use, are symptoms of any of them."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one detector said of one customer on one day."""

    now: datetime
    points: float | None
    signals: tuple[str, ...]

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
    def named(self) -> int:
        """Leavers who were alerted for the right cause."""
        return sum(cause_named(look) == each.cause for each, look in self.caught)


def cause_named(look: Look) -> str | None:
    """The cause that the heaviest reason names which names any."""
    return next((NAMES[signal] for signal in look.signals if signal in NAMES), None)


def watch(world: ChurnWorld, detectors: Mapping[str, Detector]) -> dict[str, list[Watched]]:
    """Every customer under the eyes of each detector, week by week until they leave."""
    seen: dict[str, list[Watched]] = {name: [] for name in detectors}
    for each in world.subscribers:
        looks: dict[str, list[Look]] = {name: [] for name in detectors}
        for now, events in as_known(each.told, _days(each, world)):
            for name, judge in detectors.items():
                looks[name].append(Look(now, *judge(events, now)))
        for name, made in looks.items():
            seen[name].append(Watched(each.fate.left_at, each.fate.cause, tuple(made)))
    return seen


def _days(each: Subscriber, world: ChurnWorld) -> Iterator[datetime]:
    """The days on which that customer is looked at: while they are one."""
    last = min(world.end, each.fate.left_at or world.end)
    now = each.told[0].at + FIRST_LOOK
    while now < last:
        yield now
        now += EVERY


def threshold(seen: Sequence[Watched], span: int) -> float:
    """The lowest points at which at most a tenth of the spans of who stays hold an alert.

    Args:
        seen: Everybody, under the eyes of one detector.
        span: Length in looks.
    """
    worst = _worst(seen, span)
    highest_refused = sorted(worst, reverse=True)[int(BUDGET * len(worst))]
    return min((points for points in worst if points > highest_refused), default=float("inf"))


def score(seen: Sequence[Watched], at: float, end: datetime, span: int) -> Score:
    """How the detector does at that threshold."""
    worst = _worst(seen, span)
    leavers = _leavers(seen, end)
    first = ((each, next((x for x in each.in_time() if x.alerts(at)), None)) for each in leavers)
    return Score(
        threshold=at,
        spans=len(worst),
        false_alerts=sum(points >= at for points in worst),
        leavers=len(leavers),
        caught=tuple((each, look) for each, look in first if look is not None),
    )


def _worst(seen: Sequence[Watched], span: int) -> list[float]:
    """The highest points within each span of who stays; one span for who was there less long."""
    return [
        max(map(_points, each.looks[first : first + span]))
        for each in _stayers(seen)
        for first in range(max(1, len(each.looks) - span + 1))
    ]


def _stayers(seen: Sequence[Watched]) -> list[Watched]:
    return [each for each in seen if each.left_at is None and each.looks]


def _leavers(seen: Sequence[Watched], end: datetime) -> list[Watched]:
    """Who left before the end and was looked at early enough."""
    return [each for each in seen if each.left_at and each.left_at < end and each.in_time()]


def _points(look: Look) -> float:
    return -1.0 if look.points is None else look.points


def measure(folder: Path, divisor: int) -> Finding:
    """The hub beside recency and chance, threshold from one world, figures from another."""
    worlds = [ChurnWorld.build(seed, SUBSCRIBERS // divisor) for seed in (CHOSEN_ON, REPORTED_ON)]
    chosen, reported = (
        watch(w, {"hub risk": hub_risk(w), "recency only": recency, "random": by_chance(w)})
        for w in worlds
    )
    rows, notes = [], []
    for of, span in SPANS.items():
        for name, seen in reported.items():
            at = threshold(chosen[name], span)
            found = score(seen, at, worlds[1].end, span)
            rows.append(_row(name, found, of))
            if name == "hub risk":
                notes.append(
                    f"Leavers alerted by cause (and it was named), at 10 % {of}: "
                    f"{_by_cause(_leavers(seen, worlds[1].end), found)}."
                )
    notes += _notes(reported["hub risk"], worlds[1].end)
    return Finding(
        what="Leavers alerted 90 to 14 days before they left, at a threshold chosen on another"
        " world for at most 10 % false alerts.",
        columns=("detector", "threshold", "false alerts", "leavers alerted", "right cause",
                 "median days ahead"),
        rows=rows,
        notes=(
            f"Seeds {CHOSEN_ON} and {REPORTED_ON}, {len(worlds[1].subscribers)} subscribers each,"
            " looked at weekly. In brackets: 95 % Wilson intervals. Who stays are"
            f" {len(_stayers(reported['hub risk']))}.",
            *notes,
        ),
    )  # fmt: skip


def _row(name: str, found: Score, of: str) -> tuple[str, ...]:
    ahead = [(each.left_at - look.now).days for each, look in found.caught if each.left_at]
    return (
        name,
        f"{found.threshold:.3g}",
        f"{found.false_alerts / found.spans:.1%} {of}",
        _share(len(found.caught), found.leavers),
        _share(found.named, len(found.caught)) if name == "hub risk" else "names none",
        f"{median(ahead):.0f}" if ahead else "-",
    )


def _share(hits: int, n: int) -> str:
    if n == 0:
        return "0/0"
    estimate = wilson(hits, n, 0.95)
    return f"{hits}/{n} = {hits / n:.1%} ({estimate.low:.0f}-{estimate.high:.0f} %)"


def _notes(seen: Sequence[Watched], end: datetime) -> list[str]:
    """What the table hides: scores that are unknown, and each signal."""
    looks = [look for each in seen for look in each.looks]
    unknown = sum(look.points is None for look in looks)
    return [
        f"Points unknown at {unknown} of {len(looks)} looks.",
        "Share of looks at which a signal shows, for stayers and for leavers in those 76 days: "
        + _by_signal(_stayers(seen), _leavers(seen, end)),
    ]


def _by_cause(leavers: Sequence[Watched], found: Score) -> str:
    whole = Counter(each.cause for each in leavers)
    alerted = Counter(each.cause for each, _ in found.caught)
    right = Counter(each.cause for each, look in found.caught if cause_named(look) == each.cause)
    return ", ".join(
        f"{cause} {alerted[cause]}/{n} ({right[cause]})" for cause, n in whole.most_common()
    )


def _by_signal(stayers: Sequence[Watched], leavers: Sequence[Watched]) -> str:
    calm = [look for each in stayers for look in each.looks]
    gone = [look for each in leavers for look in each.in_time()]
    shown, before = (Counter(s for look in looks for s in look.signals) for looks in (calm, gone))
    return ", ".join(
        f"{name} {shown[name] / len(calm):.1%} and {before[name] / max(1, len(gone)):.1%}"
        for name in sorted({*shown, *before})
    )
