"""Retention by cohort, on ledgers small enough to count by hand."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from hub.core.clock import to_micros
from hub.metrics.cohort import Cohort, cohorts, overall, uplift
from hub.metrics.months import label
from hub.metrics.orders import Order

UNTIL = to_micros(datetime(2026, 5, 10, tzinfo=UTC))


def order(who: str, month: int, net: int = 100, day: int = 15) -> Order:
    return Order(who, "GBP", to_micros(datetime(2026, month, day, tzinfo=UTC)), net)


LEDGER = [
    order("old", 1), order("old", 3),
    order("ann", 2), order("ann", 3), order("ann", 3), order("ann", 4, -30),
    order("bob", 2, 500), order("bob", 4, 50), order("bob", 5),
    order("cyd", 4),
    order("dee", 5),
]  # fmt: skip


def by_label(found: list[Cohort]) -> dict[str, list[int]]:
    return {label(cohort.month): [len(active) for active in cohort.active] for cohort in found}


def test_a_hand_counted_table():
    """Each cohort month by month; May is not over, so it is blank and has no cohort."""
    found = cohorts(LEDGER, UNTIL, UTC)

    assert by_label(found) == {"2026-01": [1, 0, 1, 0], "2026-02": [2, 1, 2], "2026-04": [1]}


def test_a_month_that_is_not_over_has_no_retention():
    """April's cohort cannot have come back yet: None, not 0 %."""
    april = cohorts(LEDGER, UNTIL, UTC)[-1]

    assert april.retention(1, 0.95) is None
    assert april.value(1, 0.95) is None


def test_the_cohort_in_which_history_begins_is_marked():
    """Who was first seen in January may have been a customer for years."""
    assert [cohort.truncated for cohort in cohorts(LEDGER, UNTIL, UTC)] == [True, False, False]


def test_value_is_cumulative_and_counts_those_who_did_not_come_back():
    """February's two: 600 by its end, 800 by March, 820 by April: 300, 400, 410 each."""
    february = cohorts(LEDGER, UNTIL, UTC)[1]

    values = [february.value(k, 0.95) for k in range(3)]

    assert [found.value for found in values if found] == [300, 400, 410]


def test_a_merged_person_belongs_to_their_first_event():
    """Ann turns out to be the old customer: one person of January, and February loses one."""
    merged = [Order("old", o.currency, o.at, o.net) if o.golden_id == "ann" else o for o in LEDGER]

    found = by_label(cohorts(merged, UNTIL, UTC))

    assert found == {"2026-01": [1, 1, 1, 1], "2026-02": [1, 0, 1], "2026-04": [1]}


def test_a_month_begins_on_the_clocks_of_the_business():
    """31 January, 20:00 UTC is 1 February in Brisbane."""
    late = Order("ann", "GBP", to_micros(datetime(2026, 1, 31, 20, tzinfo=UTC)), 100)

    labels = [
        label(cohorts([late], UNTIL, zone)[0].month)
        for zone in (UTC, ZoneInfo("Australia/Brisbane"))
    ]

    assert labels == ["2026-01", "2026-02"]


def test_snapshots_name_cohort_and_month():
    """One series per currency, cohort and month told, with the whole row as detail."""
    found = {(m.metric, m.series): m for m in overall(LEDGER, UNTIL, UTC, 0.95)}

    retained = found["retention", "GBP 2026-02 +1"]
    assert retained.estimate is not None
    assert (retained.estimate.value, retained.estimate.n) == (50.0, 2)
    assert retained.detail["active"] == [2, 1, 2]
    assert ("retention", "GBP 2026-04 +1") not in found
    assert found["retention", "GBP 2026-01 +1"].detail["history_begins_here"] is True


@pytest.mark.parametrize("seed", range(3))
def test_a_planted_uplift_is_recovered_within_its_interval(seed):
    """From April on one in two comes back instead of one in four, and spends 30 more when so."""
    dice = random.Random(seed)
    ledger = [order("first", 1, day=1)]
    for n in range(2_400):
        month = 2 + n % 8
        ledger.append(order(f"g{n}", month, 100))
        if dice.random() < (0.25 if month < 6 else 0.5):
            ledger.append(order(f"g{n}", month + 1, 120))
    found = cohorts(ledger, to_micros(datetime(2026, 11, 2, tzinfo=UTC)), UTC)
    before = [cohort for cohort in found if cohort.month % 12 < 5]
    after = [cohort for cohort in found if cohort.month % 12 >= 5]

    retained, worth = uplift(before, after, 1, 0.99)

    assert retained is not None
    assert worth is not None
    assert retained.significant
    assert retained.low <= 25 <= retained.high
    assert worth.low <= 0.25 * 120 <= worth.high


def test_without_a_cohort_old_enough_no_uplift_is_told():
    """A young initiative is "too early", not a failure."""
    found = cohorts(LEDGER, UNTIL, UTC)

    assert uplift(found[:2], found[2:], 1, 0.95) == (None, None)


def test_the_stage_keeps_cohorts_per_currency(business):
    """October's two customers: one is back in November; December has only just ended."""
    for rid in (1, 2):
        business.customer(rid)
        business.order(rid, f"o{rid}", 100, datetime(2025, 10, 4, tzinfo=UTC))
    business.order(1, "again", 300, datetime(2025, 11, 4, tzinfo=UTC))
    business.order(1, "last", 300, datetime(2025, 12, 30, tzinfo=UTC))

    business.measure()

    current = business.current()
    assert current["retention", "GBP 2025-10 +1"] == (50.0, 2, "ok")
    assert current["cohort_value", "GBP 2025-10 +1"][0] == pytest.approx(250)
    assert ("retention", "GBP 2025-10 +3") not in current
