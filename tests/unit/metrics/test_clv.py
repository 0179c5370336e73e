"""BG/NBD and Gamma-Gamma: known parameters come back, and what cannot be fitted is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from hub.core.clock import to_micros
from hub.core.errors import ConfigError
from hub.metrics.clv import bg_nbd, extra, gamma_gamma, predicted
from hub.metrics.clv.bg_nbd import BgNbd, Purchases
from hub.metrics.clv.history import History, histories, month_begin
from hub.metrics.clv.predicted import Terms
from hub.metrics.orders import Order

CDNOW = BgNbd(0.2426, 4.4135, 0.7929, 2.4259, -9582.43, converged=True)
TERMS = Terms(horizon_days=365, discount=0.1, margin=1.0)


def simulated(dice: np.random.Generator, model: BgNbd, customers: int, weeks: float) -> Purchases:
    """Customers who buy and leave as the model says, each seen for ``weeks`` or less."""
    rate = dice.gamma(model.r, 1 / model.alpha, customers)
    leaves = dice.beta(model.a, model.b, customers) if model.a else np.zeros(customers)
    age = dice.uniform(weeks / 2, weeks, customers)
    x, t_x, alive = np.zeros(customers), np.zeros(customers), np.ones(customers, dtype=bool)
    while alive.any():
        at = t_x + dice.exponential(1 / rate)
        buys = alive & (at <= age)
        t_x, x = np.where(buys, at, t_x), x + buys
        alive = buys & (dice.random(customers) >= leaves)
    return Purchases(x, t_x, age)


@pytest.fixture(scope="module")
def sample() -> Purchases:
    """4,000 customers of known habits."""
    truth = BgNbd(0.55, 10.6, 0.79, 2.43, 0.0, converged=True)
    return simulated(np.random.default_rng(5), truth, 4_000, 78.0)


@pytest.fixture(scope="module")
def group() -> list[History]:
    """400 customers with two repeat purchases in three, who never leave."""
    dice = np.random.default_rng(8)
    loyal = simulated(dice, BgNbd(1.0, 8.0, 0.0, 1.0, 0.0, converged=True), 400, 52.0)
    worth = dice.gamma(6.0, 1 / dice.gamma(4.0, 1 / 1_500.0, 400))
    return [
        History(f"g{n:04}", "GBP", int(x), int(7 * t), int(7 * age), v if x else 0.0, v)
        for n, (x, t, age, v) in enumerate(
            zip(loyal.x, loyal.t_x, loyal.age, worth, strict=True)
        )
    ]  # fmt: skip


def test_habits_that_were_simulated_come_back(sample):
    """Maximum likelihood finds the rates and the drop-out that made the data."""
    model = bg_nbd.fit(sample)

    assert model.converged
    assert bg_nbd.degeneracy(model, sample.repeaters) is None
    assert (model.r, model.alpha) == pytest.approx((0.55, 10.6), rel=0.15)
    assert model.a / (model.a + model.b) == pytest.approx(0.79 / 3.22, rel=0.15)


def test_the_likelihood_is_highest_where_the_fit_says(sample):
    """A step in any direction is less likely, by an independent sum of the published formula."""
    model = bg_nbd.fit(sample)
    best = likelihood(model, sample)

    assert best == pytest.approx(model.log_likelihood, rel=1e-9)
    for name in ("r", "alpha", "a", "b"):
        for factor in (0.97, 1.03):
            moved = BgNbd(**{**vars_of(model), name: getattr(model, name) * factor})
            assert likelihood(moved, sample) < best


def vars_of(model: BgNbd) -> dict:
    return {name: getattr(model, name) for name in BgNbd.__slots__}


def likelihood(m: BgNbd, p: Purchases) -> float:
    """Fader, Hardie and Lee 2005, equation 6, customer by customer."""
    from math import exp, lgamma, log

    total = 0.0
    for x, t_x, age in zip(p.x, p.t_x, p.age, strict=True):
        beta = lgamma(m.a + m.b) + lgamma(m.b + x) - lgamma(m.b) - lgamma(m.a + m.b + x)
        gamma = lgamma(m.r + x) - lgamma(m.r) + m.r * log(m.alpha)
        stays = exp(-(m.r + x) * log((m.alpha + age) / (m.alpha + t_x)))
        left = m.a / (m.b + x - 1) if x else 0.0
        total += beta + gamma + log(stays + left) - (m.r + x) * log(m.alpha + t_x)
    return total


def test_expected_purchases_are_those_of_the_simulated_future():
    """A thousand customers go on living: the model's sum is within sampling error of theirs."""
    dice = np.random.default_rng(3)
    truth = BgNbd(0.8, 6.0, 0.8, 2.5, 0.0, converged=True)
    weeks, ahead, n = 40.0, 30.0, 20_000
    rate, leaves = dice.gamma(truth.r, 1 / truth.alpha, n), dice.beta(truth.a, truth.b, n)
    x, t_x, later, alive, at = np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, bool), np.zeros(n)
    while alive.any():
        at = at + dice.exponential(1 / rate)
        past, future = alive & (at <= weeks), alive & (at > weeks) & (at <= weeks + ahead)
        t_x, x, later = np.where(past, at, t_x), x + past, later + future
        alive = (past | future) & (dice.random(n) >= leaves)
    seen = Purchases(x, t_x, np.full(n, weeks))

    expected = bg_nbd.expected_purchases(truth, ahead, seen)

    for group in (x == 0, x == 1, x > 3):
        error = later[group].std() / np.sqrt(group.sum())
        assert expected[group].mean() == pytest.approx(later[group].mean(), abs=4 * error)


def test_the_published_customer():
    """CDNOW's customer (2, 30.43, 38.86) buys 1.226 times in the next 39 weeks."""
    customer = Purchases(np.array([2.0]), np.array([30.43]), np.array([38.86]))

    assert bg_nbd.expected_purchases(CDNOW, 39.0, customer)[0] == pytest.approx(1.226, abs=5e-4)


def test_heavy_buyers_do_not_overflow():
    """The published product of a vanishing power and an exploding series is finite here."""
    heavy = Purchases(np.array([2_000.0]), np.array([38.0]), np.array([38.86]))

    expected = bg_nbd.expected_purchases(CDNOW, 39.0, heavy)[0]

    assert np.isfinite(expected)
    assert 0 < expected < 2_100


def test_where_hardly_anybody_leaves_newcomers_have_a_forecast_too():
    """Euler's form fails there; what is expected is a little less than if nobody ever left."""
    loyal = BgNbd(1.0533, 9.8261, 513.578, 130_668.87, log_likelihood=-8977.9, converged=True)
    group = Purchases(np.zeros(3), np.zeros(3), np.array([0.0, 0.3, 2.7]))

    found = bg_nbd.expected_purchases(loyal, 30.4375, group)

    if_nobody_left = (loyal.r + group.x) / (loyal.alpha + group.age) * 30.4375
    assert (found < if_nobody_left).all()
    assert found == pytest.approx(if_nobody_left, rel=0.02)


def test_of_a_one_time_buyer_no_chance_is_told():
    """The model says exactly 1 for them whatever the silence: that is not knowledge."""
    customers = Purchases(np.array([0.0, 1.0]), np.array([0.0, 5.0]), np.array([38.0, 38.0]))

    chances = bg_nbd.p_alive(CDNOW, customers)

    assert np.isnan(chances[0])
    assert 0 < chances[1] < 1


def test_where_nobody_leaves_the_fit_is_degenerate(group):
    """P(alive) is refused with the reason; purchases are counted without drop-out."""
    (prediction,) = predicted.predict(group, TERMS)

    assert prediction.status == "degenerate fit"
    assert prediction.alive is None
    assert "P(alive) refused" in str(prediction.detail["why"])
    assert str(prediction.detail["counting"]).startswith("NBD ")
    truth = sum(h.x for h in group) / sum(h.age for h in group) * 365
    assert np.mean(prediction.purchases) == pytest.approx(truth, rel=0.15)


@pytest.mark.parametrize(
    ("model", "repeaters", "why"),
    [
        (CDNOW, 99, "99 repeat customers"),
        (BgNbd(1, 1, 1, 1, 0.0, converged=False), 500, "no maximum"),
        (BgNbd(1, 1, 1e-4, 1e3, 0.0, converged=True), 500, "no drop-out"),
        (BgNbd(1, 1, 1e5, 162_000, 0.0, converged=True), 500, "at its bound"),
        (CDNOW, 500, None),
    ],
    ids=["few", "no-maximum", "no-drop-out", "bound", "good"],
)
def test_a_degenerate_fit_is_known_by_its_parameters(model, repeaters, why):
    """Each way in which the likelihood fails has its reason; a good fit has none."""
    found = bg_nbd.degeneracy(model, repeaters)

    assert (found is None) if why is None else (why in str(found))


def test_values_that_were_simulated_come_back():
    """Gamma-Gamma finds the parameters of 5,000 customers."""
    dice = np.random.default_rng(2)
    x = dice.integers(1, 9, 5_000).astype(float)
    value = dice.gamma(6.25 * x, 1 / (x * dice.gamma(3.74, 1 / 15.44, 5_000)))

    model = gamma_gamma.fit(x, value)

    assert (model.p, model.q, model.v) == pytest.approx((6.25, 3.74, 15.44), rel=0.12)
    few, many = gamma_gamma.expected_value(model, np.array([1.0, 500.0]), np.array([90.0, 90.0]))
    assert few < 80 < many < 91


def test_value_that_goes_with_frequency_is_not_modelled(group):
    """Who buys often buys for more: each customer's own mean is used, and it is said."""
    joined = [
        History(h.golden_id, "GBP", h.x, h.t_x, h.age, 100.0 * h.x, 100.0 * h.x + 1) for h in group
    ]

    (prediction,) = predicted.predict(joined, TERMS)

    assert str(prediction.detail["value"]).startswith("own mean: value goes with frequency")


def test_a_discount_and_a_margin_lower_the_value(group):
    """At half the margin the value halves; a discount takes less than its yearly rate."""
    (plain,) = predicted.predict(group, Terms(365, 0.0, 1.0))
    (half,) = predicted.predict(group, Terms(365, 0.0, 0.5))
    (later,) = predicted.predict(group, Terms(365, 0.2, 1.0))

    assert half.values[0] == pytest.approx(plain.values[0] / 2)
    assert plain.values[0] / 1.2 < later.values[0] < plain.values[0]


def test_too_few_repeat_customers_have_no_prediction():
    """Every one of them says so; no number is made up."""
    few = [History(f"g{n}", "GBP", 1, 10, 20, 500.0, 500.0) for n in range(99)]

    (prediction,) = predictions = predicted.predict(few, TERMS)

    assert (prediction.status, prediction.values) == ("insufficient", ())
    assert {(v.value, v.status) for v in predicted.per_profile(predictions)} == {
        (None, "insufficient")
    }


def test_without_scipy_it_is_said_what_to_install(group, monkeypatch):
    """The core does not bring it; the snapshot is absent and names the extra."""
    monkeypatch.setattr(extra, "find_spec", lambda name: None)

    (prediction,) = predicted.predict(group, TERMS)

    assert prediction.status == "absent"
    assert "cxhub[clv]" in str(prediction.detail["why"])
    assert list(predicted.per_profile([prediction])) == []


def test_a_model_that_is_asked_for_without_scipy_is_refused(monkeypatch):
    """Python's ModuleNotFoundError would not say which extra brings it."""
    extra.special.cache_clear()

    def absent(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(extra, "import_module", absent)

    with pytest.raises(ConfigError, match=r"cxhub\[clv\]"):
        extra.special()


def test_orders_of_a_day_are_one_purchase_and_the_running_month_is_not_seen():
    """Two parcels on 2 January, one on the 30th, one in February: one repeat, seen until 31st."""
    orders = [
        Order("g1", "GBP", to_micros(datetime(2026, month, day, 12, tzinfo=UTC)), net)
        for month, day, net in ((1, 2, 100), (1, 2, 50), (1, 30, 70), (2, 3, 900))
    ]
    reference = to_micros(datetime(2026, 2, 11, tzinfo=UTC))

    (history,) = histories(orders, month_begin(reference, UTC), UTC)

    assert month_begin(reference, UTC) == date(2026, 2, 1)
    assert history == History("g1", "GBP", 1, 28, 29, 70.0, 110.0)


def test_the_stage_predicts_for_each_customer_and_rewrites_nothing_within_the_month(
    business, monkeypatch
):
    """Twelve customers of October: an order of today moves nobody, only a new month does."""
    monkeypatch.setattr(bg_nbd, "MIN_REPEATERS", 5)
    for rid in range(12):
        business.customer(rid)
        for nth in range(1 + rid % 4):
            at = datetime(2025, 10, 1 + rid + 3 * nth, tzinfo=UTC)
            business.order(rid, f"o{rid}-{nth}", 900 + 40 * rid + 10 * nth, at)
    business.order(0, "december", 900, datetime(2025, 12, 30, tzinfo=UTC))
    business.measure()
    before = predicted_of(business)

    business.order(3, "today", 90_000, datetime(2026, 1, 1, tzinfo=UTC))
    business.measure()

    assert before
    assert {status for _, _, status in before.values()} <= {"ok", "degenerate fit", "insufficient"}
    assert all(value > 0 for value, _, status in before.values() if status != "insufficient")
    assert predicted_of(business) == before
    assert business.current()["clv_predicted", "GBP"][1] == 12


def predicted_of(business) -> dict:
    return {
        key: value
        for key, value in business.own_values().items()
        if key[1].startswith("clv_predicted")
    }
