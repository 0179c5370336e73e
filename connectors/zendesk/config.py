"""What an admin writes under ``[connections.NAME.settings]``.

subdomain = "acme"
client_id = "cxhub"
client_secret = "${env:ZENDESK_SECRET}"

[[connections.desk.settings.consents]]
field = "newsletter"
decided = "newsletter_decided"
purpose = "marketing"
channel = "email"
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from hub.core.durations import Duration
from hub.core.secrets import Secret
from hub.core.settings import Section

Text = Annotated[str, Field(min_length=1)]
FieldKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,250}$")]
ObjectType = Literal["users", "organizations", "tickets"]


class ConsentField(Section):
    """A checkbox of the user's profile that stands for one permission."""

    field: FieldKey
    """Key of the checkbox user field: ticked is a grant."""
    purpose: Text
    """Purpose that it permits."""
    channel: Text = "email"
    """Channel that it permits it on: email, sms, phone, or any."""
    decided: FieldKey | None = None
    """Key of the date user field that says when; without a date an unticked box says nothing.
    Leave it out only if an unticked box means no for everybody."""


CONSENTS = (
    ConsentField(field="cxhub_consent_email", decided="cxhub_consent_at", purpose="marketing"),
)
"""The two fields that the hub itself creates to write a withdrawal down."""


class ZendeskSettings(Section):
    """One Zendesk account: how to reach it, and what its own fields mean."""

    subdomain: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")] | None = None
    """``acme`` of acme.zendesk.com."""
    base_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """Where the account is, instead of subdomain; http only for an emulator on 127.0.0.1."""
    client_id: Text | None = None
    """OAuth client: its unique identifier."""
    client_secret: Secret | None = None
    """OAuth client: its secret."""
    refresh_token: Secret | None = None
    """OAuth client of an authorised user: the refresh token; without it, client credentials."""
    scope: Text = "read write"
    """OAuth scopes to ask for; ``read`` is enough where nothing is pushed."""
    email: Text | None = None
    """Legacy API token: the admin that it belongs to. Zendesk ends API tokens on 30 April 2027."""
    api_token: Secret | None = None
    """Legacy API token, instead of an OAuth client."""
    webhook_secret: Secret | None = None
    """Signing secret of the webhook that delivers to ``hub serve``."""
    lookback: Annotated[int, Duration("1m", "30d")] = 600
    """How far behind its last end time each time-based export is read again."""
    answers_within: Annotated[int, Duration("1h", "90d")] = 2_592_000
    """How long after a survey was offered its answer may still come or change."""
    csat_points: Literal[2, 3, 5] = 5
    """Points of your CSAT scale, for survey responses that do not show the options offered."""
    consents: tuple[ConsentField, ...] = CONSENTS
    """Checkbox user fields that stand for permissions."""
    birth_date: FieldKey | None = None
    """User field that holds the date of birth."""
    identifiers: Mapping[FieldKey, Text] = {}
    """User field to kind of identifier, such as { loyalty_number = "loyalty_card" }."""
    attributes: Mapping[ObjectType, tuple[Text, ...]] = {}
    """Further fields to keep: keys of user and organization fields, ids of ticket fields."""

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.subdomain is None) == (self.base_url is None):
            raise PydanticCustomError(
                "address", "needs exactly one address", {"wanted": "subdomain (or base_url)"}
            )
        return self

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        oauth = (self.client_id, self.client_secret)
        legacy = (self.email, self.api_token)
        wanted = "client_id and client_secret, or (until April 2027) email and api_token"
        if all(oauth) and not any(legacy):
            return self
        if all(legacy) and not any((*oauth, self.refresh_token)):
            return self
        raise PydanticCustomError("credential", "needs exactly one credential", {"wanted": wanted})

    @property
    def root(self) -> str:
        """Address of the account, without a path."""
        return (self.base_url or f"https://{self.subdomain}.zendesk.com").rstrip("/")

    @property
    def is_legacy(self) -> bool:
        """Whether the credential is an API token, which Zendesk is about to end."""
        return self.api_token is not None

    @property
    def consent_keys(self) -> tuple[str, ...]:
        """Keys of the user fields that permissions are read from."""
        named = (key for item in self.consents for key in (item.field, item.decided))
        return tuple(key for key in named if key is not None)

    def consent_field(self, purpose: str, channel: str) -> ConsentField | None:
        """The field that stands for a permission, or None if none does."""
        wanted = (purpose, channel)
        return next(
            (item for item in self.consents if (item.purpose, item.channel) == wanted), None
        )
