"""Deliveries are signed as Zendesk signs them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from connectors.zendesk.emulator.webhooks import event, signed_delivery

AT = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
SECRET = "webhook-secret-of-a-made-up-account"


@pytest.mark.parametrize(
    "payload", [event("user.merged", 42, AT, name="Ann"), None], ids=["event", "empty"]
)
def test_the_signature_covers_time_and_body(payload: dict[str, object] | None) -> None:
    """An independent computation over time stamp and raw body gives the header."""
    delivery = signed_delivery(SECRET, payload, AT)

    stamp = delivery.headers["X-Zendesk-Webhook-Signature-Timestamp"]
    mac = hmac.digest(SECRET.encode(), stamp.encode() + delivery.body, hashlib.sha256)
    assert delivery.headers["X-Zendesk-Webhook-Signature"] == base64.b64encode(mac).decode()
    assert stamp == "2026-11-01T09:30:00Z"
    assert bool(delivery.body) is (payload is not None)


def test_an_event_names_its_record_and_is_the_same_when_it_is_sent_again() -> None:
    """A repeated delivery carries the event's own id, so that an inbox knows it."""
    first, again = (event("user.deleted", 42, AT) for _ in range(2))

    assert (first["type"], first["subject"]) == ("zen:event-type:user.deleted", "zen:user:42")
    assert first["id"] == again["id"]
    assert json.loads(signed_delivery(SECRET, first, AT).body) == again
