"""Predicted customer value: expected purchases × their expected value × margin, discounted.

1. Too few repeat customers: no number.
2. BG/NBD; where its fit is degenerate, P(alive) is refused and NBD, in which nobody leaves, counts
   the purchases. The status says so.
3. Gamma-Gamma; where its assumption does not hold, the customer's own mean.
4. The horizon in months, each discounted from its middle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from hub.metrics.clv import bg_nbd, extra, gamma_gamma
from hub.metrics.clv.bg_nbd import BgNbd, Nbd, Purchases, Vector
from hub.metrics.clv.gamma_gamma import GammaGamma
from hub.metrics.clv.history import History
from hub.metrics.profile_value import ProfileValue
from hub.metrics.skewed import far_below, ratio
from hub.metrics.snapshot import Measured

METRIC = "clv_predicted"
PER_PROFILE = (METRIC, f"{METRIC}.p_alive", f"{METRIC}.purchases")
WEEK, MONTH, YEAR = 7.0, 30.4375, 365.25
ONE_TIME = "bought once: nothing to judge a silence by"

Status = Literal["ok", "degenerate fit", "insufficient", "absent"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What the business says: days ahead, yearly discount, share of revenue that is value."""

    horizon_days: int
    discount: float
    margin: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """All customers of one currency, in the order of ``histories``.

    Args:
        currency: Of the values.
        histories: Whose.
        status: ``degenerate fit``: without drop-out, and without P(alive).
        values: Discounted value in the horizon, minor units; empty without a model.
        purchases: Expected purchases in the horizon; empty without a model.
        alive: P(alive), nan for one-time buyers; None where it is refused.
        detail: Parameters, and why something was refused.
    """

    currency: str
    histories: Sequence[History]
    status: Status
    values: Sequence[float]
    purchases: Sequence[float]
    alive: Sequence[float] | None
    detail: dict[str, object]


def predict(histories: Iterable[History], terms: Terms) -> list[Prediction]:
    """One prediction per currency."""
    by_currency: dict[str, list[History]] = defaultdict(list)
    for history in histories:
        by_currency[history.currency].append(history)
    return [_predict(currency, group, terms) for currency, group in sorted(by_currency.items())]


def overall(predictions: Iterable[Prediction], confidence: float) -> Iterator[Measured]:
    """The mean predicted value per currency, with the model behind it."""
    for prediction in predictions:
        pairs = [(value, 1.0) for value in prediction.values]
        estimate = ratio(pairs, confidence) if pairs else None
        yield Measured(
            METRIC, prediction.currency, estimate, status=prediction.status,
            detail=prediction.detail,
            worst=far_below(pairs, estimate.value, confidence) if estimate else None,
        )  # fmt: skip


def per_profile(predictions: Iterable[Prediction]) -> Iterator[ProfileValue]:
    """Value, expected purchases and P(alive) of each customer, to two significant digits.

    More digits would be false, and would rewrite every profile when a parameter moves a little.
    """
    for prediction in predictions:
        status = prediction.status
        if status == "absent":
            continue
        for place, history in enumerate(prediction.histories):
            who, n = (history.golden_id, history.currency), history.x + 1
            if not prediction.values:
                yield ProfileValue(who[0], METRIC, who[1], None, n, status="insufficient")
                continue
            for metric, numbers in ((METRIC, prediction.values),
                                    (PER_PROFILE[2], prediction.purchases)):  # fmt: skip
                number = _rounded(numbers[place])
                yield ProfileValue(who[0], metric, who[1], number, n, status=status)
            if prediction.alive is not None:
                yield _alive(who, n, prediction.alive[place])


def _alive(who: tuple[str, str], n: int, chance: float) -> ProfileValue:
    if np.isnan(chance):
        return ProfileValue(
            who[0], PER_PROFILE[1], who[1], None, n, label=ONE_TIME, status="insufficient"
        )
    return ProfileValue(who[0], PER_PROFILE[1], who[1], _rounded(chance), n)


def _rounded(number: float) -> float:
    return float(f"{number:.2g}")


# 1, 2 ----------------------------------------------------------------------------------------


def _predict(currency: str, group: Sequence[History], terms: Terms) -> Prediction:
    purchases = Purchases(
        np.array([float(h.x) for h in group]),
        np.array([h.t_x / WEEK for h in group]),
        np.array([h.age / WEEK for h in group]),
    )
    detail: dict[str, object] = {
        "customers": len(group), "repeat_customers": purchases.repeaters, **asdict(terms),
    }  # fmt: skip
    if purchases.repeaters < bg_nbd.MIN_REPEATERS:
        why = f"{purchases.repeaters} repeat customers; {bg_nbd.MIN_REPEATERS} are needed"
        return Prediction(currency, group, "insufficient", (), (), None, {**detail, "why": why})
    if not extra.installed():
        return Prediction(currency, group, "absent", (), (), None, {**detail, "why": extra.ABSENT})
    model, refused = _counting(purchases)
    if model is None:
        return Prediction(currency, group, "insufficient", (), (), None, {**detail, **refused})
    spend, fitted = _spend(group)
    expected, factor = _discounted(model, purchases, terms)
    return Prediction(
        currency,
        group,
        "degenerate fit" if refused else "ok",
        [float(value) for value in factor * spend * terms.margin],
        [float(number) for number in expected],
        [float(chance) for chance in bg_nbd.p_alive(model, purchases)]
        if isinstance(model, BgNbd)
        else None,
        {**detail, "counting": _shown(model), **refused, **fitted},
    )


def _counting(purchases: Purchases) -> tuple[BgNbd | Nbd | None, dict[str, object]]:
    model = bg_nbd.fit(purchases)
    why = bg_nbd.degeneracy(model, purchases.repeaters)
    if why is None:
        return model, {}
    refused: dict[str, object] = {"why": f"P(alive) refused: {why}", "refused": _shown(model)}
    nobody_leaves = bg_nbd.fit_nbd(purchases)
    return nobody_leaves if nobody_leaves.converged else None, refused


# 3 -------------------------------------------------------------------------------------------


def _spend(group: Sequence[History]) -> tuple[Vector, dict[str, object]]:
    """Expected value of a purchase of each customer, and the model it is from.

    Repeat days that refunds have emptied say nothing of what a purchase is worth; they do not fit
    a distribution above zero.
    """
    x = np.array([float(h.x) for h in group])
    value = np.array([h.repeat_value for h in group])
    fits = (x > 0) & (value > 0)
    own = np.array([max(h.value, 0.0) for h in group])
    if np.count_nonzero(fits) < bg_nbd.MIN_REPEATERS:
        return own, {"value": "own mean: too few repeat purchases above zero"}
    model = gamma_gamma.fit(x[fits], value[fits])
    correlation = gamma_gamma.correlation(x[fits], value[fits])
    why = gamma_gamma.degeneracy(model, correlation)
    told: dict[str, object] = {"correlation": round(correlation, 3), "spend": _shown(model)}
    if why is not None:
        return own, {**told, "value": f"own mean: {why}"}
    return gamma_gamma.expected_value(model, x, np.maximum(value, 0.0)), told


# 4 -------------------------------------------------------------------------------------------


def _discounted(model: BgNbd | Nbd, purchases: Purchases, terms: Terms) -> tuple[Vector, Vector]:
    """Expected purchases in the horizon: plain, and each worth what it is worth today."""
    marks = [*np.arange(0.0, terms.horizon_days, MONTH), float(terms.horizon_days)]
    sums = [bg_nbd.expected_purchases(model, at / WEEK, purchases) for at in marks]
    today = np.zeros(len(purchases.x))
    for (begin, end), (before, after) in zip(pairwise(marks), pairwise(sums), strict=True):
        today += (after - before) / (1 + terms.discount) ** ((begin + end) / 2 / YEAR)
    return sums[-1], today


def _shown(model: BgNbd | Nbd | GammaGamma) -> str:
    name = {BgNbd: "BG/NBD", Nbd: "NBD", GammaGamma: "Gamma-Gamma"}[type(model)]
    numbers = {k: v for k, v in asdict(model).items() if k != "converged"}
    return f"{name} " + ", ".join(f"{key} {value:.6g}" for key, value in numbers.items())
