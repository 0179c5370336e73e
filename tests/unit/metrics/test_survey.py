"""Who counts in NPS, CSAT and CES, and what is told of those who do not."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from hub.metrics.interval import Estimate
from hub.metrics.skewed import far_below
from hub.metrics.snapshot import Measured
from hub.metrics.survey import Response, last_per_wave

DAY = 86_400_000_000


def answer(rid: int, day: float, score: float, *, wave: str = "", person: str = "g1") -> Response:
    return Response(rid, person, True, int(day * DAY), "nps", score, "0-10", wave)


@pytest.mark.parametrize(
    ("days", "scores"),
    [((0, 29), [9]), ((0, 30), [1, 9]), ((0, 20, 40), [5, 9]), ((0, 0), [9])],
    ids=["within", "at-the-window", "from-its-first", "same-instant"],
)
def test_answers_without_a_wave_are_one_within_the_window(days, scores):
    """The window runs from its first answer, so that weekly answers do not chain for ever."""
    answers = [
        answer(n, day, (1, 5, 9)[n] if n < len(days) - 1 else 9) for n, day in enumerate(days)
    ]

    kept = last_per_wave(reversed(answers), 30)

    assert [each.score for each in kept] == scores


def test_a_named_wave_is_one_however_long_it_runs():
    """Two answers in "spring", ninety days apart: the later one. People are never mixed."""
    answers = [
        answer(1, 0, 2, wave="spring"),
        answer(2, 90, 8, wave="spring"),
        answer(3, 1, 4, wave="spring", person="g2"),
    ]

    assert [each.rid for each in last_per_wave(answers, 30)] == [3, 2]


def test_what_does_not_fit_is_refused_and_counted_by_reason(business):
    """A decimal, an eleven and a 1-5 answer leave the value alone and are told, each apart."""
    business.answer(None, "nps", 9)
    business.answer(None, "nps", 7.5)
    business.answer(None, "nps", 11)
    business.answer(None, "nps", 4, scale_min=1, scale_max=5)

    business.measure()

    detail = business.detail("nps", "0-10")
    assert business.current()["nps", "0-10"] == (100.0, 1, "ok")
    assert {name: count for name, count in detail.items() if name.startswith("refused")} == {
        "refused_no_whole_number": 1,
        "refused_other_scale": 1,
        "refused_out_of_range": 1,
    }


def test_the_response_rate_counts_those_who_were_asked(business):
    """Three answer, one twice; one says nothing: five asked, four answered, three count."""
    for rid in (1, 2, 3):
        business.customer(rid)
        business.answer(rid, "nps", 8)
    business.answer(3, "nps", 10)
    business.answer(None, "nps", None)

    business.measure()

    detail = business.detail("nps", "0-10")
    assert business.current()["nps", "0-10"][1] == 3
    assert detail["asked"] == 5
    assert detail["response_rate_percent"] == 80.0
    assert detail["replaced_by_a_later_answer"] == 1


@pytest.mark.parametrize(
    ("instrument", "series", "scores", "what", "share"),
    [
        ("nps", "0-10", (10, 10, 9, 2), "answers 0-6", 25.0),
        ("csat", "1-5", (5, 4, 3, 1), "answers 1-2", 25.0),
        ("ces", "mean 1-7", (7, 7, 2, 1), "answers 1-3", 50.0),
    ],
)
def test_an_average_carries_its_worst_boxes(business, instrument, series, scores, what, share):
    """A good mean hides those who fare badly: their share stands in the same snapshot."""
    for score in scores:
        business.answer(None, instrument, score)

    business.measure()

    worst = business.body(instrument, series)["worst"]
    assert (worst["what"], worst["value"], worst["n"]) == (what, share, 4)
    assert worst["low"] < share < worst["high"]


def test_an_average_without_its_worst_part_cannot_be_measured():
    """The data structure refuses it, so no report can be given one."""
    with pytest.raises(ValueError, match="worst part"):
        Measured("aov", "GBP", Estimate(480.0, 400.0, 560.0, 90))


def test_the_worst_of_money_is_who_brings_little():
    """Of four customers with a mean of 100, one is below 25."""
    worst = far_below([(24, 1), (26, 1), (150, 1), (200, 1)], 100, 0.95)

    assert worst.share.value == 25.0


def test_a_level_that_fell_is_told_with_its_week(business):
    """Twelve weeks around 50, then six around -50: told with the week."""
    dice = random.Random(5)
    begin = business.clock.now() - timedelta(weeks=18)
    for week in range(18):
        for n in range(8):
            promoter = dice.random() < (0.75 if week < 12 else 0.25)
            at = begin + timedelta(weeks=week, hours=n)
            business.answer(None, "nps", 9 if promoter else 3, at=at)

    business.measure()

    changed = business.detail("nps", "0-10")["weekly_changes"]
    assert any("step" in note for note in changed)


def test_the_newest_month_is_held_against_the_one_before_and_the_year_before(business):
    """Fifty answers a month: November fell from October, and is as it was a year ago."""
    begin = datetime(2025, 11, 3, tzinfo=UTC)
    for at, promoters in (
        (datetime(2024, 11, 5, tzinfo=UTC), 20),
        (datetime(2025, 10, 5, tzinfo=UTC), 45),
        (begin, 20),
    ):
        for n in range(50):
            business.answer(None, "nps", 10 if n < promoters else 3, at=at + timedelta(minutes=n))

    business.measure()

    detail = business.detail("nps", "0-10")
    assert {month: told["value"] for month, told in detail["months"].items()} == {
        "2024-11": -20.0,
        "2025-10": 80.0,
        "2025-11": -20.0,
    }
    assert detail["month_on_month"]["value"] == -100
    assert detail["month_on_month"]["significant"] is True
    assert detail["year_on_year"]["significant"] is False
