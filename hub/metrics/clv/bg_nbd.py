"""How often customers will buy again: BG/NBD by maximum likelihood, and NBD to fall back on.

While alive a customer buys at a rate of their own (Gamma over customers) and after each purchase
leaves for good with a probability of their own (Beta over customers). Nothing tells when somebody
has left, so the model weighs a silence against the customer's own rhythm.

Source: Fader, Hardie and Lee 2005, "Counting your customers the easy way", Marketing Science 24(2);
NBD: Ehrenberg 1959. scipy comes with the extra ``clv``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hub.metrics.clv.extra import optimize, special

Vector = NDArray[np.float64]

MIN_REPEATERS = 100
"""Customers who came back, below which four parameters are not to be had."""

LEAST_DROP_OUT = 1e-3
"""Mean chance a/(a+b) to leave after a purchase, below which the data show no drop-out at all."""

_BOUND = 12.0  # of the logarithm of a parameter, times in units of the longest observation


@dataclass(frozen=True, slots=True)
class Purchases:
    """What a model needs of each customer; times in one unit, which the results are in as well.

    Args:
        x: Repeat purchases: days with a purchase, less one.
        t_x: Age at the last purchase; 0 when there was one only.
        age: Time from the first purchase to the end of observation.
    """

    x: Vector
    t_x: Vector
    age: Vector

    @property
    def repeaters(self) -> int:
        """Customers who came back at least once."""
        return int(np.count_nonzero(self.x))


@dataclass(frozen=True, slots=True)
class BgNbd:
    """A fitted model: purchase rates Gamma(r, alpha), drop-out Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    converged: bool


@dataclass(frozen=True, slots=True)
class Nbd:
    """A fitted model without drop-out: purchase rates Gamma(r, alpha)."""

    r: float
    alpha: float
    log_likelihood: float
    converged: bool


def fit(purchases: Purchases) -> BgNbd:
    """The parameters under which ``purchases`` are the most likely; check :func:`degeneracy`."""
    counts, x, t_x, age, unit = _condensed(purchases)

    def minus_log_likelihood(logs: Vector) -> tuple[float, Vector]:
        r, alpha, a, b = np.exp(logs)
        stays = -(r + x) * np.log(alpha + age)
        with np.errstate(divide="ignore", invalid="ignore"):
            left = np.where(
                x > 0, np.log(a) - np.log(b + x - 1) - (r + x) * np.log(alpha + t_x), -np.inf
            )
            hazard = np.where(x > 0, 1 / (b + x - 1), 0.0)
        either = np.logaddexp(stays, left)
        has_left = np.exp(left - either)
        gamma, psi = special().gammaln, special().digamma
        each = (
            gamma(r + x) - gamma(r) + r * np.log(alpha)
            + gamma(a + b) + gamma(b + x) - gamma(b) - gamma(a + b + x) + either
        )  # fmt: skip
        mixed = (1 - has_left) * np.log(alpha + age) + has_left * np.log(alpha + t_x)
        speed = (1 - has_left) / (alpha + age) + has_left / (alpha + t_x)
        slopes = (
            r * (psi(r + x) - psi(r) + np.log(alpha) - mixed),
            r - alpha * (r + x) * speed,
            a * (psi(a + b) - psi(a + b + x)) + has_left,
            b * (psi(a + b) + psi(b + x) - psi(b) - psi(a + b + x) - has_left * hazard),
        )
        return -float(counts @ each), -np.array([counts @ slope for slope in slopes])

    logs, best, converged = maximise(minus_log_likelihood, start=(0.0, 0.0, 0.0, 0.0))
    r, alpha, a, b = (float(value) for value in np.exp(logs))
    return BgNbd(r, alpha * unit, a, b, best - float(counts @ x) * np.log(unit), converged)


def fit_nbd(purchases: Purchases) -> Nbd:
    """The parameters of the model in which nobody leaves."""
    counts, x, _, age, unit = _condensed(purchases)

    def minus_log_likelihood(logs: Vector) -> tuple[float, Vector]:
        r, alpha = np.exp(logs)
        gamma, psi = special().gammaln, special().digamma
        spread = np.log(alpha) - np.log(alpha + age)
        each = gamma(r + x) - gamma(r) + r * spread - x * np.log(alpha + age)
        slopes = (
            r * (psi(r + x) - psi(r) + spread),
            r - alpha * (r + x) / (alpha + age),
        )
        return -float(counts @ each), -np.array([counts @ slope for slope in slopes])

    logs, best, converged = maximise(minus_log_likelihood, start=(0.0, 0.0))
    r, alpha = (float(value) for value in np.exp(logs))
    return Nbd(r, alpha * unit, best - float(counts @ x) * np.log(unit), converged)


def degeneracy(model: BgNbd, repeaters: int) -> str | None:
    """Why P(alive) of this fit must not be used; None when it may.

    Where nobody is seen to leave, the likelihood is flat: a runs to 0, b to infinity, P(alive) is
    nearly 1 for everybody and ranks customers worse than chance (measured on Online Retail: AUC
    0.352).
    """
    if repeaters < MIN_REPEATERS:
        return f"{repeaters} repeat customers; {MIN_REPEATERS} are needed"
    if not model.converged:
        return "the likelihood has no maximum that could be found"
    drop_out = model.a / (model.a + model.b)
    if drop_out < LEAST_DROP_OUT:
        return f"no drop-out in the data: a/(a+b) = {drop_out:.1g}"
    if max(model.a, model.b, 1 / model.a, 1 / model.b) > 0.99 * np.exp(_BOUND):
        return f"a or b is at its bound: a = {model.a:.2g}, b = {model.b:.2g}"
    return None


def p_alive(model: BgNbd, purchases: Purchases) -> Vector:
    """The chance that each customer will ever buy again; nan for those who bought once.

    For them the model says exactly 1 whatever the silence, since it lets people leave after a
    repeat purchase only: an artefact, not knowledge.
    """
    return np.where(purchases.x > 0, _alive(model, purchases), np.nan)


def expected_purchases(model: BgNbd | Nbd, horizon: float, purchases: Purchases) -> Vector:
    """Purchases of each customer in the ``horizon`` after the end of observation.

    The published form multiplies a power that vanishes with a 2F1 that overflows where customers
    are old; Euler's transformation of it (Abramowitz and Stegun 15.3.3) does so where hardly
    anybody leaves and they are new. Where one fails the other holds.
    """
    x, age = purchases.x, purchases.age
    if isinstance(model, Nbd):
        return (model.r + x) / (model.alpha + age) * horizon
    r, b = model.r, model.b
    a = model.a if abs(model.a - 1) > 1e-6 else 1 + 1e-6  # 0/0 at a = 1; the limit is smooth
    z, c = horizon / (model.alpha + age + horizon), a + b + x - 1
    with np.errstate(over="ignore", invalid="ignore"):
        euler = (1 - z) ** (a - 1) * special().hyp2f1(c - r - x, a - 1, c, z)
        published = (1 - z) ** (r + x) * special().hyp2f1(r + x, b + x, c, z)
    kept = np.where(np.isfinite(euler), euler, published)
    return np.asarray(c / (a - 1) * (1 - kept) * _alive(model, purchases))


def _alive(model: BgNbd, purchases: Purchases) -> Vector:
    x = purchases.x
    repeat = np.maximum(x, 1)
    silence = np.log((model.alpha + purchases.age) / (model.alpha + purchases.t_x))
    log_odds_left = np.log(model.a) - np.log(model.b + repeat - 1) + (model.r + x) * silence
    return np.where(x > 0, special().expit(-log_odds_left), 1.0)


def _condensed(purchases: Purchases) -> tuple[Vector, Vector, Vector, Vector, float]:
    """Equal customers once, with their number; sorted, so that no order of rows changes a bit."""
    table = np.column_stack((purchases.x, purchases.t_x, purchases.age))
    rows, counts = np.unique(table, axis=0, return_counts=True)
    unit = max(float(rows[:, 2].max()), 1e-9)
    return counts.astype(float), rows[:, 0], rows[:, 1] / unit, rows[:, 2] / unit, unit


def maximise(
    minus: Callable[[Vector], tuple[float, Vector]], start: tuple[float, ...]
) -> tuple[Vector, float, bool]:
    """Logarithms of the best parameters, the log-likelihood there, and whether it is a maximum.

    Args:
        minus: Minus the log-likelihood and its slopes, by logarithms of the parameters.
        start: Logarithms to begin from.
    """
    found: Any = optimize().minimize(
        minus,
        np.array(start),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-_BOUND, _BOUND)] * len(start),
        options={"maxiter": 2_000, "ftol": 1e-14, "gtol": 1e-6},
    )
    # A line search that can gain nothing more in floating point says "abnormal" at the maximum.
    flat = float(np.abs(found.jac).max()) < 1e-3 * max(1.0, abs(float(found.fun)) ** 0.5)
    return found.x, -float(found.fun), bool(found.success or flat)
