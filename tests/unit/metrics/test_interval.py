"""Published vectors and measured coverage of the intervals."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.metrics.interval import Estimate, mean, net_promoter, student_t, wilson
from hub.metrics.skewed import median, ratio


def bounds(estimate: Estimate) -> tuple[float, float]:
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.low, estimate.high


def test_csat_vector():
    """42/32/10/9/14 answers from 5 down to 1: 74 of 107 are satisfied."""
    assert wilson(74, 107, 0.95).value == pytest.approx(69.16, abs=0.005)


def test_nps_vector():
    """Half promoters, a sixth detractors, 324 answers: 33.3 plus or minus 8.1."""
    nps = net_promoter(162, 108, 54, 0.95)

    assert nps.value == pytest.approx(33.33, abs=0.01)
    low, high = bounds(nps)
    assert (high - low) / 2 == pytest.approx(8.1, abs=0.06)


@pytest.mark.parametrize(
    ("p", "d", "n", "least", "most"),
    [(0.90, 0.02, 10, 0.90, 0.98), (0.90, 0.02, 30, 0.93, 0.98), (0.50, 0.17, 30, 0.93, 0.98)],
)
def test_nps_interval_covers_the_truth_where_wald_does_not(p, d, n, least, most):
    """Simulated coverage on small and skewed samples (plain Wald: 64.6 % in the first case)."""
    dice = random.Random(7)
    truth, hits, rounds = 100 * (p - d), 0, 4_000
    for _ in range(rounds):
        draws = [dice.random() for _ in range(n)]
        promoters = sum(x < p for x in draws)
        detractors = sum(x > 1 - d for x in draws)
        nps = net_promoter(promoters, n - promoters - detractors, detractors, 0.95)
        low, high = bounds(nps)
        hits += low <= truth <= high

    assert least <= hits / rounds <= most


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400))
def test_nps_stays_on_its_scale(promoters, passives, detractors):
    """Value and interval lie between -100 and 100, and the interval is not empty."""
    if promoters + passives + detractors:
        nps = net_promoter(promoters, passives, detractors, 0.95)

        low, high = bounds(nps)
        assert -100 <= low <= high <= 100
        assert -100 <= nps.value <= 100


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_contains_its_share(case):
    """The interval holds the observed share and stays within 0 and 100."""
    hits, n = case
    share = wilson(hits, n, 0.95)

    low, high = bounds(share)
    assert 0 <= low <= share.value + 1e-9
    assert share.value - 1e-9 <= high <= 100


def test_a_share_of_nothing_is_refused():
    """No number is better than a wrong one."""
    for estimate in (lambda: wilson(0, 0, 0.95), lambda: net_promoter(0, 0, 0, 0.95)):
        with pytest.raises(ValueError, match="undefined"):
            estimate()


@pytest.mark.parametrize(
    ("degrees", "table"), [(1, 12.706), (2, 4.303), (3, 3.182), (10, 2.228), (120, 1.980)]
)
def test_student_quantiles_match_the_table(degrees, table):
    """Published two-sided 95 % quantiles, within one per cent."""
    assert student_t(0.95, degrees) == pytest.approx(table, rel=0.01)


def test_ratio_and_mean_agree_when_everyone_buys_once():
    """With one order each, revenue over orders is the mean order."""
    values = [10.0, 20.0, 60.0, 5.0]

    over_orders, plain = ratio([(v, 1) for v in values], 0.95), mean(values, 0.95)

    assert over_orders.value == pytest.approx(plain.value)
    assert over_orders.low == pytest.approx(plain.low)


@given(pairs=st.lists(st.tuples(st.integers(-(10**6), 10**6), st.integers(1, 50)), min_size=2))
def test_a_ratio_does_not_depend_on_the_order_of_its_units(pairs):
    """Customers come by golden id, which is random: every bit is the same in any order."""
    assert ratio(pairs, 0.95) == ratio(sorted(pairs), 0.95)


def test_the_interval_of_money_follows_its_tail():
    """Where a few spend most, the truth may lie far above the value, and hardly below."""
    dice = random.Random(4)
    spent = ratio([(dice.lognormvariate(0, 1), 1) for _ in range(30)], 0.95)

    low, high = bounds(spent)
    assert high - spent.value > 1.5 * (spent.value - low)


def test_money_is_covered_better_than_by_a_symmetric_interval():
    """Over samples of ten customers the bootstrap holds the truth more often than Student's t."""
    dice = random.Random(6)
    truth, drawn, symmetric = 2.718281828**0.5, 0, 0
    for _ in range(120):
        sample = [dice.lognormvariate(0, 1) for _ in range(10)]
        low, high = bounds(ratio([(value, 1) for value in sample], 0.95))
        plain_low, plain_high = bounds(mean(sample, 0.95))
        drawn += low <= truth <= high
        symmetric += plain_low <= truth <= plain_high

    assert drawn > symmetric + 3
    assert drawn >= 0.86 * 120


def test_customers_who_are_all_alike_leave_no_doubt():
    """Nothing varies: the interval is the value, and nothing is divided by zero."""
    assert bounds(ratio([(500, 1)] * 20, 0.95)) == (500, 500)


@pytest.mark.parametrize(
    ("groups", "middle"),
    [([[3.0]], 3.0), ([[1.0], [2.0], [4.0], [9.0]], 3.0), ([[1.0, 1.0, 1.0], [7.0]], 1.0)],
    ids=["one", "even", "two-customers"],
)
def test_a_median_counts_values_and_its_doubt_counts_customers(groups, middle):
    """Four orders of which three are one person's are two observations."""
    found = median(groups, 0.95)

    assert (found.value, found.n) == (middle, len(groups))


def test_orders_of_one_customer_widen_the_interval_of_a_median():
    """Ten customers with ten like orders each know less than a hundred customers."""
    values = [float(n) for n in range(10)]

    few = bounds(median([[value] * 10 for value in values], 0.95))
    many = bounds(median([[value] for value in values for _ in range(10)], 0.95))

    assert few[1] - few[0] > 2 * (many[1] - many[0])
