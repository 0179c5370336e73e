"""What an admin writes under ``[connections.NAME.settings]``.

base_url = "https://acme.my.salesforce.com"
client_id = "3MVG9…"
client_secret = "${env:SALESFORCE_CLIENT_SECRET}"
currency = "AUD"

[connections.crm.settings.data_use_purposes]
"Newsletter" = "marketing"
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
FieldName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")]
"""API name of a field; it is written into queries, so nothing else may pass."""
Url = Annotated[str, Field(pattern=r"^https?://")]
StreamName = Literal[
    "accounts", "contacts", "leads", "person_accounts", "cases", "opportunities", "tasks", "events"
]
CaseStatus = Literal["new", "open", "pending", "on_hold", "solved", "closed"]
IndividualFlag = Literal[
    "HasOptedOutSolicit",
    "HasOptedOutProfiling",
    "HasOptedOutTracking",
    "HasOptedOutGeoTracking",
]

CASE_STATUSES: Mapping[str, CaseStatus] = {
    "New": "new",
    "Working": "open",
    "Escalated": "open",
    "On Hold": "on_hold",
    "Closed": "closed",
}
"""The statuses that every org starts with."""

INDIVIDUAL_PURPOSES: Mapping[IndividualFlag, Text] = {
    "HasOptedOutSolicit": "marketing",
    "HasOptedOutProfiling": "analytics",
    "HasOptedOutTracking": "analytics",
}
"""What each refusal on an individual is about; HasOptedOutProcessing restricts everything."""


class SalesforceSettings(Section):
    """One Salesforce org: how to reach it, and what its own words mean."""

    base_url: Url
    """My Domain address, such as https://acme.my.salesforce.com; http only for an emulator."""
    client_id: Text
    """Consumer key of the external client app."""
    client_secret: Secret | None = None
    """Consumer secret: for client credentials, and beside a refresh token."""
    refresh_token: Secret | None = None
    """Refresh token of an authorised user, instead of client credentials."""
    username: Text | None = None
    """JWT bearer: the user to act as, together with private_key."""
    private_key: Secret | None = None
    """JWT bearer: PEM private key whose certificate the app holds, instead of a client secret."""
    login_url: Url = "https://login.salesforce.com"
    """JWT bearer: who the assertion is for; https://test.salesforce.com for a sandbox."""
    api_version: Annotated[str, Field(pattern=r"^[4-9]\d\.0$")] = "67.0"
    """API version; ``hub check --connect`` says which ones the org has."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    """ISO 4217 currency of the org, for opportunities that name none; without it no amounts."""
    person_accounts: bool = False
    """Whether the org has person accounts; they are then people, not organisations."""
    lookback: Annotated[int, Duration("1m", "30d")] = 600
    """How far behind the cursor each run reads again, for records that commit late."""
    page_size: Annotated[int, Field(ge=50, le=2000)] = 2000
    """Records per page: what one checkpoint covers."""
    formula_refresh: Annotated[int, Duration("1d", "365d")] = 604_800
    """How often streams with formula fields are read whole: formulas change without a trace."""
    opt_out_purposes: tuple[Text, ...] = ("marketing",)
    """What "Email Opt Out", "Do Not Call" and "Fax Opt Out" refuse."""
    individual_purposes: Mapping[IndividualFlag, Text] = INDIVIDUAL_PURPOSES
    """Refusal on an individual to the purpose that it refuses."""
    data_use_purposes: Mapping[str, Text] = {"Marketing": "marketing"}
    """Data use purpose, by name or id, to purpose; consents to others are not read."""
    case_statuses: Mapping[str, CaseStatus] = CASE_STATUSES
    """Case status to the hub's; one that is not listed is open, or closed once IsClosed says so."""
    case_reopens: FieldName | None = None
    """Case field that counts how often a case was opened again."""
    case_agents: FieldName | None = None
    """Case field that counts, or lists with semicolons, who handled a case."""
    task_open: Text = "Not Started"
    """Status of a task that waits to be done."""
    task_done: Text = "Completed"
    """Status of a task that is over; one that your org counts as closed."""
    identifiers: Mapping[FieldName, Text] = {}
    """Contact, lead or person account field to kind, such as { Loyalty__c = "loyalty_card" }."""
    attributes: Mapping[StreamName, tuple[FieldName, ...]] = {}
    """Further fields to keep, per stream, such as { contacts = ["Favourite_Store__c"] }."""

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        jwt = (self.username, self.private_key)
        wanted = "client_secret (with refresh_token or without), or username and private_key"
        if self.client_secret is not None and not any(jwt):
            return self
        if self.client_secret is None and self.refresh_token is None and all(jwt):
            return self
        raise PydanticCustomError("credential", "needs exactly one credential", {"wanted": wanted})

    def purpose_of(self, use_id: str | None, name: str | None) -> str | None:
        """The purpose of a data use purpose, or None if it is not mapped."""
        return self.data_use_purposes.get(name or "") or self.data_use_purposes.get(use_id or "")
