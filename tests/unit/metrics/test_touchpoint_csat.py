"""CSAT by touchpoint: few answers say little, and a mean of all may turn on its mix."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from hub.core.clock import to_micros
from hub.core.settings import MetricsSection
from hub.metrics.interval import wilson
from hub.metrics.orders import Order
from hub.metrics.snapshot import Measured
from hub.metrics.touchpoint_csat import ELSEWHERE, Parent, Rated, overall, rated, shrunk, strength

GIVEN = MetricsSection(min_n=1)
MARCH = datetime(2026, 3, 2, tzinfo=UTC)


def said(place: str, month: int, happy: int, unhappy: int) -> list[Rated]:
    at = to_micros(datetime(2026, month, 5, tzinfo=UTC))
    return [Rated(f"{place}{n}", at, place, "1-5", 5, True) for n in range(happy)] + [
        Rated(f"{place}-{n}", at, place, "1-5", 1, False) for n in range(unhappy)
    ]


def measured(rows: list[Rated]) -> dict[str, Measured]:
    return {m.series: m for m in overall(rows, to_micros(MARCH), UTC, GIVEN)}


def test_few_answers_are_drawn_to_the_mean_and_many_are_not():
    """Two of two at one place beside hundreds elsewhere: not 100 %; the share as it is stands by.

    The n is the touchpoint's own, so that min_n withholds what too few said.
    """
    rows = [*said("chat", 1, 2, 0), *said("phone", 1, 210, 90), *said("email", 1, 150, 150)]
    rows += [*said("visit", 1, 160, 140), *said("order", 1, 190, 110), *said("desk", 1, 180, 120)]

    found = measured(rows)

    few, many = found["1-5 chat"], found["1-5 phone"]
    assert few.estimate is not None
    assert many.estimate is not None
    assert 55 < few.estimate.value < 85
    assert (few.estimate.n, few.detail["unshrunk_percent"]) == (2, 100.0)
    assert many.estimate.value == pytest.approx(70, abs=1)
    assert few.told(10) is None
    assert few.worst is not None
    assert few.worst.share.value == 0.0


def test_of_three_touchpoints_none_is_drawn():
    """They do not tell how much touchpoints differ."""
    found = measured([*said("a", 1, 2, 0), *said("b", 1, 30, 70), *said("c", 1, 50, 50)])

    assert [found[f"1-5 {p}"].estimate for p in "abc"] == [
        wilson(2, 2, 0.95), wilson(30, 100, 0.95), wilson(50, 100, 0.95),
    ]  # fmt: skip


def test_everything_falls_and_the_mean_rises():
    """Simpson's effect is shown: phone 60 to 50 %, chat 95 to 90 %, but chat is nearly all now."""
    rows = [*said("phone", 1, 60, 40), *said("chat", 1, 19, 1),
            *said("phone", 2, 10, 10), *said("chat", 2, 90, 10)]  # fmt: skip

    detail = measured(rows)["1-5 all"].detail

    assert detail["months"] == ["2026-01", "2026-02"]
    assert float(str(detail["change_points"])) > 10
    assert float(str(detail["change_at_equal_mix_points"])) < -5
    assert detail["mix_turns_the_change"] is True


def test_at_an_equal_mix_the_mean_moves_as_its_parts_do():
    """The same places in the same numbers: nothing turns."""
    rows = [*said("phone", 1, 6, 4), *said("chat", 1, 6, 4),
            *said("phone", 2, 8, 2), *said("chat", 2, 8, 2)]  # fmt: skip

    detail = measured(rows)["1-5 all"].detail

    assert detail["change_points"] == detail["change_at_equal_mix_points"] == 20.0
    assert detail["mix_turns_the_change"] is False


def test_drawn_values_are_nearer_the_truth_and_their_intervals_hold_it():
    """A hundred businesses of twelve touchpoints with five to two hundred answers each.

    The error is smaller than that of the shares as they are; 93 to 97 % of the intervals hold.
    """
    dice = np.random.default_rng(3)
    raw, drawn, held = [], [], []
    for _ in range(100):
        truth = dice.beta(16, 4, 12)
        sizes = dice.choice([5, 10, 20, 50, 200], 12)
        hits = dice.binomial(sizes, truth)
        weight = strength([(int(k), int(n)) for k, n in zip(hits, sizes, strict=True)])
        parent = Parent(float(hits.sum() / sizes.sum()), weight, 12)
        for share, n, k in zip(100 * truth, sizes, hits, strict=True):
            found = shrunk(int(k), int(n), parent, 0.95)
            assert found.low is not None
            assert found.high is not None
            raw.append((wilson(int(k), int(n), 0.95).value - share) ** 2)
            drawn.append((found.value - share) ** 2)
            held.append(found.low <= share <= found.high)

    assert np.mean(drawn) < 0.6 * np.mean(raw)
    assert 0.93 <= np.mean(held) <= 0.97


def test_an_answer_is_about_its_ticket_or_what_came_last(desk):
    """The ticket it names, however long ago; else the last contact or order of three days."""
    desk.ticket("t1", 0, channel="email")
    desk.rated("t1", 1)
    desk.call(9_000 - 60, who="bob")
    desk.rated(None, 0, who="bob")
    desk.rated(None, 1, who="cyd")
    desk.rated(None, 1, who="dan")
    recent = to_micros(desk.minute(9_000) - timedelta(days=1))
    orders = [Order("dan", "AUD", recent, 100), Order("bob", "AUD", recent, 100),
              Order("cyd", "AUD", recent - 5 * 86_400_000_000, 100)]  # fmt: skip

    found = {row.person: (row.touchpoint, row.satisfied) for row in rated(desk.service(), orders)}

    assert found == {
        "ada": ("ticket_opened, email", True), "bob": ("call, phone", False),
        "cyd": (ELSEWHERE, True), "dan": ("order", True),
    }  # fmt: skip
