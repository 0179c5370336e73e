"""What Zendesk pushes: who sent it, and the records that it is about, read anew.

A delivery of an event subscription names one record (``zen:user:42``); what the event says of it is
not stored. The record is read the way polling reads it, so that late and repeated deliveries do no
harm. Deliveries without a body, and of triggers that write their own, name none.

Source: Zendesk, "Verifying webhooks" and "Webhook event types" (read November 2026).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import orjson

from connectors.zendesk.api import Api
from connectors.zendesk.reader import CursorExport, TimeExport, split
from connectors.zendesk.streams import streams
from hub.core.connector import Context, Delivery, Page, Webhook
from hub.core.errors import SkipRecord
from hub.core.pages import dig, instant_of
from hub.core.webhooks import recent, signed

WINDOW = timedelta(minutes=5)

_SIGNATURE = "x-zendesk-webhook-signature"
_STAMP = "x-zendesk-webhook-signature-timestamp"
_INVOCATION = "x-zendesk-webhook-invocation-id"


def verify(ctx: Context, delivery: Delivery) -> None:
    """Nothing, if the delivery is Zendesk's own and fresh.

    Raises:
        SkipRecord: If signature or time is wrong.
    """
    stamp = delivery.headers.get(_STAMP, "")
    signed(
        ctx.config.webhook_secret,
        stamp.encode() + delivery.body,
        delivery.headers.get(_SIGNATURE, ""),
    )
    sent = instant_of(stamp)
    if sent is None:
        raise SkipRecord("the delivery does not say when it was sent", reason="bad-timestamp")
    recent(sent, ctx.clock.now(), WINDOW)


def event_id(delivery: Delivery) -> str:
    """Zendesk's id of the event, else of the delivery."""
    return str(_event(delivery).get("id") or delivery.headers.get(_INVOCATION, ""))


def parse(ctx: Context, delivery: Delivery) -> Sequence[tuple[str, Page]]:
    """The record that the event is about, as each stream that shows it reads it now."""
    event = _event(delivery)
    found = _TYPE.match(str(event.get("type")))
    native_id = str(dig(event, "detail.id") or "")
    if found is None or not native_id.isdecimal():
        return ()
    readers = {stream.name: stream.reader for stream in streams(ctx.config)}
    return [
        (name, _page(ctx, readers[name], native_id))
        for name in _SHOWN_BY[found[1]]
        if ctx.reads(name)
    ]


_TYPE = re.compile(r"zen:event-type[:/](user|organization|ticket)\.")
_SHOWN_BY: Mapping[str, Sequence[str]] = {
    "user": ("users", "user_consents"),
    "organization": ("organizations",),
    "ticket": ("tickets",),
}


def _page(ctx: Context, reader: object, native_id: str) -> Page:
    assert isinstance(reader, CursorExport | TimeExport)
    api = Api.of(ctx)
    export = api.completed(reader.kind, native_id, reader.include)
    rows, gone = split(reader.rows_of(api, export), reader.is_gone)
    return Page(rows, deletes=gone if rows or gone else [native_id])


def _event(delivery: Delivery) -> Mapping[str, Any]:
    try:
        event = orjson.loads(delivery.body)
    except orjson.JSONDecodeError:  # empty, or what a trigger was told to write
        return {}
    return event if isinstance(event, dict) else {}


WEBHOOK = Webhook(verify=verify, parse=parse, event_id=event_id, rereads=True)
