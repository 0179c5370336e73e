"""The words of a task: why, what was said, until when; and nothing that may not leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.core.clock import to_micros
from hub.core.records import Feedback, PartyRef, Ticket
from hub.store.cases import Case
from hub.voc.follow_up import CASE, RISK, USE, WORDS, FollowUp, task

AT = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
DUE = datetime(2026, 5, 3, 9, 30, tzinfo=UTC)
CASE_1 = Case(
    "3f2a", 1, 2, "detractor", "care", "open", None, None, None, to_micros(AT), to_micros(AT),
    to_micros(DUE), None, None, None, None, 1,
)  # fmt: skip
SAID = Feedback(
    at=AT, instrument="nps", score=3, scale_min=0, scale_max=10, comment="Nobody called"
)
ALL = {CASE, WORDS, USE, RISK}


def test_a_task_says_why_until_when_and_what_was_said() -> None:
    """And where the whole case is."""
    made = task(FollowUp(CASE_1, [SAID], ["Plan: pro."]), "512", ALL)

    assert (made.key, made.native_id, made.due_at, made.done) == ("case-3f2a", "512", DUE, False)
    assert made.subject == "Answer a customer who would not recommend us"
    assert made.body.splitlines() == [
        "Why: the customer would not recommend us (rule detractor), 2026-05-01.",
        "With: care.",
        "They are to be told something by 2026-05-03 09:30 UTC.",
        '2026-05-01 nps 3 of 10: "Nobody called"',
        "Plan: pro.",
        "All of it: hub cases show 3f2a",
    ]


def test_a_reopened_ticket_is_told_as_one() -> None:
    """With its subject; it has no score."""
    ticket = Ticket(party=PartyRef(id="1"), at=AT, subject="Broken", reopens=2)

    made = task(FollowUp(replace(CASE_1, rule="reopened_ticket"), [ticket]), "512", ALL)

    assert "2026-05-01 ticket, opened 2 times again: Broken" in made.body
    assert "came back with something that was called solved" in made.subject


def test_a_ticket_that_was_passed_around_says_through_how_many_hands() -> None:
    """So that whoever answers does not ask for it all once more."""
    ticket = Ticket(party=PartyRef(id="1"), at=AT, subject="Invoice", assignee_stations=4)

    made = task(FollowUp(replace(CASE_1, rule="passed_around"), [ticket]), "512", ALL)

    assert "ticket, 4 had it in hand: Invoice" in made.body
    assert made.subject == "Answer a customer who was passed from hand to hand and has no solution"


def test_who_may_leave_is_spoken_to_with_the_reasons_at_hand() -> None:
    """Nobody asked for an answer; the reasons go only where their use may be told."""
    why = ["Risk of leaving on 2026-05-01: 55 of 100.", "+20 uses it much less than before"]
    about = FollowUp(replace(CASE_1, rule="high_risk"), risk=why)

    made, without = task(about, "512", ALL), task(about, "512", ALL - {RISK})

    assert made.subject == "Speak to a customer who may leave"
    assert made.body.splitlines()[3:5] == why
    assert "55 of 100" not in without.body


@pytest.mark.parametrize(
    ("parts", "there", "gone"),
    [
        ({CASE, USE}, "Plan: pro.", "Nobody called"),
        ({CASE, WORDS}, "Nobody called", "Plan: pro."),
        ({CASE}, "rule detractor", "Nobody called"),
        (set[str](), "There is nothing to do any more.", "recommend"),
    ],
    ids=["no words", "no use", "the case alone", "nothing"],
)
def test_what_may_not_leave_is_not_in_it(parts: set[str], there: str, gone: str) -> None:
    """Each part goes without the others; without the case nothing of the customer's is told."""
    made = task(FollowUp(CASE_1, [SAID], ["Plan: pro."]), "512", parts)

    assert there in made.body
    assert gone not in made.body + made.subject


@pytest.mark.parametrize(
    ("owner", "team", "who"),
    [
        ("kim@example.org", "care", "kim@example.org"),
        ("Kim", "care@example.org", "care@example.org"),
        ("Kim", "care", None),
        (None, "care@example.org", "care@example.org"),
    ],
)
def test_the_owner_is_who_has_an_address(owner: str | None, team: str, who: str | None) -> None:
    """The case's own before its team; a name alone says nothing to another system."""
    assert task(FollowUp(replace(CASE_1, owner=owner, team=team)), "512", ALL).owner == who


@pytest.mark.parametrize("state", ["informed", "closed", "suppressed"])
def test_a_case_that_waits_no_more_is_done(state: str) -> None:
    """Whoever was told, and whoever is not to be told anything."""
    case = replace(CASE_1, state=state, informed_at=to_micros(DUE))  # type: ignore[arg-type]  # a state

    made = task(FollowUp(case, [SAID]), "512", ALL)

    assert made.done and "They were told on 2026-05-03." in made.body
