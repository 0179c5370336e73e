"""What HubSpot pushes: that something happened to a record. What, the record itself is asked.

1. The signature covers method, address, body and time; the time is at most five minutes away.
2. Up to 100 events come in one delivery. They carry ids and single values, in no order, and at
   least once: so the records named are read again, once each, in as few batches as possible.
3. What is read is the present, so it does not matter which event came first. A record that is not
   there any more was archived, erased or merged away.

Only apps have webhooks, service keys have none; polling stays complete on its own.

Source: HubSpot's documentation of webhooks and of request signatures, version 3 (read November
2026).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from connectors.hubspot.config import HubSpotSettings
from connectors.hubspot.reader import CrmReader
from hub.core.connector import Context, Delivery, Page, Webhook
from hub.core.conversion import from_json
from hub.core.errors import SkipRecord
from hub.core.webhooks import recent, signed

WINDOW = timedelta(minutes=5)
SIGNATURE = "x-hubspot-signature-v3"
TIME = "x-hubspot-request-timestamp"

STREAMS: Mapping[str, tuple[str, ...]] = {
    "contact": ("contacts", "subscriptions"),
    "company": ("companies",),
    "deal": ("deals",),
    "ticket": ("tickets",),
    "0-1": ("contacts", "subscriptions"),
    "0-2": ("companies",),
    "0-3": ("deals",),
    "0-5": ("tickets",),
    "0-19": ("feedback_submissions",),
}
"""Kind of record, by name or type id, to the streams that read it; of others nothing is read."""


class Event(Struct, frozen=True, rename="camel"):
    """One thing that happened. Which fields are there depends on ``subscription_type``."""

    subscription_type: str
    event_id: int | None = None
    subscription_id: int | None = None
    occurred_at: int | None = None
    object_id: int | None = None
    object_type_id: str | None = None
    property_name: str | None = None
    from_object_id: int | None = None
    primary_object_id: int | None = None
    new_object_id: int | None = None
    merged_object_ids: list[int] | None = None

    @property
    def kind(self) -> str:
        """Kind of record: ``contact`` of ``contact.propertyChange``, ``0-1`` of ``object.…``."""
        named = self.subscription_type.partition(".")[0]
        return (self.object_type_id or "") if named == "object" else named

    @property
    def ids(self) -> set[str]:
        """The records that it happened to."""
        named = (self.object_id, self.from_object_id, self.primary_object_id, self.new_object_id)
        return {str(each) for each in (*named, *(self.merged_object_ids or ())) if each}


def webhook(readers: Mapping[str, CrmReader]) -> Webhook:
    """The webhook that completes its events with the streams' own readers."""

    def parse(ctx: Context, delivery: Delivery) -> Sequence[tuple[str, Page]]:
        named: dict[str, set[str]] = {}
        for event in events(delivery):
            for stream in filter(ctx.reads, STREAMS.get(event.kind, ())):
                named.setdefault(stream, set()).update(event.ids)
        return [  # 2
            (stream, readers[stream].again(ctx, sorted(ids, key=int)))
            for stream, ids in named.items()
        ]

    return Webhook(verify, parse, event_id, rereads=True)


def verify(ctx: Context, delivery: Delivery) -> None:
    """Nothing, if HubSpot made this request, for this address, just now.

    Raises:
        SkipRecord: If not.
    """
    settings: HubSpotSettings = ctx.config
    assert settings.webhook_secret is not None  # else the connection has no webhook
    stamp = delivery.headers.get(TIME, "")
    message = f"{delivery.method}{_called(settings, delivery)}".encode() + delivery.body
    signed(
        settings.webhook_secret, message + stamp.encode(), delivery.headers.get(SIGNATURE, "")
    )  # 1
    recent(_instant(stamp), ctx.clock.now(), WINDOW)


def event_id(delivery: Delivery) -> str:
    """Fingerprint of the events: HubSpot numbers neither deliveries nor, reliably, events.

    A repeated delivery differs by its attempt numbers only, which do not count.
    """
    said = sorted(repr(msgspec.structs.astuple(event)) for event in events(delivery))
    return sha256("\n".join(said).encode()).hexdigest()


def events(delivery: Delivery) -> list[Event]:
    """The events of a delivery.

    Raises:
        SkipRecord: If the body is not a list of them.
    """
    try:
        return from_json(delivery.body, list[Event])
    except (msgspec.MsgspecError, UnicodeDecodeError) as err:
        raise SkipRecord(
            "the body is not HubSpot's list of events. Point only HubSpot's webhook here",
            reason="bad-body",
        ) from err


def _called(settings: HubSpotSettings, delivery: Delivery) -> str:
    """The address that HubSpot called and signed; the hub sees only its own behind the proxy."""
    query = urlsplit(delivery.url).query
    return f"{settings.webhook_url}?{query}" if query else f"{settings.webhook_url}"


def _instant(stamp: str) -> datetime:
    if not stamp.isdecimal() or len(stamp) > len("1000000000000"):
        raise SkipRecord(f"the header {TIME} holds no time", reason="no-time")
    return datetime.fromtimestamp(int(stamp) / 1_000, UTC)
