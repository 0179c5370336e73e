"""Predicted value: the published parameters, and what fitting and asking cost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks import cdnow
from benchmarks.results import Finding
from hub.metrics.clv import bg_nbd, extra, gamma_gamma
from hub.metrics.clv.bg_nbd import Purchases

T = TypeVar("T")
ROUNDS = 5
COPIES = 50


def measure(folder: Path, divisor: int) -> Finding:
    """CDNOW's 2,357 customers beside the published figures; P(alive) of fifty times as many."""
    customers = cdnow.purchases()
    x, value = cdnow.values()
    one = Purchases(np.array([2.0]), np.array([30.43]), np.array([38.86]))
    many = Purchases(
        *(np.tile(each, COPIES) for each in (customers.x, customers.t_x, customers.age))
    )
    loading, _ = _best(lambda: (extra.special(), extra.optimize()), rounds=1)
    counting, model = _best(lambda: bg_nbd.fit(customers))
    spending, worth = _best(lambda: gamma_gamma.fit(x, value))
    asking, chances = _best(lambda: bg_nbd.p_alive(model, many))
    looking, _ = _best(lambda: bg_nbd.expected_purchases(model, 39.0, many))
    expected = bg_nbd.expected_purchases(model, 39.0, one)[0]
    rows = len(many.x)
    return Finding(
        what=f"CDNOW, {len(customers.x):,} customers of whom {len(x)} came back, 39 weeks: own"
        " BG/NBD and Gamma-Gamma by maximum likelihood beside the published figures.",
        columns=("what", "here", "published", "time"),
        rows=[
            ("r", f"{model.r:.4f}", ".243", f"{counting:.3f} s for the fit"),
            ("alpha", f"{model.alpha:.4f}", "4.414", ""),
            ("a", f"{model.a:.4f}", ".793", ""),
            ("b", f"{model.b:.4f}", "2.426", ""),
            ("log-likelihood", f"{model.log_likelihood:.2f}", "-9582.43", ""),
            ("p", f"{worth.p:.3f}", "6.25", f"{spending:.3f} s for the fit"),
            ("q", f"{worth.q:.3f}", "3.74", ""),
            ("v", f"{worth.v:.3f}", "15.44", ""),
            ("purchases of (2, 30.43, 38.86) in 39 weeks", f"{expected:.3f}", "1.226", ""),
            (f"P(alive), {rows:,} rows", "", "", f"{1e6 * asking / rows:.2f} µs a row"),
            (f"expected purchases, {rows:,} rows", "", "", f"{1e6 * looking / rows:.2f} µs a row"),
        ],
        notes=(
            f"Best of {ROUNDS} rounds; scipy is imported on first use: {loading:.2f} s.",
            f"Correlation of frequency and value {gamma_gamma.correlation(x, value):.3f}.",
            f"Checked: {int(np.isnan(chances).sum()):,} one-time buyers have no P(alive), all"
            " others one between 0 and 1.",
        ),
    )


def _best(work: Callable[[], T], rounds: int = ROUNDS) -> tuple[float, T]:
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - begin)
    return min(times), result
