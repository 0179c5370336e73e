"""Keeps a credential fresh: one provider for every thread and sub-request of a connection.

A token is renewed at 80 % of its life, and once more when the vendor says 401; threads that meet
the same 401 renew once. Where the vendor rotates refresh tokens, processes take turns: whoever
comes second finds the first one's tokens and uses them, since its own are dead by then.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Protocol

from hub.core.auth import (
    Auth,
    BasicAuth,
    Legacy,
    NoAuth,
    OAuth,
    Refresh,
    StaticToken,
    declared_secrets,
)
from hub.core.clock import Clock
from hub.core.errors import NeedsReauth, RetryLater
from hub.core.secrets import Redactor, Secret

ASSUMED_LIFE = 3600.0
"""Seconds a token is taken to live when the vendor does not say (Salesforce often does not)."""

RENEW_AT = 0.8
"""Share of its life after which a token is renewed before use."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint granted.

    Args:
        access: The access token.
        renew_at: When it is renewed before use.
        refresh: What renews it, where the grant is a refresh token.
    """

    access: str = field(repr=False)
    renew_at: datetime
    refresh: str | None = field(default=None, repr=False)


class TokenStore(Protocol):
    """Where the newest tokens of a rotating credential are kept, for all runs and processes."""

    def turn(self, credential: str) -> AbstractContextManager[None]:
        """One block at a time per credential, over all processes."""

    def load(self, credential: str) -> Tokens | None:
        """The newest tokens, or None if none were ever rotated."""

    def rotate(self, credential: str, old: Tokens | None, new: Tokens) -> Tokens:
        """What holds now: ``new`` if ``old`` was still held, else what was found.

        It is durable when this returns. If that is impossible, the store remembers it as long as
        the process lives: by then the vendor has forgotten the old one.
        """

    def close(self) -> None:
        """Save what could not be saved so far, or tell what its loss means."""


class MemoryTokenStore:
    """A token store that lasts as long as the process."""

    def __init__(self) -> None:
        self._held: dict[str, Tokens] = {}
        self._lock = Lock()

    @contextmanager
    def turn(self, credential: str) -> Iterator[None]:
        """One block at a time in this process."""
        with self._lock:
            yield

    def load(self, credential: str) -> Tokens | None:
        """The newest tokens, or None."""
        return self._held.get(credential)

    def rotate(self, credential: str, old: Tokens | None, new: Tokens) -> Tokens:
        """Keep ``new``."""
        self._held[credential] = new
        return new

    def close(self) -> None:
        """Nothing waits to be saved."""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What a token endpoint answered: HTTP status and parsed JSON (None if it was none)."""

    status: int
    body: Any = field(repr=False)


PostForm = Callable[[str, Mapping[str, str]], TokenAnswer]
"""Posts a form to the token endpoint, without credentials and without retries."""


class TokenProvider:
    """Headers that authenticate a request, renewed in time; shared by every thread.

    Args:
        connection: Name for messages.
        auth: What the connector declared.
        post: Reaches the token endpoint.
        clock: Source of time.
        redactor: Learns each token, so that none appears in a log or an error.
        store: Keeps rotated refresh tokens.
    """

    def __init__(
        self,
        connection: str,
        auth: Auth,
        *,
        post: PostForm,
        clock: Clock,
        redactor: Redactor,
        store: TokenStore,
    ) -> None:
        self._connection = connection
        self._auth = auth.auth if isinstance(auth, Legacy) else auth
        self._post = post
        self._clock = clock
        self._redactor = redactor
        self._store = store
        self._lock = Lock()
        self._held: Tokens | None = None
        for secret in declared_secrets(auth):
            redactor.add(secret)

    def headers(self) -> Mapping[str, str]:
        """The headers to send; fetches or renews the token first if its time has come.

        Raises:
            NeedsReauth: If the vendor refuses the grant.
            RetryLater: If the token endpoint is out of reach.
        """
        match self._auth:
            case NoAuth():
                return {}
            case StaticToken(secret, header, prefix):
                return {header: prefix + secret.reveal()}
            case BasicAuth(user, password):
                pair = f"{user}:{password.reveal()}".encode()
                return {"Authorization": "Basic " + base64.b64encode(pair).decode()}
            case OAuth() as oauth:
                with self._lock:
                    if self._held is None or not self._is_fresh(self._held):
                        self._held = self._renewed(oauth, refused=None)
                    return {oauth.header: oauth.prefix + self._held.access}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Whether a 401 to a request that carried ``refused`` is worth one more try.

        The token is fetched anew unless another thread has done so meanwhile.
        """
        oauth = self._auth
        if not isinstance(oauth, OAuth):
            return False
        with self._lock:
            held = self._held
            if held is None or refused.get(oauth.header) == oauth.prefix + held.access:
                self._held = self._renewed(oauth, refused=held)
        return True

    def close(self) -> None:
        """Let go of the credential; a token that could not be saved is saved now, or told of."""
        self._store.close()

    def _is_fresh(self, tokens: Tokens) -> bool:
        return self._clock.now() < tokens.renew_at

    def _renewed(self, oauth: OAuth, refused: Tokens | None) -> Tokens:
        """Tokens other than ``refused``: those of a process that was faster, or new ones."""
        if not isinstance(oauth.grant, Refresh):
            return self._granted(oauth, None)
        with self._store.turn(oauth.name):
            held = self._store.load(oauth.name)
            if held is not None:
                self._redact(held)
                other = refused is None or held.access != refused.access
                if other and self._is_fresh(held):
                    return held
            try:
                new = self._granted(oauth, held)
            except NeedsReauth:
                found = self._store.load(oauth.name)
                if found is None or found == held:
                    raise
                return found  # this process was stopped past its turn, and another took over
            if held is None and new.refresh is None:  # the vendor does not rotate: nothing to keep
                return new
            return self._store.rotate(oauth.name, held, new)

    def _granted(self, oauth: OAuth, held: Tokens | None) -> Tokens:
        """New tokens; ``refresh`` is what renews them next, None if that is the configured one."""
        sent = oauth.grant.form(held.refresh if held else None, self._clock.now())
        answer = self._post(oauth.url, sent)
        body = answer.body if isinstance(answer.body, dict) else {}
        access, refresh = body.get("access_token"), body.get("refresh_token")
        if answer.status != 200 or not isinstance(access, str) or not access:
            raise self._refused(oauth, answer.status, body)
        rotated = isinstance(refresh, str) and refresh not in ("", sent.get("refresh_token"))
        life = timedelta(seconds=_seconds(body.get("expires_in")) * RENEW_AT)
        kept = refresh if rotated else held.refresh if held else None
        new = Tokens(access, self._clock.now() + life, kept)
        self._redact(new)
        return new

    def _redact(self, tokens: Tokens) -> None:
        for value in (tokens.access, tokens.refresh):
            if value is not None:
                self._redactor.add(Secret.of(value))

    def _refused(
        self, oauth: OAuth, status: int, body: Mapping[str, Any]
    ) -> NeedsReauth | RetryLater:
        if status >= 500 or status in (408, 429):
            return RetryLater(f"{self._connection}: the token endpoint answered {status}")
        reason = body.get("error")
        told = reason if isinstance(reason, str) and _OAUTH_ERROR.fullmatch(reason) else "no token"
        return NeedsReauth(
            f"{self._connection}: no access token ({status}, {told}). {oauth.grant.remedy}, "
            f"then run: hub check --connect {self._connection}"
        )


_OAUTH_ERROR = re.compile(r"[a-z_]{3,40}")
"""RFC 6749, 5.2 error codes; anything else might carry data and is not repeated."""


def _seconds(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    if isinstance(value, str) and value.isdecimal() and int(value) > 0:
        return float(value)
    return ASSUMED_LIFE
