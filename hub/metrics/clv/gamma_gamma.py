"""For how much customers buy: Gamma-Gamma by maximum likelihood.

The value of each purchase varies around a mean of the customer's own, and these means vary over
customers. A customer with few purchases is drawn towards the mean of all.

Source: Fader and Hardie 2013, "The Gamma-Gamma model of monetary value".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hub.metrics.clv.bg_nbd import Vector, maximise
from hub.metrics.clv.extra import special

MOST_CORRELATION = 0.3
"""|correlation| of frequency and value, above which the model's assumption does not hold."""


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """A fitted model: purchases Gamma(p, nu), nu over customers Gamma(q, v)."""

    p: float
    q: float
    v: float
    log_likelihood: float
    converged: bool


def fit(x: Vector, value: Vector) -> GammaGamma:
    """The parameters under which the mean ``value`` of ``x`` > 0 repeat purchases is most likely.

    Values are above zero, in one currency, any unit.
    """
    unit = float(value.mean())
    order = np.lexsort((value, x))
    x, m = x[order], value[order] / unit

    def minus_log_likelihood(logs: Vector) -> tuple[float, Vector]:
        p, q, v = np.exp(logs)
        gamma, psi = special().gammaln, special().digamma
        total = np.log(v + x * m)
        each = (
            gamma(p * x + q) - gamma(p * x) - gamma(q) + q * np.log(v)
            + (p * x - 1) * np.log(m) + p * x * np.log(x) - (p * x + q) * total
        )  # fmt: skip
        slopes = (
            p * x * (psi(p * x + q) - psi(p * x) + np.log(m) + np.log(x) - total),
            q * (psi(p * x + q) - psi(q) + np.log(v) - total),
            q - v * (p * x + q) / (v + x * m),
        )
        return -float(each.sum()), -np.array([slope.sum() for slope in slopes])

    logs, best, converged = maximise(minus_log_likelihood, start=(0.0, 0.5, 0.0))
    p, q, v = (float(each) for each in np.exp(logs))
    return GammaGamma(p, q, v * unit, best - len(x) * float(np.log(unit)), converged)


def expected_value(model: GammaGamma, x: Vector, value: Vector) -> Vector:
    """The expected value of a purchase of each customer; ``x`` = 0: the mean of all."""
    return model.p * (model.v + x * value) / (model.p * x + model.q - 1)


def correlation(x: Vector, value: Vector) -> float:
    """Pearson's correlation of frequency and value; 0 where one of them does not vary."""
    if len(x) < 2 or not x.std() or not value.std():
        return 0.0
    return float(np.corrcoef(x, value)[0, 1])


def degeneracy(model: GammaGamma, correlated: float) -> str | None:
    """Why this fit must not be used; None when it may."""
    if abs(correlated) > MOST_CORRELATION:
        return f"value goes with frequency: correlation {correlated:.2f}"
    if not model.converged or model.q <= 1:
        return f"the mean over customers is not finite: q = {model.q:.2f}"
    return None
