"""She explains it to three agents, nobody solves it, she never complains: is she seen leaving?"""

from __future__ import annotations

from itertools import pairwise

from hub.core.records import Interaction, Subscription, Ticket
from hub.emulation.world.churn import known
from hub.journeys import kinds
from hub.voc.risk import assess, band
from tests.unit.voc.silent_customer import CANCELLED, OPENED, TICKET, replay, told

WEEKS = 7


def test_she_explains_to_several_agents_says_nothing_else_and_cancels_six_weeks_later():
    """The records tell what the story says, and nothing that would give it away."""
    versions = told()
    records = known(versions, CANCELLED)
    ticket = records[TICKET]
    logins = [r.at for r in records.values() if isinstance(r, Interaction) and r.kind == "login"]

    assert isinstance(ticket, Ticket)
    assert (ticket.assignee_stations, ticket.status, ticket.solved_at) == (3, "open", None)
    contract = versions[-1].record
    assert isinstance(contract, Subscription)
    assert (versions[-1].at - OPENED).days == 6 * WEEKS
    before = sum((OPENED - at).days < 6 * WEEKS for at in logins if at < OPENED)
    assert sum(at > OPENED for at in logins) <= before // 4


def test_she_never_complains_and_is_never_asked():
    """No survey, no review, no ticket but the one, one call."""
    last = list(replay())[-1][1]

    heard = [event.kind for event in last]

    assert not kinds.FEEDBACK & set(heard)
    assert (heard.count(kinds.TICKET_OPENED), heard.count(kinds.CALL)) == (1, 1)


def test_each_day_shows_what_was_known_then():
    """The ticket is with nobody on the first day and with the third agent on the fourth."""
    assignees = []
    for _, events in list(replay())[:5]:
        [opened] = [event for event in events if event.kind == kinds.TICKET_OPENED]
        assert isinstance(opened.record, Ticket)
        assignees.append(opened.record.assignee)

    assert assignees == [None, "Ines", "Kofi", "Lena", "Lena"]


def test_no_day_before_the_last_tells_that_she_cancels():
    """A replay that showed the end would prove nothing."""
    days = list(replay())

    assert all(a < b for (a, _), (b, _) in pairwise(days)) and days[-1][0] < CANCELLED
    assert not [e for _, events in days for e in events if e.kind == kinds.SUBSCRIPTION_ENDED]


def test_the_flag_rises_two_weeks_before_she_cancels_and_names_the_ticket():
    """S0-01: no flag in the first week, one at least 14 days ahead, resting on her ticket."""
    risks = [(now, assess(events, now)) for now, events in replay()]

    raised = next(risk for _, risk in risks if band(risk.points) in ("medium", "high"))

    assert band(risks[WEEKS][1].points) == "low"
    assert (CANCELLED - raised.at).days >= 14
    heaviest = raised.reasons[0]
    assert heaviest.signal == "many-agents-no-answer"
    assert TICKET in heaviest.evidence


def test_the_flag_stays_until_she_cancels():
    """Whoever looks on any later day still sees it."""
    bands = [band(assess(events, now).points) for now, events in replay()]

    first = next(day for day, each in enumerate(bands) if each != "low")

    assert set(bands[first:]) <= {"medium", "high"}
