"""What a trained model makes of the same looks, learnt from worlds as from a business's past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

from benchmarks.churn_score import Look, Watched
from hub.voc.learning import AHEAD, Snapshot, TooFew, gains, learn, totals
from hub.voc.reweighing import Gain, Reweighing
from hub.voc.risk import VERSION

EVERY_FOURTH = 4
"""Looks are weekly, and a model learns from every fourth."""


def trained(worlds: Sequence[Sequence[Watched]], end: datetime) -> Reweighing | TooFew:
    """The model of these worlds."""
    return learn(past(list(chain.from_iterable(worlds)), end), VERSION, end)


def by_the_others(worlds: Sequence[Sequence[Watched]], end: datetime) -> list[Sequence[Watched]]:
    """Each world as a model of the others judges it, for none is news to the model of itself.

    Where the others are too little to learn from, the points stay in use.
    """
    judged: list[Sequence[Watched]] = []
    for number, seen in enumerate(worlds):
        model = trained([*worlds[:number], *worlds[number + 1 :]], end)
        judged.append(reweighed(seen, model) if isinstance(model, Reweighing) else seen)
    return judged


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


def card(model: Reweighing | TooFew, others: Sequence[Snapshot]) -> list[str]:
    """What was said of the model before, and what became of it on worlds that it never saw."""
    if isinstance(model, TooFew):
        return [f"Trained model: {model.reason}."]
    told = model.card
    factors = ", ".join(f"{name} x {factor:.1f}" for name, factor in model.factors.items())
    caught, auc = gains(others, totals(others, model.factors))
    return [
        f"Trained model, forward in time: share of looks at leavers caught, mean over budgets to a"
        f" tenth of looks at others {_gain(told.caught)}; AUC {_gain(told.auc)}:"
        f" {'kept' if told.wins else 'refused, the points stay in use'}. Factors: {factors}.",
        f"The same on the worlds reported on: share caught {_gain(caught)}; AUC {_gain(auc)}.",
    ]


def _gain(of: Gain) -> str:
    return (
        f"{of.trained:.3f}, points {of.points:.3f}, difference {of.value:+.4f}"
        f" [{of.low:+.4f}, {of.high:+.4f}]"
    )
