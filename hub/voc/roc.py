"""How well a score tells who leaves: all of the ROC curve, the end of it where alerts live, a gain.

The whole curve asks for the order of everybody, most of whom show no sign and will never be called.
An alert is for the top few; what counts there is how many leavers it reaches for its false ones.

A score is held as what is counted at each of its values, lowest first: cases that left, and cases
that stayed. Leading axes are as many countings, such as the draws of a bootstrap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from hub.voc.logistic import Floats, Ints
from hub.voc.reweighing import Gain

BUDGET: Final = 0.1
"""Share of those who stay for whom an alert may be raised."""
_RESAMPLES: Final = 1_000
_SEED: Final = 20_260_101

Measure = Callable[[Floats, Floats], Floats]
"""Of who left and who stayed at each score."""


def auc(left: Floats, stayed: Floats) -> Floats:
    """The chance that one who leaves scores higher than one who stays; equal scores count half.

    >>> float(auc(np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0])))
    0.75
    """
    return caught(left, stayed, budget=1.0)


def caught(left: Floats, stayed: Floats, budget: float = BUDGET) -> Floats:
    """The share of leavers who are alerted, as a mean over all budgets up to the given one.

    The partial area under the ROC curve over its width: chance has half of the budget. Of equal
    scores so many are alerted as the budget lets through. 0 where nobody left, or nobody stayed.

    Args:
        left: How many left, at each score.
        stayed: How many stayed.
        budget: Share of those who stayed that may be alerted at most.

    Source: McClish 1989 (Medical Decision Making 9:190), whose standardised area is linear in it.

    >>> float(caught(np.array([1.0, 0.0, 1.0]), np.array([2.0, 2.0, 0.0]), budget=0.5))
    0.5
    """
    gone, calm = (each / np.maximum(each.sum(-1, keepdims=True), 1.0) for each in (left, stayed))
    gone, calm = gone[..., ::-1], calm[..., ::-1]
    hits, false = gone.cumsum(-1) - gone, calm.cumsum(-1) - calm
    part = np.clip((budget - false) / np.where(calm > 0, calm, 1.0), 0.0, 1.0)
    area: Floats = (calm * part * (hits + gone * part / 2)).sum(-1)
    return area / budget


def gain(measure: Measure, points: Ints, trained: Ints, y: Floats, whose: Sequence[str]) -> Gain:
    """What a measure of the trained scores has over that of the points, with its 95 % interval.

    Customers are drawn with all of their cases, and both scores are measured on the same draws.

    Args:
        measure: Such as :func:`caught`.
        points: Scores, whole numbers from 0 up; one per case.
        trained: The other scores of the same cases.
        y: 1 where they left, else 0.
        whose: Whose cases they are.

    Source: Efron and Tibshirani 1993, chapter 13 (percentile interval).
    """
    names, place = np.unique(whose, return_inverse=True)
    n = len(names)
    drawn = np.random.default_rng(_SEED).multinomial(n, np.full(n, 1 / n), _RESAMPLES)
    times = np.concatenate([np.ones((1, n)), drawn])
    before, after = (
        measure(*(times @ held for held in _counted(scores, y, place, n)))
        for scores in (points, trained)
    )
    low, high = np.quantile((after - before)[1:], [0.025, 0.975])
    return Gain(float(before[0]), float(after[0]), float(low), float(high))


def _counted(scores: Ints, y: Floats, place: Ints, n: int) -> Floats:
    """Each customer's cases at each score: first those that left, then those that stayed."""
    held = np.zeros((2, n, scores.max() + 1))
    np.add.at(held, (np.where(y > 0, 0, 1), place, scores), 1.0)
    return held
