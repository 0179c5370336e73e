"""Who may call: service keys, private-app tokens and OAuth, with scopes and expiry."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.hubspot.emulator.refusals import (
    bad_grant,
    expired,
    malformed_token,
    missing_scopes,
    unauthenticated,
)

TOKEN_LIFE = timedelta(minutes=30)
_WELL_FORMED = re.compile(r"[A-Za-z0-9_+/=.-]{8,512}")

OBJECT_SCOPES: dict[str, tuple[str, str]] = {
    "contacts": ("crm.objects.contacts.read", "crm.objects.contacts.write"),
    "companies": ("crm.objects.companies.read", "crm.objects.companies.write"),
    "deals": ("crm.objects.deals.read", "crm.objects.deals.write"),
    "tickets": ("tickets", "tickets"),
    "feedback_submissions": (
        "crm.objects.feedback_submissions.read",
        "crm.objects.feedback_submissions.read",
    ),
}
"""Scopes to read and to write records of each kind."""

SCHEMA_SCOPES: dict[str, tuple[str, str]] = OBJECT_SCOPES | {
    kind: (f"crm.schemas.{kind}.read", f"crm.schemas.{kind}.write")
    for kind in ("contacts", "companies", "deals")
}
"""Scopes to read and to change the property definitions of each kind."""

CONSENT_SCOPES = ("communication_preferences.read", "communication_preferences.read_write")

ALL_SCOPES = frozenset(
    scope
    for pairs in (OBJECT_SCOPES.values(), SCHEMA_SCOPES.values(), (CONSENT_SCOPES,))
    for pair in pairs
    for scope in pair
)


@dataclass(frozen=True, slots=True)
class Credential:
    """What one bearer token allows.

    Args:
        expires_at: None for tokens that live until they are revoked.
    """

    scopes: frozenset[str]
    expires_at: datetime | None = None

    def require(self, scope: str) -> None:
        """Let a request that needs ``scope`` pass; empty needs none.

        Raises:
            Refusal: 403 that names the missing scope.
        """
        if scope and scope not in self.scopes:
            raise missing_scopes((scope,))


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """An app that exchanges refresh tokens for access tokens."""

    client_id: str = "hub-client-id"
    client_secret: str = "hub-client-secret"  # noqa: S105 - a made-up app of a made-up account
    refresh_token: str = "hub-refresh-token"  # noqa: S105


class Access:
    """The account's issued credentials.

    Args:
        token: A service key (or private-app token) that never expires.
        scopes: What every credential of this account is granted.
        oauth: The installed OAuth app.
    """

    def __init__(
        self, token: str, scopes: Iterable[str] = ALL_SCOPES, oauth: OAuthApp | None = None
    ) -> None:
        self.scopes = frozenset(scopes)
        self.oauth = oauth or OAuthApp()
        self._issued = 0
        self._credentials = {token: Credential(self.scopes)}

    def authenticate(self, authorization: str, now: datetime) -> Credential:
        """The credential that the ``Authorization`` header carries.

        Raises:
            Refusal: 401 or 530.
        """
        credential = self._credential(_bearer(authorization))
        if credential.expires_at is not None and credential.expires_at <= now:
            raise expired(minutes=(now - credential.expires_at) // timedelta(minutes=1))
        return credential

    def expire(self, authorization: str, now: datetime) -> None:
        """End the life of an OAuth access token; a service key only fails this once.

        Raises:
            Refusal: 401 ``EXPIRED_AUTHENTICATION``, always.
        """
        token = _bearer(authorization)
        credential = self._credential(token)
        if credential.expires_at is not None:
            self._credentials[token] = replace(credential, expires_at=now)
        raise expired(minutes=0)

    def grant(self, form: dict[str, str], now: datetime) -> dict[str, object]:
        """A fresh access token for a refresh token.

        Raises:
            Refusal: 400 that names what is wrong with the form.
        """
        if form.get("grant_type") != "refresh_token":
            raise bad_grant("BAD_GRANT_TYPE", "missing or unknown grant_type")
        if form.get("client_id") != self.oauth.client_id:
            raise bad_grant("BAD_CLIENT_ID", "missing or invalid client id")
        if form.get("client_secret") != self.oauth.client_secret:
            raise bad_grant("BAD_CLIENT_SECRET", "missing or invalid client secret")
        if form.get("refresh_token") != self.oauth.refresh_token:
            raise bad_grant("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        return {
            "token_type": "bearer",
            "access_token": self._issue(now),
            "refresh_token": self.oauth.refresh_token,
            "expires_in": int(TOKEN_LIFE.total_seconds()),
        }

    def _issue(self, now: datetime) -> str:
        self._issued += 1
        seed = f"{self.oauth.client_id}:{self._issued}"
        token = hashlib.sha256(seed.encode()).hexdigest()
        self._credentials[token] = Credential(self.scopes, now + TOKEN_LIFE)
        return token

    def _credential(self, token: str) -> Credential:
        if token not in self._credentials:
            raise unauthenticated() if _WELL_FORMED.fullmatch(token) else malformed_token()
        return self._credentials[token]


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated()
    return token
