"""Service recovery: the planted effect is found, the naive comparison is not believed."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from hub.core.settings import MetricsSection
from hub.metrics.interval import Estimate
from hub.metrics.issues import Issue
from hub.metrics.months import DAY
from hub.metrics.orders import Order
from hub.metrics.service_recovery import FEWEST, History, histories, overall
from hub.metrics.snapshot import Measured

GIVEN = MetricsSection(min_n=1, churn_horizon=180)
DAYS = 900


def planted(seed: int, leaving: float, people: int = 500) -> tuple[float, list[History]]:
    """A world in which whoever orders more fails more, and ``leaving`` of the failed leave for it.

    Returns the true effect in percentage points: what the same customers do with the failure less
    what they would have done without it.
    """
    dice = np.random.default_rng(seed)
    rows, with_it, without_it = [], [], []
    for n in range(people):
        start, gap, life = dice.uniform(0, 500), 1 / (dice.gamma(1.2, 1 / 60) + 1 / 400), 700
        at, end, bought = start, start + dice.exponential(life), []
        while at < min(end, DAYS):
            bought.append(at)
            at += dice.exponential(gap)
        wrong = next((each for each in bought if dice.random() < 0.05), None)
        kept, failed, over = bought, None, None
        if wrong is not None:
            failed = wrong + 1 + dice.uniform(0, 4)
            over = failed + dice.uniform(9, 20)
            kept = (
                [each for each in bought if each <= failed] if dice.random() < leaving else bought
            )
            if over + 7 + 180 <= DAYS:
                with_it.append(any(over < each < over + 180 for each in kept))
                without_it.append(any(over < each < over + 180 for each in bought))
        at_all = tuple(int(each * DAY) for each in kept)
        rows.append(History(f"g{n:04}", at_all, micros(failed), micros(over)))
    return 100 * float(np.mean(with_it) - np.mean(without_it)), rows


def micros(days: float | None) -> int | None:
    return None if days is None else int(days * DAY)


def measured(rows: list[History]) -> Measured:
    (found,) = overall(rows, DAYS * DAY, GIVEN)
    return found


def holds(effect: Estimate | None, truth: float) -> bool:
    assert effect is not None
    assert effect.low is not None
    assert effect.high is not None
    return effect.low <= truth <= effect.high


@pytest.mark.parametrize("leaving", [0.0, 0.4], ids=["recovered", "four in ten leave"])
def test_the_planted_effect_is_within_its_interval(leaving):
    """Failures happen to those who order most: matched, the effect is what was planted."""
    held = 0
    for seed in range(8):
        truth, rows = planted(seed, leaving)
        effect = measured(rows).estimate
        held += holds(effect, truth)

    assert held >= 7


def test_the_naive_comparison_would_praise_failures():
    """Without matching those who failed look more loyal by far: they order more."""
    truth, rows = planted(1, 0.0)
    failed = [row for row in rows if row.over_at and row.over_at + 187 * DAY <= DAYS * DAY]
    never = [row for row in rows if row.failed_at is None]
    half = 450 * DAY

    def came(row: History, since: int) -> bool:
        return any(since < at < since + 180 * DAY for at in row.bought)

    naive = 100 * (
        np.mean([came(row, row.over_at or 0) for row in failed])
        - np.mean([came(row, half) for row in never if row.bought[0] < half])
    )
    effect = measured(rows).estimate

    assert effect is not None
    assert naive - truth > 20
    assert abs(effect.value - truth) < 10


@pytest.mark.slow
def test_a_95_per_cent_interval_of_the_effect_holds_the_truth_that_often():
    """Over worlds of four hundred customers, with and without an effect: 91 to 99 % of 120."""
    held = []
    for seed in range(120):
        truth, rows = planted(seed, 0.3 * (seed % 2), people=400)
        held.append(holds(measured(rows).estimate, truth))

    assert 0.91 <= np.mean(held) <= 0.99


# --- who counts --------------------------------------------------------------------------------


def shop(*failures: tuple[int, int | None], regulars: int = 10) -> list[History]:
    """Regulars who buy every thirty days, and customers who do the same and failed."""
    bought = tuple(day * DAY for day in range(300, 901, 30))
    others = [History(f"r{n}", bought) for n in range(regulars)]
    return [
        *others,
        *(
            History(f"f{n}", bought, failed * DAY, None if over is None else over * DAY)
            for n, (failed, over) in enumerate(failures)
        ),
    ]


def test_failures_that_tell_nothing_yet_are_told_apart():
    """Not over, horizon open, nobody alike: none of them is in the number."""
    lone = History("lone", (100 * DAY,), 500 * DAY, 510 * DAY)

    found = measured([*shop((500, 510), (500, None), (800, 810)), lone])

    assert found.estimate is not None
    assert (found.estimate.n, found.status) == (1, "provisional")
    assert found.detail["failures_unresolved"] == 1
    assert found.detail["failures_whose_horizon_is_open"] == 1
    assert found.detail["failures_without_a_match"] == 1


def test_with_too_few_alike_there_is_no_number():
    """One below the fewest is none."""
    assert measured(shop((500, 510), regulars=FEWEST - 1)).estimate is None
    assert measured(shop((500, 510), regulars=FEWEST)).estimate is not None


def test_who_fails_later_is_without_a_failure_until_then():
    """To leave them out would compare with those who never live to fail."""
    with_later = measured(shop((500, 510), *[(700, 710)] * FEWEST, regulars=0))

    assert with_later.estimate is not None
    assert with_later.detail["customers_matched"] == FEWEST


def issue(person: str, day: float, **other) -> Issue:
    at = int(day * DAY)
    told = {"settled_at": at + DAY, "resolved": True, "known": True} | other
    return Issue(person, at, 0, **told)


def test_a_failure_is_the_first_issue_that_went_wrong():
    """A question that was answered is none; it is over when the solution has stood."""
    orders = [Order(who, "AUD", 0, 100) for who in ("ada", "bob", "cyd", "dan", "eve")]
    told = [
        issue("ada", 1), issue("ada", 3, repeats=1), issue("ada", 5, reopened=1),
        issue("bob", 2, satisfied=False, resolved=False), issue("cyd", 2, satisfied=True),
        issue("dan", 2, confirmed=False), issue("nobody", 2, repeats=1),
    ]  # fmt: skip

    found = {row.person: (row.failed_at, row.over_at) for row in histories(orders, told, 7)}

    assert found == {
        "ada": (3 * DAY, 11 * DAY), "bob": (2 * DAY, None), "cyd": (None, None),
        "dan": (2 * DAY, 10 * DAY), "eve": (None, None),
    }  # fmt: skip


def test_the_store_gives_the_same_number(business):
    """Five whose tickets were opened again in April never buy again; seven alike go on."""
    for rid in range(12):
        business.customer(rid)
        for month in (1, 3, 4, 6, 9):
            if month <= 4 or rid < 7:
                at = datetime(2025, month, 1 + rid % 5, tzinfo=UTC)
                business.order(rid, f"o{rid}-{month}", 500, at)
    for rid in range(7, 12):
        asked = datetime(2025, 4, 8, tzinfo=UTC)
        business.ticket(rid, f"t{rid}", asked, status="solved", reopens=1, solved_at=asked)
    business.measure(churn_horizon=90)

    assert business.current()["service_recovery", ""] == (-100.0, 5, "ok")
    assert business.detail("service_recovery", "")["customers_matched"] == 7
