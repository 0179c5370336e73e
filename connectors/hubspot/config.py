"""What an admin writes under ``[connections.NAME.settings]``.

token = "${env:HUBSPOT_TOKEN}"
currency = "AUD"

[connections.crm.settings.subscriptions]
"Marketing Information" = "marketing"
"Customer surveys" = "analytics"
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
ObjectType = Literal["contacts", "companies", "deals", "tickets", "feedback_submissions"]
TicketStatus = Literal["new", "open", "pending", "on_hold", "solved", "closed"]


class Survey(Section):
    """What a kind of survey measures, so that no score is read on another one's scale."""

    instrument: Text
    """Question family: nps, csat, ces or a name of your own."""
    lowest: float
    """Worst score that can be given."""
    highest: float
    """Best score that can be given."""


SURVEYS: Mapping[str, Survey] = {
    "NPS": Survey(instrument="nps", lowest=0, highest=10),
    "CSAT": Survey(instrument="csat", lowest=1, highest=5),
    "CES": Survey(instrument="ces", lowest=1, highest=7),
}
"""HubSpot's own three survey types."""

STAGES: Mapping[str, TicketStatus] = {"1": "new", "2": "pending", "3": "open", "4": "closed"}
"""The stages of the support pipeline that every account starts with."""


class HubSpotSettings(Section):
    """One HubSpot account: how to reach it, and what its own words mean."""

    token: Secret | None = None
    """Service key or private-app token; instead of the three OAuth settings."""
    client_id: Text | None = None
    """OAuth app: its client id."""
    client_secret: Secret | None = None
    """OAuth app: its client secret."""
    refresh_token: Secret | None = None
    """OAuth app: the refresh token of its installation in this account."""
    api_version: Annotated[str, Field(pattern=r"^20\d\d-(03|09)$")] = "2026-09"
    """Dated version of HubSpot's API; HubSpot supports each for at least 18 months."""
    base_url: Annotated[str, Field(pattern=r"^https?://")] = "https://api.hubapi.com"
    """Where the API is; http only for an emulator on 127.0.0.1."""
    webhook_url: Annotated[str, Field(pattern=r"^https?://[^?#]+$")] | None = None
    """The target URL of the app's webhooks, as it stands in HubSpot; it ends in /hooks/NAME."""
    webhook_secret: Secret | None = None
    """The client secret of the app whose webhooks come here; needed with webhook_url."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    """ISO 4217 currency of deals that name none; without it, such amounts are not read."""
    lookback: Annotated[int, Duration("1m", "30d")] = 600
    """How far behind the cursor each run reads again, for records that commit late."""
    search_lag: Annotated[int, Duration("0s", "1h")] = 60
    """How long a change may take to show in HubSpot's search."""
    subscriptions: Mapping[str, Text] = {"Marketing Information": "marketing"}
    """Subscription type, by name or id, to purpose; other types say nothing about consent."""
    surveys: Mapping[str, Survey] = SURVEYS
    """Survey name or survey type to what it measures; a name goes before a type."""
    ticket_stages: Mapping[str, TicketStatus] = STAGES
    """Pipeline stage id to status; in other stages a ticket is closed once it has a close date."""
    ticket_reopens: Text | None = None
    """Ticket property that counts how often a ticket was opened again."""
    ticket_agents: Text | None = None
    """Ticket property that counts, or lists with semicolons, who handled a ticket."""
    identifiers: Mapping[str, Text] = {}
    """Contact property to kind of identifier, such as { loyalty_number = "loyalty_card" }."""
    attributes: Mapping[ObjectType, tuple[Text, ...]] = {}
    """Further properties to keep, per object, such as { contacts = ["favourite_store"] }."""

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        oauth = (self.client_id, self.client_secret, self.refresh_token)
        wanted = "token, or client_id, client_secret and refresh_token together"
        if self.token is not None and not any(oauth):
            return self
        if self.token is None and all(oauth):
            return self
        raise PydanticCustomError("credential", "needs exactly one credential", {"wanted": wanted})

    @model_validator(mode="after")
    def _webhook_complete(self) -> Self:
        if (self.webhook_url is None) != (self.webhook_secret is None):
            wanted = "webhook_url and webhook_secret together, or neither"
            raise PydanticCustomError("webhook", "has half a webhook", {"wanted": wanted})
        return self

    @property
    def purposes(self) -> tuple[str, ...]:
        """Every purpose that some subscription type stands for, sorted."""
        return tuple(sorted(set(self.subscriptions.values())))

    def purpose_of(self, type_id: str, name: str) -> str | None:
        """The purpose of a subscription type, or None if it is not mapped."""
        return self.subscriptions.get(name) or self.subscriptions.get(type_id)
