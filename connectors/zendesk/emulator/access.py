"""Who may call: OAuth access tokens that expire and rotate, and API tokens while they last.

Source: Zendesk, "OAuth Tokens for Grant Types" and the announcement that API tokens end on
30 April 2027 (read November 2026). Bounds of the two lives are from the same page, unconfirmed.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.zendesk.emulator.refusals import (
    bad_grant,
    forbidden,
    invalid_token,
    not_authenticated,
)
from hub.core.clock import Clock
from hub.emulation.oauth import App, GrantRefused, TokenDesk, TokenRefused

APP = App(
    client_id="cxhub",
    client_secret="zd-client-secret-3f0c1d5e7a9b",  # noqa: S106 - a made-up app
    refresh_token="zd-refresh-token-0a1b2c3d4e5f",  # noqa: S106
)
API_TOKEN = "zd-api-token-6f5e4d3c2b1a"  # noqa: S105 - a made-up account's key
API_USER = "owner@example.com"

ACCESS_LIFE = (timedelta(minutes=5), timedelta(days=2))
REFRESH_LIFE = (timedelta(days=7), timedelta(days=90))
DEFAULT_LIFE, DEFAULT_REFRESH_LIFE = timedelta(minutes=30), timedelta(days=30)

READ, WRITE = "read", "write"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Args:
        role: ``admin``, ``agent`` or ``end-user``; empty for an anonymous visitor.
        scopes: What the credential grants; API tokens grant everything.
    """

    role: str
    scopes: frozenset[str]

    def require(self, roles: frozenset[str], scope: str) -> None:
        """Let the call pass if its role and its scope are enough.

        Raises:
            Refusal: 401 for nobody, 403 for somebody who may not.
        """
        if not self.role:
            raise not_authenticated()
        if self.role not in roles or scope not in self.scopes:
            raise forbidden()


ANONYMOUS = Caller("", frozenset())


class Access:
    """The account's credentials.

    Args:
        clock: The account's time.
        role: Role of the user on whose behalf every credential acts.
        scopes: What OAuth tokens grant.
        api_tokens: Whether API tokens still open the account.
        life: How long an access token lives unless the request says otherwise.
    """

    def __init__(
        self, clock: Clock, *, role: str, scopes: frozenset[str], api_tokens: bool, life: timedelta
    ) -> None:
        self.role = role
        self.scopes = scopes
        self.api_tokens = api_tokens
        self._clock = clock
        self._life = life
        self._desk = TokenDesk(clock, APP, life=ACCESS_LIFE[1], rotates=True, scopes=scopes)
        self._ends: dict[str, datetime] = {}

    def authenticate(self, authorization: str) -> Caller:
        """Whom the ``Authorization`` header stands for; nobody if there is none.

        Raises:
            Refusal: 401.
        """
        scheme, _, credential = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return self._bearer(credential)
        if scheme.lower() == "basic":
            return self._basic(credential)
        return ANONYMOUS

    def expire(self, authorization: str) -> None:
        """End the life of an access token; an API token only fails this once.

        Raises:
            Refusal: 401, always.
        """
        scheme, _, credential = authorization.partition(" ")
        if scheme.lower() == "bearer":
            self._desk.expire(credential)
            raise invalid_token()
        raise not_authenticated()

    def grant(self, form: Mapping[str, object]) -> dict[str, object]:
        """A fresh access token; a refresh deletes the previous access and refresh token.

        Raises:
            Refusal: 400 or 401 with an OAuth error code.
        """
        life = _life(form, "expires_in", ACCESS_LIFE, self._life)
        refresh_life = _life(form, "refresh_token_expires_in", REFRESH_LIFE, DEFAULT_REFRESH_LIFE)
        self._refuse_old(str(form.get("refresh_token", "")))
        try:
            token = self._desk.grant({name: str(value) for name, value in form.items()})
        except GrantRefused as refused:
            raise bad_grant(refused.error, refused.description) from refused
        self._ends[token.value] = self._clock.now() + life
        body: dict[str, object] = {
            "access_token": token.value,
            "token_type": "bearer",
            "scope": " ".join(sorted(token.scopes)),
            "expires_in": int(life.total_seconds()),
        }
        if token.refresh_token is not None:
            self._ends[token.refresh_token] = self._clock.now() + refresh_life
            body["refresh_token"] = token.refresh_token
            body["refresh_token_expires_in"] = int(refresh_life.total_seconds())
        return body

    def _bearer(self, token: str) -> Caller:
        if self._has_ended(token):
            raise invalid_token()
        try:
            known = self._desk.check(token)
        except TokenRefused as refused:
            raise invalid_token() from refused
        return Caller(self.role, known.scopes)

    def _basic(self, encoded: str) -> Caller:
        try:
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, ValueError) as error:
            raise not_authenticated() from error
        if not self.api_tokens or (user, password) != (f"{API_USER}/token", API_TOKEN):
            raise not_authenticated()
        return Caller(self.role, frozenset({READ, WRITE}))

    def _refuse_old(self, refresh_token: str) -> None:
        if refresh_token and self._has_ended(refresh_token):
            raise bad_grant("invalid_grant", "The refresh token has expired")

    def _has_ended(self, token: str) -> bool:
        return token in self._ends and self._ends[token] <= self._clock.now()


def _life(
    form: Mapping[str, object], name: str, bounds: tuple[timedelta, timedelta], default: timedelta
) -> timedelta:
    text = str(form.get(name, ""))
    if not text:
        return default
    seconds = timedelta(seconds=int(text)) if text.isdecimal() else timedelta()
    if not bounds[0] <= seconds <= bounds[1]:
        raise bad_grant("invalid_request", f"{name} is out of bounds")
    return seconds
