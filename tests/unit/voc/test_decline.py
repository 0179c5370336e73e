"""Decline: since when somebody does much less, as counting at every hour would tell."""

from __future__ import annotations

from datetime import datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from hub.voc.decline import decline
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
