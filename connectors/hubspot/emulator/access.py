"""Who may call: service keys, private-app tokens and OAuth, with scopes and expiry."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from connectors.hubspot.emulator.refusals import (
    Refusal,
    bad_grant,
    expired,
    malformed_token,
    missing_scopes,
    unauthenticated,
)
from hub.core.clock import Clock
from hub.emulation.oauth import AccessToken, App, GrantRefused, TokenDesk, TokenRefused

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
    "tasks": ("crm.objects.contacts.read", "crm.objects.contacts.write"),
}
"""Scopes to read and to write records of each kind."""

SCHEMA_SCOPES: dict[str, tuple[str, str]] = OBJECT_SCOPES | {
    kind: (f"crm.schemas.{kind}.read", f"crm.schemas.{kind}.write")
    for kind in ("contacts", "companies", "deals")
}
SCHEMA_SCOPES["tasks"] = SCHEMA_SCOPES["contacts"]
"""Scopes to read and to change the property definitions of each kind."""

OWNER_SCOPE = "crm.objects.owners.read"

CONSENT_SCOPES = ("communication_preferences.read", "communication_preferences.read_write")

ALL_SCOPES = frozenset(
    scope
    for pairs in (OBJECT_SCOPES.values(), SCHEMA_SCOPES.values(), (CONSENT_SCOPES,))
    for pair in pairs
    for scope in pair
) | {OWNER_SCOPE}


APP = App("hub-client-id", "hub-client-secret", "hub-refresh-token")
"""The OAuth app that is installed in every emulated account; made up, like the account."""


class Access:
    """The account's issued credentials.

    Args:
        clock: The account's time.
        token: A service key (or private-app token) that never expires.
        scopes: What every credential of this account is granted.
    """

    def __init__(self, clock: Clock, token: str, scopes: Iterable[str] = ALL_SCOPES) -> None:
        self._clock = clock
        self._desk = TokenDesk(clock, APP, life=TOKEN_LIFE, scopes=frozenset(scopes))
        self._desk.accept(token)

    def authenticate(self, authorization: str) -> AccessToken:
        """The credential that the ``Authorization`` header carries.

        Raises:
            Refusal: 401 or 530.
        """
        token = _bearer(authorization)
        try:
            return self._desk.check(token)
        except TokenRefused as refused:
            raise self._refusal(token, refused) from refused

    def expire(self, authorization: str) -> None:
        """End the life of an OAuth access token; a service key only fails this once.

        Raises:
            Refusal: 401 ``EXPIRED_AUTHENTICATION``, always.
        """
        token = self.authenticate(authorization)
        if token.expires_at is not None:
            self._desk.expire(token.value)
        raise expired(minutes=0)

    def grant(self, form: dict[str, str]) -> dict[str, object]:
        """A fresh access token for a refresh token.

        Raises:
            Refusal: 400 that names what is wrong with the form.
        """
        if form.get("grant_type") != "refresh_token":
            raise bad_grant("BAD_GRANT_TYPE", "missing or unknown grant_type")
        if form.get("client_id") != APP.client_id:
            raise bad_grant("BAD_CLIENT_ID", "missing or invalid client id")
        if form.get("client_secret") != APP.client_secret:
            raise bad_grant("BAD_CLIENT_SECRET", "missing or invalid client secret")
        try:
            token = self._desk.grant(form)
        except GrantRefused as refused:
            raise bad_grant("BAD_REFRESH_TOKEN", "missing or invalid refresh token") from refused
        return {
            "token_type": "bearer",
            "access_token": token.value,
            "refresh_token": token.refresh_token,
            "expires_in": int(TOKEN_LIFE.total_seconds()),
        }

    def _refusal(self, token: str, refused: TokenRefused) -> Refusal:
        if refused.expired_at is not None:
            ago = self._clock.now() - refused.expired_at
            return expired(minutes=ago // timedelta(minutes=1))
        return unauthenticated() if _WELL_FORMED.fullmatch(token) else malformed_token()


def require(token: AccessToken, scope: str) -> None:
    """Let a request that needs ``scope`` pass; empty needs none.

    Raises:
        Refusal: 403 that names the missing scope.
    """
    if scope and scope not in token.scopes:
        raise missing_scopes((scope,))


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated()
    return token
