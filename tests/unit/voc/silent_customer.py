"""The customer whom nobody saw leave, as records that anybody can replay day by day.

She comes to the app about every other day. Her machine leaks: she opens a ticket, explains it to
three agents and once more by telephone, always politely. Nobody solves it; the ticket stays open.
She never complains, is asked nothing, comes less and less, and cancels six weeks after she wrote.

    for now, events in replay():
        assess(events, now)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.timelines import as_known
from hub.core.records import AnyRecord, Interaction, Message, PartyRef, Subscription, Ticket
from hub.emulation.world.churn import Told
from hub.journeys.timeline import Event

SHE = PartyRef(id="C1")
BEGINNING = datetime(2026, 1, 5, 9, tzinfo=UTC)
ISSUE_DAY = 56
OPENED = BEGINNING + timedelta(days=ISSUE_DAY)
CANCELLED = OPENED + timedelta(weeks=6)
TICKET = "desk/tickets/812"
AGENTS = ("Ines", "Kofi", "Lena")
STAYS_AWAY = (60, 63, 69, 78)
"""The last days, after the beginning, on which she logs in."""


def replay() -> Iterator[tuple[datetime, list[Event]]]:
    """Each day from the opening of the ticket to the day before she cancels: what was known."""
    days = (CANCELLED - OPENED).days
    return as_known(told(), (OPENED + timedelta(days=day) for day in range(days)))


def told() -> list[Told]:
    """Versions of all her records, in order of time; the last is the cancellation."""
    versions = [*_contract(), *_visits(), *_ticket(), *_talk()]
    return sorted(versions, key=lambda version: version.at)


def _contract() -> Iterator[Told]:
    source = "billing/subscriptions/9"
    running = Subscription(party=SHE, started_at=BEGINNING, plan="club monthly", period="month")
    over = Subscription(
        party=SHE,
        started_at=BEGINNING,
        plan="club monthly",
        period="month",
        ended_at=CANCELLED,
        end_reason="cancelled",
    )
    yield Told(BEGINNING, source, running)
    yield Told(CANCELLED, source, over)


def _visits() -> Iterator[Told]:
    """Every other day until the issue, four times after it."""
    for number, day in enumerate([*range(0, ISSUE_DAY, 2), *STAYS_AWAY]):
        at = BEGINNING + timedelta(days=day, hours=10)
        yield _told(f"app/log_ins/{number}", Interaction(at=at, kind="login", party=SHE))
        at += timedelta(minutes=1)
        record = Interaction(at=at, kind="feature", party=SHE, subject="recipes")
        yield _told(f"app/usage/{number}", record)


def _ticket() -> Iterator[Told]:
    """Handed to an agent a day; open for ever after."""
    for stations, agent in enumerate((None, *AGENTS)):
        record = Ticket(
            at=OPENED,
            party=SHE,
            subject="Machine leaks",
            body="The machine leaks and no longer heats up.",
            status="open" if agent else "new",
            channel="web",
            category="defect",
            assignee=agent,
            assignee_stations=stations,
            replies=stations,
        )
        yield Told(OPENED + timedelta(days=stations), TICKET, record)


def _talk() -> Iterator[Told]:
    """Each agent asks, she explains; on the fifth day she calls, once."""
    for number, agent in enumerate(AGENTS, start=1):
        asked = OPENED + timedelta(days=number)
        yield _message(f"{number}a", asked, "Could you tell me what happened?", agent)
        answer = "It leaks when it heats up, as I wrote. Thank you for having a look."
        yield _message(f"{number}b", asked + timedelta(hours=3), answer, None)
    called = Interaction(at=OPENED + timedelta(days=5), kind="call", party=SHE, seconds=420)
    yield _told("phone/calls/1", called)


def _message(number: str, at: datetime, text: str, author: str | None) -> Told:
    record = Message(
        at=at,
        party=SHE,
        ticket=TICKET.rpartition("/")[2],
        direction="out" if author else "in",
        channel="web",
        author=author,
        text=text,
    )
    return _told(f"desk/messages/{number}", record)


def _told(source: str, record: AnyRecord) -> Told:
    assert isinstance(record, Interaction | Message)
    return Told(record.at, source, record)
