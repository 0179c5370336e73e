"""The token desk of the emulators grants and refuses as an OAuth server does."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.core.clock import ManualClock
from hub.emulation.oauth import JWT_BEARER, App, GrantRefused, TokenDesk, TokenRefused

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIFE = timedelta(minutes=30)
SECRET = {"client_id": "id-1", "client_secret": "secret-1"}
CLIENT = SECRET | {"grant_type": "client_credentials"}
CLAIMS = {"iss": "id-1", "sub": "ada", "aud": "login", "exp": NOW.timestamp() + 180}


@cache
def key(name: str = "registered") -> rsa.RSAPrivateKey:
    """One key per name: making one takes a while."""
    return rsa.generate_private_key(65537, 2048)


def public(name: str = "registered") -> str:
    found = key(name).public_key()
    return found.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def desk(*, rotates: bool = False, life: timedelta | None = LIFE) -> TokenDesk:
    app = App("id-1", "secret-1", "refresh-0", public(), subject="ada", audience="login")
    return TokenDesk(ManualClock(NOW), app, life=life, rotates=rotates, scopes=frozenset({"read"}))


def refresh(token: str | None) -> Mapping[str, str]:
    return SECRET | {"grant_type": "refresh_token", "refresh_token": token or ""}


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def assertion(claims: Mapping[str, Any], *, alg: str = "RS256", by: str = "registered") -> str:
    signed = ".".join(part(json.dumps(x).encode()) for x in ({"alg": alg}, claims))
    return f"{signed}.{part(key(by).sign(signed.encode(), padding.PKCS1v15(), SHA256()))}"


def refused(desk: TokenDesk, token: str) -> str:
    with pytest.raises(TokenRefused) as caught:
        desk.check(token)
    return str(caught.value)


def test_a_granted_token_lives_as_long_as_it_says() -> None:
    """Valid to the last second of its life, expired after it."""
    clock = ManualClock(NOW)
    office = TokenDesk(clock, App("id-1", "secret-1"), life=LIFE, scopes=frozenset({"read"}))
    token = office.grant(CLIENT)

    clock.sleep(1799)
    assert office.check(token.value).scopes == {"read"}
    clock.sleep(1)
    assert refused(office, token.value) == "expired"


def test_a_token_without_a_life_has_no_end() -> None:
    """Some vendors name no life; the token works until it is ended."""
    office = desk(life=None)
    token = office.grant(CLIENT)

    office.expire(token.value)

    assert token.expires_at is None
    assert refused(office, token.value) == "expired"


def test_a_static_token_is_let_in() -> None:
    """It never expires by itself; any other is unknown."""
    office = desk()
    office.accept("by-hand")

    assert office.check("by-hand").expires_at is None
    assert refused(office, "by-heart") == "unknown"


def test_a_refresh_without_rotation_keeps_everything() -> None:
    """The same refresh token serves for ever and earlier access tokens live on."""
    office = desk()
    first, second = office.grant(refresh("refresh-0")), office.grant(refresh("refresh-0"))

    assert second.refresh_token == "refresh-0"
    assert office.check(first.value) == first


def test_a_rotating_refresh_deletes_the_previous_pair() -> None:
    """Whoever did not keep the new refresh token is locked out."""
    office = desk(rotates=True)
    first = office.grant(refresh("refresh-0"))
    second = office.grant(refresh(first.refresh_token))

    assert refused(office, first.value) == "unknown"
    assert office.check(second.value) == second
    with pytest.raises(GrantRefused, match="invalid_grant"):
        office.grant(refresh(first.refresh_token))


def test_an_assertion_signed_by_the_registered_key_is_granted() -> None:
    """No secret travels; and no refresh token comes back."""
    form = {"grant_type": JWT_BEARER, "assertion": assertion(CLAIMS)}

    assert desk().grant(form).refresh_token is None


@pytest.mark.parametrize(
    ("form", "error"),
    [
        pytest.param({}, "unsupported_grant_type", id="no grant"),
        pytest.param(SECRET | {"grant_type": "password"}, "unsupported_grant_type", id="password"),
        pytest.param(CLIENT | {"client_id": "other"}, "invalid_client", id="client"),
        pytest.param(CLIENT | {"client_secret": "guess"}, "invalid_client", id="secret"),
        pytest.param(refresh("refresh-9"), "invalid_grant", id="refresh token"),
        pytest.param(refresh(None), "invalid_grant", id="no refresh token"),
    ],
)
def test_a_wrong_request_is_refused(form: Mapping[str, str], error: str) -> None:
    """With the error code that RFC 6749 has for it."""
    with pytest.raises(GrantRefused) as caught:
        desk().grant(form)

    assert caught.value.error == error


@pytest.mark.parametrize(
    ("token", "error"),
    [
        pytest.param(lambda: assertion(CLAIMS | {"iss": "id-2"}), "invalid_client", id="issuer"),
        pytest.param(lambda: assertion(CLAIMS | {"sub": "eve"}), "invalid_grant", id="user"),
        pytest.param(lambda: assertion(CLAIMS | {"aud": "test"}), "invalid_grant", id="audience"),
        pytest.param(
            lambda: assertion(CLAIMS | {"exp": NOW.timestamp()}), "invalid_grant", id="expired"
        ),
        pytest.param(
            lambda: assertion(CLAIMS | {"exp": NOW.timestamp() + 3600}), "invalid_grant", id="long"
        ),
        pytest.param(lambda: assertion(CLAIMS, by="stranger"), "invalid_grant", id="other key"),
        pytest.param(lambda: assertion(CLAIMS, alg="none"), "invalid_grant", id="algorithm"),
        pytest.param(lambda: "not.a.token", "invalid_grant", id="no token"),
    ],
)
def test_an_assertion_that_does_not_hold_is_refused(token: Any, error: str) -> None:
    """Issuer, user, audience, time, key and algorithm all count."""
    with pytest.raises(GrantRefused) as caught:
        desk().grant({"grant_type": JWT_BEARER, "assertion": token()})

    assert caught.value.error == error


def test_no_secret_shows_in_a_repr() -> None:
    """A failing test prints neither secret nor token."""
    office = desk()
    token = office.grant(refresh("refresh-0"))

    shown = repr(office.app) + repr(token)

    assert not [s for s in ("secret-1", "refresh-0", token.value) if s in shown]
