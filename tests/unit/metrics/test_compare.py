"""Differences of two periods, against published and textbook figures."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.metrics.compare import compare
from hub.metrics.interval import Estimate, mean, net_promoter, wilson


@pytest.mark.parametrize(
    ("before", "after", "low", "high"),
    [((48, 80), (56, 70), 0.0524, 0.3339), ((3, 10), (9, 10), 0.1705, 0.8090)],
    ids=["56/70-48/80", "9/10-3/10"],
)
def test_two_proportions_as_newcombe_published(before, after, low, high):
    """Method 10, without continuity correction, cases (a) and (b) of his table."""
    found = compare(wilson(before[0], before[1], 0.95), wilson(after[0], after[1], 0.95))

    assert found is not None
    assert (found.low / 100, found.high / 100) == pytest.approx((low, high), abs=5e-5)
    assert found.significant


def test_two_waves_have_the_error_of_both():
    """SE of the difference is the root of SE1 squared plus SE2 squared."""
    before, after = net_promoter(400, 300, 300, 0.95), net_promoter(500, 300, 200, 0.95)

    found = compare(before, after)

    assert found is not None
    halves = [(e.high - e.low) / 2 for e in (before, after) if e.low and e.high]
    assert (found.high - found.low) / 2 == pytest.approx(math.hypot(*halves), rel=1e-3)
    assert found.value == pytest.approx(20)


def test_a_difference_within_the_noise_is_not_significant():
    """Three points of NPS with two hundred answers each are nothing."""
    found = compare(net_promoter(100, 60, 40, 0.95), net_promoter(104, 58, 38, 0.95))

    assert found is not None
    assert not found.significant


@given(st.integers(0, 50), st.integers(0, 50), st.integers(50, 80))
def test_turned_round_it_is_the_same_difference(first, second, n):
    """After minus before is minus before minus after, limits included."""
    there = compare(wilson(first, n, 0.95), wilson(second, n, 0.95))
    back = compare(wilson(second, n, 0.95), wilson(first, n, 0.95))

    assert there is not None
    assert back is not None
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.significant == back.significant


def test_one_answer_cannot_be_compared():
    """Without an interval there is no significance, and none is made up."""
    assert compare(mean([4.0], 0.95), Estimate(5.0, 4.0, 6.0, 9)) is None
