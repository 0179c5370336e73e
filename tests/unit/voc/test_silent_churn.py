"""The customer of the first page: several agents, no solution, no complaint, and gone.

They log in every other day. On day 60 they write about an invoice; three people deal with it until
day 66, it is solved, opened again, and left pending. From day 64 on they come less and less. Nobody
hears a complaint. Six weeks after the first e-mail, on day 102, they cancel.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hub.core.records import AnyRecord, Interaction, Message, PartyRef, Subscription, Ticket
from hub.journeys.kinds import KINDS
from hub.journeys.timeline import Event
from hub.voc.postmortem import PostMortem, post_mortem
from hub.voc.risk import Band, Risk, assess, band
from tests.unit.voc.stories import day, told

CANCELLED = 102
KNOWN = dict.fromkeys(KINDS, day(10_000))
STEADY = [float(at) for at in range(0, CANCELLED, 2)]
FADING = [float(at) for at in range(0, 64, 2)] + [65.0, 69.0, 74.0, 80.0]


def known_on(at: float, *, solved: bool, visits: list[float]) -> list[Event]:
    """The timeline as sources told it on that day: every record as it stood then."""
    records: dict[str, AnyRecord] = {"crm/contracts/1": _contract(at, solved)}
    for visit in visits:
        if visit <= at:
            records[f"app/visits/{visit}"] = Interaction(at=day(visit), kind="login")
    if at >= 60:
        records["desk/tickets/812"] = _ticket(at, solved)
    for number, (author, wrote) in enumerate({"kim": 60.5, "lee": 63, "sam": 66}.items()):
        if wrote <= at and not (solved and number):
            records[f"desk/messages/{number}"] = Message(
                at=day(wrote), ticket="812", direction="out", author=author, text="We will see."
            )
    return told(records)


def _contract(at: float, solved: bool) -> Subscription:
    ended = day(CANCELLED) if at >= CANCELLED and not solved else None
    why = "cancelled" if ended else None
    return Subscription(
        party=PartyRef(id="1"),
        started_at=day(0),
        ended_at=ended,
        end_reason=why,  # type: ignore[arg-type]
    )


def _ticket(at: float, solved: bool) -> Ticket:
    """Solved on day 61 for good; or on day 64, opened again on day 65, and pending since."""
    stations = 1 if solved else sum(at >= passed_on for passed_on in (60, 63, 66))
    ended = solved and at >= 61
    again = not solved and at >= 65
    return Ticket(
        at=day(60),
        channel="email",
        subject="Invoice twice",
        status="solved" if ended or (not solved and 64 <= at < 65) else "pending",
        solved_at=day(61) if ended else day(64) if not solved and at >= 64 else None,
        reopens=int(again),
        assignee_stations=stations,
    )


def replay(*, solved: bool, visits: list[float]) -> Mapping[int, Risk]:
    return {
        at: assess(known_on(at, solved=solved, visits=visits), day(at), known=KNOWN)
        for at in range(CANCELLED)
    }


@pytest.fixture(scope="module")
def lost() -> Mapping[int, Risk]:
    """Every day of the customer who leaves."""
    return replay(solved=False, visits=FADING)


def test_the_flag_rises_at_least_two_weeks_before_the_cancellation(lost):
    """Replayed with what was known each day: from day 66, and it never falls again."""
    told_as: list[Band] = []
    for risk in lost.values():
        told_as.append(band(risk.points, told_as[-1] if told_as else None))

    flagged = [at for at, each in enumerate(told_as) if each in ("medium", "high")]

    assert flagged == list(range(66, CANCELLED))
    assert told_as[CANCELLED - 1] == "high"
    assert "many-agents-no-answer" in {reason.signal for reason in lost[76].reasons}


def test_the_flag_says_what_happened(lost):
    """Several people, no solution, less activity; the ticket is named, and what would help."""
    said = {reason.signal: reason for reason in lost[CANCELLED - 14].reasons}

    assert said["many-agents-no-answer"].evidence[0] == "desk/tickets/812"
    assert 'ticket 812 "Invoice twice" is unresolved after 28 days' in said["open-issue"].text
    assert "reopened" in said
    assert "usage-drop" in {reason.signal for reason in lost[CANCELLED - 7].reasons}


def test_before_the_trouble_and_without_it_there_is_no_flag(lost):
    """The same customer before day 60, and one whose ticket was solved the next day."""
    happy = replay(solved=True, visits=STEADY)

    assert {band(lost[at].points) for at in range(60)} <= {"low", "unknown"}
    assert {band(risk.points) for risk in happy.values()} <= {"low", "unknown"}


@pytest.fixture(scope="module")
def after() -> PostMortem:
    """The post-mortem on the day after."""
    events = known_on(CANCELLED + 1, solved=False, visits=FADING)
    found = post_mortem(
        events, day(CANCELLED + 1), weigh=lambda events, now: assess(events, now, known=KNOWN)
    )
    assert found is not None
    return found


def test_the_post_mortem_names_the_unresolved_ticket(after):
    """First of all, with who dealt with it, and its records."""
    [first, *_] = after.matters

    assert (after.left_at, after.how) == (day(CANCELLED), "contract ended")
    assert first.unresolved
    assert first.text == (
        'ticket 812 "Invoice twice": unresolved after 42 days, 3 people had dealt with it,'
        " opened again"
    )
    assert "desk/tickets/812" in first.evidence


def test_the_post_mortem_holds_the_last_90_days_and_the_warning(after):
    """Nothing older, nothing later; and how long before the end the risk stood out."""
    assert after.events[0].at >= day(CANCELLED - 90)
    assert after.events[-1].at == day(CANCELLED)
    assert after.warning_days is not None
    assert after.warning_days >= 14
