"""The judge of detectors: fair to all of them, and blind to what a detector must not know."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

import hub.voc
from benchmarks import churn_trained
from benchmarks.churn_detection import CHOSEN_ON, REPORTED_ON, watch
from benchmarks.churn_detectors import by_chance, hub_risk, recency
from benchmarks.churn_score import BUDGET, NAMES, SPANS, Look, Watched, needed, score, threshold
from benchmarks.churn_trained import by_the_others, reweighed
from hub.emulation.world.churn import CAUSES, ChurnWorld
from hub.voc.learning import TooFew
from hub.voc.pattern_files import shipped
from hub.voc.reweighing import Card, Gain, Reweighing
from hub.voc.risk import SIGNALS, VERSION

END = datetime(2026, 12, 1, tzinfo=UTC)
LEFT = datetime(2026, 9, 1, tzinfo=UTC)


def watched(*points: float | None, left=None, cause=None, signals=(), ahead=30) -> Watched:
    """Somebody looked at weekly; the last look is ``ahead`` days before they left."""
    last = (left or END) - timedelta(days=ahead)
    days = [last - timedelta(weeks=n) for n in reversed(range(len(points)))]
    reasons = dict.fromkeys(signals, 10)
    looks = (Look(now, each, reasons) for now, each in zip(days, points, strict=True))
    return Watched(left, cause, tuple(looks))


NONE = Gain(0.5, 0.5, 0.0, 0.0)
CARD = Card(
    trained_at="", first="", last="", tested_from="", ahead_days=90, customers=0, snapshots=0,
    leavers=0, tested_on=0, tested_leavers=0, caught=NONE, auc=NONE,
)  # fmt: skip
YEAR, WEEK = SPANS["of stayers in a year"], SPANS["of weeks"]
CALM = [watched(float(worst), 0.0) for worst in range(20)]
PEOPLE = st.lists(
    st.lists(st.integers(0, 12).map(float), min_size=1, max_size=3).map(lambda own: watched(*own)),
    min_size=1,
    max_size=30,
)
WORLDS = st.lists(PEOPLE, min_size=2, max_size=4)
PROPERTY = settings(max_examples=40)


def test_a_world_needs_the_points_that_let_a_tenth_of_who_stays_be_alerted():
    """Twenty stayers with worst points 0 to 19: two may be alerted, so it lies at 18."""
    at = needed(CALM, YEAR)

    assert at == 18
    assert score(CALM, at, END, YEAR).false_alerts == 2


def test_a_world_never_needs_so_little_that_more_come_through_than_the_budget():
    """Three stayers tied at the top are too many: it lies above them."""
    tied = [*CALM[:17], *(watched(50.0) for _ in range(3))]

    assert needed(tied, YEAR) > 50


def test_the_threshold_is_that_of_the_world_which_needs_the_highest():
    """One world needs 18 and one 23; together 21, and the second would exceed."""
    louder = [watched(float(worst + 5), 0.0) for worst in range(20)]

    assert (needed(CALM, YEAR), needed(louder, YEAR), needed(CALM + louder, YEAR)) == (18, 23, 21)
    assert threshold([CALM, louder], YEAR) == 23


@PROPERTY
@given(WORLDS, st.sampled_from(list(SPANS.values())))
def test_no_world_that_a_threshold_is_chosen_on_exceeds_the_budget(worlds, span):
    """Ties, one stayer or many: in each of them at most a tenth are alerted."""
    at = threshold(worlds, span)

    assert all(score(seen, at, END, span).false_share <= BUDGET for seen in worlds)


@PROPERTY
@given(WORLDS, st.sampled_from(list(SPANS.values())))
def test_of_worlds_left_out_in_turn_one_at_most_exceeds_the_budget(worlds, span):
    """This is the promise: which of them is the new one is chance, so it is one in as many."""
    exceeds = []
    for number, seen in enumerate(worlds):
        at = threshold(worlds[:number] + worlds[number + 1 :], span)
        exceeds.append(score(seen, at, END, span).false_share > BUDGET)

    assert sum(exceeds) <= 1


@PROPERTY
@given(WORLDS)
def test_another_world_never_lowers_the_threshold(worlds):
    """What was learnt of one world is not unlearnt by a quiet one."""
    assert threshold(worlds, YEAR) >= threshold(worlds[1:], YEAR)


def test_the_milder_budget_counts_weeks():
    """Forty weeks of the same twenty people: four of them may carry an alert."""
    at = needed(CALM, WEEK)

    assert (at, score(CALM, at, END, WEEK).false_alerts) == (16, 4)


def test_a_span_is_counted_wherever_it_lies():
    """One alert in five weeks is in two of the four spans of two weeks, in both that touch it."""
    stayer = watched(0.0, 90.0, 0.0, 0.0, 0.0)

    found = score([stayer], 50, END, span=2)

    assert (found.spans, found.false_alerts) == (4, 2)


@pytest.mark.parametrize(("ahead", "caught"), [(13, 0), (14, 1), (90, 1), (91, 0)])
def test_an_alert_helps_in_the_90_to_14_days_before(ahead, caught):
    """Too late to act is no catch; nor is an alert so early that it was about something else."""
    lows = [Look(LEFT - timedelta(days=50), 0.0, {})]
    high = Look(LEFT - timedelta(days=ahead), 80.0, {})
    gone = Watched(LEFT, "moved_away", (*lows, high))

    assert len(score([gone], 50, END, YEAR).caught) == caught


def test_who_leaves_after_the_end_counts_on_neither_side():
    """An alert for somebody on their way out is neither false nor a catch."""
    on_the_way = watched(90.0, left=END + timedelta(days=20), cause="moved_away")

    found = score([on_the_way, *CALM], 50, END, YEAR)

    assert (found.spans, found.leavers, found.false_alerts) == (20, 0, 0)


def test_unknown_is_no_alert():
    """A detector that does not know is not credited with a guess."""
    gone = watched(None, None, left=LEFT, cause="moved_away")

    assert score([gone], 0, END, YEAR).caught == ()


@pytest.mark.parametrize(
    ("signals", "named"),
    [
        (("usage-drop", "open-issue", "burst-then-stop"), 1),
        (("burst-then-stop", "open-issue"), 0),
        (("usage-drop",), 0),
    ],
)
def test_the_heaviest_reason_that_names_a_cause_decides(signals, named):
    """Symptoms are passed over; a second guess does not count."""
    gone = watched(80.0, left=LEFT, cause="unresolved_issue", signals=signals)

    assert score([gone], 50, END, YEAR).named == named


def test_the_declared_meanings_are_of_signals_and_causes_that_exist():
    """A signal that was renamed would name no cause any more."""
    ids = {signal.id for signal in SIGNALS} | {pattern.id for pattern in shipped()}

    assert set(NAMES) <= ids
    assert set(NAMES.values()) <= set(CAUSES)


def test_whoever_judges_customers_never_reads_the_world():
    """No module of the room of signals imports anything of the emulation."""
    for path in Path(hub.voc.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if "emulation" in name], path.name


def test_detectors_are_shown_nobody_after_they_left():
    """A small world is watched: looks are weekly, and end with the customer."""
    world = ChurnWorld.build(202, subscribers=6)
    detectors = {"hub": hub_risk(world), "recency": recency, "random": by_chance(world)}

    seen = watch(world, detectors)

    assert set(seen) == set(detectors)
    for each, subscriber in zip(seen["hub"], world.subscribers, strict=True):
        assert each.left_at == subscriber.fate.left_at
        assert all(look.now < min(world.end, each.left_at or world.end) for look in each.looks)
        assert all(0 <= look.points <= 100 for look in each.looks if look.points is not None)
    assert any(look.reasons for each in seen["hub"] for look in each.looks)
    assert all(len({x.points for x in each.looks}) <= 1 for each in seen["random"])


def test_what_was_developed_on_is_not_reported_on():
    """A figure of a world that has been looked at says how well one has looked."""
    assert not set(CHOSEN_ON) & set(REPORTED_ON)


def test_a_trained_model_is_judged_by_the_same_looks():
    """Its factors change points and the order of reasons, and nothing of who was looked at when."""
    model = Reweighing(score=VERSION, factors={"open-issue": 3.0, "usage-drop": 0.0}, card=CARD)
    before = Look(LEFT, 15.0, {"usage-drop": 10, "open-issue": 5})

    [after] = reweighed([Watched(LEFT, "moved_away", (before,))], model)

    assert after.looks == (Look(LEFT, 15.0, {"open-issue": 15, "usage-drop": 0}),)
    assert list(after.looks[0].signals) == ["open-issue"]


def test_a_world_is_judged_by_a_model_that_has_not_seen_it(monkeypatch):
    """The threshold of a model is chosen on worlds that are as new to it as those reported on."""
    worlds = [[watched(float(points), 0.0)] for points in (1, 2, 3)]
    learnt_from = []

    def note(others, end):
        learnt_from.append([seen[0].looks[0].points for seen in others])
        return TooFew("three customers")

    monkeypatch.setattr(churn_trained, "trained", note)

    assert by_the_others(worlds, END) == worlds
    assert learnt_from == [[2, 3], [1, 3], [1, 2]]
