"""Health: each part at its ends, coverage and its floor, age, and a colour that does not flap."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.records import AnyRecord
from hub.journeys.kinds import KINDS
from hub.voc.health import PARTS, VERSION, Colour, Health, colour, health, kinds_read
from hub.voc.register import SHIPPED, entry
from tests.unit.voc.stories import contract, day, days, story, ticket

EVERYTHING = dict.fromkeys(KINDS, day(10_000))
STEADY = f"log_in {days(range(0, 140, 2))}"


def scores(now: float, text: str, *records: AnyRecord) -> dict[str, int]:
    found = health(story(text, *records), day(now), known=EVERYTHING)
    return {each.part: each.score for each in found.reasons}


SEEN = [
    ("use", 138, STEADY, (), 100),
    ("use", 112, f"log_in {days(range(1, 84, 2))} {days(range(86, 113, 4))}", (), 50),
    ("use", 140, f"log_in {days(range(0, 112, 2))}", (), 0),
    ("use", 112, "log_in 1 2 3 40 80", (), None),
    ("purchases", 35, "order 0 10 20 30", (), 100),
    ("purchases", 400, "order 0 10 20 30", (), 0),
    ("purchases", 35, "order 0 10", (), None),
    ("service", 14, "log_in 1", (), 100),
    ("service", 14, "", (ticket(0),), 50),
    ("service", 14, "", (ticket(0, solved=2, reopens=1),), 75),
    ("voice", 1, "nps9 0", (), 90),
    ("voice", 1, "nps9 0; csat2 1", (), 25),
    ("voice", 1, "log_in 1", (), None),
    ("contract", 10, "", (contract(0),), 100),
    ("contract", 50, "", (contract(0, 100),), 50),
    ("contract", 10, "failed 9", (contract(0),), 0),
    ("contract", 10, "log_in 1", (), None),
]


@pytest.mark.parametrize(
    ("part", "now", "text", "records", "expected"),
    SEEN,
    ids=[f"{each[0]}-{at}" for at, each in enumerate(SEEN)],
)
def test_each_part_by_itself(part, now, text, records, expected):
    """It scores what the table says, and nothing where nothing can be said."""
    assert scores(now, text, *records).get(part) == expected


def test_health_is_the_mean_by_weight_of_what_is_seen():
    """Use at 100 weighs 30, service at 50 weighs 25; what is not seen weighs nothing."""
    found = health(story(STEADY, ticket(125)), day(139), known=EVERYTHING)

    weights = {each.part: each.weight for each in found.reasons}
    assert weights == {"use": 30, "service": 25}
    assert found.points == round((30 * 100 + 25 * 50) / 55)
    assert (found.coverage, found.unseen) == (55, ("purchases", "voice", "contract"))
    assert [each.part for each in found.reasons] == ["service", "use"]


def test_below_the_floor_health_is_unknown_and_never_green():
    """Somebody of whom only a quarter is seen is not well because nothing is heard."""
    found = health(story("log_in 1"), day(2), known=EVERYTHING)

    assert (found.points, found.colour, found.coverage) == (None, "unknown", 25)
    assert [each.text for each in found.reasons] == ["no ticket waits"]


def test_nobody_is_unknown():
    """An empty timeline is not in good health."""
    found = health([], day(0), known=EVERYTHING)

    assert (found.points, found.colour, found.coverage, found.reasons) == (None, "unknown", 0, ())


def test_an_old_score_weighs_less_and_coverage_falls_with_it():
    """After a half-life of 90 days half of its weight is left."""
    events = story(f"log_in {days(range(0, 400, 2))}; nps3 200")

    fresh, old = (health(events, day(at), known=EVERYTHING) for at in (200, 290))

    assert [{e.part: e.weight for e in each.reasons}["voice"] for each in (fresh, old)] == [15, 7.5]
    assert (fresh.coverage, old.coverage) == (70, 62)
    assert fresh.points is not None
    assert old.points is not None
    assert fresh.points < old.points


def test_a_feed_that_has_stopped_is_no_customer_who_has():
    """No log-ins of anybody for 31 days: use is not seen, instead of being bad."""
    stopped = EVERYTHING | {"log_in": day(138), "usage": day(100)}

    found = health(story(STEADY), day(170), known=stopped)

    assert "use" in found.unseen


@pytest.mark.parametrize(
    ("points", "previous", "expected"),
    [
        (70, None, "green"),
        (69, None, "amber"),
        (74, "amber", "amber"),
        (75, "amber", "green"),
        (69, "green", "amber"),
        (44, "red", "red"),
        (45, "red", "amber"),
        (39, "amber", "red"),
        (72, "unknown", "green"),
        (None, "green", "unknown"),
    ],
)
def test_a_customer_gets_better_by_a_margin_and_worse_at_once(points, previous, expected):
    """A score that moves around a border is in the worse of the two colours."""
    assert colour(points, previous) == expected


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 120), max_size=40),
    st.lists(st.integers(0, 120), max_size=8),
    st.lists(st.integers(0, 120), max_size=4),
    st.integers(0, 150),
)
def test_health_stays_within_its_bounds(visits, orders, failures, now):
    """0 to 100 whatever happened; coverage too; and each reason is one of the parts."""
    events = story(f"log_in {days(visits)}; order {days(orders)}; failed {days(failures)}")

    found = health(events, day(now), known=EVERYTHING)

    assert found.points is None or 0 <= found.points <= 100
    assert 0 <= found.coverage <= 100
    assert {e.part for e in found.reasons} | set(found.unseen) == {part.id for part in PARTS}
    assert all(0 <= each.score <= 100 for each in found.reasons)


def test_what_comes_later_is_not_known_yet():
    """Looking at a day of the past, nothing after it counts."""
    before, after = story(STEADY), story(f"{STEADY}; nps3 139; failed 139")

    def on_day_137(events: object) -> Health:
        return health(events, day(137), known=EVERYTHING)  # type: ignore[arg-type]

    assert on_day_137(before) == on_day_137(after)


def test_the_shipped_register_answers_for_it():
    """Version and inputs of the entry are those of the score."""
    assert entry([SHIPPED], VERSION, kinds_read()).score == "health"


def test_an_instant_without_a_zone_is_refused():
    """A day has no meaning without the clocks that it is counted on."""
    with pytest.raises(ValueError, match="time zone"):
        health([], datetime(2026, 1, 1))  # noqa: DTZ001


def test_colours_are_named_once():
    """What the profile and the lists may say."""
    assert set(Colour.__args__) == {"green", "amber", "red", "unknown"}  # type: ignore[attr-defined]
