"""Steps are found soon, and noise is left alone: both measured over many seeded series."""

from __future__ import annotations

import random
from statistics import fmean

import pytest

from hub.metrics.baseline import Change, baseline, changes, seasonal
from hub.metrics.interval import wilson


def noise(seed: int, n: int) -> list[float]:
    dice = random.Random(seed)
    return [dice.gauss(40, 6) for _ in range(n)]


@pytest.mark.parametrize(
    ("spreads", "within", "share"),
    [(3.0, 6, 0.95), (2.0, 12, 0.95), (-3.0, 6, 0.95)],
    ids=["three-up", "two-up", "three-down"],
)
def test_a_step_is_found_within_k_periods(spreads, within, share):
    """Twenty quiet weeks, then a level that many spreads away: seen in nearly every series."""
    found = 0
    for seed in range(150):
        values = noise(seed, 34)
        values[20:] = [value + 6 * spreads for value in values[20:]]
        found += any(20 <= change.seen < 20 + within for change in changes(values))

    assert found / 150 >= share


def test_false_alarms_on_noise_stay_below_one_in_a_hundred_periods():
    """60 series of 100 weeks in which nothing happens."""
    alarms = sum(len(changes(noise(seed, 100))) for seed in range(60))

    assert 0 < alarms / (60 * 92) <= 0.01


def test_a_step_says_when_it_began():
    """Most steps of three spreads are dated to the very week, nearly all to within two."""
    errors = []
    for seed in range(100):
        values = [value + 18 * (place >= 20) for place, value in enumerate(noise(seed, 30))]
        steps = [
            change for change in changes(values) if change.kind == "step" and change.seen >= 20
        ]
        errors += [abs(change.since - 20) for change in steps[:1]]

    assert len(errors) >= 95
    assert sum(error == 0 for error in errors) >= 50
    assert sum(error <= 2 for error in errors) / len(errors) > 0.9


def test_after_a_step_the_baseline_begins_anew():
    """Today's delight is tomorrow's baseline: the old level has no part in it."""
    values = [40.0, 41, 39, 40, 42, 38, 40, 41, 39, 40, 60.0, 61, 59, 60, 62, 58, 60, 61, 59, 60]

    now = baseline(values)

    assert now is not None
    assert now.periods == 10
    assert now.value == pytest.approx(60)
    assert 52 < now.low < 60 < now.high < 68


def test_one_wild_period_is_an_outlier_and_no_step():
    """The weeks after it are as before: no new level."""
    values = noise(1, 30)
    values[20] = 90

    found = changes(values)

    assert found == [Change("outlier", 20, 20, fmean(values[:20]), 90)]


def test_too_few_periods_have_no_baseline():
    """Seven weeks say nothing of what is usual."""
    assert baseline(noise(1, 7)) is None
    assert changes([*noise(1, 7), 500.0]) == []


def test_a_level_that_never_moved_shows_any_move():
    """Without spread nothing is divided by zero; a move is an outlier."""
    assert changes([50.0] * 12) == []
    assert [change.seen for change in changes([*[50.0] * 12, 51.0])] == [12]


def test_the_same_month_of_last_year():
    """December is held against December, with significance."""
    months = [wilson(60, 100, 0.95)] * 12 + [wilson(80, 100, 0.95)]

    found = seasonal(months, 12)

    assert found is not None
    assert found.significant
    assert found.value == pytest.approx(20)
    assert seasonal(months[:12], 12) is None
