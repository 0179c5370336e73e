"""Access tokens as vendors issue, rotate, expire and refuse them.

    desk = TokenDesk(clock, App("id", "secret", refresh_token="r0"), life=timedelta(minutes=30))
    token = desk.grant(form)          # the token endpoint
    desk.check(token.value)           # every other endpoint

Each vendor's emulator turns the two refusals into that vendor's own answers.

Source: RFC 6749 (grants 4.4 and 6, error codes 5.2) and RFC 7523 (signed assertions).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hub.core.clock import Clock

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_MOST = timedelta(minutes=3)
"""Furthest future that an assertion may expire in.

Source: Salesforce Help, "OAuth 2.0 JWT Bearer Flow" (read November 2026).
"""


@dataclass(frozen=True, slots=True)
class App:
    """An app as it is registered with the vendor.

    Args:
        client_id: Its public name.
        client_secret: What it proves itself with in the grants that need no signature.
        refresh_token: The first one of the user who authorised it; None if nobody did.
        public_key: PEM of the RSA key that verifies its assertions; None if it has no certificate.
        subject: User that assertions are made for.
        audience: Login host that assertions are addressed to.
    """

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    public_key: str | None = None
    subject: str = ""
    audience: str = ""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What one bearer token allows.

    Args:
        value: The token.
        expires_at: None for tokens that live until they are revoked.
        scopes: What it grants.
        refresh_token: What renews it, where the grant gives one.
    """

    value: str = field(repr=False)
    expires_at: datetime | None = None
    scopes: frozenset[str] = frozenset()
    refresh_token: str | None = field(default=None, repr=False)


class GrantRefused(Exception):
    """The token endpoint says no: an RFC 6749 error code and a sentence."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


class TokenRefused(Exception):
    """A request's token is not one that the vendor knows, or its time is over."""

    def __init__(self, reason: Literal["unknown", "expired"], at: datetime | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.expired_at = at


class TokenDesk:
    """The tokens of one app.

    Args:
        clock: The vendor's time.
        app: Who may ask.
        life: How long an issued token lives; None: until it is revoked.
        rotates: Whether a refresh gives a new refresh token and deletes the previous one together
            with the access token that came with it.
        scopes: What every token grants.
    """

    def __init__(
        self,
        clock: Clock,
        app: App,
        *,
        life: timedelta | None,
        rotates: bool = False,
        scopes: frozenset[str] = frozenset(),
    ) -> None:
        self.app = app
        self._clock = clock
        self._life = life
        self._rotates = rotates
        self._scopes = scopes
        self._refresh_token = app.refresh_token
        self._tokens: dict[str, AccessToken] = {}
        self._issued = 0

    def accept(self, token: str) -> None:
        """Let in a static token, such as an admin creates by hand."""
        self._tokens[token] = AccessToken(token, None, self._scopes)

    def check(self, token: str) -> AccessToken:
        """What ``token`` allows.

        Raises:
            TokenRefused: If it is unknown or expired.
        """
        known = self._tokens.get(token)
        if known is None:
            raise TokenRefused("unknown")
        if known.expires_at is not None and known.expires_at <= self._clock.now():
            raise TokenRefused("expired", known.expires_at)
        return known

    def expire(self, token: str) -> None:
        """End the life of ``token`` now.

        Raises:
            TokenRefused: If it is unknown.
        """
        if token not in self._tokens:
            raise TokenRefused("unknown")
        self._tokens[token] = replace(self._tokens[token], expires_at=self._clock.now())

    def grant(self, form: Mapping[str, str]) -> AccessToken:
        """A new token for the fields of a token request.

        Raises:
            GrantRefused: If the grant is none that the app has, or its proof does not hold.
        """
        grants: dict[str, Callable[[Mapping[str, str]], AccessToken]] = {
            "client_credentials": self._for_the_app,
            "refresh_token": self._for_a_refresh_token,
            JWT_BEARER: self._for_an_assertion,
        }
        found = grants.get(form.get("grant_type", ""))
        if found is None:
            raise GrantRefused("unsupported_grant_type", "grant type not supported")
        return found(form)

    def _for_the_app(self, form: Mapping[str, str]) -> AccessToken:
        self._identify(form)
        return self._issue(None)

    def _for_a_refresh_token(self, form: Mapping[str, str]) -> AccessToken:
        self._identify(form)
        held = self._refresh_token
        if held is None or form.get("refresh_token") != held:
            raise GrantRefused("invalid_grant", "unknown or used refresh token")
        if self._rotates:
            kept = {k: t for k, t in self._tokens.items() if t.refresh_token != held}
            self._tokens = kept
            self._refresh_token = self._mint("refresh")
        return self._issue(self._refresh_token)

    def _for_an_assertion(self, form: Mapping[str, str]) -> AccessToken:
        if self.app.public_key is None:
            raise GrantRefused("unsupported_grant_type", "the app has no certificate")
        claims = _verified(form.get("assertion", ""), self.app.public_key)
        if claims.get("iss") != self.app.client_id:
            raise GrantRefused("invalid_client", "unknown issuer")
        if claims.get("sub") != self.app.subject:
            raise GrantRefused("invalid_grant", "the user has not approved this app")
        if claims.get("aud") != self.app.audience:
            raise GrantRefused("invalid_grant", "audience is invalid")
        left = float(claims.get("exp", 0)) - self._clock.now().timestamp()
        if not 0 < left <= ASSERTION_MOST.total_seconds():
            raise GrantRefused("invalid_grant", "expired, or expires too far in the future")
        return self._issue(None)

    def _identify(self, form: Mapping[str, str]) -> None:
        given = form.get("client_id"), form.get("client_secret")
        if given != (self.app.client_id, self.app.client_secret):
            raise GrantRefused("invalid_client", "unknown client or wrong secret")

    def _issue(self, refresh_token: str | None) -> AccessToken:
        until = None if self._life is None else self._clock.now() + self._life
        token = AccessToken(self._mint("access"), until, self._scopes, refresh_token)
        self._tokens[token.value] = token
        return token

    def _mint(self, kind: str) -> str:
        self._issued += 1
        seed = f"{self.app.client_id}:{kind}:{self._issued}"
        return hashlib.sha256(seed.encode()).hexdigest()


def _verified(assertion: str, public_key: str) -> Mapping[str, Any]:
    """The claims of a JSON web token that the key signed with RS256."""
    try:
        header, claims, signature = assertion.split(".")
        if json.loads(_decoded(header)).get("alg") != "RS256":
            raise GrantRefused("invalid_grant", "the assertion is not signed with RS256")
        key = load_pem_public_key(public_key.encode())
        if not isinstance(key, RSAPublicKey):
            raise TypeError("the app's certificate holds no RSA key")
        key.verify(_decoded(signature), f"{header}.{claims}".encode(), PKCS1v15(), SHA256())
        found: Mapping[str, Any] = json.loads(_decoded(claims))
    except (ValueError, binascii.Error, InvalidSignature) as err:
        raise GrantRefused("invalid_grant", "invalid assertion") from err
    return found


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
