"""What several records tell, told once: receipts, refunds, the words that open a ticket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from hub.core.records import Interaction, Message, Order, OrderItem, OrderLine, Ticket
from hub.journeys import kinds
from hub.journeys.event import Event, in_order


def together(events: Iterable[Event]) -> list[Event]:
    """The events of one customer, each told once; the order is left open."""
    single: list[Event] = []
    receipts: dict[tuple[object, ...], list[Event]] = defaultdict(list)
    for event in events:
        if isinstance(event.record, OrderLine):
            stream = event.source.split("/", 2)[:2]
            key = (*stream, event.ref, event.kind, event.record.currency)
            receipts[key].append(event)
        else:
            single.append(event)
    once = _each_opening_once(_each_refund_once(single))
    return [*once, *map(_receipt, receipts.values())]


def _receipt(lines: Sequence[Event]) -> Event:
    """The order of a receipt's lines, at the instant of the first of them."""
    ordered = in_order(lines)
    first = ordered[0]
    records = [event.record for event in ordered if isinstance(event.record, OrderLine)]
    head = records[0]
    order = Order(
        order_ref=head.order_ref,
        at=first.at,
        currency=head.currency,
        total_minor=sum(line.amount_minor for line in records),
        party=head.party,
        channel=head.channel,
        store=head.store,
        cancelled=all(line.cancelled for line in records),
        items=[_item(line) for line in records],
    )
    return replace(first, record=order, also=tuple(event.source for event in ordered[1:]))


def _item(line: OrderLine) -> OrderItem:
    return OrderItem(
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        unit_price=line.unit_price,
        amount_minor=line.amount_minor,
    )


def _each_refund_once(events: Sequence[Event]) -> list[Event]:
    """Without the refunds of orders that the shop tells as records of their own, too."""
    own = {
        (event.connection, event.ref, event.at)
        for event in events
        if event.kind == kinds.REFUND and isinstance(event.record, Interaction)
    }
    return [
        event
        for event in events
        if event.kind != kinds.REFUND
        or isinstance(event.record, Interaction)
        or (event.connection, event.ref, event.at) not in own
    ]


def _each_opening_once(events: Sequence[Event]) -> list[Event]:
    """Without the first messages that help desks keep beside the ticket that they opened.

    Source: Zendesk, Tickets: ``description`` is the first comment of the ticket.
    """
    opened = {_matter(event): event for event in events if event.kind == kinds.TICKET_OPENED}
    again: dict[str, list[str]] = defaultdict(list)
    kept: list[Event] = []
    for event in events:
        ticket = opened.get(_matter(event)) if event.kind == kinds.MESSAGE_IN else None
        if ticket is not None and _same_words(ticket, event):
            again[ticket.source].append(event.source)
        else:
            kept.append(event)
    return [
        replace(event, also=tuple(sorted(again[event.source])))
        if event.kind == kinds.TICKET_OPENED and event.source in again
        else event
        for event in kept
    ]


def _matter(event: Event) -> tuple[object, ...]:
    return event.connection, event.ref, event.at


def _same_words(ticket: Event, message: Event) -> bool:
    opening, written = ticket.record, message.record
    return (
        isinstance(opening, Ticket)
        and isinstance(written, Message)
        and bool(opening.body)
        and (opening.body or "").split() == (written.text or "").split()
    )
