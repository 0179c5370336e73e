"""What makes a pushed delivery believable: whose it is, and when it was sent.

Connectors compose these in ``Webhook.verify``: which bytes are signed, and which header holds the
signature and the time, is each vendor's own; how they are compared is not.
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime, timedelta

from hub.core.errors import SkipRecord
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
