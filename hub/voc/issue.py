"""An issue: one ticket as it stands at one instant, and who has dealt with it.

A source keeps the latest state of a ticket, not its history: that it was passed on is known from
the number of assignees that it counts, and from who wrote in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.core.records import Message, Ticket
from hub.journeys import kinds
from hub.journeys.event import Event
from hub.journeys.threads import CONVERSATION

_ENDED: Final = frozenset({"solved", "closed"})
_ABOUT_TICKETS: Final = CONVERSATION | kinds.FEEDBACK
"""Kinds whose ref is a ticket; an order or a deal may bear the same number."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One ticket.

    Args:
        opening: The event that opened it.
        events: All that names it, in order.
        unresolved: Whether it waits for an answer: never solved, or opened again.
        reopened: Whether it was opened again.
        agents: How many have dealt with it, as far as its source tells.
    """

    opening: Event
    events: tuple[Event, ...]
    unresolved: bool
    reopened: bool
    agents: int

    @property
    def ref(self) -> str:
        """Its number at its source."""
        return self.opening.ref or self.opening.source

    @property
    def subject(self) -> str:
        """What it is about, in its source's words."""
        record = self.opening.record
        said = (record.subject or record.category) if isinstance(record, Ticket) else None
        return f'ticket {self.ref} "{said}"' if said else f"ticket {self.ref}"


def issues(events: Iterable[Event], now: datetime) -> list[Issue]:
    """Every ticket of a timeline that ends at ``now``, by its opening; deleted ones left out."""
    named: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.ref is not None and event.kind in _ABOUT_TICKETS:
            named[event.connection, event.ref].append(event)
    return [
        _issue(opening, about, now)
        for about in named.values()
        if (opening := _opening(about)) is not None
    ]


def _opening(events: Sequence[Event]) -> Event | None:
    for event in events:
        if event.kind == kinds.TICKET_OPENED and isinstance(event.record, Ticket):
            return event if event.record.status != "deleted" else None
    return None


def _issue(opening: Event, about: Sequence[Event], now: datetime) -> Issue:
    ticket = opening.record
    assert isinstance(ticket, Ticket)  # _opening takes no other
    solved = ticket.status in _ENDED and (ticket.solved_at is None or ticket.solved_at <= now)
    again = bool(ticket.reopens) or (
        ticket.status not in _ENDED and ticket.solved_at is not None and ticket.solved_at <= now
    )
    return Issue(opening, tuple(about), not solved, again, _agents(ticket, about))


def _agents(ticket: Ticket, about: Iterable[Event]) -> int:
    """The larger of two counts: assignees that the source counted, and staff who wrote."""
    writers = {
        event.record.author
        for event in about
        if event.kind in (kinds.MESSAGE_OUT, kinds.NOTE) and isinstance(event.record, Message)
    } | {ticket.assignee}
    return max(len(writers - {None}), ticket.assignee_stations or 0)
