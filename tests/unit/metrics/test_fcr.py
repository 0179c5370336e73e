"""What was resolved at the first contact, and who says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.core.clock import to_micros
from hub.core.settings import MetricsSection
from hub.metrics import fcr
from hub.metrics.issues import Issue, issues
from hub.metrics.thanks import only_thanks

DAY = 24 * 60
"""Minutes."""


def found(desk, **settings) -> list[Issue]:
    return issues(desk.service(), MetricsSection(**settings))


def told(desk, days: float = 30, **settings) -> dict[str, Any]:
    until = to_micros(desk.start + timedelta(days=days))
    given = MetricsSection(**settings)
    return {each.series: each for each in fcr.overall(issues(desk.service(), given), until, given)}


def test_solved_and_never_heard_of_again_is_resolved_at_the_first_contact(desk):
    """One question, an agent's question, its answer, the solution."""
    desk.ticket("1", 0, solved=DAY)
    desk.out("1", 30)
    desk.into("1", 60)
    desk.out("1", 90)

    (issue,) = found(desk)

    assert (issue.resolved, issue.repeats) == (True, 0)


@pytest.mark.parametrize(("pause", "repeats"), [(6.9, 1), (7.1, 0)], ids=["within", "after"])
def test_who_comes_back_within_the_window_was_not_helped(desk, pause, repeats):
    """The window begins with the solution, and what comes after it is another story."""
    desk.ticket("1", 0, solved=DAY)
    desk.into("1", DAY + pause * DAY, text="It is broken again")

    (issue,) = found(desk)

    assert issue.repeats == repeats


def test_a_call_about_an_open_ticket_is_a_repeat_by_another_channel(desk):
    """E-mail on Monday, phone on Tuesday: the customer had to ask twice."""
    desk.ticket("1", 0, subject="Late parcel", channel="email", solved=2 * DAY)
    desk.call(DAY, subject="late parcel")

    (issue,) = found(desk)

    assert (issue.repeats, issue.elsewhere, issue.switches) == (1, 1, 1)


def test_a_call_by_an_agent_is_no_contact_of_the_customer(desk):
    """Somebody who is called back did not turn to anybody."""
    desk.ticket("1", 0, subject="Late parcel", solved=2 * DAY)
    desk.call(DAY, subject="late parcel", attributes={"direction": "outbound"})

    (issue,) = found(desk)

    assert issue.repeats == 0


@pytest.mark.parametrize(
    ("words", "thanks"),
    [
        ("Thanks a lot!", True),
        ("Great, that's sorted. Thank you so much", True),
        ("Vielen Dank für Ihre schnelle Hilfe", True),
        ("Thanks, but it is broken again", False),
        ("Thanks. Where is the other one?", False),
        ("Thanks for order 4711", False),
        ("It is broken again", False),
        (None, False),
    ],
)
def test_thanks_alone_are_no_further_contact(desk, words, thanks):
    """Who thanks is done; who adds anything is not."""
    desk.ticket("1", 0, solved=DAY)
    desk.into("1", 2 * DAY, text=words)

    (issue,) = found(desk)

    assert only_thanks(words) is thanks
    assert (issue.thanks, issue.repeats) == ((1, 0) if thanks else (0, 1))


@pytest.mark.parametrize(("words", "rate"), [("Thanks!", 100), ("It is broken", 0)])
def test_a_reopening_that_only_the_source_counts_was_no_resolution(desk, words, rate):
    """Solved, opened again, solved: of the first solve no instant is left, but its number is."""
    desk.ticket("1", 0, solved=9 * DAY, reopens=1)
    desk.into("1", 2 * DAY, text=words)

    repeat = told(desk)["repeat-contact"]

    assert repeat.estimate.value == rate


def test_a_merged_ticket_is_a_further_contact_about_the_same(desk):
    """Two tickets that an agent puts together are one issue, about which somebody asked twice."""
    desk.ticket("1", 0, solved=2 * DAY, subject="Parcel")
    desk.ticket("2", DAY, solved=DAY, subject="Hello?", attributes={"merged_into": "1"})

    (issue,) = found(desk)

    assert (issue.contacts, issue.repeats) == (2, 1)


def test_closing_a_merged_ticket_solves_nothing(desk):
    """The older one went into the newer one, which is still open."""
    desk.ticket("1", 0, solved=DAY, attributes={"merged_into": "2"})
    desk.ticket("2", DAY)

    (issue,) = found(desk)

    assert (issue.resolved, issue.settled_at) == (False, to_micros(desk.start))


def test_the_last_days_of_the_window_are_left_out(desk):
    """Solved three days ago: nobody knows yet. Solved ten days ago: it held."""
    desk.ticket("1", 0, solved=20 * DAY, subject="One")
    desk.ticket("2", 0, solved=27 * DAY, subject="Two", who="bob")
    desk.ticket("3", 28 * DAY, subject="Three", who="eve")

    repeat = told(desk, days=30)["repeat-contact"]

    assert (repeat.estimate.value, repeat.estimate.n) == (100.0, 1)
    assert repeat.detail["windows_open"] == 2


def test_what_has_no_solution_was_not_resolved(desk):
    """A ticket that has waited for a month is no success, though nobody came back."""
    desk.ticket("1", 0)
    desk.ticket("2", 0, who="bob", solved=DAY)

    repeat = told(desk)["repeat-contact"]

    assert repeat.estimate.value == 50.0
    assert repeat.detail["without_solution"] == 1


def test_people_unknown_are_told_apart(desk):
    """Whose records cannot be joined never seem to come back: they would flatter the rate."""
    desk.ticket("1", 0, who=None, solved=DAY)

    repeat = told(desk)["repeat-contact"]

    assert repeat.estimate is None
    assert repeat.detail["of_people_unknown"] == 1


def test_the_three_kinds_are_apart_and_can_disagree(desk):
    """No repeat, the agent says yes, the customer says no."""
    desk.ticket("1", 0, solved=DAY, attributes={"at once": "Yes"})
    desk.rated("1", 0, instrument="fcr")

    kinds = told(desk, fcr_flag="at once")

    assert {name: each.estimate.value for name, each in kinds.items()} == {
        "repeat-contact": 100.0, "agent-flagged": 100.0, "customer-confirmed": 0.0,
    }  # fmt: skip


def test_a_kind_without_data_is_absent_with_the_reason(desk):
    """Nothing is made up: neither from silence nor from another kind."""
    desk.ticket("1", 0, solved=DAY)

    kinds = told(desk)

    assert {kinds[name].status for name in ("agent-flagged", "customer-confirmed")} == {"absent"}
    assert "fcr_flag" in str(kinds["agent-flagged"].detail["why"])


def test_deleted_tickets_are_no_issues(desk):
    """Spam was no contact of anybody."""
    desk.ticket("1", 0, status="deleted")

    assert found(desk) == []


def test_the_stage_keeps_all_three_kinds(business):
    """From the store, across two systems' records of one person."""
    at = datetime(2025, 11, 1, tzinfo=UTC)
    for rid in range(4):
        business.customer(rid)
        business.ticket(rid, f"t{rid}", at, status="solved", solved_at=at + timedelta(hours=5))
    business.message(2, "t2", at + timedelta(days=2), "in", text="Still broken")

    business.measure()

    assert business.current()["fcr", "repeat-contact"] == (75.0, 4, "ok")
    assert business.current()["fcr", "agent-flagged"] == (None, 0, "absent")
