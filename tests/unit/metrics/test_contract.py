"""Contractual churn on ledgers built by hand: each case that the definition tells apart."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.core.clock import to_micros
from hub.core.records import PartyRef, Subscription
from hub.metrics.contract import Churn, Contract, churn, contract, overall
from hub.metrics.trial import trials


def at(month: int, day: int = 1, year: int = 2026) -> int:
    return to_micros(datetime(year, month, day, tzinfo=UTC))


def paying(
    who: str, start: int, end: int | None = None, reason: str | None = None, yearly: int = 1200
) -> Contract:
    reason = reason or ("cancelled" if end is not None else None)
    return Contract(who, start, start, end, reason, "GBP", yearly)


def people(found: Churn, *kinds: str) -> list[set[str]]:
    return [set(getattr(found, kind)) for kind in kinds]


MARCH = (at(3), at(4))


def test_who_paid_at_the_begin_and_ended_has_churned():
    """One of four; who joined in March is in no rate, however long they stay."""
    ledger = [
        paying("stays", at(1)),
        paying("leaves", at(1), at(3, 10)),
        paying("left before", at(1), at(2, 20)),
        paying("leaves later", at(1), at(4, 2)),
        paying("lasts", at(2, 28)),
        paying("joins", at(3, 5)),
    ]

    found = churn(ledger, *MARCH)

    assert found.active == {"stays", "leaves", "leaves later", "lasts"}
    assert found.lost == {"leaves"}


@pytest.mark.parametrize(
    ("start", "end", "active", "lost"),
    [
        (at(3), None, True, False),
        (at(1), at(3), False, False),
        (at(1), at(4), True, True),
        (at(3), at(4), True, True),
        (at(4), None, False, False),
    ],
    ids=["from-the-first-instant", "until-the-first", "until-the-last", "exactly-it", "from-after"],
)
def test_periods_meet_without_gap_or_overlap(start, end, active, lost):
    """Begin is in, end is the first instant of the next: an end at it is an end of this one."""
    found = churn([paying("a", start, end)], *MARCH)

    assert ("a" in found.active, "a" in found.lost) == (active, lost)


def test_every_end_counts_in_exactly_one_period():
    """Over twelve months each of fifty people churns once, whatever instant they leave at."""
    ledger = [
        paying(f"p{n}", at(12, 1, 2025), at(1) + n * 6 * 86_400_000_000) for n in range(1, 51)
    ]

    lost = [who for month in range(1, 12) for who in churn(ledger, at(month), at(month + 1)).lost]

    assert sorted(lost) == sorted({c.person for c in ledger})


def test_a_failed_payment_is_churn_of_its_own_kind():
    """Nobody decided to leave: told apart from those who did."""
    ledger = [paying("a", at(1), at(3, 9), "payment_failed"), paying("b", at(1), at(3, 9))]

    found = churn(ledger, *MARCH)

    assert people(found, "involuntary", "cancelled") == [{"a"}, {"b"}]


def test_a_pause_is_no_churn():
    """Who has paused stays in the base and is told apart from those who left."""
    ledger = [paying("a", at(1), at(3, 9), "paused"), paying("a", at(5, 1)), paying("b", at(1))]

    found = churn(ledger, *MARCH)

    assert people(found, "lost", "paused", "active") == [set(), {"a"}, {"a", "b"}]


def test_joined_and_left_inside_is_told_apart():
    """Neither active at the begin nor churned: a rate over the begin cannot hold them."""
    found = churn([paying("brief", at(3, 5), at(3, 20)), paying("b", at(1))], *MARCH)

    assert people(found, "inside", "lost", "active") == [{"brief"}, set(), {"b"}]


def test_who_comes_back_begins_a_new_spell():
    """Left on the 10th, back on the 20th: churned once, returned, and at risk again in April."""
    ledger = [paying("a", at(1), at(3, 10)), paying("a", at(3, 20), at(4, 15))]

    march, april = churn(ledger, *MARCH), churn(ledger, at(4), at(5))

    assert people(march, "lost", "returned") == [{"a"}, {"a"}]
    assert people(april, "active", "lost") == [{"a"}, {"a"}]


def test_a_change_of_plan_is_one_spell():
    """The old subscription ends in the instant in which the new one begins."""
    ledger = [paying("a", at(1), at(3, 10)), paying("a", at(3, 10), yearly=2400)]

    found = churn(ledger, *MARCH)

    assert found.lost == set()
    assert found.revenue["GBP"].expansion == 1200


def test_a_trial_is_not_yet_a_customer():
    """Who only tried was never active; who paid from the 10th joined then."""
    tried = Contract("a", at(2, 10), at(3, 10), at(3, 8), "cancelled", "GBP", 1200)
    joined = Contract("b", at(2, 10), at(3, 10), None, None, "GBP", 1200)

    found = churn([tried, joined], *MARCH)

    assert people(found, "active", "lost", "inside") == [set(), set(), set()]


def test_revenue_churn_is_money_of_those_who_were_there():
    """1,200 lost of 6,000; a fall of 600 and a rise of 300 besides; new customers are not in it."""
    ledger = [
        paying("leaves", at(1), at(3, 5), yearly=1200),
        paying("shrinks", at(1), at(3, 6), yearly=1800), paying("shrinks", at(3, 6), yearly=1200),
        paying("grows", at(1), yearly=3000), paying("grows", at(3, 7), yearly=300),
        paying("new", at(3, 8), yearly=99_000),
    ]  # fmt: skip

    measured = {m.metric: m for m in overall(ledger, at(4, 5), UTC, 0.95) if "03" in m.series}

    revenue = measured["churn_revenue"]
    assert revenue.estimate is not None
    assert revenue.estimate.value == pytest.approx(20.0)
    assert revenue.detail["net_percent"] == pytest.approx(100 * (1200 + 600 - 300) / 6000)


def test_a_year_is_not_twelve_months_added():
    """5 % a month is 45.96 % a year: 1 - 0.95 to the twelfth."""
    ledger = [paying(f"p{n}", at(1), at(3, 9) if n < 5 else None) for n in range(100)]

    march = next(m for m in overall(ledger, at(4, 5), UTC, 0.95) if m.series == "2026-03")

    assert march.estimate is not None
    assert march.estimate.value == pytest.approx(5.0)
    assert march.detail["a_year_percent"] == 45.96


def trial(
    who: str, start: int, until: int, end: int | None = None, reason: str | None = None
) -> Contract:
    return Contract(who, start, until, end, reason, "GBP", 1200)


def test_trials_by_what_became_of_them():
    """Two of four known ones pay; one is open, one was no trial; a failed card is told apart."""
    ledger = [
        trial("pays", at(3, 1), at(3, 15)),
        trial("stops", at(3, 2), at(3, 16), at(3, 10), "cancelled"),
        trial("card", at(3, 3), at(3, 17), at(3, 17), "payment_failed"),
        trial("other plan", at(3, 4), at(3, 18), at(3, 9), "cancelled"),
        paying("other plan", at(3, 12)),
        trial("open", at(3, 28), at(4, 28)),
        paying("customer", at(1)), trial("customer", at(3, 6), at(3, 20)),
    ]  # fmt: skip

    counts = trials(ledger, *MARCH, 30, now=at(4, 10))

    assert counts == {"paid": 2, "not_paid": 2, "payment_failed": 1, "open": 1, "no_trial": 1}


def test_paying_after_the_window_is_no_conversion():
    """The window is stated; who comes half a year later is a new customer, not this trial's."""
    ledger = [trial("a", at(3, 1), at(3, 15), at(3, 10), "cancelled"), paying("a", at(9, 1))]

    assert trials(ledger, *MARCH, 30, now=at(10))["not_paid"] == 1


def test_a_record_becomes_a_contract():
    """Ten pounds a month is 120 a year; the trial's end is the begin of paying."""
    record = Subscription(
        party=PartyRef(id="7"),
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        trial_until=datetime(2026, 1, 15, tzinfo=UTC),
        amount_minor=1000,
        currency="GBP",
        period="month",
    )

    assert contract("g1", record) == Contract("g1", at(1), at(1, 15), None, None, "GBP", 12_000)


def test_the_stage_measures_months_of_contracts_and_trials(business):
    """Twelve customers from October, three of whom leave in November; a trial that pays."""
    for rid in range(12):
        business.customer(rid)
        ended = datetime(2025, 11, 9, tzinfo=UTC) if rid < 3 else None
        business.subscribe(
            rid, datetime(2025, 10, 5, tzinfo=UTC), ended_at=ended, amount_minor=500,
            currency="GBP", period="month", end_reason="cancelled" if ended else None,
        )  # fmt: skip
    business.customer(90)
    business.subscribe(
        90, datetime(2025, 11, 3, tzinfo=UTC), trial_until=datetime(2025, 11, 17, tzinfo=UTC)
    )

    business.measure(trial_window=30)

    current = business.current()
    assert current["churn_contract", "2025-11"] == (25.0, 12, "ok")
    assert current["churn_contract", "2025-12"][:2] == (0.0, 10)
    assert current["churn_revenue", "GBP 2025-11"][0] == pytest.approx(25.0)
    assert current["trial_to_paid", "2025-11"] == (100.0, 1, "ok")
