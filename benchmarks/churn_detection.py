"""Who sees a customer leave in time, and says why: the hub's risk beside recency and chance.

1. Worlds of :mod:`hub.emulation.world.churn`. Their timelines are replayed week by week, each as it
   was known on that day; whoever judges sees events and the day, nothing else.
2. On the first worlds, which the hub's signals were developed on, a threshold is chosen; on others,
   which nobody has looked at before, it is reported (:mod:`benchmarks.churn_score`).
3. Beside the points stands what a trained model makes of them, learnt from the first worlds as
   from a business's own past (:mod:`hub.voc.learning`), kept or refused.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
    score,
    stayers,
    threshold,
)
from benchmarks.results import Finding
from benchmarks.timelines import as_known
from hub.emulation.world.churn import ChurnWorld, Subscriber
from hub.metrics.interval import wilson
from hub.voc.learning import AHEAD, Snapshot, TooFew, gains, learn, totals
from hub.voc.reweighing import Gain, Reweighing
from hub.voc.risk import VERSION

CHOSEN_ON, REPORTED_ON = (101, 102, 103, 104, 105, 106), (707, 808)
SUBSCRIBERS = 400
EVERY = timedelta(days=7)
FIRST_LOOK = timedelta(days=28)

HUB, TRAINED = "hub risk", "hub risk, trained"
_ORDER = (HUB, TRAINED, "recency only", "random")
EVERY_FOURTH = 4
"""Looks are weekly, and a model learns from every fourth."""


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


def replay(seeds: Sequence[int], divisor: int) -> tuple[dict[str, list[Watched]], datetime]:
    """Everybody of these worlds under the eyes of each detector, and when the worlds end."""
    seen: dict[str, list[Watched]] = defaultdict(list)
    worlds = [ChurnWorld.build(seed, SUBSCRIBERS // divisor) for seed in seeds]
    for world in worlds:
        detectors = {HUB: hub_risk(world), "recency only": recency, "random": by_chance(world)}
        for name, watched in watch(world, detectors).items():
            seen[name] += watched
    return seen, worlds[0].end


def past(seen: Sequence[Watched], end: datetime) -> list[Snapshot]:
    """What a business with these customers would learn from."""
    return [
        Snapshot(str(who), look.now, look.reasons, each.left_at is not None
                 and each.left_at <= look.now + AHEAD)
        for who, each in enumerate(seen)
        for look in each.looks[:: EVERY_FOURTH]
        if look.now + AHEAD <= end
    ]  # fmt: skip


def reweighed(seen: Sequence[Watched], model: Reweighing) -> list[Watched]:
    """The same looks with what a trained model makes of each reason."""

    def weigh(look: Look) -> Look:
        reasons = {name: round(points * model.of(name)) for name, points in look.reasons.items()}
        ordered = dict(sorted(reasons.items(), key=lambda pair: (-abs(pair[1]), pair[0])))
        total = float(min(100, max(0, sum(reasons.values()))))
        return Look(look.now, None if look.points is None else total, ordered)

    return [replace(each, looks=tuple(map(weigh, each.looks))) for each in seen]


def measure(folder: Path, divisor: int) -> Finding:
    """The hub beside recency and chance, threshold from some worlds, figures from others."""
    chosen, _ = replay(CHOSEN_ON, divisor)
    reported, end = replay(REPORTED_ON, divisor)
    model = learn(past(chosen[HUB], end), VERSION, end)
    if isinstance(model, Reweighing):
        for seen in (chosen, reported):
            seen[TRAINED] = reweighed(seen[HUB], model)
    rows, notes = [], []
    for of, span in SPANS.items():
        for name, seen_by in sorted(reported.items(), key=lambda pair: _ORDER.index(pair[0])):
            found = score(seen_by, threshold(chosen[name], span), end, span)
            rows.append(_row(name, found, of))
            if name in (HUB, TRAINED):
                notes.append(
                    f"Leavers alerted by cause (and it was named), {name} at 10 % {of}: "
                    f"{_by_cause(leavers_of(seen_by, end), found)}."
                )
    return Finding(
        what="Leavers alerted 90 to 14 days before they left, at a threshold chosen on other"
        " worlds for at most 10 % false alerts.",
        columns=("detector", "threshold", "false alerts", "leavers alerted", "right cause",
                 "median days ahead"),
        rows=rows,
        notes=(
            f"{VERSION}. Threshold from seeds {_named(CHOSEN_ON)}, figures from"
            f" {_named(REPORTED_ON)}; {SUBSCRIBERS // divisor} subscribers each, looked at weekly."
            f" In brackets: 95 % Wilson intervals. Who stays are {len(stayers(reported[HUB]))}.",
            *notes,
            *_card(model, past(reported[HUB], end)),
            *_notes(reported[HUB], end),
        ),
    )  # fmt: skip


def _named(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def _card(model: Reweighing | TooFew, others: Sequence[Snapshot]) -> list[str]:
    """What was said of the model before, and what became of it on worlds that it never saw."""
    if isinstance(model, TooFew):
        return [f"Trained model: {model.reason}."]
    card = model.card
    factors = ", ".join(f"{name} x {factor:.1f}" for name, factor in model.factors.items())
    caught, auc = gains(others, totals(others, model.factors))
    return [
        f"Trained model, forward in time: share of looks at leavers caught, mean over budgets to a"
        f" tenth of looks at others {_gain(card.caught)}; AUC {_gain(card.auc)}:"
        f" {'kept' if card.wins else 'refused, the points stay in use'}. Factors: {factors}.",
        f"The same on the worlds reported on: share caught {_gain(caught)}; AUC {_gain(auc)}.",
    ]


def _gain(of: Gain) -> str:
    return (
        f"{of.trained:.3f}, points {of.points:.3f}, difference {of.value:+.4f}"
        f" [{of.low:+.4f}, {of.high:+.4f}]"
    )


def _row(name: str, found: Score, of: str) -> tuple[str, ...]:
    ahead = [(each.left_at - look.now).days for each, look in found.caught if each.left_at]
    return (
        name,
        f"{found.threshold:.3g}",
        f"{found.false_alerts / found.spans:.1%} {of}",
        _share(len(found.caught), found.leavers),
        _share(found.named, len(found.caught)) if name in (HUB, TRAINED) else "names none",
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
