"""Multinomial logistic regression with an L2 penalty, fitted by L-BFGS.

The loss is smooth and strictly convex, so there is one answer and every descent finds it; the
start, the order of the rows and the machine's clock play no part.

Source: Nocedal and Wright 2006, Numerical Optimization, algorithms 7.4 (two-loop recursion) and
3.1 (backtracking under Armijo's condition).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hub.text.features import Floats, Ints, Rows

MEMORY = 10
"""Pairs of steps and gradient changes that stand for the curvature."""
TOLERANCE = 1e-4
"""Largest entry of the gradient at which the fit is done."""
MOST_STEPS = 200
_ARMIJO = 1e-4

Objective = Callable[[Floats], tuple[float, Floats]]


@dataclass(frozen=True, slots=True)
class Coefficients:
    """What a fit found: ``weights`` has one row per feature and one column per class."""

    weights: Floats
    bias: Floats

    def probabilities(self, rows: Rows) -> Floats:
        """One row per text, one column per class, each row summing to one."""
        return softmax(rows.times(self.weights) + self.bias)


def fit(rows: Rows, classes: Ints, number: int, penalty: float) -> Coefficients:
    """The coefficients with the least penalised loss; every class weighs the same in it.

    Args:
        rows: The texts.
        classes: Class of each text, 0 to ``number`` - 1; each occurs.
        number: How many classes.
        penalty: Half of it times Σ weights² is added to the mean loss; the bias is free.
    """
    features = rows.shape[1]
    start = np.zeros((features + 1) * number)
    best = minimise(objective(rows, classes, number, penalty), start).reshape(-1, number)
    return Coefficients(best[:features], best[features])


def objective(rows: Rows, classes: Ints, number: int, penalty: float) -> Objective:
    """Loss and gradient at a flat vector of weights, the bias as its last ``number`` entries."""
    texts = len(classes)
    share = 1 / (number * np.bincount(classes, minlength=number)[classes])
    truth = np.eye(number)[classes]

    def value_and_gradient(flat: Floats) -> tuple[float, Floats]:
        weights, bias = flat[:-number].reshape(-1, number), flat[-number:]
        chance = softmax(rows.times(weights) + bias)
        losses = -np.log(chance[np.arange(texts), classes])
        off = share[:, None] * (chance - truth)
        gradient = rows.transposed_times(off) + penalty * weights
        value = dot(share, losses) + penalty / 2 * dot(weights, weights)
        return value, np.concatenate([gradient.ravel(), off.sum(axis=0)])

    return value_and_gradient


def minimise(function: Objective, start: Floats) -> Floats:
    """Where ``function``, smooth and convex, is least."""
    point, (value, gradient) = start, function(start)
    history: deque[tuple[Floats, Floats]] = deque(maxlen=MEMORY)
    for _ in range(MOST_STEPS):
        if np.max(np.abs(gradient), initial=0.0) < TOLERANCE:
            break
        way = -_scaled(gradient, history)
        slope, length = dot(way, gradient), 1.0
        while (there := function(point + length * way))[0] > value + _ARMIJO * length * slope:
            length /= 2
        step, change = length * way, there[1] - gradient
        if dot(step, change) > 0:
            history.append((step, change))
        point, (value, gradient) = point + step, there
    return point


def _scaled(gradient: Floats, history: deque[tuple[Floats, Floats]]) -> Floats:
    """The gradient times the inverse curvature that the history tells of."""
    way, shares = gradient.copy(), []
    for step, change in reversed(history):
        shares.append(dot(step, way) / dot(step, change))
        way -= shares[-1] * change
    if history:
        step, change = history[-1]
        way *= dot(step, change) / dot(change, change)
    for (step, change), share in zip(history, reversed(shares), strict=True):
        way += (share - dot(change, way) / dot(step, change)) * step
    return way


def dot(left: Floats, right: Floats) -> float:
    """Σ left · right, added in one fixed order.

    BLAS would share the sum among its threads: another machine, another last digit, and on a busy
    one forty times the time.
    """
    return float(np.sum(left * right))


def softmax(scores: Floats) -> Floats:
    """Each row as probabilities.

    >>> softmax(np.array([[1000.0, 1000.0]])).tolist()
    [[0.5, 0.5]]
    """
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
