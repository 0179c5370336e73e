"""An event, and the one order that events stand in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from hub.core.records import AnyRecord, encode
from hub.journeys import kinds


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
