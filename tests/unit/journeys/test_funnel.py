"""Who goes on, who is lost where and why, and who may yet go on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.records import (
    AnyRecord,
    Feedback,
    Interaction,
    PartyRef,
    Refund,
    Subscription,
    Ticket,
)
from hub.core.records import Order as ShopOrder
from hub.journeys.funnel import Funnel, before_and_after, funnel
from hub.journeys.passage import passage, reason_of_loss
from hub.journeys.score import survey_score
from hub.journeys.timeline import events_of
from hub.metrics.journeys import Precision, change_of_completion, completion
from tests.unit.journeys.traces import ALWAYS, day, journey, people, trace

ABC = journey("abc")


def rows(found: Funnel) -> dict[str, tuple[int, int, int, int]]:
    """Entered, converted, open and lost here, by stage."""
    return {
        row.stage: (row.entered, row.converted, row.open, row.lost_here) for row in found.stages
    }


def test_set_up_losses_are_found_at_their_steps():
    """45 % of 400 abandon set-up; 60, 25 and 15 % of them at the three steps, each with its why."""
    setup = journey("abcd")
    finished = [trace("a0 b1 c2 d3", who=f"done{n}") for n in range(220)]
    silent = [trace("a0", who=f"first{n}") for n in range(108)]
    stuck = [trace("a0 b1", Ticket(at=day(2), status="open"), who=f"second{n}") for n in range(45)]
    unpaid = [
        trace("a0 b1 c2", Interaction(at=day(3), kind="payment_failed"), who=f"third{n}")
        for n in range(27)
    ]

    found = funnel(setup, [*finished, *silent, *stuck, *unpaid], ALWAYS)

    assert (found.started, found.completed, found.lost) == (400, 220, 180)
    shares = {row.stage: found.share_of_loss(row) for row in found.stages}
    assert shares == {"a": 0.60, "b": 0.25, "c": 0.15, "d": 0.0}
    assert [dict(row.losses) for row in found.stages] == [
        {"silent": 108}, {"unresolved_issue": 45}, {"payment_failed": 27}, {},
    ]  # fmt: skip


def test_a_mend_is_measured_from_the_log():
    """Of 200 who started before day 100, 110 finish; of 200 since, 156: 55 and 78 %, a rise.

    Whoever began before counts as before, however late they finish.
    """
    log = [trace("a99 b101" if n < 110 else "a99", who=f"early{n}") for n in range(200)]
    log += [trace("a100 b102" if n < 156 else "a100", who=f"late{n}") for n in range(200)]
    precision = Precision(min_n=10, confidence=0.95)

    before, after = before_and_after(journey("ab"), log, day(100), ALWAYS)

    rates = [completion(each, precision) for each in (before, after)]
    assert [rate and round(rate.value, 6) for rate in rates] == [55.0, 78.0]
    change = change_of_completion(before, after, precision)
    assert change is not None
    assert change.significant
    assert change.low < 23 < change.high


def test_a_loop_enters_nothing_anew():
    """Coming back to a stage is one customer, and the first entry starts the clock."""
    found = funnel(ABC, people("a0 a5 b6 a7 b8 c9"), ALWAYS)

    assert rows(found) == {"a": (1, 1, 0, 0), "b": (1, 1, 0, 0), "c": (1, 0, 0, 0)}
    assert found.stages[0].wait == 6 * 86_400


@pytest.mark.parametrize(("now", "open_now", "lost"), [(29, 1, 0), (30, 1, 0), (30.01, 0, 1)])
def test_who_still_may_go_on_is_neither_converted_nor_lost(now, open_now, lost):
    """Until the window has passed an entry is censored, not a loss."""
    found = funnel(ABC, people("a0"), day(now))

    assert (found.stages[0].open, found.stages[0].lost_here) == (open_now, lost)
    assert found.stages[0].decided == 1 - open_now


@pytest.mark.parametrize(("arrives", "converted"), [(30, 1), (30.01, 0)])
def test_a_step_after_the_window_is_no_conversion(arrives, converted):
    """Who comes back next year was lost."""
    assert funnel(ABC, people(f"a0 b{arrives}"), ALWAYS).stages[0].converted == converted


@pytest.mark.parametrize(("minutes", "converted"), [(5, 1), (6, 0)])
def test_clocks_of_two_systems_may_differ(minutes, converted):
    """An order stamped five minutes before the click that led to it still follows it."""
    found = funnel(ABC, people(f"b1 a{1 + minutes / 1440}"), ALWAYS)

    assert found.stages[0].converted == converted


def test_an_optional_stage_is_counted_but_nobody_is_lost_for_leaving_it_out():
    """Stage a leads to c, whether by way of B or not; B has its own conversion."""
    found = funnel(journey("aBc"), people("a0 c1", "a0 b1 c2", "a0 b1", "b0"), ALWAYS)

    assert rows(found) == {"a": (3, 2, 0, 1), "b": (3, 1, 0, 0), "c": (2, 0, 0, 0)}
    assert [row.to for row in found.stages] == ["c", "c", None]


def test_events_to_come_have_not_happened():
    """A contract's end next year enters no stage today."""
    found = funnel(ABC, people("a0 b1 c50"), day(2))

    assert rows(found)["c"] == (0, 0, 0, 0)
    assert found.open == 1


REASONS: dict[str, list[AnyRecord]] = {
    "payment_failed": [Interaction(at=day(1), kind="payment failed"), Ticket(at=day(1))],
    "cancelled": [
        Subscription(party=PartyRef(id="p"), started_at=day(0), ended_at=day(3)),
    ],
    "returned": [
        ShopOrder(
            order_ref="o", at=day(0), currency="AUD", total_minor=1,
            refunds=[Refund(at=day(2), amount_minor=1)],
        ),
        Ticket(at=day(1)),
    ],
    "dissatisfied": [Feedback(at=day(1), instrument="csat", score=2, scale_min=1, scale_max=5)],
    "unresolved_issue": [Ticket(at=day(1)), Interaction(at=day(2), kind="call")],
    "asked_for_help": [Ticket(at=day(1), solved_at=day(2))],
    "silent": [
        Ticket(at=day(40)),
        Feedback(at=day(1), instrument="csat", score=5, scale_min=1, scale_max=5),
    ],
}  # fmt: skip


def test_a_ticket_that_was_opened_again_is_unresolved():
    """It was solved once, and the customer had to come back."""
    ticket = Ticket(at=day(1), solved_at=day(2), reopens=1, status="open")
    events = trace("a0", ticket)
    lost = passage(ABC, events, ALWAYS)

    assert lost is not None
    assert reason_of_loss(ABC, lost, events) == "unresolved_issue"


@pytest.mark.parametrize("reason", REASONS)
def test_the_heaviest_reason_explains_a_loss(reason):
    """What happened between the last stage and the end of the window; a solved ticket asked."""
    events = trace("a0", *REASONS[reason])
    lost = passage(ABC, events, ALWAYS)

    assert lost is not None
    assert reason_of_loss(ABC, lost, events) == reason


@pytest.mark.parametrize(
    ("instrument", "score", "scale", "felt"),
    [
        ("nps", 0, (0, 10), -1), ("nps", 5, (0, 10), 0), ("csat", 5, (1, 5), 1),
        ("csat", 0, (0, 1), -1), ("ces", 7, (1, 7), 1), ("ces", 1, (1, 5), 1),
        ("rating", 3, (1, 5), 0), ("nps", 11, (0, 10), None), ("nps", 3, (None, 10), None),
        ("nps", None, (0, 10), None),
    ],
)  # fmt: skip
def test_scores_of_every_scale_are_felt_alike(instrument, score, scale, felt):
    """Each answer between its own ends; effort of five boxes turned around; misfits say nothing."""
    low, high = scale
    answer = Feedback(at=day(0), instrument=instrument, score=score, scale_min=low, scale_max=high)
    (event,) = events_of("c/s/1", answer)

    assert survey_score(event) == felt


WALKS = st.lists(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.integers(0, 90)).map(lambda s: f"{s[0]}{s[1]}"),
        max_size=8,
    ).map(" ".join),
    max_size=12,
)


@settings(max_examples=25)
@given(WALKS, st.integers(0, 120))
def test_everybody_is_counted_once(texts, now):
    """Started = completed + open + lost; the losses of the stages are all losses."""
    found = funnel(journey("abCd", window="20d"), people(*texts), day(now))

    assert found.started == found.completed + found.open + found.lost
    assert sum(row.lost_here for row in found.stages) == found.lost
    for row in found.stages:
        assert 0 <= row.converted <= row.decided <= row.entered
