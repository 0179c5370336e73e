"""HubSpot's app webhooks: signed as its documentation says, and read again in any order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.hubspot.config import HubSpotSettings
from connectors.hubspot.connector import HUBSPOT
from connectors.hubspot.webhook import event_id, events, verify
from hub.core.connector import Context, Delivery
from hub.core.errors import SkipRecord
from hub.core.pages import epoch_millis
from hub.core.secrets import Secret
from hub.sync.inbox import Inbox
from hub.sync.pull import Source

URL = "https://hub.example.com/hooks/crm"
INSIDE = "http://127.0.0.1:8420/hooks/crm"
SECRET = "app-secret-of-an-emulated-app"
WEBHOOK: dict[str, Any] = {"webhook_url": URL, "webhook_secret": Secret.of(SECRET)}


def signature(text: str, secret: str = SECRET) -> str:
    """Version 3 of HubSpot's request signature."""
    return base64.b64encode(
        hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    ).decode()


def delivery(
    clock, told: Sequence[dict], *, url: str = "http://127.0.0.1:8420/hooks/crm"
) -> Delivery:
    """What HubSpot sends now; the proxy has passed it on to the hub's own address."""
    body, stamp = json.dumps(told), str(epoch_millis(clock.now()))
    headers = {
        "x-hubspot-signature-v3": signature(f"POST{URL}{body}{stamp}"),
        "x-hubspot-request-timestamp": stamp,
    }
    return Delivery("POST", url, headers, body.encode())


def changed(record: str, kind: str = "contact", action: str = "propertyChange", **more) -> dict:
    """One event, with the fields that HubSpot sends."""
    return {
        "eventId": int(record), "subscriptionId": 1, "portalId": 62515, "appId": 54321,
        "occurredAt": 1767225600000, "subscriptionType": f"{kind}.{action}", "attemptNumber": 0,
        "objectId": int(record), "changeSource": "CRM_UI", **more,
    }  # fmt: skip


@pytest.fixture
def ctx(clock) -> Context:
    """The connection's context; verifying asks nobody."""
    config = HubSpotSettings(token=Secret.of("pat-na1-token"), **WEBHOOK)
    log = logging.getLogger("t")
    return Context("crm", config, None, clock, log, lambda _s, _r: None)


def test_a_delivery_signed_by_the_app_is_believed(ctx, clock):
    """The signature covers the public URL, not the address behind the proxy."""
    verify(ctx, delivery(clock, [changed("51")]))


def test_the_query_of_the_target_url_is_signed_too(ctx, clock):
    """HubSpot signs the whole URL that it called."""
    sent = delivery(clock, [], url="http://127.0.0.1:8420/hooks/crm?region=eu")
    stamp = sent.headers["x-hubspot-request-timestamp"]
    headers = {**sent.headers, "x-hubspot-signature-v3": signature(f"POST{URL}?region=eu[]{stamp}")}

    verify(ctx, replace(sent, headers=headers))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: replace(d, body=d.body + b" "), "bad-signature"),
        (lambda d: replace(d, method="PUT"), "bad-signature"),
        (lambda d: replace(d, headers={}), "bad-signature"),
        (lambda d: replace(d, url=f"{d.url}?a=1"), "bad-signature"),
        (
            lambda d: replace(
                d, headers={**d.headers, "x-hubspot-request-timestamp": "1767225600001"}
            ),
            "bad-signature",
        ),
    ],
    ids=["body", "method", "unsigned", "query", "time"],
)
def test_anything_that_was_touched_is_refused(ctx, clock, change, reason):
    """Body, method, query and time are all under the signature."""
    with pytest.raises(SkipRecord) as refused:
        verify(ctx, change(delivery(clock, [changed("51")])))

    assert refused.value.reason == reason


def test_a_delivery_that_is_replayed_later_is_refused(ctx, clock):
    """Rightly signed, but more than five minutes ago."""
    sent = delivery(clock, [changed("51")])
    clock.sleep(timedelta(minutes=5, seconds=1).total_seconds())

    with pytest.raises(SkipRecord) as refused:
        verify(ctx, sent)

    assert refused.value.reason == "stale-delivery"


@pytest.mark.parametrize(
    "stamp", ["", "soon", "-1", "9" * 40], ids=["none", "text", "minus", "far"]
)
def test_a_time_that_is_none_is_refused(ctx, stamp):
    """Even if it is rightly signed."""
    headers = {
        "x-hubspot-signature-v3": signature(f"POST{URL}[]{stamp}"),
        "x-hubspot-request-timestamp": stamp,
    }

    with pytest.raises(SkipRecord, match="holds no time"):
        verify(ctx, Delivery("POST", "http://127.0.0.1/hooks/crm", headers, b"[]"))


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"\xff", b'[{"objectId": 1}]'], ids=repr)
def test_a_body_that_is_no_list_of_events_is_refused(body):
    """With a reason that quotes nothing of it."""
    with pytest.raises(SkipRecord) as refused:
        events(Delivery("POST", "http://127.0.0.1/hooks/crm", {}, body))

    assert refused.value.reason == "bad-body"


def test_a_second_attempt_is_the_same_delivery(clock):
    """HubSpot repeats the events with another attempt number and perhaps in another order."""
    first = delivery(clock, [changed("51"), changed("52")])
    again = delivery(clock, [changed("52") | {"attemptNumber": 3}, changed("51")])

    assert event_id(first) == event_id(again)
    assert event_id(first) != event_id(delivery(clock, [changed("53")]))


@pytest.mark.parametrize("half", [{"webhook_url": URL}, {"webhook_secret": "${env:X}"}], ids=str)
def test_half_a_webhook_is_a_mistake(half):
    """The address without the secret, or the other way round."""
    with pytest.raises(ValidationError, match="half a webhook"):
        HubSpotSettings(token=Secret.of("pat-na1-token"), **half)


def test_without_an_address_there_is_no_webhook():
    """A service key has none: the connection is polled."""
    assert HUBSPOT.webhooks_for(HubSpotSettings(token=Secret.of("pat-na1-token"))) == {}


# --- against the emulator ---------------------------------------------------------------------


@pytest.fixture
def pushed(connect, emulator):
    """A hub connected to an account whose app pushes, and its inbox."""
    hub = connect(emulator, **WEBHOOK)
    source = Source(hub.ctx, HUBSPOT, HUBSPOT.streams_for(hub.ctx.config), region="AU")
    return hub, Inbox(hub.store, hub.keys, source, hub.ids)


def test_a_push_brings_the_record_as_it_is_now(pushed, clock):
    """Contact and subscriptions, though the event carries one value of one property."""
    hub, inbox = pushed
    [key] = hub.add_contacts(1, lastname="Byron")

    inbox.accept("app", delivery(clock, [changed(key, propertyValue="stale")]))
    inbox.drain()

    assert hub.records("contacts")[key].family_name == "Byron"
    assert set(hub.records("subscriptions")) == {key}


def test_a_push_about_what_is_known_already_stores_nothing(pushed, clock):
    """As the hub's own write comes back: the record is read again and found unchanged."""
    hub, inbox = pushed
    [key] = hub.add_contacts(1)
    inbox.accept("app", delivery(clock, [changed(key)]))
    first = inbox.drain()

    inbox.accept("app", delivery(clock, [changed(key) | {"occurredAt": 2}]))
    second = inbox.drain()

    assert (first.stored, second.stored, second.unchanged) == (2, 0, 2)


def test_any_order_and_repetition_of_pushes_gives_what_polling_gives(pushed, clock):
    """Created, edited, archived, merged and erased contacts; shuffled, some events twice."""
    hub, inbox = pushed
    chance = random.Random(7)
    keys = hub.add_contacts(12)
    told = [changed(key, action="creation") for key in keys]
    merged = {"primaryObjectId": int(keys[2]), "mergedObjectIds": [int(keys[3])]}
    contacts = {"object": "contacts"}
    acts: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (contacts | {"op": "update", "id": keys[0], "properties": {"lastname": "X"}}, {}),
        (contacts | {"op": "archive", "id": keys[1]}, {"action": "deletion"}),
        (contacts | {"op": "merge", "id": keys[2], "other": keys[3]}, {"action": "merge"} | merged),
        ({"op": "gdpr_delete", "id": keys[4]}, {"action": "privacyDeletion"}),
        (contacts | {"op": "archive", "id": keys[5]}, {"action": "deletion"}),
        (contacts | {"op": "restore", "id": keys[5]}, {"action": "restore"}),
    ]
    batches = [told]
    for act, event in acts:
        hub.emulator.mutate(act)
        batches.append([changed(act["id"], **event)])
    sent = [delivery(clock, batch) for batch in batches] + [delivery(clock, batches[2])]
    chance.shuffle(sent)

    for item in sent:
        inbox.accept("app", item)
        if chance.random() < 0.5:
            inbox.drain()
    inbox.drain()
    from_pushes = hub.records("contacts"), hub.records("subscriptions")
    hub.sync("contacts", "subscriptions")

    assert set(from_pushes[0]) == set(hub.emulator.live_ids("contacts"))
    assert (hub.records("contacts"), hub.records("subscriptions")) == from_pushes


def test_a_push_asks_once_per_hundred_records(pushed, clock):
    """Three events about one contact and others about 100: batches, not single reads."""
    hub, inbox = pushed
    keys = hub.add_contacts(101)
    before = len(hub.emulator.calls)

    inbox.accept("app", delivery(clock, [changed(key) for key in (*keys, *keys[:2])]))
    inbox.drain()

    reads = [c for c in hub.emulator.calls.since(before) if c.path.endswith("/batch/read")]
    asked = sum("/contacts/batch/read" in call.path for call in reads)
    assert asked == 4  # two streams, two batches each
    assert len(hub.records("contacts")) == 101
