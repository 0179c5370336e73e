"""What an event says, in one line for people."""

from __future__ import annotations

from collections.abc import Iterable

from hub.core.money import exponent
from hub.core.records import (
    AnyRecord,
    Cart,
    Deal,
    Feedback,
    Interaction,
    LoyaltyEntry,
    Message,
    Order,
    OrderLine,
    Subscription,
    Task,
    Ticket,
)
from hub.journeys import kinds
from hub.journeys.event import Event

_LONGEST = 80


def told(event: Event) -> str:
    """The event's own words, at most 80 characters; empty if there are none.

    Personal data: what customers wrote stands in it.
    """
    text = _whole(event)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def mentions(event: Event, text: str) -> bool:
    """Whether the event's words, whole, or its records or reference name ``text``, in any case."""
    said = (_whole(event), event.ref or "", *event.sources)
    return any(text.casefold() in each.casefold() for each in said)


def _whole(event: Event) -> str:
    return " ".join(", ".join(part for part in _parts(event) if part).split())


def _parts(event: Event) -> Iterable[str]:
    record: AnyRecord = event.record
    match record:
        case Order() if event.kind == kinds.REFUND:
            for refund in record.refunds:
                if refund.at == event.at:
                    yield _money(refund.amount_minor, record.currency)
                    yield refund.reason or ""
        case Order():
            yield _money(record.total_minor, record.currency)
            yield f"{len(record.items)} item{'s' * (len(record.items) != 1)}"
            yield "cancelled" if record.cancelled else ""
        case OrderLine():
            yield _money(record.amount_minor, record.currency)
            yield record.name or record.sku or ""
        case Cart():
            yield _money(record.total_minor, record.currency)
        case Deal():
            yield record.name or ""
            yield _money(record.amount_minor, record.currency)
        case Subscription():
            yield record.plan or ""
            yield (record.end_reason or "") if event.kind == kinds.SUBSCRIPTION_ENDED else ""
        case Ticket():
            yield record.category or ""
            yield record.subject or ""
            if event.kind != kinds.TICKET_SOLVED:
                yield record.status
                yield record.body or ""
        case Message():
            yield record.text or ""
        case Feedback():
            yield _score(record)
            yield record.survey or ""
            yield record.comment or ""
        case Interaction():
            yield "" if record.kind == event.kind else record.kind
            yield record.campaign or ""
            yield record.subject or ""
        case LoyaltyEntry():
            yield f"{record.points:+} points"
            yield record.reason or ""
        case Task():
            yield record.subject or ""
            yield record.reason or ""


def _score(feedback: Feedback) -> str:
    if feedback.score is None:
        return feedback.instrument
    scale = ""
    if feedback.scale_min is not None and feedback.scale_max is not None:
        scale = f" ({feedback.scale_min:g}-{feedback.scale_max:g})"
    return f"{feedback.instrument} {feedback.score:g}{scale}"


def _money(minor: int | None, currency: str | None) -> str:
    if minor is None or currency is None:
        return ""
    places = exponent(currency)
    return f"{minor / 10**places:,.{places}f} {currency}"
