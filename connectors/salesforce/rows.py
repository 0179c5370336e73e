"""What a row is: one record as the org shows it, beside what its own object does not tell.

    {"Id": "003…", "SystemModstamp": "…", "Email": "…", "HasOptedOutOfEmail": false,
     "individual's refusals": {"HasOptedOutSolicit": true}, "data use purpose": "Newsletter",
     "has begun": true, "parties of individual": [{"Id": "003…", "Email": "…"}]}

Salesforce's own names have no blanks, so the added ones cannot collide with a field. A field that
is not in the row was not visible: nothing is known of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.core.records import PartyRef
from hub.core.values import Values, text

KEY = "Id"
DELETED = "IsDeleted"
MASTER = "MasterRecordId"
PARTIES = "parties of individual"
INDIVIDUAL = "individual's refusals"
PURPOSE = "data use purpose"
BEGUN = "has begun"

REFUSALS = (
    "HasOptedOutSolicit",
    "HasOptedOutProfiling",
    "HasOptedOutTracking",
    "HasOptedOutGeoTracking",
    "HasOptedOutProcessing",
    "ShouldForget",
)
"""What an individual can refuse."""

PHONES: Mapping[str, tuple[str, ...]] = {
    "contacts": ("Phone", "MobilePhone", "HomePhone", "OtherPhone"),
    "leads": ("Phone", "MobilePhone"),
    "person_accounts": ("Phone", "PersonMobilePhone", "PersonHomePhone", "PersonOtherPhone"),
}
"""The phones of a person's record, by stream: what is read of them, and what a refusal covers."""

VALUES = Values("Salesforce", KEY)

_STREAM_OF_PREFIX: Mapping[str, str] = {"003": "contacts", "00Q": "leads", "001": "person_accounts"}
"""Kind of person by the first three characters of an id."""


def party(value: object) -> PartyRef | None:
    """The person that an id refers to, or None if it is that of something else."""
    if not isinstance(value, str):
        return None
    stream = _STREAM_OF_PREFIX.get(value[:3])
    return PartyRef(id=value, stream=stream) if stream else None


def behind(row: Mapping[str, Any]) -> PartyRef | None:
    """The person whose account, or contact, the row names.

    A person account is an account with a contact behind it that nobody sees: it is the account.
    """
    account = text(row, "AccountId")
    owner = row.get("Account")
    if account and isinstance(owner, Mapping) and owner.get("IsPersonAccount") is True:
        return PartyRef(id=account, stream="person_accounts")
    return party(row.get("ContactId") or row.get("WhoId"))


def employer(row: Mapping[str, Any]) -> PartyRef | None:
    """The organisation whose account the row names."""
    account, owner = text(row, "AccountId"), row.get("Account")
    if account is None or (isinstance(owner, Mapping) and owner.get("IsPersonAccount") is True):
        return None
    return PartyRef(id=account, stream="accounts")


def parties(row: Mapping[str, Any]) -> list[PartyRef]:
    """The people who are one individual, contacts first."""
    found = row.get(PARTIES)
    people = (
        [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
    )
    return [who for each in people if (who := party(each.get(KEY))) is not None]
