"""The timeline: what every source record says happened to a customer, in one order.

1. Each record says what happened and when (:func:`events_of`).
2. What several records tell becomes one event: the lines of a receipt, a refund that a shop tells
   twice, the message that opened a ticket (:func:`~hub.journeys.retelling.together`).
3. One total order, which rests on what happened and not on when or how it was read
   (:func:`~hub.journeys.event.in_order`).

Events may lie in the future, such as the end of a contract: readers cut at their own "now".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Final

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
    OrderLine,
    Subscription,
    Task,
    Ticket,
    decode,
)
from hub.journeys import kinds
from hub.journeys.event import Event as Event  # what other rooms need of the timeline stands here
from hub.journeys.event import in_order as in_order
from hub.journeys.retelling import together as together
from hub.store.records import chunks
from hub.store.schema import (
    cluster_members,
    facts,
    golden_records,
    order_entries,
    source_records,
    streams,
)

Timelines = dict[str, list[Event]]
"""Golden id to events, in order."""
AT_ONCE: Final = 100
"""Timelines that are held together: each event is a record, and regulars have thousands."""


def load(connection: Connection, golden_ids: Iterable[str]) -> Timelines:
    """The timeline of each golden id, empty where nothing is known."""
    told: dict[str, list[Event]] = {golden_id: [] for golden_id in golden_ids}
    for query in (_records(facts), _orders()):
        _tell(connection, query, told)
    return _ordered(told)


def _tell(
    connection: Connection, query: Select[str, bytes, str, str, str], told: Timelines
) -> None:
    for chunk in chunks(sorted(told)):
        rows = connection.execute(query.where(cluster_members.c.golden_id.in_(chunk)))
        # Fetched one by one they take twice as long, all at once they take MBs.
        for golden_id, body, name, stream, source_id in chain.from_iterable(rows.partitions(1_000)):
            told[golden_id] += events_of(str(SourceKey(name, stream, source_id)), decode(body))


def _ordered(told: Timelines) -> Timelines:
    return {golden_id: in_order(together(events)) for golden_id, events in told.items()}


def everybody(connection: Connection) -> Iterator[list[Event]]:
    """The timeline of every customer, a batch at a time: what reports are counted from."""
    for timelines in batches(connection):
        yield from timelines.values()


def batches(connection: Connection) -> Iterator[Timelines]:
    """The timelines of all customers, a batch at a time."""
    golden_ids = connection.execute(select(golden_records.c.golden_id)).scalars().all()
    return batches_of(connection, sorted(golden_ids))


def batches_of(connection: Connection, golden_ids: Sequence[str]) -> Iterator[Timelines]:
    """The timelines of these customers in their order, a batch at a time."""
    for chunk in chunks(golden_ids, AT_ONCE):
        yield load(connection, chunk)


def said(connection: Connection) -> Iterator[tuple[str, Event]]:
    """Golden id and event of everything that happened to customers but orders, in no order."""
    for golden_id, body, name, stream, source_id in connection.execute(_records(facts)):
        for event in events_of(str(SourceKey(name, stream, source_id)), decode(body)):
            if event.kind not in kinds.INTERNAL:
                yield golden_id, event


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


def _orders() -> Select[str, bytes, str, str, str]:
    return _records(order_entries).where(order_entries.c.line == 0)


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
