"""What makes a pushed delivery believable: whose it is, and when it was sent.

Connectors compose these in ``Webhook.verify``: which bytes are signed, and which header holds the
signature and the time, is each vendor's own; how they are compared is not. What the hub itself
pushes is signed after Standard Webhooks, which receivers have libraries for.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime, timedelta

from hub.core.errors import ConfigError, SkipRecord
from hub.core.secrets import Secret


def signed(secret: Secret, message: bytes, signature: str) -> None:
    """Nothing, if ``signature`` is the base64 HMAC-SHA256 of ``message`` under ``secret``.

    The comparison takes as long for a wrong first byte as for a wrong last one.

    Raises:
        SkipRecord: If it is not.
        ConfigError: If the secret cannot be read.
    """
    digest = hmac.digest(secret.reveal().encode(), message, "sha256")
    if not hmac.compare_digest(base64.b64encode(digest), signature.encode()):
        raise SkipRecord(
            "the signature is not made with the secret in hub.toml, or not over these bytes."
            " Compare the secret with the one in the vendor's screens; a proxy in between must pass"
            " the body unchanged",
            reason="bad-signature",
        )


def standard_headers(secret: Secret, name: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers that make a delivery of the hub's own believable.

    Args:
        secret: Shared with the receiver: ``whsec_`` and 24 to 64 bytes in base64.
        name: Of the event; the same however often it is sent.
        at: Instant of this attempt.
        body: The very bytes that are sent.

    Raises:
        ConfigError: If the secret cannot be read, or has another form.

    Source: Standard Webhooks 1.0.0, "Signature scheme" and "Webhook headers" (symmetric, v1).
    """
    stamp = str(int(at.timestamp()))
    message = b".".join((name.encode(), stamp.encode(), body))
    digest = base64.b64encode(hmac.digest(_standard_key(secret), message, "sha256")).decode()
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{digest}",
    }


def _standard_key(secret: Secret) -> bytes:
    prefix, _, encoded = secret.reveal().partition("_")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if prefix != "whsec" or not 24 <= len(key) <= 64:
        raise ConfigError(
            f"{secret.reference}: not a key for signing webhooks, which is whsec_ and 24 to 64"
            ' bytes in base64. Make one with: echo "whsec_$(openssl rand -base64 32)"',
            code="HUB-216",
        )
    return key


def recent(stamp: datetime, now: datetime, window: timedelta) -> None:
    """Nothing, if ``stamp`` is at most ``window`` away from ``now``, before or after it.

    Raises:
        SkipRecord: If it is further away: an old delivery that somebody replays, or a wrong clock.
    """
    apart = abs(now - stamp)
    if apart > window:
        raise SkipRecord(
            f"the delivery was signed {apart.total_seconds():.0f} s away from this machine's time,"
            f" more than {window.total_seconds():.0f} s. If all of them are refused, set the clock",
            reason="stale-delivery",
        )
