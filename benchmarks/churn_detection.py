"""Who sees a customer leave in time, and says why: the hub's risk beside recency and chance.

1. Two worlds of :mod:`hub.emulation.world.churn`. Their timelines are replayed week by week, each
   as it was known on that day; whoever judges sees events and the day, nothing else.
2. On the first world a threshold is chosen: the lowest at which at most a tenth of those who stay
   are ever alerted in the year (or, the milder budget, a tenth of their weeks).
3. On the second world that threshold is reported: alerts for who stays, leavers alerted in the 90
   to 14 days before they left, and how many of those for the right reason.

Who leaves after the end of the world is on their way out and counts on neither side.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

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
from hub.emulation.world.dice import dice
from hub.journeys import kinds
from hub.journeys.timeline import Event
from hub.metrics.interval import wilson
from hub.voc.risk import assess

CHOSEN_ON, REPORTED_ON = 101, 202
SUBSCRIBERS = 400
EVERY = timedelta(days=7)
FIRST_LOOK = timedelta(days=28)
EARLIEST, LATEST = timedelta(days=90), timedelta(days=14)
"""Before somebody leaves: alerts within are in time, and about it."""

BUDGET = 0.10

NAMES: Mapping[str, str] = {
    "many-agents-no-answer": UNRESOLVED_ISSUE,
    "open-issue": UNRESOLVED_ISSUE,
    "reopened": UNRESOLVED_ISSUE,
    "repeat-contact": UNRESOLVED_ISSUE,
    "complaint-calls-gone": COMPLAINT_UNHEARD,
    "low-score": COMPLAINT_UNHEARD,
    "negative-tone": COMPLAINT_UNHEARD,
    "burst-then-stop": ONE_OFF_NEED,
    "bought-not-begun": NOT_ADOPTED,
    "contract-ends": TERM_END,
    "failed-payment": FAILED_PAYMENT,
    "competitor-named": PRICE_RISE,
}
"""The cause that a signal names. The others, such as less use, are symptoms of any of them."""

Judgement = tuple[float | None, tuple[str, ...]]
"""Points, None for unknown, and the signals behind them, heaviest first."""
Detector = Callable[[Sequence[Event], datetime], Judgement]
HAS_DONE = kinds.CONTACTS | {kinds.LOG_IN, kinds.USAGE, kinds.PAGE_VIEW, kinds.ORDER, kinds.SURVEY}


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
    stayers: int
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


def hub_risk(world: ChurnWorld) -> Detector:
    """The hub's own points, which know what the whole hub hears of."""
    heard: dict[str, list[datetime]] = defaultdict(list)
    for each in world.subscribers:
        for _, events in as_known(each.told, [world.end]):
            for event in events:
                heard[event.kind].append(event.at)
    for instants in heard.values():
        instants.sort()

    def judge(events: Sequence[Event], now: datetime) -> Judgement:
        newest = {kind: at[bisect_right(at, now) - 1] for kind, at in heard.items() if at[0] <= now}
        risk = assess(events, now, known=newest)
        return risk.points, tuple(reason.signal for reason in risk.reasons if reason.points > 0)

    return judge


def recency(events: Sequence[Event], now: datetime) -> Judgement:
    """Days since the customer last did anything."""
    done = [event.at for event in events if event.kind in HAS_DONE and event.at <= now]
    return (now - max(done)) / timedelta(days=1) if done else None, ()


def by_chance(world: ChurnWorld) -> Detector:
    """One draw for each customer, whatever they do."""

    def judge(events: Sequence[Event], now: datetime) -> Judgement:
        whose = min(event.source.rpartition("/")[2].partition("-")[0] for event in events)
        return dice(world.seed, "alert", whose).random(), ()

    return judge


def threshold(seen: Sequence[Watched], *, weeks: bool) -> float:
    """The lowest points at which at most a tenth of who stays (or of their weeks) is alerted."""
    if weeks:
        worst = [_points(look) for each in _stayers(seen) for look in each.looks]
    else:
        worst = [max(map(_points, each.looks), default=-1.0) for each in _stayers(seen)]
    allowed = int(BUDGET * len(worst))
    highest_refused = sorted(worst, reverse=True)[allowed]
    return min((points for points in worst if points > highest_refused), default=float("inf"))


def score(seen: Sequence[Watched], at: float, end: datetime, *, weeks: bool) -> Score:
    """How the detector does at that threshold."""
    calm = _stayers(seen)
    flags = [[look.alerts(at) for look in each.looks] for each in calm]
    false_alerts = sum(map(sum, flags)) if weeks else sum(map(any, flags))
    leavers = _leavers(seen, end)
    first = ((each, next((x for x in each.in_time() if x.alerts(at)), None)) for each in leavers)
    return Score(
        threshold=at,
        stayers=sum(map(len, flags)) if weeks else len(calm),
        false_alerts=false_alerts,
        leavers=len(leavers),
        caught=tuple((each, look) for each, look in first if look is not None),
    )


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
    for weeks in (False, True):
        for name, seen in reported.items():
            at = threshold(chosen[name], weeks=weeks)
            found = score(seen, at, worlds[1].end, weeks=weeks)
            rows.append(_row(name, found, "of weeks" if weeks else "of stayers"))
            if name == "hub risk" and not weeks:
                notes = _notes(seen, found, worlds[1].end)
    return Finding(
        what="Leavers alerted 90 to 14 days before they left, at a threshold chosen on another"
        " world for at most 10 % false alerts.",
        columns=("detector", "threshold", "false alerts", "leavers alerted", "right cause",
                 "median days ahead"),
        rows=rows,
        notes=(
            f"Seeds {CHOSEN_ON} and {REPORTED_ON}, {len(worlds[1].subscribers)} subscribers each,"
            " looked at weekly. Of stayers: those ever alerted in the year. In brackets: the 95 %"
            " Wilson interval of the second world.",
            *notes,
        ),
    )  # fmt: skip


def _row(name: str, found: Score, of: str) -> tuple[str, ...]:
    ahead = [(each.left_at - look.now).days for each, look in found.caught if each.left_at]
    return (
        name,
        f"{found.threshold:.3g}",
        f"{_share(found.false_alerts, found.stayers)} {of}",
        _share(len(found.caught), found.leavers),
        _share(found.named, len(found.caught)) if name == "hub risk" else "names none",
        f"{median(ahead):.0f}" if ahead else "-",
    )


def _share(hits: int, n: int) -> str:
    if n == 0:
        return "0/0"
    estimate = wilson(hits, n, 0.95)
    return f"{hits}/{n} = {hits / n:.1%} ({estimate.low:.0f}-{estimate.high:.0f} %)"


def _notes(seen: Sequence[Watched], found: Score, end: datetime) -> list[str]:
    """What the first line hides: unknown scores, each cause, each signal."""
    looks = [look for each in seen for look in each.looks]
    unknown = sum(look.points is None for look in looks)
    leavers = _leavers(seen, end)
    return [
        f"Points unknown at {unknown} of {len(looks)} looks.",
        f"Leavers alerted by cause (and the cause named): {_by_cause(leavers, found)}.",
        "Shown at least once by stayers in the year, and by leavers in those 76 days: "
        + _by_signal(_stayers(seen), leavers),
    ]


def _by_cause(leavers: Sequence[Watched], found: Score) -> str:
    whole = Counter(each.cause for each in leavers)
    alerted = Counter(each.cause for each, _ in found.caught)
    right = Counter(each.cause for each, look in found.caught if cause_named(look) == each.cause)
    return ", ".join(
        f"{cause} {alerted[cause]}/{n} ({right[cause]})" for cause, n in whole.most_common()
    )


def _by_signal(stayers: Sequence[Watched], leavers: Sequence[Watched]) -> str:
    calm = Counter(s for each in stayers for s in {s for x in each.looks for s in x.signals})
    gone = Counter(s for each in leavers for s in {s for x in each.in_time() for s in x.signals})
    return (
        ", ".join(
            f"{name} {calm[name] / len(stayers):.0%} and {gone[name] / max(1, len(leavers)):.0%}"
            for name in sorted({*calm, *gone})
        )
        + "."
    )
