"""What would lower a risk: the same assessment of a past in which one thing was mended today."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from msgspec import structs

from hub.core.records import Interaction, Message, Ticket
from hub.journeys import kinds
from hub.journeys.timeline import Event, events_of, in_order
from hub.voc.contract_signals import failed_payment
from hub.voc.issue import Issue
from hub.voc.past import Past
from hub.voc.risk import Risk, assess
from hub.voc.service_signals import low_score

Weigh = Callable[[Sequence[Event], datetime], Risk]
"""Assesses a timeline at an instant."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something that somebody can do today.

    Args:
        action: In words, such as ``close ticket 812``.
        points: What the risk would be, 0..100; None while it is unknown.
        evidence: Source keys of the records that it is about.
        events: The timeline as it would be.
    """

    action: str
    points: int | None
    evidence: tuple[str, ...]
    events: tuple[Event, ...]


def remedies(events: Sequence[Event], now: datetime, weigh: Weigh = assess) -> list[Remedy]:
    """What would lower the risk, best first; each is a real assessment of the mended past.

    Args:
        events: The customer's timeline, in order.
        now: The instant at which it would be mended.
        weigh: How risk is assessed, here and after.
    """
    before = weigh(events, now).points
    tried = [
        Remedy(action, weigh(mended, now).points, (about.source,), tuple(mended))
        for action, about, mended in _mended(events, Past.at(now, events))
    ]
    lower = [
        (remedy.points, remedy)
        for remedy in tried
        if before is not None and remedy.points is not None and remedy.points < before
    ]
    return [remedy for _, remedy in sorted(lower, key=lambda pair: (pair[0], pair[1].action))]


def _mended(events: Sequence[Event], past: Past) -> Iterator[tuple[str, Event, list[Event]]]:
    for issue in past.issues:
        if issue.unresolved:
            yield f"close {issue.subject}", issue.opening, solved(events, issue, past.now)
    for finding in low_score(past):
        answered = finding.events[0]
        yield "answer the low score", answered, with_answer(events, answered, past.now)
    for finding in failed_payment(past)[-1:]:
        failed = finding.events[0]
        yield "get the payment through", failed, with_payment(events, failed, past.now)


def solved(events: Sequence[Event], issue: Issue, now: datetime) -> list[Event]:
    """The timeline as it would be had the ticket been solved at ``now``."""
    ticket, source = issue.opening.record, issue.opening.source
    assert isinstance(ticket, Ticket)  # an issue is opened by nothing else
    closed = structs.replace(ticket, status="solved", solved_at=now)
    kept = [
        replace(event, record=closed) if event.source == source else event
        for event in events
        if event.source != source or event.kind != kinds.TICKET_SOLVED
    ]
    return in_order(
        [*kept, *(e for e in events_of(source, closed) if e.kind == kinds.TICKET_SOLVED)]
    )


def with_answer(events: Sequence[Event], answered: Event, now: datetime) -> list[Event]:
    """The timeline as it would be had somebody written to the customer at ``now``."""
    source = f"{answered.connection}/answers/{answered.source.rpartition('/')[2]}"
    return in_order([*events, *events_of(source, Message(at=now, direction="out"))])


def with_payment(events: Sequence[Event], failed: Event, now: datetime) -> list[Event]:
    """The timeline as it would be had the payment gone through at ``now``."""
    source = f"{failed.connection}/payments/{failed.source.rpartition('/')[2]}"
    return in_order([*events, *events_of(source, Interaction(at=now, kind=kinds.PAYMENT))])
