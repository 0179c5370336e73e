"""The timeline: what every source record says happened to a customer, in one order.

1. Each record says what happened and when (:func:`events_of`).
2. What several records tell together becomes one event: the lines of a receipt, and a refund that
   a shop tells in its order and as a record of its own (:func:`together`).
3. One total order, which rests on what happened and not on when or how it was read
   (:func:`in_order`).

Events may lie in the future, such as the end of a contract: readers cut at their own "now".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import Connection, Select, Table, func, select, union

from hub.core.ids import SourceKey
from hub.core.records import (
    AnyRecord,
    Cart,
    Deal,
    Feedback,
    Interaction,
    LoyaltyEntry,
    Message,
    Order,
    OrderItem,
    OrderLine,
    Subscription,
    Task,
    Ticket,
    decode,
    encode,
)
from hub.journeys import kinds
from hub.store.records import chunks
from hub.store.schema import (
    cluster_members,
    facts,
    golden_records,
    order_entries,
    source_records,
    streams,
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a customer.

    Args:
        at: When, UTC.
        kind: One of :data:`hub.journeys.kinds.KINDS`.
        channel: Where, in the source's word; None if it does not say.
        source: Source key of the record that tells it: connection/stream/id.
        ref: What it is about, an id within the connection: a ticket, an order, a subscription.
        record: The record; for a receipt kept line by line, the order that its lines make up.
        also: Source keys of further records that tell the same event, in order.
    """

    at: datetime
    kind: str
    channel: str | None
    source: str
    ref: str | None
    record: AnyRecord
    also: tuple[str, ...] = ()

    @property
    def connection(self) -> str:
        """The connection that told it; a ``ref`` means something only beside it."""
        return self.source.partition("/")[0]

    @property
    def sources(self) -> tuple[str, ...]:
        """Every record that tells it."""
        return (self.source, *self.also)


Timelines = dict[str, list[Event]]
"""Golden id to events, in order."""


def load(connection: Connection, golden_ids: Iterable[str]) -> Timelines:
    """The timeline of each golden id, empty where nothing is known."""
    told: dict[str, list[Event]] = {golden_id: [] for golden_id in golden_ids}
    for chunk in chunks(sorted(told)):
        for query in (_records(facts), _records(order_entries).where(order_entries.c.line == 0)):
            rows = connection.execute(query.where(cluster_members.c.golden_id.in_(chunk)))
            for golden_id, body, name, stream, source_id in rows:
                key = SourceKey(name, stream, source_id)
                told[golden_id] += events_of(str(key), decode(body))
    return {golden_id: in_order(together(events)) for golden_id, events in told.items()}


def everybody(connection: Connection) -> Iterator[list[Event]]:
    """The timeline of every customer, a batch at a time: what reports are counted from."""
    for timelines in batches(connection):
        yield from timelines.values()


def batches(connection: Connection) -> Iterator[Timelines]:
    """The timelines of all customers, a batch at a time."""
    golden_ids = connection.execute(select(golden_records.c.golden_id)).scalars().all()
    for chunk in chunks(sorted(golden_ids)):
        yield load(connection, chunk)


def unplaced(connection: Connection) -> int:
    """Records of facts and orders that belong to no known customer, and so to no timeline."""
    rids = union(
        *(
            select(of.c.rid)
            .outerjoin(cluster_members, cluster_members.c.rid == of.c.party_rid)
            .where(cluster_members.c.golden_id.is_(None))
            for of in (facts, order_entries)
        )
    )
    return int(connection.execute(select(func.count()).select_from(rids.subquery())).scalar_one())


def _records(of: Table) -> Select[str, bytes, str, str, str]:
    """Customer, content and source key of the records that have rows in a table of facts."""
    content = (cluster_members.c.golden_id, source_records.c.canonical)
    return (
        select(*content, streams.c.connection, streams.c.stream, source_records.c.source_id)
        .join(of, of.c.party_rid == cluster_members.c.rid)
        .join(source_records, source_records.c.rid == of.c.rid)
        .join(streams, streams.c.stream_id == source_records.c.stream_id)
    )


# 1 -------------------------------------------------------------------------------------------


def events_of(source: str, record: AnyRecord) -> list[Event]:
    """What one record says happened; nothing for people, products and permissions.

    A record that has no instant, such as a deal without dates, has no place on the timeline.

    Args:
        source: Its source key as text: connection/stream/id.
        record: The record.
    """
    own = SourceKey.parse(source).source_id
    channel = getattr(record, "channel", None)
    return [
        Event(at.astimezone(UTC), kind, channel or _CHANNELS.get(kind), source, ref, record)
        for kind, at, ref in _said(own, record)
        if at is not None
    ]


_CHANNELS: Mapping[str, str] = {kinds.CALL: "phone", kinds.CHAT: "chat"}
"""Channels that a kind implies where the source names none."""

_Said = tuple[str, datetime | None, str | None]


def _said(own: str, record: AnyRecord) -> Iterable[_Said]:
    """Kind, instant and ref of everything that a record tells."""
    match record:
        case Order():
            yield kinds.ORDER, record.at, record.order_ref
            yield from ((kinds.REFUND, refund.at, record.order_ref) for refund in record.refunds)
        case OrderLine():
            kind = kinds.ORDER if record.quantity > 0 else kinds.RETURN
            yield kind, record.at, record.order_ref
        case Ticket():
            yield kinds.TICKET_OPENED, record.at, own
            yield kinds.TICKET_SOLVED, record.solved_at, own
        case Message():
            yield _direction(record), record.at, record.ticket
        case Interaction():
            yield kinds.of_interaction(record.kind), record.at, _about(record)
        case Feedback():
            yield record.kind, record.at, record.ticket
        case Deal():
            yield kinds.DEAL_OPENED, record.created_at, own
            if record.status != "open":  # an open deal closes when somebody hopes that it will
                yield f"deal_{record.status}", record.closed_at, own
        case Subscription():
            yield kinds.SUBSCRIPTION_STARTED, record.started_at, own
            if record.end_reason == kinds.PAYMENT_FAILED:
                yield kinds.PAYMENT_FAILED, record.ended_at, own
            yield kinds.SUBSCRIPTION_ENDED, record.ended_at, own
        case Task():
            yield kinds.TASK_OPENED, record.at, own
            yield kinds.TASK_DONE, record.done_at, own
        case Cart():
            yield kinds.CART, record.at, own
        case LoyaltyEntry():
            yield kinds.LOYALTY, record.at, None
        case _:
            return


def _direction(message: Message) -> str:
    if not message.public:
        return kinds.NOTE
    return kinds.MESSAGE_IN if message.direction == "in" else kinds.MESSAGE_OUT


def _about(interaction: Interaction) -> str | None:
    """The ticket or order that an interaction names among its attributes."""
    named = (interaction.attributes.get(name) for name in ("ticket", "order", "order_ref"))
    return next((str(value) for value in named if value is not None), None)


# 2 -------------------------------------------------------------------------------------------


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
    return [*_each_refund_once(single), *map(_receipt, receipts.values())]


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


# 3 -------------------------------------------------------------------------------------------


def in_order(events: Iterable[Event]) -> list[Event]:
    """The events in their one order: instant, rank of the kind, channel, content, source.

    What happened comes before what the source calls it, so that a file whose rows got other ids
    tells the same story; only records that say exactly the same are ordered by their ids.
    """
    by_time = sorted(events, key=_when)
    ordered: list[Event] = []
    for _, tied in groupby(by_time, key=_when):
        same = list(tied)
        ordered += sorted(same, key=_what) if len(same) > 1 else same
    return ordered


def _when(event: Event) -> tuple[datetime, int]:
    return event.at, kinds.RANK[event.kind]


def _what(event: Event) -> tuple[str, bytes, str]:
    return event.channel or "", encode(event.record), event.source
