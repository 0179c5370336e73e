"""Credentials as a connector declares them.

    StaticToken · BasicAuth                    travels in one header, never renewed
    OAuth(url, grant)                          a token that lives a while and is renewed
        ClientCredentials                      the connection acts as itself
        JwtBearer                              the same, signed with a private key
        Refresh                                a user's refresh token, which may rotate
    Legacy(auth, ends, instead)                one that the vendor will stop accepting

What keeps a token fresh is :mod:`hub.core.tokens`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import Protocol

from hub.core.jwt import signed
from hub.core.secrets import Secret


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

    @property
    def remedy(self) -> str:
        """What a person does, in the system's settings, once the grant is refused."""

    def form(self, refresh_token: str | None, now: datetime) -> Mapping[str, str]:
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

    @property
    def remedy(self) -> str:
        """What a person does once the grant is refused."""
        return "Check that the OAuth client exists and is enabled, and renew its secret"

    def form(self, refresh_token: str | None, now: datetime) -> Mapping[str, str]:
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

    @property
    def remedy(self) -> str:
        """What a person does once the grant is refused."""
        return (
            "Authorise the hub there again and put the new refresh token where hub.toml refers to"
        )

    def form(self, refresh_token: str | None, now: datetime) -> Mapping[str, str]:
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
class JwtBearer:
    """RFC 7523: the connection signs who it is, with RS256; no secret travels.

    Args:
        client_id: The app; issuer of the assertion.
        subject: The user that it acts for.
        audience: The login host that the assertion is addressed to.
        private_key: RSA key as PEM; the app holds its certificate.
        life: Seconds until an assertion expires.
    """

    client_id: str
    subject: str
    audience: str
    private_key: Secret
    life: int = 180

    @property
    def name(self) -> str:
        """Identifies the credential without telling it."""
        return f"client {self.client_id} for {self.subject}"

    @property
    def remedy(self) -> str:
        """What a person does once the grant is refused."""
        return (
            "Check that the app holds the key's certificate and may act for that user, and that"
            " this machine's clock is right"
        )

    def form(self, refresh_token: str | None, now: datetime) -> Mapping[str, str]:
        """Fields of the grant, with an assertion that is valid from ``now``.

        Raises:
            ConfigError: If the private key is none.
        """
        claims = {
            "iss": self.client_id,
            "sub": self.subject,
            "aud": self.audience,
            "exp": int(now.timestamp()) + self.life,
        }
        return {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": signed(claims, self.private_key),
        }

    def secrets(self) -> tuple[Secret, ...]:
        """What must be redacted."""
        return (self.private_key,)


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


@dataclass(frozen=True, slots=True)
class Legacy:
    """A credential that the vendor will stop accepting; the hub says so as long as it is used.

    Args:
        auth: The credential.
        ends: First day that it no longer works.
        instead: What to make in its place, as a sentence.
    """

    auth: StaticToken | BasicAuth
    ends: date
    instead: str

    @property
    def name(self) -> str:
        """Identifies the credential without telling it."""
        return self.auth.name

    def warning(self, today: date) -> str:
        """What an admin should know on ``today``.

        >>> token = StaticToken(Secret("env", "TOKEN"))
        >>> Legacy(token, date(2027, 4, 30), "Create an OAuth client.").warning(date(2027, 4, 20))
        'this kind of credential stops working on 2027-04-30, in 10 days. Create an OAuth client.'
        """
        left = (self.ends - today).days
        when = f"stops working on {self.ends}, in {left} days" if left > 0 else "is no longer valid"
        return f"this kind of credential {when}. {self.instead}"


Auth = NoAuth | StaticToken | BasicAuth | OAuth | Legacy


def declared_secrets(auth: Auth) -> tuple[Secret, ...]:
    """What must be redacted from the first request on."""
    match auth:
        case Legacy(auth=inner):
            return declared_secrets(inner)
        case StaticToken(secret=secret) | BasicAuth(password=secret):
            return (secret,)
        case OAuth(grant=grant):
            return grant.secrets()
        case NoAuth():
            return ()


def _fingerprint(secret: Secret) -> str:
    """Tells two tokens apart in the limiter's registry; says nothing of either."""
    return blake2b(secret.reveal().encode(), digest_size=8).hexdigest()
