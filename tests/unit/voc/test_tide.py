"""The tide: what everybody does less of at once is nobody's sign."""

from __future__ import annotations

import pytest

from hub.journeys.kinds import KINDS
from hub.voc.risk import assess
from hub.voc.tide import FEWEST, tide, uses
from tests.unit.voc.stories import day, days, story

EVERYTHING = dict.fromkeys(KINDS, day(10_000))
STEADY = range(0, 112, 2)
HOLIDAY = [at for at in STEADY if at < 90]


def crowd(size: int, visits: range | list[int]) -> list[list]:
    return [[day(at) for at in visits] for _ in range(size)]


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        (crowd(FEWEST, STEADY), 1.0),
        (crowd(FEWEST, HOLIDAY), 0.2),
        (crowd(FEWEST, [*range(0, 84, 2), *range(84, 112, 3)]), 0.71),
        (crowd(FEWEST, [*range(0, 100, 2), *range(100, 112, 3)]), 1.0),
        (crowd(FEWEST - 1, HOLIDAY), 1.0),
        (crowd(FEWEST, STEADY) + crowd(FEWEST - 1, []), 1.0),
        (crowd(FEWEST + 1, STEADY) + crowd(FEWEST, HOLIDAY), 1.0),
    ],
    ids=["as-always", "holiday", "ebb", "little-less", "too-few", "who-never-used", "some-left"],
)
def test_the_tide_is_the_median_of_who_uses_regularly(users, expected):
    """It falls with most of them, and with neither a few nor those who are not there."""
    assert tide(users)(day(111)) == pytest.approx(expected, abs=0.05)


def test_a_holiday_of_everybody_is_no_drop_of_one():
    """The same weeks without use: a sign while others go on, and none while nobody does."""
    events = story(f"log_in {days(HOLIDAY)}")
    everybody = tide(crowd(FEWEST, HOLIDAY))
    others_go_on = tide(crowd(FEWEST, STEADY))

    def signals(at):
        risk = assess(events, day(111), known=EVERYTHING, patterns=(), tide=at)
        return {reason.signal for reason in risk.reasons}

    assert "usage-drop" in signals(others_go_on)
    assert "usage-drop" in signals(None)
    assert "usage-drop" not in signals(everybody)


def test_only_use_is_read():
    """Orders and tickets have rhythms of their own."""
    assert uses(story("log_in 1; report 2; order 3; call 4")) == [day(1), day(2)]
