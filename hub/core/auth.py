"""Credentials on the wire: what a connector declares, and the provider that keeps a token fresh.

    StaticToken                                  one header, never refreshed
    OAuth(url, ClientCredentials | Refresh | …)  a token that lives a while and is renewed

One :class:`TokenProvider` serves every thread and sub-request of a connection. It renews at 80 % of
a token's life, and once more when the vendor says 401; threads that meet the same 401 renew once.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from threading import Lock
from typing import Any, Protocol

from hub.core.clock import Clock
from hub.core.errors import NeedsReauth, RetryLater
from hub.core.secrets import Redactor, Secret

ASSUMED_LIFE = 3600.0
"""Seconds a token is taken to live when the vendor does not say (Salesforce often does not)."""

RENEW_AT = 0.8
"""Share of its life after which a token is renewed before use."""


@dataclass(frozen=True, slots=True)
class NoAuth:
    """An interface that asks for no credential."""

    name: str = "public"


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A credential that travels in one header and never changes.

    Args:
        secret: The token.
        header: Header that carries it.
        prefix: What stands before it, with its blank.
    """

    secret: Secret
    header: str = "Authorization"
    prefix: str = "Bearer "

    @property
    def name(self) -> str:
        """Identifies the credential without telling it."""
        return f"{self.header} {_fingerprint(self.secret)}"


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """User and password, as RFC 7617 writes them."""

    user: str
    password: Secret

    @property
    def name(self) -> str:
        """Identifies the credential without telling it."""
        return f"Basic {_fingerprint(self.password)}"


class Grant(Protocol):
    """How a token is asked for: the form fields of one OAuth 2 grant (RFC 6749)."""

    @property
    def name(self) -> str:
        """Identifies the credential without telling it."""

    def form(self, refresh_token: str | None) -> Mapping[str, str]:
        """Fields to post; ``refresh_token`` is the newest one that the store holds."""

    def secrets(self) -> tuple[Secret, ...]:
        """What must be redacted."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """RFC 6749, 4.4: the connection acts as itself."""

    client_id: str
    client_secret: Secret
    scope: str = ""

    @property
    def name(self) -> str:
        """Identifies the credential without telling it."""
        return f"client {self.client_id}"

    def form(self, refresh_token: str | None) -> Mapping[str, str]:
        """Fields of the grant."""
        fields = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret.reveal(),
        }
        return fields | ({"scope": self.scope} if self.scope else {})

    def secrets(self) -> tuple[Secret, ...]:
        """What must be redacted."""
        return (self.client_secret,)


@dataclass(frozen=True, slots=True)
class Refresh:
    """RFC 6749, 6: an authorised user's refresh token, which vendors may rotate on each use."""

    client_id: str
    client_secret: Secret
    refresh_token: Secret

    @property
    def name(self) -> str:
        """Identifies the credential without telling it."""
        return f"client {self.client_id} {_fingerprint(self.refresh_token)}"

    def form(self, refresh_token: str | None) -> Mapping[str, str]:
        """Fields of the grant, with the newest refresh token."""
        return {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret.reveal(),
            "refresh_token": refresh_token or self.refresh_token.reveal(),
        }

    def secrets(self) -> tuple[Secret, ...]:
        """What must be redacted."""
        return (self.client_secret, self.refresh_token)


@dataclass(frozen=True, slots=True)
class OAuth:
    """A token that is fetched and renewed.

    Args:
        url: Token endpoint: a path under the base URL, or an absolute URL.
        grant: How it is asked for.
        header: Header that carries the access token.
        prefix: What stands before it, with its blank.
    """

    url: str
    grant: Grant
    header: str = "Authorization"
    prefix: str = "Bearer "

    @property
    def name(self) -> str:
        """Identifies the credential without telling it."""
        return self.grant.name


Auth = NoAuth | StaticToken | BasicAuth | OAuth


class TokenStore(Protocol):
    """Where the newest refresh token of a rotating credential is kept between runs."""

    def load(self, credential: str) -> str | None:
        """The newest refresh token, or None if none was ever rotated."""

    def rotate(self, credential: str, old: str | None, new: str) -> None:
        """Replace ``old`` by ``new`` atomically and durably, before ``new`` is used."""


@dataclass
class MemoryTokenStore:
    """A token store that lasts as long as the process: for vendors that do not rotate."""

    _held: dict[str, str] = field(default_factory=dict)

    def load(self, credential: str) -> str | None:
        """The newest refresh token, or None."""
        return self._held.get(credential)

    def rotate(self, credential: str, old: str | None, new: str) -> None:
        """Keep ``new``."""
        self._held[credential] = new


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What a token endpoint answered: HTTP status and parsed JSON (None if it was none)."""

    status: int
    body: Any


PostForm = Callable[[str, Mapping[str, str]], TokenAnswer]
"""Posts a form to the token endpoint, without credentials and without retries."""


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    renew_at: datetime


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
        self._auth = auth
        self._post = post
        self._clock = clock
        self._redactor = redactor
        self._store = store
        self._lock = Lock()
        self._token: _Token | None = None
        for secret in _declared_secrets(auth):
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
                    return {oauth.header: oauth.prefix + self._current(oauth).value}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Whether a 401 to a request that carried ``refused`` is worth one more try.

        The token is fetched anew unless another thread has done so meanwhile.
        """
        if not isinstance(self._auth, OAuth):
            return False
        with self._lock:
            held = self._token
            if held and refused.get(self._auth.header) == self._auth.prefix + held.value:
                self._token = None
            self._current(self._auth)
        return True

    def _current(self, oauth: OAuth) -> _Token:
        if self._token is None or self._clock.now() >= self._token.renew_at:
            self._token = self._fetch(oauth)
        return self._token

    def _fetch(self, oauth: OAuth) -> _Token:
        stored = self._store.load(oauth.name)
        if stored:
            self._redactor.add(_revealed(stored))
        answer = self._post(oauth.url, oauth.grant.form(stored))
        body = answer.body if isinstance(answer.body, dict) else {}
        access = body.get("access_token")
        if answer.status != 200 or not isinstance(access, str) or not access:
            raise self._refused(answer.status, body)
        self._redactor.add(_revealed(access))
        rotated = body.get("refresh_token")
        if isinstance(rotated, str) and rotated and rotated != stored:
            self._redactor.add(_revealed(rotated))
            self._store.rotate(oauth.name, stored, rotated)
        life = _seconds(body.get("expires_in"))
        return _Token(access, self._clock.now() + timedelta(seconds=life * RENEW_AT))

    def _refused(self, status: int, body: Mapping[str, Any]) -> NeedsReauth | RetryLater:
        if status >= 500 or status in (408, 429):
            return RetryLater(f"{self._connection}: the token endpoint answered {status}")
        reason = body.get("error")
        told = reason if isinstance(reason, str) and _OAUTH_ERROR.fullmatch(reason) else "no token"
        return NeedsReauth(
            f"{self._connection}: no access token ({status}, {told}). Renew the credential in the "
            f"system's own settings, then run: hub check --connect {self._connection}"
        )


_OAUTH_ERROR = re.compile(r"[a-z_]{3,40}")
"""RFC 6749, 5.2 error codes; anything else might carry data and is not repeated."""


def _declared_secrets(auth: Auth) -> tuple[Secret, ...]:
    match auth:
        case StaticToken(secret=secret) | BasicAuth(password=secret):
            return (secret,)
        case OAuth(grant=grant):
            return grant.secrets()
        case NoAuth():
            return ()


def _fingerprint(secret: Secret) -> str:
    """Tells two tokens apart in the limiter's registry; says nothing of either."""
    return blake2b(secret.reveal().encode(), digest_size=8).hexdigest()


def _revealed(value: str) -> Secret:
    return Secret.of(value)


def _seconds(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    if isinstance(value, str) and value.isdecimal() and int(value) > 0:
        return float(value)
    return ASSUMED_LIFE
