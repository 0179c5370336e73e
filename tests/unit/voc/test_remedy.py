"""Counterfactuals: every "lowers it to" is what a real assessment of that past gives."""

from __future__ import annotations

from functools import partial

import hypothesis.strategies as st
from hypothesis import given, settings
from msgspec import structs

from hub.core.records import AnyRecord, Feedback, Interaction, Message, Ticket
from hub.journeys.kinds import KINDS
from hub.voc.remedy import remedies
from hub.voc.risk import assess
from tests.unit.voc.stories import day, told

NOW = day(40)
weigh = partial(assess, known=dict.fromkeys(KINDS, NOW))


@st.composite
def pasts(draw) -> dict[str, AnyRecord]:
    """Tickets in every state, scores, log-ins and messages within forty days."""
    at = st.integers(0, 39).map(day)
    records: dict[str, AnyRecord] = {}
    for number in range(draw(st.integers(0, 4))):
        solved = draw(st.none() | at)
        records[f"desk/tickets/{number}"] = Ticket(
            at=draw(at),
            channel="email",
            status=draw(st.sampled_from(["open", "pending", "solved", "closed", "deleted"])),
            solved_at=solved,
            reopens=draw(st.none() | st.integers(0, 1)),
            assignee_stations=draw(st.none() | st.integers(1, 3)),
            subject=draw(st.sampled_from([None, "Late", "Invoice"])),
        )
    for number, score in enumerate(draw(st.lists(st.integers(0, 10), max_size=2))):
        answer = Feedback(at=draw(at), instrument="nps", score=score, scale_min=0, scale_max=10)
        records[f"asked/answers/{number}"] = answer
    for number, when in enumerate(draw(st.lists(at, max_size=12))):
        records[f"app/visits/{number}"] = Interaction(at=when, kind="login")
    for number, when in enumerate(draw(st.lists(at, max_size=2))):
        records[f"desk/calls/{number}"] = Interaction(at=when, kind="call")
    return records


@settings(max_examples=40, deadline=None)
@given(pasts())
def test_every_counterfactual_is_a_real_assessment_of_changed_records(records):
    """Change the record at its source, read everything anew, assess: the same points, and lower."""
    before = weigh(told(records), NOW).points

    for remedy in remedies(told(records), NOW, weigh):
        [source] = remedy.evidence
        changed: dict[str, AnyRecord] = dict(records)
        record = records[source]
        if isinstance(record, Ticket):
            changed[source] = structs.replace(record, status="solved", solved_at=NOW)
        else:
            changed["desk/messages/1"] = Message(at=NOW, direction="out")
        assert remedy.points == weigh(told(changed), NOW).points
        assert before is not None
        assert remedy.points is not None
        assert remedy.points < before


def test_closing_the_ticket_is_named_with_what_it_gives():
    """The action names the ticket, so that somebody can do it."""
    records: dict[str, AnyRecord] = {
        "desk/tickets/812": Ticket(at=day(10), channel="email", subject="Invoice twice"),
        "asked/answers/1": Feedback(
            at=day(30), instrument="nps", score=2, scale_min=0, scale_max=10
        ),
    }

    found = remedies(told(records), NOW, weigh)

    before = weigh(told(records), NOW).points
    assert [remedy.action for remedy in found] == [
        "answer the low score", 'close ticket 812 "Invoice twice"',
    ]  # fmt: skip
    assert before == 17
    assert [remedy.points for remedy in found] == [5, 12]


def test_who_has_nothing_to_mend_gets_no_advice():
    """A customer who only got quiet has no ticket to close."""
    records: dict[str, AnyRecord] = {
        f"app/visits/{n}": Interaction(at=day(-n * 3), kind="login") for n in range(1, 30)
    }

    assert weigh(told(records), NOW).points
    assert remedies(told(records), NOW, weigh) == []


def test_a_payment_that_goes_through_is_what_helps_after_failed_ones():
    """One action for all tries, with the latest as evidence; nothing is left of them after it."""
    records: dict[str, AnyRecord] = {
        f"shop/payments/{n}": Interaction(at=day(25 + n), kind="payment_failed") for n in range(3)
    }

    [found] = remedies(told(records), NOW, weigh)

    assert (found.action, found.points) == ("get the payment through", 0)
    assert found.evidence == ("shop/payments/2",)
