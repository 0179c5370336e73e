"""Whether a pushed delivery is believed: signature and time."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from hub.core.errors import SkipRecord
from hub.core.secrets import Secret
from hub.core.webhooks import recent, signed, standard_headers

SECRET = Secret.of("whsec-emulated")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
WINDOW = timedelta(minutes=5)


def signature_of(message: bytes, secret: str = "whsec-emulated") -> str:
    """Base64 of the HMAC, by the standard library's older interface."""
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def test_the_right_signature_is_accepted():
    """RFC 4231, test case 2, in base64, under the key it names."""
    known = base64.b64encode(
        bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    )

    signed(Secret.of("Jefe"), b"what do ya want for nothing?", known.decode())


@pytest.mark.parametrize(
    "signature",
    [
        signature_of(b"{}", "another secret"),
        signature_of(b"{ }"),
        signature_of(b"{}")[:-1],
        signature_of(b"{}").lower(),
        "",
        "é not ascii",
    ],
    ids=["other-secret", "other-body", "cut", "other-case", "missing", "not-ascii"],
)
def test_any_other_signature_is_refused(signature):
    """Another key, another body, a cut, absent or unreadable signature: none is believed."""
    with pytest.raises(SkipRecord) as refused:
        signed(SECRET, b"{}", signature)

    assert refused.value.reason == "bad-signature"
    assert "whsec" not in str(refused.value)


@pytest.mark.parametrize("seconds", [-300, -1, 0, 300], ids=str)
def test_a_delivery_inside_the_window_is_accepted(seconds):
    """Up to five minutes old, or as far ahead: clocks differ both ways."""
    recent(NOW + timedelta(seconds=seconds), NOW, WINDOW)


@pytest.mark.parametrize("seconds", [-301, 301, -86_400], ids=str)
def test_a_replayed_delivery_is_refused(seconds):
    """One second more is too much, in either direction."""
    with pytest.raises(SkipRecord) as refused:
        recent(NOW + timedelta(seconds=seconds), NOW, WINDOW)

    assert refused.value.reason == "stale-delivery"


def test_what_the_hub_sends_is_signed_as_receivers_libraries_expect():
    """The vector that the libraries of Standard Webhooks test themselves with."""
    secret = Secret.of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1_614_265_330, UTC)

    headers = standard_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}')

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
