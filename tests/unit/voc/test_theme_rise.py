"""Which themes rise: seldom where nothing has changed, surely where something has."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from hub.metrics.interval import wilson
from hub.voc.theme_again import remeasured
from hub.voc.theme_rise import Rise, Week, rises

WEEKS = 27
DAY = 86_400_000_000


def rise(weeks: Sequence[Week], *, is_over: bool = True, false_alarms: float = 0.05) -> list[Rise]:
    """What rose in the last of the weeks."""
    last = len(weeks) - 1
    return rises(weeks, last, is_over=is_over, min_customers=5, false_alarms=false_alarms)


def quiet(dice: np.random.Generator, kind: str, themes: int = 40) -> list[Week]:
    """Weeks in which nothing changes: some themes are frequent, most are rare.

    ``season``: all themes swing together; ``restless``: each swings by itself.
    """
    rates = dice.lognormal(0.0, 1.0, themes)
    told = []
    for week in range(WEEKS):
        together = dice.gamma(4, 1 / 4) if kind == "season" else 1.0
        apart = dice.gamma(3, 1 / 3, themes) if kind == "restless" else 1.0
        counts = dice.poisson(rates * together * apart)
        wrote = int(max(counts.max(), counts.sum() // 2 + dice.poisson(30 * together)))
        spoke = {f"theme {n}": int(count) for n, count in enumerate(counts) if count}
        told.append(Week(week, wrote, spoke))
    return told


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "at_most"), [("even", 0.05), ("season", 0.05), ("restless", 0.1)])
def test_where_nothing_has_changed_a_week_seldom_raises_anything(kind, at_most):
    """Forty themes at once, on businesses that do not change: the stated share of alarms.

    Where every theme swings by itself more than chance would, by half its own size, twice that.
    """
    dice = np.random.default_rng(5)
    weeks = 400

    alarms = sum(bool(rise(quiet(dice, kind))) for _ in range(weeks))

    low = wilson(alarms, weeks, 0.95).low
    assert low is not None
    assert low <= 100 * at_most


def test_without_the_correction_many_themes_would_raise_the_rate():
    """So that the test above can fail: each theme on its own at 5 % gives an alarm nearly always.

    Forty themes, each with its own chance of one in twenty.
    """
    dice = np.random.default_rng(5)
    worlds = [quiet(dice, "even") for _ in range(20)]
    alone = [
        any(
            rise([Week(w.begin, w.wrote, {name: w.customers.get(name, 0)}) for w in world])
            for name in {name for week in world for name in week.customers}
        )
        for world in worlds
    ]

    assert np.mean(alone) > 2 * np.mean([bool(rise(world)) for world in worlds])


def test_a_new_theme_of_eight_customers_is_found_in_its_first_week():
    """Among forty others, whatever they do."""
    dice = np.random.default_rng(6)
    found = 0
    for _ in range(25):
        weeks = quiet(dice, "even")
        last = weeks[-1]
        weeks[-1] = Week(last.begin, last.wrote + 8, {**last.customers, "new": 8})
        found += "new" in [each.theme for each in rise(weeks)]

    assert found >= 24


def steady(counts: Sequence[int], wrote: int = 100) -> list[Week]:
    """Weeks in which so many customers speak of one theme."""
    return [Week(n, wrote, {"a": count} if count else {}) for n, count in enumerate(counts)]


@pytest.mark.parametrize(
    ("last", "found"),
    [(1, False), (4, False), (5, True), (20, True)],
    ids=["one", "four: too few customers", "five: enough", "twenty"],
)
def test_one_is_no_alert_and_twenty_are(last, found):
    """Where one customer in two weeks spoke of it before."""
    assert bool(rise(steady([1, 0] * 6 + [last]))) is found


def test_usual_trouble_is_no_rise():
    """Twenty customers of a hundred, as every week."""
    assert rise(steady([18, 22, 20, 19, 21, 20, 17, 23, 20, 20])) == []


def test_all_that_a_business_hears_may_rise_in_volume():
    """Everybody always writes of the same: no share can rise, but the number can."""
    weeks = [Week(n, count, {"a": count}) for n, count in enumerate([10, 9, 11, 10] * 3 + [40])]

    assert [each.theme for each in rise(weeks)] == ["a"]


def test_a_larger_share_of_fewer_texts_is_a_rise_only_when_the_week_is_over():
    """Shares of a running week would be looked at again every day."""
    weeks = [*steady([10] * 12), Week(12, 20, {"a": 12})]

    assert [each.theme for each in rise(weeks)] == ["a"]
    assert rise(weeks, is_over=False) == []


def test_eight_weeks_make_a_baseline_and_seven_do_not():
    """Weeks before the first text are no weeks of silence."""
    assert rise(steady([0] * 8 + [20]))  # somebody wrote of other things
    silence = [Week(n, 0, {}) for n in range(8)]
    assert rise([*silence, *steady([1] * 7 + [20])]) == []


def test_the_probability_of_a_share_is_fishers():
    """Three of three against none of three: one way in twenty, doubled for the two tests."""
    weeks = [Week(0, 3, {})] + [Week(n, 0, {}) for n in range(1, 8)] + [Week(8, 3, {"a": 3})]

    (found,) = rises(weeks, 8, is_over=True, min_customers=2, false_alarms=0.5)

    by_volume = (1 / 9) ** 3
    assert math.isclose(found.chance, 2 * min(1 / 20, by_volume))


# --- measured again ------------------------------------------------------------------------------


def week(n: int, wrote: int, spoke: int) -> Week:
    return Week(n * 7 * DAY, wrote, {"a": spoke})


def test_measured_again_the_share_after_is_held_against_before_and_usual():
    """5 % usually, 30 % in the two weeks of the rise, 6 % after: better, and as usual again.

    The week in which something was changed tells nothing, nor does the one that is not over.
    """
    weeks = [
        *(week(n, 100, 5) for n in range(10)),
        week(10, 100, 28), week(11, 100, 32), week(12, 100, 99),
        week(13, 100, 7), week(14, 100, 5), week(15, 100, 99),
    ]  # fmt: skip

    found = remeasured(weeks, "a", 10 * 7 * DAY, 12 * 7 * DAY + DAY, 0.95)

    assert (found.usual.value, found.before.value, found.after.value) == (5.0, 30.0, 6.0)
    assert (found.before.n, found.after.n) == (200, 200)
    assert (found.verdict, found.usual_again) == ("better", True)
    assert found.difference is not None
    assert found.difference.high < 0


@pytest.mark.parametrize(
    ("after", "verdict", "usual_again"),
    [(15, "better", False), (28, "no difference shown", False), (60, "worse", False)],
)
def test_less_is_not_yet_as_usual(after, verdict, usual_again):
    """Half of the rise is better than the rise, and still more than before it."""
    weeks = [*(week(n, 100, 3) for n in range(10)), week(10, 100, 30), week(11, 100, after),
             week(12, 0, 0)]  # fmt: skip

    found = remeasured(weeks, "a", 10 * 7 * DAY, 10 * 7 * DAY + DAY, 0.95)

    assert (found.verdict, found.usual_again) == (verdict, usual_again)


def test_before_a_week_is_over_nothing_is_known():
    """The change was yesterday."""
    weeks = [*(week(n, 100, 3) for n in range(10)), week(10, 100, 30)]

    found = remeasured(weeks, "a", 10 * 7 * DAY, 10 * 7 * DAY + DAY, 0.95)

    assert (found.after.n, found.verdict) == (0, "insufficient data")
