"""A trained model: fitted as by hand, tested on later days only, refused where it does not win."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.errors import ConfigError
from hub.core.records import AnyRecord
from hub.voc.learning import (
    AHEAD,
    DOUBLES,
    EVERY,
    FEWEST,
    Snapshot,
    TooFew,
    forward,
    learn,
    looks,
    snapshots,
)
from hub.voc.logistic import fit
from hub.voc.reweighing import Gain, Reweighing, answered_for, keep, read
from hub.voc.risk import VERSION, assess
from hub.voc.roc import auc, caught
from tests.unit.voc.stories import contract, day, days, story

NOW = day(1_000)


def world(size: int = 150, often: float = 0.08) -> list[Snapshot]:
    """Customers with two signals of ten points: one that some leave after, and one of noise.

    Args:
        size: How many.
        often: At which share of looks the true one shows.
    """
    chance = random.Random(1)
    found = []
    for who in range(size):
        for at in looks(NOW):
            shows = {"true": often, "false": 0.5}
            points = {name: 10 for name in shows if chance.random() < shows[name]}
            left = chance.random() < (0.3 if "true" in points else 0.015)
            found.append(Snapshot(f"c{who}", at, points, left))
            if left:
                break
    return found


@cache
def learnt() -> Reweighing:
    """What is learnt where one signal is true and the other noise."""
    model = learn(world(), VERSION, NOW)
    assert isinstance(model, Reweighing)
    return model


def test_a_signal_that_does_not_bear_out_loses_and_the_model_wins():
    """One signal tells who leaves, the other is noise: factors say so, on days not seen, surely."""
    model = learnt()

    assert model.of("true") > 2 > 0.5 > model.of("false")
    assert model.card.wins
    assert model.card.caught.low > 0
    assert model.card.caught.trained > model.card.caught.points


def test_who_orders_everybody_better_but_catches_no_more_is_refused():
    """The true signal at three in ten looks: within a tenth, whoever shows both is as good."""
    model = learn(world(often=0.3), VERSION, NOW)

    assert isinstance(model, Reweighing)
    assert model.card.auc.low > 0 > model.card.caught.low
    assert not model.card.wins


def test_where_the_points_are_right_nothing_is_gained():
    """Both signals worth the same: the difference is none, its interval holds zero, no win."""
    chance = random.Random(3)
    found = []
    for who in range(300):
        for at in looks(NOW)[:20]:
            points = {name: 10 for name in ("one", "two") if chance.random() < 0.3}
            left = chance.random() < 0.05 * 2 ** len(points)
            found.append(Snapshot(f"c{who}", at, points, left))
            if left:
                break

    model = learn(found, VERSION, NOW)

    assert isinstance(model, Reweighing)
    assert not model.card.wins
    assert model.card.caught.low <= 0 <= model.card.caught.high


@pytest.mark.parametrize(
    ("spans", "same"), [(1, True), (3, True), (4, False)], ids=["28-days", "84-days", "112-days"]
)
def test_a_look_is_judged_by_outcomes_that_were_known_on_its_day(spans, same):
    """What became of somebody after 90 days says nothing before these 90 days are over."""
    every = sorted(world(), key=lambda each: each.at)
    last = every[-1].at
    before = last - spans * EVERY
    turned = [replace(each, left=each.left ^ (each.at == before)) for each in every]
    n = sum(each.at == last for each in every)

    assert (list(forward(turned)[-n:]) == list(forward(every)[-n:])) is same


def test_only_looks_that_a_model_could_judge_are_tested():
    """The test begins with the first look before which enough had left, known by then."""
    every, card = world(), learnt().card
    origin = datetime.fromisoformat(card.tested_from)

    gone = {each.customer for each in every if each.left and each.at + AHEAD <= origin}
    fewer = {each.customer for each in every if each.left and each.at + AHEAD <= origin - EVERY}

    assert len(gone) >= FEWEST > len(fewer)
    assert card.tested_on == sum(each.at >= origin for each in every)


@pytest.mark.parametrize(
    ("caught_low", "auc_low", "wins"),
    [
        (0.001, 0.001, True),
        (0.001, -0.0099, True),
        (0.001, -0.01, False),
        (0.0, 0.02, False),
    ],
    ids=["both-better", "order-hardly-worse", "order-worse", "no-more-caught"],
)
def test_a_model_wins_by_its_alerts_and_may_not_spoil_the_order(caught_low, auc_low, wins):
    """More leavers within budget, surely; of AUC at most a hundredth less, as surely."""
    card = msgspec.structs.replace(
        learnt().card,
        caught=Gain(0.2, 0.25, caught_low, 0.1),
        auc=Gain(0.7, 0.7, auc_low, 0.02),
    )

    assert card.wins is wins


@pytest.mark.parametrize(
    ("every", "said"),
    [
        ([], "known for long enough"),
        (world(size=20), f"{FEWEST} are needed"),
    ],
    ids=["nobody", "few-left"],
)
def test_little_past_teaches_nothing(every, said):
    """Too few who left: it says so instead of fitting."""
    found = learn(every, VERSION, NOW)

    assert isinstance(found, TooFew)
    assert said in found.reason


def test_the_order_of_customers_changes_nothing():
    """The same past in another order is the same model, to the last digit."""
    every = world()
    shuffled = random.Random(9).sample(every, len(every))

    assert learn(shuffled, VERSION, NOW) == learnt()


def test_snapshots_end_when_a_customer_has_left():
    """A contract of 200 days: looked at until it ends, and leaving within 90 days before."""
    events = story(f"log_in {days(range(0, 200, 5))}", contract(0, 200, "cancelled"))

    found = list(snapshots("c1", events, day(400), 180, assess))

    assert [each.at for each in found] == [
        at for at in looks(day(400)) if day(0) + EVERY <= at < day(200)
    ]
    assert [each.left for each in found] == [day(200) - each.at <= AHEAD for each in found]
    assert {each.left for each in found} == {True, False}


def test_who_is_new_or_stays_gives_no_leaver():
    """A running contract never counts as left; nobody without events is looked at."""
    staying: list[AnyRecord] = [contract(0)]

    assert not any(s.left for s in snapshots("c1", story("", *staying), NOW, 180, assess))
    assert list(snapshots("c2", [], NOW, 180, assess)) == []


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.5, 4.0))
def test_a_fit_has_no_slope_left(seed, ridge):
    """At the answer the gradient of the penalised likelihood is zero, whatever the cases."""
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(60, 3))
    y = (chance.random(60) < 0.4).astype(np.float64)
    towards = np.full(3, DOUBLES)
    y[:2] = (0.0, 1.0)

    intercept, weights = fit(x, y, towards, ridge)

    off = y - 1 / (1 + np.exp(-(intercept + x @ weights)))
    assert abs(off.sum()) < 1e-6
    assert np.max(np.abs(x.T @ off - ridge * (weights - towards))) < 1e-6


def at_each(scores, y):
    """Who left and who stayed, at each score."""
    left, stayed = (np.bincount(scores, weights=each) for each in (y, 1 - y))
    return {"left": left, "stayed": stayed}


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=15),
    st.lists(st.integers(0, 5), min_size=1, max_size=15),
)
def test_auc_is_the_share_of_pairs_in_order(left, stayed):
    """As counting every pair tells; ties count half."""
    y = np.repeat([1.0, 0.0], [len(left), len(stayed)])
    pairs = [(a > b) + (a == b) / 2 for a in left for b in stayed]

    assert auc(**at_each(np.array(left + stayed), y)) == pytest.approx(sum(pairs) / len(pairs))


@settings(max_examples=40)
@given(
    st.sets(st.integers(0, 60), min_size=2, max_size=20),
    st.integers(0, 10_000),
    st.integers(1, 20),
)
def test_caught_is_the_share_of_leavers_above_the_stayers_whom_the_budget_lets_through(
    scores, seed, let_through
):
    """As counting tells: of leavers, who is above the highest stayer, the second, and so on."""
    shuffled = random.Random(seed).sample(sorted(scores), len(scores))
    cut = 1 + seed % (len(shuffled) - 1)
    left, stayed = shuffled[:cut], sorted(shuffled[cut:], reverse=True)
    alerted = stayed[:let_through]
    y = np.repeat([1.0, 0.0], [len(left), len(stayed)])

    found = caught(**at_each(np.array(left + stayed), y), budget=len(alerted) / len(stayed))

    above = [sum(score > each for score in left) / len(left) for each in alerted]
    assert found == pytest.approx(sum(above) / len(above))


def test_who_is_equal_is_caught_by_chance():
    """Where all score the same, half of the budget is caught; where nobody left, nobody."""
    same = np.full(50, 7)

    assert caught(**at_each(same, np.repeat([0.0, 1.0], 25)), budget=0.1) == pytest.approx(0.05)
    assert caught(**at_each(same, np.zeros(50)), budget=0.1) == 0.0


def test_reasons_of_a_trained_model_still_add_up():
    """Each reason is its points times the factor, and the sum is the risk; none is left at zero."""
    factors = {"failed-payment": 1.5, "low-score": 0.0}
    own = Reweighing(score=VERSION, factors=factors, card=learnt().card)
    events = story("failed 0; nps3 0; bad 0")

    plain, trained = assess(events, day(0)), assess(events, day(0), model=own)

    before = {reason.signal: reason for reason in plain.reasons}
    after = {reason.signal: reason for reason in trained.reasons}
    assert after.keys() == before.keys() - {"low-score"}
    assert after["failed-payment"].points == 1.5 * before["failed-payment"].points
    assert all(
        (each.text, each.evidence, each.since) == (was.text, was.evidence, was.since)
        for each, was in ((after[name], before[name]) for name in after)
    )
    assert sum(each.points for each in trained.reasons) == trained.points
    assert trained.coverage == plain.coverage


@pytest.fixture
def kept(tmp_path):
    """A model in its file."""
    model = learnt()
    path = tmp_path / "models" / "risk.json"
    keep(model, path)
    return model, path


def test_a_kept_model_is_read_as_it_was(kept):
    """Numbers, card and name survive the file."""
    model, path = kept

    found = read(path)

    assert found == model
    assert found is not None
    assert found.model_id == model.model_id


def test_only_the_model_that_somebody_answers_for_is_used(kept):
    """The register has to name it; another name, another score or a changed file is refused."""
    model, path = kept

    assert answered_for(path, VERSION, model.model_id) == model
    refused = [
        (path, VERSION, None, "that the register"),
        (path, VERSION, "0" * 16, "0000 *|that the register"),
        (path, "risk@99", model.model_id, "weighs risk@3"),
        (path.with_name("none.json"), VERSION, model.model_id, "does not exist"),
    ]
    for where, score, named, said in refused:
        with pytest.raises(ConfigError, match=said) as caught:
            answered_for(where, score, named)
        assert caught.value.code == "HUB-238"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace('"true": ', '"true": 1'), "the file was changed"),
        (lambda text: text.replace("{", "", 1), "no trained model"),
        (lambda text: text.replace('"score"', '"skore"'), "no trained model"),
    ],
    ids=["number", "syntax", "field"],
)
def test_a_changed_file_is_refused(kept, change, said):
    """Nobody weighs customers with numbers that were edited by hand."""
    _, path = kept
    path.write_text(change(path.read_text()))

    with pytest.raises(ConfigError, match=said):
        read(path)


def test_looks_leave_time_for_the_outcome():
    """The last look is 90 days ago: what became of it is known."""
    assert looks(NOW)[-1] == NOW - AHEAD
    assert looks(NOW) == sorted(looks(NOW))
    assert looks(NOW)[1] - looks(NOW)[0] == EVERY
    assert timedelta(days=90) == AHEAD
