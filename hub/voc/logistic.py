"""Logistic regression towards weights that are believed already, fitted by Newton's method.

The penalised likelihood is strictly concave, so there is one answer, whatever the start.

Source: iteratively reweighted least squares with a ridge (le Cessie and van Houwelingen 1992).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEPS: Final = 50
_TOLERANCE: Final = 1e-8


def fit(x: Floats, y: Floats, towards: Floats, ridge: float) -> tuple[float, Floats]:
    """Intercept and weights with the greatest penalised likelihood.

    Args:
        x: One row per case, one column per signal.
        y: 1 where it happened, else 0; both occur.
        towards: The weights that are believed; one per column.
        ridge: How firmly: half of it times the squared distance is taken off the likelihood. The
            intercept is free.
    """
    cases = np.column_stack([np.ones(len(y)), x])
    believed = np.concatenate([[0.0], towards])
    penalty = ridge * np.diag([0.0, *np.ones(len(towards))])
    weights = believed.copy()
    weights[0] = np.log(y.mean() / (1 - y.mean()))
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(cases @ weights, -30, 30)))
        slope = cases.T @ (y - chance) - penalty @ (weights - believed)
        bend = cases.T @ (cases * (chance * (1 - chance))[:, None]) + penalty
        step = np.linalg.solve(bend, slope)
        weights = weights + np.clip(step, -2.0, 2.0)  # far from the answer Newton overshoots
        if np.max(np.abs(step)) < _TOLERANCE:
            break
    return float(weights[0]), weights[1:]
