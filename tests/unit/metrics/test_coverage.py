"""Every interval holds the truth as often as it says, on average over true rates."""

from __future__ import annotations

from itertools import product

import pytest

from benchmarks.interval_coverage import MONEY, RATES, SIZES, covered


@pytest.mark.slow
@pytest.mark.parametrize(
    ("interval", "n"),
    [*product(RATES, SIZES), *((interval, 30) for interval in MONEY)],  # where money is hardest
)
def test_a_95_per_cent_interval_holds_the_truth_that_often(interval, n, capsys):
    """Averaged over the grid 93 to 97 %; discrete data swing, so the worst point is printed."""
    found = covered(interval, n)

    with capsys.disabled():
        print(f"\n{interval}, n = {n}: {found.average:.1%}, worst {found.worst:.1%} at {found.at}")
    assert 0.93 <= found.average <= 0.97


def test_small_samples_are_covered():
    """Ten answers are where the plain intervals fail."""
    assert 0.93 <= covered("share (Wilson)", 10).average <= 0.97


def test_the_simulation_notices_an_interval_that_is_too_narrow(monkeypatch):
    """A plain Wald interval would not pass."""
    from benchmarks import interval_coverage
    from hub.metrics.interval import Estimate

    def wald(hits: int, n: int, confidence: float) -> Estimate:
        share = hits / n
        half = 1.96 * (share * (1 - share) / n) ** 0.5
        return Estimate(100 * share, 100 * (share - half), 100 * (share + half), n)

    monkeypatch.setattr(interval_coverage, "wilson", wald)

    assert covered("share (Wilson)", 10).average < 0.85
