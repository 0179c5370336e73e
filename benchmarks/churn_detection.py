"""Who sees a customer leave in time, and says why: the hub's risk beside recency and chance.

1. Worlds of :mod:`hub.emulation.world.churn`. Their timelines are replayed week by week, each as it
   was known on that day; whoever judges sees events and the day, nothing else.
2. On the first worlds, which the hub's signals were developed on, a threshold is chosen; on others,
   which nobody has looked at before, it is reported (:mod:`benchmarks.churn_score`).
3. Beside the points stands what a trained model makes of them, learnt from the first worlds as
   from a business's own past (:mod:`benchmarks.churn_trained`), kept or refused.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks.churn_detectors import Detector, by_chance, hub_risk, recency
from benchmarks.churn_score import (
    SPANS,
    Look,
    Score,
    Watched,
    cause_named,
    leavers_of,
    needed,
    score,
    stayers,
    threshold,
    together,
)
from benchmarks.churn_trained import by_the_others, card, past, reweighed, trained
from benchmarks.results import Finding
from benchmarks.timelines import as_known
from hub.emulation.world.churn import ChurnWorld, Subscriber
from hub.metrics.interval import wilson
from hub.voc.reweighing import Reweighing
from hub.voc.risk import VERSION

CHOSEN_ON, REPORTED_ON = (101, 102, 103, 104, 105, 106), (909, 1010)
SUBSCRIBERS = 400
EVERY = timedelta(days=7)
FIRST_LOOK = timedelta(days=28)

HUB, TRAINED = "hub risk", "hub risk, trained"
_ORDER = (HUB, TRAINED, "recency only", "random")

Worlds = dict[str, list[Sequence[Watched]]]
"""Under the eyes of each detector, everybody of each world."""


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


def replay(seeds: Sequence[int], divisor: int) -> tuple[Worlds, datetime]:
    """Everybody of these worlds under the eyes of each detector, and when the worlds end."""
    seen: Worlds = defaultdict(list)
    worlds = [ChurnWorld.build(seed, SUBSCRIBERS // divisor) for seed in seeds]
    for world in worlds:
        detectors = {HUB: hub_risk(world), "recency only": recency, "random": by_chance(world)}
        for name, watched in watch(world, detectors).items():
            seen[name].append(watched)
    return seen, worlds[0].end


def measure(folder: Path, divisor: int) -> Finding:
    """The hub beside recency and chance, threshold from some worlds, figures from others."""
    chosen, _ = replay(CHOSEN_ON, divisor)
    reported, end = replay(REPORTED_ON, divisor)
    model = trained(chosen[HUB], end)
    if isinstance(model, Reweighing):
        chosen[TRAINED] = by_the_others(chosen[HUB], end)
        reported[TRAINED] = [reweighed(seen, model) for seen in reported[HUB]]
    rows, notes = [], []
    for of, span in SPANS.items():
        for name, worlds in sorted(reported.items(), key=lambda pair: _ORDER.index(pair[0])):
            seen, at = together(worlds), threshold(chosen[name], span)
            found, hindsight = (score(seen, x, end, span) for x in (at, needed(seen, span)))
            alone = [score(world, at, end, span) for world in worlds]
            rows.append(_row(name, of, found, alone, hindsight))
            if name in (HUB, TRAINED):
                notes.append(
                    f"Leavers alerted by cause (and it was named), {name} at 10 % {of}: "
                    f"{_by_cause(leavers_of(seen, end), found)}."
                )
    everybody = together(reported[HUB])
    return Finding(
        what="Leavers alerted 90 to 14 days before they left, at a threshold chosen on other"
        " worlds: the lowest that kept false alerts to 10 % in each of them.",
        columns=("detector", "threshold", "false alerts (each world)", "leavers alerted",
                 "right cause", "median days ahead", "in hindsight"),
        rows=rows,
        notes=(
            f"{VERSION}. Threshold from seeds {_named(CHOSEN_ON)}, figures from"
            f" {_named(REPORTED_ON)}; {SUBSCRIBERS // divisor} subscribers each, looked at weekly."
            f" In brackets: 95 % Wilson intervals. Who stays are {len(stayers(everybody))}.",
            "In hindsight: leavers alerted at the lowest threshold that keeps to 10 % of these very"
            " worlds. It tells what a score separates, and not what a threshold would have kept.",
            *notes,
            *card(model, past(everybody, end)),
            *_notes(everybody, end),
        ),
    )  # fmt: skip


def _named(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def _row(
    name: str, of: str, found: Score, alone: Sequence[Score], hindsight: Score
) -> tuple[str, ...]:
    ahead = [(each.left_at - look.now).days for each, look in found.caught if each.left_at]
    each_world = ", ".join(f"{world.false_share:.1%}" for world in alone)
    return (
        name,
        f"{found.threshold:.3g}",
        f"{found.false_share:.1%} {of} ({each_world})",
        _share(len(found.caught), found.leavers),
        _share(found.named, len(found.caught)) if name in (HUB, TRAINED) else "names none",
        f"{median(ahead):.0f}" if ahead else "-",
        f"{len(hindsight.caught) / max(1, hindsight.leavers):.1%} at {hindsight.threshold:.3g}",
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
        + _by_signal(stayers(seen), leavers_of(seen, end)),
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
