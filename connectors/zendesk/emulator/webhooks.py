"""Deliveries as Zendesk's webhooks make and sign them.

Source: Zendesk, "Verifying webhooks" and "Webhook event types" (read November 2026): the signature
is base64 of HMAC-SHA256 with the webhook's secret over time stamp and body, which may be empty.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.zendesk.emulator.tables import stamp

ACCOUNT_ID = 22_129_848


@dataclass(frozen=True, slots=True)
class SignedDelivery:
    """One request that Zendesk makes to a webhook's endpoint."""

    headers: Mapping[str, str]
    body: bytes


def event(kind: str, record_id: int, at: datetime, **detail: Any) -> dict[str, Any]:
    """What an event subscription says of a record.

    Args:
        kind: Zendesk's word for what happened, such as ``user.merged``.
        record_id: The record that it happened to.
        at: When it happened.
        detail: Attributes of the record.
    """
    subject = kind.partition(".")[0]
    return {
        "account_id": ACCOUNT_ID,
        "detail": {"id": str(record_id), **detail},
        "event": {},
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}:{record_id}:{stamp(at)}")),
        "subject": f"zen:{subject}:{record_id}",
        "time": stamp(at),
        "type": f"zen:event-type:{kind}",
        "zendesk_event_version": "2022-11-06",
    }


def signed_delivery(secret: str, payload: Mapping[str, Any] | None, at: datetime) -> SignedDelivery:
    """The request that carries ``payload``, or nothing, signed ``at``."""
    body = b"" if payload is None else json.dumps(payload).encode()
    time = stamp(at)
    mac = hmac.new(secret.encode(), time.encode() + body, hashlib.sha256).digest()
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{time}:{hashlib.sha256(body).hexdigest()}")
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Zendesk-Account-Id": str(ACCOUNT_ID),
        "X-Zendesk-Webhook-Invocation-Id": name.hex,
        "X-Zendesk-Webhook-Signature": base64.b64encode(mac).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": time,
    }
    return SignedDelivery(headers, body)
