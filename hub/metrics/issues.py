"""Issues: what somebody turned to the business about, however often and wherever they did.

An issue is a thread (:mod:`hub.journeys.threads`) in which the customer turned to somebody. Its
first matter, a ticket, a call or some messages, ends with a solution or does not. A contact after
that, or about the same in another ticket, call or channel, is a repeat; an answer to what the agent
asked is none, nor are thanks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from hub.core.clock import to_micros
from hub.core.records import Feedback, Interaction, Message, Ticket
from hub.core.settings import MetricsSection
from hub.journeys import kinds
from hub.journeys.event import Event
from hub.journeys.threads import Thread, threads
from hub.metrics.months import DAY
from hub.metrics.service import Service
from hub.metrics.thanks import only_thanks
from hub.metrics.tickets import agent_seconds, counts, is_done, rating, solves
from hub.text.words import words_of

FCR = "fcr"
"""Instrument of the question whether the first contact resolved it: 0 no, 1 yes."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue of one person; instants in microseconds.

    Args:
        person: Golden id, or a place of its own for somebody unknown.
        started_at: The first contact.
        number: Tells issues of one person and instant apart.
        known: Whether the person is known; of others no repeat can be seen.
        settled_at: From when the window without a further contact counts: the solution, or the
            first contact where there is none yet.
        resolved: Whether there is a solution, or an answer where there is no ticket.
        contacts: How often the customer turned to somebody.
        repeats: How many of these were about the same again, up to the end of the window.
        reopened: How often the source says that its first ticket was opened again, thanks left out.
        elsewhere: How many of the repeats came by another channel.
        thanks: How many contacts only thanked.
        switches: How often the customer went on in another channel.
        flagged: Whether agents say that the first contact resolved it.
        confirmed: Whether the customer says so.
        agent_seconds: Time that agents spent on it; None unless every part tells its own.
        reopens: How often its tickets were opened again, by their source.
        stations: How many agents its tickets went through, by their source.
        wait_seconds: How long the customer waited for the company, by the source.
        satisfied: What the last answer about it said; None when nobody answered.
        scale: On which scale.
    """

    person: str
    started_at: int
    number: int
    known: bool
    settled_at: int
    resolved: bool
    contacts: int = 1
    repeats: int = 0
    reopened: int = 0
    elsewhere: int = 0
    thanks: int = 0
    switches: int = 0
    flagged: bool | None = None
    confirmed: bool | None = None
    agent_seconds: int | None = None
    reopens: int | None = None
    stations: int | None = None
    wait_seconds: int | None = None
    satisfied: bool | None = None
    scale: str = ""


def issues(service: Service, given: MetricsSection) -> list[Issue]:
    """Every issue, by person and first contact.

    Args:
        service: Of everybody.
        given: The window, and where agents' own words stand.
    """
    window = timedelta(days=given.fcr_window)
    return [
        _issue(person, number, thread, events, given)
        for person, events in sorted(service.items())
        for number, thread in enumerate(threads(filter(lasts, events), window=window))
        if contacts(thread.events)
    ]


def lasts(event: Event) -> bool:
    """Whether an event is of anything but a ticket that was deleted, such as spam."""
    return getattr(event.record, "status", None) != "deleted"


def _issue(
    person: str, number: int, thread: Thread, events: Sequence[Event], given: MetricsSection
) -> Issue:
    turned = contacts(thread.events)
    first = [event for event in thread.events if _matter(event) == _matter(turned[0])]
    resolved, settled_at = _outcome(first)
    until = settled_at + given.fcr_window * DAY
    later = [each for each in turned[1:] if _again(each, first, settled_at if resolved else None)]
    repeats = [each for each in later if not _thanks(each) and to_micros(each.at) <= until]
    told = [event.record for event in thread.events if event.kind == kinds.TICKET_OPENED]
    tickets = [record for record in told if isinstance(record, Ticket)]
    matters = {_matter(event) for event in thread.events}
    feedback = [
        event for event in events if event.kind == kinds.SURVEY and _matter(event) in matters
    ]
    rated = rating(feedback)
    return Issue(
        person,
        to_micros(turned[0].at),
        number,
        known=not person.startswith("unknown:"),
        settled_at=settled_at,
        resolved=resolved,
        contacts=len(turned),
        repeats=len(repeats),
        reopened=_reopenings(first),
        elsewhere=sum(each.channel != turned[0].channel for each in repeats),
        thanks=sum(_thanks(each) for each in later),
        switches=thread.channel_switches,
        flagged=next((said for each in tickets if (said := _flag(each, given)) is not None), None),
        confirmed=_confirmed(feedback),
        agent_seconds=_worked(thread.events, given),
        reopens=_sum(ticket.reopens for ticket in tickets),
        stations=_sum(ticket.assignee_stations for ticket in tickets),
        wait_seconds=_sum(ticket.requester_wait_seconds for ticket in tickets),
        satisfied=None if rated is None else rated[0],
        scale="" if rated is None else rated[1],
    )


def _matter(event: Event) -> tuple[str, str]:
    """What an event is about within its thread: a ticket, or itself."""
    return event.connection, event.ref or event.source


def contacts(events: Iterable[Event]) -> list[Event]:
    """The events in which the customer turned to somebody, calls by agents left out."""
    return [event for event in events if event.kind in kinds.CONTACTS and not _by_agent(event)]


def _by_agent(event: Event) -> bool:
    record = event.record
    if not isinstance(record, Interaction):
        return False
    direction = str(record.attributes.get("direction") or record.kind)
    return direction.strip().lower().startswith("out")


def _outcome(matter: Sequence[Event]) -> tuple[bool, int]:
    """Whether the first matter was settled, and since when; else since when it is open."""
    start, end = to_micros(matter[0].at), to_micros(matter[-1].at)
    for event in matter:  # closing a merged ticket solved nothing: its own is the one it went into
        if isinstance(event.record, Ticket) and event.kind == kinds.TICKET_OPENED and counts(event):
            solved_at, _ = solves(event.record, matter)
            if solved_at is not None:
                return True, solved_at
            return (True, end) if is_done(event.record) else (False, start)
    if any(event.kind in _ANSWERED for event in matter):
        return True, end
    return False, start


_ANSWERED = (kinds.CALL, kinds.CHAT, kinds.VISIT, kinds.MESSAGE_OUT)


def _again(contact: Event, first: Sequence[Event], solved_at: int | None) -> bool:
    """Whether a contact is about the same once more, and not part of the first conversation."""
    if _matter(contact) != _matter(first[0]) or contact.kind == kinds.TICKET_OPENED:
        return True
    return solved_at is not None and to_micros(contact.at) > solved_at


def _reopenings(first: Iterable[Event]) -> int:
    """How often the first matter's ticket was opened again, less what was only to say thanks.

    A source tells how often, and when it was solved last: not when it was solved before that. But
    whoever opens a ticket again was not helped by the first solution. Help desks also open one for
    a word of thanks.
    """
    told = list(first)
    tickets = [event.record for event in told if event.kind == kinds.TICKET_OPENED]
    reopens = _sum(each.reopens for each in tickets if isinstance(each, Ticket))
    thanks = sum(_thanks(event) for event in told if event.kind == kinds.MESSAGE_IN)
    return max(0, (reopens or 0) - thanks)


def _thanks(contact: Event) -> bool:
    if isinstance(contact.record, Message):
        return only_thanks(contact.record.text)
    return isinstance(contact.record, Ticket) and only_thanks(words_of(contact.record))


def _worked(events: Iterable[Event], given: MetricsSection) -> int | None:
    """Seconds of all calls, chats and tickets; a part that does not tell them makes no sum."""
    parts = [
        event.record.seconds
        if isinstance(event.record, Interaction)
        else agent_seconds(event.record, given.agent_time)
        for event in events
        if isinstance(event.record, Interaction)
        or (isinstance(event.record, Ticket) and event.kind == kinds.TICKET_OPENED)
    ]  # fmt: skip
    known = [seconds for seconds in parts if seconds is not None]
    return sum(known) if known and len(known) == len(parts) else None


def _flag(ticket: Ticket, given: MetricsSection) -> bool | None:
    """What agents say in the ticket's attribute; None for what is neither yes nor no."""
    said = str(ticket.attributes.get(given.fcr_flag) if given.fcr_flag else "").strip().lower()
    return True if said in _YES else False if said in _NO else None


_YES, _NO = ("1", "true", "yes", "y"), ("0", "false", "no", "n")


def _confirmed(feedback: Iterable[Event]) -> bool | None:
    """The customer's last answer to whether the first contact resolved it, 0 or 1."""
    said: Iterator[Feedback] = (
        event.record for event in feedback if isinstance(event.record, Feedback)
    )
    answers = [each.score for each in said if each.instrument == FCR and each.score in (0, 1)]
    return bool(answers[-1]) if answers else None


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
