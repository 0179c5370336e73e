"""A customer's own rhythm: who is late, and how strange their silence is."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.metrics.rhythm import Rhythm, rhythm

GAPS = st.lists(st.integers(1, 200), min_size=2, max_size=30)


@pytest.mark.parametrize(
    ("days", "purchases"),
    [((), None), ((5, 5, 5), None), ((0, 10), None), ((10, 0, 20), 3), ((0, 0, 10, 20), 3)],
    ids=["none", "one-day", "one-gap", "any-order", "twice-a-day"],
)
def test_a_rhythm_needs_three_days_with_an_order(days, purchases):
    """Two orders of one day are one purchase; two purchases have one gap, which is no rhythm."""
    own = rhythm(days)

    assert (None if own is None else own.purchases) == purchases


@settings(max_examples=40)
@given(GAPS, st.integers(1, 500))
def test_late_is_longer_than_ever_and_than_twice_the_usual_gap(gaps, silent):
    """By the definition, whatever the gaps; and never while a gap of theirs was as long."""
    own = Rhythm(gaps, 0)

    assert own.is_late(silent) == (silent > 2 * own.usual and silent > max(gaps))


@settings(max_examples=40)
@given(GAPS, st.integers(1, 500))
def test_a_longer_silence_is_stranger(gaps, silent):
    """Each day without an order adds to it; before the first there is nothing strange."""
    own = Rhythm(gaps, 0)

    assert own.strangeness(silent + 1) > own.strangeness(silent)
    assert own.strangeness(0) == -math.inf


def test_the_same_silence_is_stranger_of_whom_more_is_known():
    """Thirty days after two gaps of ten say less than after twenty."""
    little, much = Rhythm([10] * 2, 0), Rhythm([10] * 20, 0)

    assert little.strangeness(30) < 2 < 3 < much.strangeness(30)


@pytest.mark.parametrize("known", [3, 6, 12])
@pytest.mark.parametrize("spread", [0.3, 0.5, 0.8])
def test_few_ordinary_gaps_are_called_strange(known, spread):
    """Of gaps drawn like those before, one in ten lies beyond 1.3 at most, and few beyond 3.1."""
    chance = random.Random(7)
    scores = []
    for _ in range(1_000):
        gaps = [
            max(1, round(chance.lognormvariate(math.log(40), spread))) for _ in range(known + 1)
        ]
        scores.append(Rhythm(gaps[:-1], 0).strangeness(gaps[-1]))

    assert 0 < sum(each > 1.28 for each in scores) / 1_000 < 0.17
    assert sum(each > 3.09 for each in scores) / 1_000 < 0.012
