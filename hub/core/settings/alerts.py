"""Section of who is told when something happens to a case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from hub.core.secrets import Secret
from hub.core.settings.section import NAMES, Identifier, Section, form

AlertEvent = Literal[
    "opened", "assigned", "informed", "closed", "suppressed", "revived", "changed", "escalated"
]
TO_ACT_ON: tuple[AlertEvent, ...] = ("opened", "revived", "escalated")
"""What asks somebody to do something."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_Address = Annotated[str, form(r"^[^@\s<>,;]+@[^@\s<>,;]+$", "an e-mail address without a name")]
_Events = Annotated[tuple[AlertEvent, ...], Field(min_length=1)]


def _https(url: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    is_local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or is_local):
        raise PydanticCustomError(
            "webhook_url",
            "not an address that alerts are sent to",
            {"wanted": "an address that begins with https:// (http:// on this machine only)"},
        )
    return url


class WebhookRoute(Section):
    """A receiver of alerts over HTTP: each event is one signed POST, after Standard Webhooks."""

    url: Annotated[str, AfterValidator(_https)]
    """Where to; on the public internet, or on this machine."""
    secret: Secret
    """Key of the signature: whsec_ and 24 to 64 bytes in base64."""
    events: _Events = TO_ACT_ON
    """Which events are sent."""


class EmailRoute(Section):
    """Receivers of alerts by e-mail: one message per run, with all that is new."""

    host: Annotated[str, Field(min_length=1)]
    """Mail server that takes the message."""
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    """Its TCP port."""
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    """How the way there is encrypted; none only to a server on this machine."""
    user: Annotated[str, Field(min_length=1)] | None = None
    """Name to log in with; without one the server must know this machine."""
    password: Secret | None = None
    """Its password, as a reference."""
    sender: Annotated[_Address, Field(alias="from")]
    """Address in From."""
    receivers: Annotated[tuple[_Address, ...], Field(min_length=1)]
    """Addresses in To."""
    events: _Events = TO_ACT_ON
    """Which events are sent."""

    @model_validator(mode="after")
    def _nothing_in_the_clear(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise PydanticCustomError(
                "mail_login",
                "user and password go together",
                {"wanted": "both of them, or neither"},
            )
        if self.tls == "none" and self.host not in _LOOPBACK:
            raise PydanticCustomError(
                "mail_in_the_clear",
                "mail would travel unencrypted",
                {"wanted": 'tls = "starttls" or tls = "implicit"'},
            )
        return self


class AlertsSection(Section):
    """Who is told when something happens to a case, beside the file in ``[loop] alerts``."""

    webhooks: Annotated[Mapping[Identifier, WebhookRoute], NAMES] = {}
    """Receivers over HTTP, by name."""
    emails: Annotated[Mapping[Identifier, EmailRoute], NAMES] = {}
    """Receivers by e-mail, by name."""
