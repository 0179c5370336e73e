"""Tickets as the metrics read them: who waited for what, from when to when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from hub.core.clock import to_micros
from hub.core.ids import SourceKey
from hub.core.records import Feedback, Message, Ticket
from hub.core.settings import MetricsSection
from hub.journeys import kinds
from hub.journeys.event import Event
from hub.metrics.hours import SECOND
from hub.metrics.service import Service
from hub.metrics.survey import satisfied


@dataclass(frozen=True, slots=True)
class Handled:
    """One ticket; instants in microseconds.

    Args:
        person: Golden id, or a place of its own for somebody unknown.
        opened_at: Creation.
        number: Tells tickets of one person and instant apart.
        written: Whether its connection brings messages; otherwise replies cannot be seen.
        unsolved: Whether it is waiting for a solution now.
        own_words: Whether an agent opened it with a public comment, which is no reply.
        replied_at: First public comment of an agent after that, before any re-opening.
        solved_at: The last solve that is known, also if the ticket was opened again since.
        reopened_at: When it was opened again after ``solved_at``.
        answered_at: First public comment of an agent after ``reopened_at``.
        reopens: How often it was opened again, by its source.
        reply_seconds: First reply time as its source measured it.
        wait_seconds: How long the requester waited for the company, by its source.
        agent_seconds: Time that agents worked on it, by its source.
        satisfied: What the last answer about it said; None when nobody answered.
        scale: On which scale.
    """

    person: str
    opened_at: int
    number: int
    written: bool = True
    unsolved: bool = True
    own_words: bool = False
    replied_at: int | None = None
    solved_at: int | None = None
    reopened_at: int | None = None
    answered_at: int | None = None
    reopens: int | None = None
    reply_seconds: int | None = None
    wait_seconds: int | None = None
    agent_seconds: int | None = None
    satisfied: bool | None = None
    scale: str = ""

    @property
    def instants(self) -> tuple[int, ...]:
        """Everything that is known to have happened."""
        told = (self.opened_at, self.replied_at, self.solved_at, self.reopened_at, self.answered_at)
        return tuple(at for at in told if at is not None)


def handled(service: Service, given: MetricsSection) -> list[Handled]:
    """Every ticket that counts, by person and creation.

    Args:
        service: Of everybody.
        given: Which authors are bots, and where agents' time stands.
    """
    writing = {
        event.connection
        for events in service.values()
        for event in events
        if isinstance(event.record, Message)
    }
    return [
        _handled(person, number, ticket, matter, ticket.connection in writing, given)
        for person, events in sorted(service.items())
        for number, (ticket, matter) in enumerate(_tickets(events))
    ]


def _tickets(events: Sequence[Event]) -> Iterator[tuple[Event, list[Event]]]:
    """Each ticket's opening with all that refers to it, merged and deleted ones left out."""
    matters: dict[tuple[str, str | None], list[Event]] = defaultdict(list)
    for event in events:
        matters[event.connection, event.ref].append(event)
    for event in events:
        if event.kind == kinds.TICKET_OPENED and counts(event):
            yield event, matters[event.connection, event.ref]


def counts(opening: Event) -> bool:
    """Whether a ticket is one of its own: neither deleted nor merged into another."""
    own = SourceKey.parse(opening.source).source_id
    return opening.ref == own and getattr(opening.record, "status", None) != "deleted"


def _handled(
    person: str,
    number: int,
    opening: Event,
    matter: Sequence[Event],
    written: bool,
    given: MetricsSection,
) -> Handled:
    ticket = opening.record
    assert isinstance(ticket, Ticket)
    opened_at = to_micros(opening.at)
    solved_at, reopened_at = solves(ticket, matter)
    said = [to_micros(event.at) for event in matter if replies(event, given.bots)]
    heard = [at for at in said if at > opened_at + SECOND]
    rated = rating(matter)
    return Handled(
        person,
        opened_at,
        number,
        written=written,
        unsolved=not is_done(ticket),
        own_words=len(heard) < len(said),
        replied_at=next((at for at in heard if not reopened_at or at < reopened_at), None),
        solved_at=solved_at,
        reopened_at=reopened_at,
        answered_at=next((at for at in heard if reopened_at and at > reopened_at), None),
        reopens=ticket.reopens,
        reply_seconds=ticket.first_reply_seconds,
        wait_seconds=ticket.requester_wait_seconds,
        agent_seconds=agent_seconds(ticket, given.agent_time),
        satisfied=None if rated is None else rated[0],
        scale="" if rated is None else rated[1],
    )


_DONE = ("solved", "closed")


def is_done(ticket: Ticket) -> bool:
    """Whether a ticket waits for nothing any more."""
    return ticket.status in _DONE


def solves(ticket: Ticket, matter: Iterable[Event]) -> tuple[int | None, int | None]:
    """The last solve and the re-opening after it, if both have an instant.

    A source tells the last solve alone. A ticket that is open in spite of it was opened again, by
    the customer's next message; without one the instant is unknown, and so the solve does not
    count: it did not last.
    """
    if ticket.solved_at is None:
        return None, None
    solved_at = to_micros(ticket.solved_at)
    if is_done(ticket):
        return solved_at, None
    again = [
        at
        for event in matter
        if event.kind == kinds.MESSAGE_IN and (at := to_micros(event.at)) > solved_at
    ]
    return (solved_at, min(again)) if again else (None, None)


def replies(event: Event, bots: Collection[str]) -> bool:
    """Whether an event is a public comment of an agent, not of a machine."""
    message = event.record
    if event.kind != kinds.MESSAGE_OUT or not isinstance(message, Message):
        return False
    return message.author not in bots and not message.attributes.get("bot")


def rating(matter: Iterable[Event]) -> tuple[bool, str] | None:
    """Whether the last answer about a matter was a satisfied one, and its scale."""
    answers = (event.record for event in matter if isinstance(event.record, Feedback))
    found = [told for answer in answers if (told := satisfied(answer)) is not None]
    return found[-1] if found else None


def agent_seconds(ticket: Ticket, attribute: str | None) -> int | None:
    """The agents' time that a ticket's attribute holds; None for what is no number of seconds."""
    value: object = ticket.attributes.get(attribute) if attribute else None
    try:
        found = int(str(value))
    except ValueError:
        return None
    return found if found >= 0 else None
