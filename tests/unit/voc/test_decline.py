"""Decline: since when somebody does much less, as counting at every hour would tell."""

from __future__ import annotations

from datetime import datetime, timedelta

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from hub.voc.decline import decline, strangeness
from hub.voc.signal import ORDINARY, STRANGE
from tests.unit.voc.stories import hour

SPAN = timedelta(hours=6)


def has_fallen(hours: list[int], now: int, by: float) -> bool:
    latest = sum(now - 6 < at <= now for at in hours)
    before = sum(now - 24 < at <= now - 6 for at in hours)
    return before / 3 >= 1 and latest <= (1 - by) * before / 3


def brute_force(hours: list[int], now: int, by: float) -> datetime | None:
    since = None
    while has_fallen([at for at in hours if at <= now], now, by):
        since, now = hour(now), now - 1
    return since


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 48), max_size=25), st.integers(0, 60), st.sampled_from([0.5, 0.8]))
def test_since_when_is_what_counting_at_every_hour_gives(hours, now, by):
    """The same answer, and the same first hour from which it held without a break."""
    instants = [hour(at) for at in sorted(hours) if at <= now]

    found = decline(instants, hour(now), by=by, span=SPAN, at_least=1)

    assert (None if found is None else found.since) == brute_force(hours, now, by)


@pytest.mark.parametrize(("latest", "falls"), [(2, True), (3, False)])
def test_few_visits_that_happen_to_be_fewer_are_no_fall(latest, falls):
    """Of eight in a span, three may be chance; two are less than two deviations allow."""
    usual = [hour(at * 6 / 8) for at in range(1, 25)]
    recent = [hour(18 + each) for each in range(1, latest + 1)]

    found = decline([*usual, *recent], hour(24), by=0.5, span=SPAN, at_least=4, deviations=2)

    assert (found is not None) is falls


@pytest.mark.parametrize(
    ("weekly", "spread"), [(1.0, 0), (3.0, 0), (3.0, 3)], ids=["seldom", "steady", "up-and-down"]
)
def test_chance_alone_is_hardly_ever_strange(weekly, spread):
    """Of weeks that go on as before, one in ten lies beyond 1.28 at most, few beyond 3.09."""
    rng = np.random.default_rng(5)
    size = (2_000, 24)
    level = rng.gamma(weekly / spread, spread, size) if spread else np.full(size, weekly)
    weeks = rng.poisson(level).tolist()

    scores = [strangeness(each[:20], sum(each[20:]), 4) for each in weeks]

    assert np.mean(np.array(scores) > ORDINARY) < 0.13
    assert np.mean(np.array(scores) > STRANGE) < 0.002


def test_the_same_fall_is_stranger_of_whom_comes_steadily():
    """None in four weeks, five a week before: strange after steady weeks, less after wild ones."""
    steady, wild = [5] * 20, [0, 10, 0, 15, 0, 0, 7, 8, 0, 10] * 2

    assert strangeness(steady, 0, 4) > STRANGE > strangeness(wild, 0, 4) > 0
    assert strangeness(steady, 20, 4) == 0
    assert strangeness([0] * 5, 0, 4) == 0
