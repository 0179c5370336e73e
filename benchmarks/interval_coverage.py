"""Whether the intervals hold what they say: simulated coverage over grids of true values.

Discrete data swing: between one true rate and its neighbour an interval of a share gains or loses
several per cent. So coverage is averaged over a grid, and the worst point is told beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.results import Finding
from hub.metrics.compare import Difference, compare
from hub.metrics.interval import Estimate, mean, net_promoter, wilson
from hub.metrics.skewed import median, ratio

CONFIDENCE = 0.95
SIZES = (10, 30, 100, 1_000)
DRAWS = 20_000
SAMPLES = {10: 1_000, 30: 600, 100: 200, 1_000: 200}
"""Samples at each point of a grid, for intervals of single values."""

Dice = np.random.Generator
Point = tuple[str, float]  # where on the grid, and the coverage there


@dataclass(frozen=True, slots=True)
class Coverage:
    """Coverage of one interval at one n: the mean over the grid, and its worst point."""

    interval: str
    n: int
    average: float
    worst: float
    at: str


def shares(dice: Dice, n: int) -> Iterator[Point]:
    """CSAT, churn, repeat rate, CES top box: true shares 1 % to 99 %."""
    bounds = _table(wilson(hits, n, CONFIDENCE) for hits in range(n + 1))
    for percent in range(1, 100):
        hits = dice.binomial(n, percent / 100, DRAWS)
        yield f"{percent} %", _covered(bounds[hits], percent)


def net_shares(dice: Dice, n: int) -> Iterator[Point]:
    """NPS and the net CES: promoters and detractors 2.5 % to 95 %, passives the rest."""
    steps = [0.025, *(np.arange(1, 20) / 20)]
    for p in steps:
        for d in steps:
            if p + d < 1 + 1e-9:
                draws = dice.multinomial(n, (p, max(0.0, 1 - p - d), d), DRAWS // 20)
                found, place = np.unique(draws, axis=0, return_inverse=True)
                bounds = _table(_nps(row) for row in found)
                yield f"{p:.3g}/{d:.3g}", _covered(bounds[place.ravel()], 100 * (p - d))


def differences(dice: Dice, n: int) -> Iterator[Point]:
    """Two shares of equal n, 5 % to 95 % each: this month's CSAT less last month's."""
    estimates = [wilson(hits, n, CONFIDENCE) for hits in range(n + 1)]
    for before, after in combinations_with_replacement(range(5, 100, 10), 2):
        draws = dice.binomial(n, (before / 100, after / 100), (DRAWS // 20, 2))
        found, place = np.unique(draws, axis=0, return_inverse=True)
        bounds = _table(compare(estimates[a], estimates[b]) for a, b in found)
        yield f"{before} to {after} %", _covered(bounds[place.ravel()], after - before)


def net_differences(dice: Dice, n: int) -> Iterator[Point]:
    """Two waves of NPS of equal n."""
    shares = [(0.1, 0.6), (0.3, 0.3), (0.5, 0.17), (0.7, 0.1), (0.9, 0.02)]
    for (p1, d1), (p2, d2) in combinations_with_replacement(shares, 2):
        first = dice.multinomial(n, (p1, 1 - p1 - d1, d1), DRAWS // 20)
        second = dice.multinomial(n, (p2, 1 - p2 - d2, d2), DRAWS // 20)
        bounds = _table(compare(_nps(a), _nps(b)) for a, b in zip(first, second, strict=True))
        truth = 100 * ((p2 - d2) - (p1 - d1))
        yield f"{p1:g}/{d1:g} to {p2:g}/{d2:g}", _covered(bounds, truth)


def means(dice: Dice, n: int) -> Iterator[Point]:
    """The mean CES: seven boxes, from all alike to nearly everybody in one."""
    for centre in (0.1, 0.3, 0.5, 0.7, 0.9):
        for strength in (1.0, 4.0, 16.0):
            odds = _boxes(centre, strength)
            truth = float(odds @ np.arange(1, 8))
            samples = dice.choice(7, size=(SAMPLES[n], n), p=odds) + 1.0
            yield (
                f"centre {centre}, {strength:g}",
                _covered(_table(mean(list(row), CONFIDENCE) for row in samples), truth),
            )


def money_means(dice: Dice, n: int) -> Iterator[Point]:
    """Mean customer value: log-normal, from even to a few who spend most."""
    for sigma in SIGMAS:
        samples = dice.lognormal(0.0, sigma, (SAMPLES[n], n))
        bounds = _table(ratio([(each, 1.0) for each in row], CONFIDENCE) for row in samples)
        yield f"sigma {sigma}", _covered(bounds, float(np.exp(sigma**2 / 2)))


def money_ratios(dice: Dice, n: int) -> Iterator[Point]:
    """Average order value: customers of one to many orders, each worth about what they spend."""
    for sigma in SIGMAS:
        orders = dice.geometric(0.4, (SAMPLES[n], n)).astype(float)
        net = orders * dice.lognormal(0.0, sigma, orders.shape)
        pairs = (list(zip(a, b, strict=True)) for a, b in zip(net, orders, strict=True))
        bounds = _table(ratio(pair, CONFIDENCE) for pair in pairs)
        yield f"sigma {sigma}", _covered(bounds, float(np.exp(sigma**2 / 2)))


def medians(dice: Dice, n: int) -> Iterator[Point]:
    """Median order value of customers of one to many orders, which are alike."""
    for sigma in SIGMAS:
        orders = dice.geometric(0.4, (SAMPLES[n], n))
        levels = dice.normal(0.0, sigma / 2, orders.shape)
        samples = [
            [
                np.exp(level + dice.normal(0.0, sigma, k)).tolist()
                for k, level in zip(*row, strict=True)
            ]
            for row in zip(orders, levels, strict=True)
        ]
        bounds = _table(median(groups, CONFIDENCE) for groups in samples)
        yield f"sigma {sigma}", _covered(bounds, 1.0)


SIGMAS = (0.25, 0.5, 0.75, 1.0, 1.25)
RATES: Mapping[str, Callable[[Dice, int], Iterator[Point]]] = {
    "share (Wilson)": shares,
    "net share (adjusted Wald)": net_shares,
    "mean of 1-7 (Student's t)": means,
    "difference of shares (Newcombe)": differences,
    "difference of net shares": net_differences,
}
MONEY: Mapping[str, Callable[[Dice, int], Iterator[Point]]] = {
    "mean of money": money_means,
    "ratio of sums of money": money_ratios,
    "median of money": medians,
}


def covered(name: str, n: int) -> Coverage:
    """The coverage of one interval at ``n``; the same numbers on every machine."""
    points = list({**RATES, **MONEY}[name](np.random.default_rng((20_261, n)), n))
    at, worst = min(points, key=lambda point: point[1])
    return Coverage(name, n, float(np.mean([share for _, share in points])), worst, at)


def measure(folder: Path, divisor: int) -> Finding:
    """Every interval at every n."""
    found = [covered(name, n) for name in {**RATES, **MONEY} for n in SIZES]
    return Finding(
        what="Share of simulated samples whose 95 % interval holds the truth.",
        columns=("interval", "n", "average over the grid", "worst point", "where"),
        rows=[(c.interval, f"{c.n:,}", f"{c.average:.1%}", f"{c.worst:.1%}", c.at) for c in found],
        notes=(
            "A sum of money over few customers is what few intervals cover well: linearised these"
            " were 87.6 % (mean) and 83.9 % (ratio) at n = 10, 89.8 % and 87.6 % at n = 30; by the"
            " bootstrap-t at the nominal level 92.2 % and 90.5 %, 92.4 % and 90.2 %.",
            "Shares: 99 true rates. Net shares: 209 pairs of promoters and detractors. Means: 15"
            " distributions over seven boxes. Money: five log-normal widths.",
        ),
    )


def _boxes(centre: float, strength: float) -> NDArray[np.float64]:
    """Shares of seven boxes: a binomial around ``centre``, sharper with ``strength``."""
    places = np.arange(7) / 6
    weights = np.exp(-strength * (places - centre) ** 2 * 4)
    return np.asarray(weights / weights.sum())


def _nps(row: NDArray[np.int64]) -> Estimate:
    promoters, passives, detractors = (int(count) for count in row)
    return net_promoter(promoters, passives, detractors, CONFIDENCE)


def _table(estimates: Iterator[Estimate | Difference | None]) -> NDArray[np.float64]:
    return np.array([(each.low, each.high) for each in estimates if each], dtype=float)


def _covered(bounds: NDArray[np.float64], truth: float) -> float:
    held = (bounds[:, 0] <= truth + 1e-9) & (truth - 1e-9 <= bounds[:, 1])
    return float(held.mean())
