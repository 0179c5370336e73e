"""What people allow, as Salesforce holds it: an opt-out box, and a dated consent beside it.

The box (``HasOptedOutOfEmail``) says what holds and not since when. Where a decision has a date or
evidence and the org has Data Protection and Privacy, an Individual and its ContactPointTypeConsent
say more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from connectors.salesforce.emulator.catalogue import SObject
from connectors.salesforce.emulator.ids import number_of, numbered
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.values import Json, stamp

if TYPE_CHECKING:
    from hub.emulation.world.model import ConsentEvent

PURPOSE = numbered("0ZW", 1)
"""The data use purpose "Marketing"."""

_CHANNELS = {"email": "Email", "sms": "Phone"}


def record(org: Org, events: Iterable[ConsentEvent]) -> None:
    """Put decisions into the org as they stand at last; nothing is logged as effect."""
    if "privacy" in org.options:
        org.insert("DataUsePurpose", {"Name": "Marketing", "IsActive": True}, org.now(), PURPOSE)
    for event in events:
        contact = org.tables["Contact"].records[event.local_id]
        _tick(org, contact, event)
        if "privacy" in org.options and _is_shown(event):
            _keep(org, contact, event)


def decide(org: Org, kind: SObject, person: Record, event: ConsentEvent) -> None:
    """Let a user note a later decision: the box, and the consent where there is one."""
    name = "PersonHasOptedOutOfEmail" if kind.name == "Account" else "HasOptedOutOfEmail"
    org.update(kind, person, {name: event.decision != "grant"}, actor="user")
    consents = org.tables["ContactPointTypeConsent"]
    if (known := consents.get(_consent_id(event))) is not None:
        org.update(consents.kind, known, _decision(event, org.now()), actor="user")


def _tick(org: Org, contact: Record, event: ConsentEvent) -> None:
    out = event.decision != "grant"
    contact.values["HasOptedOutOfEmail"] = out
    if contact.values.get("IsPersonAccount"):
        account = org.tables["Account"].records[contact.values["AccountId"]]
        account.values["PersonHasOptedOutOfEmail"] = out


def _is_shown(event: ConsentEvent) -> bool:
    """Whether there is more to say than the box: a date for a refusal, evidence for a grant."""
    return event.decided_at is not None and (event.decision != "grant" or bool(event.evidence))


def _keep(org: Org, contact: Record, event: ConsentEvent) -> None:
    decided = event.decided_at or org.now()
    party = numbered("0PK", number_of(contact.id))
    if org.tables["Individual"].get(party) is None:
        names = {n: contact.values.get(n) for n in ("FirstName", "LastName")}
        org.insert("Individual", names, decided, party)
        _link(org, contact, party)
    values = _decision(event, decided) | {
        "Name": f"Marketing {_CHANNELS[event.channel]}",
        "PartyId": party,
        "ContactPointType": _CHANNELS[event.channel],
        "DataUsePurposeId": PURPOSE,
    }
    org.insert("ContactPointTypeConsent", values, decided, _consent_id(event))


def _link(org: Org, contact: Record, party: str) -> None:
    contact.values["IndividualId"] = party
    if contact.values.get("IsPersonAccount"):
        account = org.tables["Account"].records[contact.values["AccountId"]]
        account.values["PersonIndividualId"] = party


def _consent_id(event: ConsentEvent) -> str:
    return numbered("0ZQ", number_of(event.local_id))


def _decision(event: ConsentEvent, at: datetime) -> dict[str, Json]:
    moment = stamp(event.decided_at or at)
    granted = event.decision == "grant"
    source = f"{event.evidence}, notice {event.notice}" if event.evidence else "Imported"
    return {
        "PrivacyConsentStatus": "OptIn" if granted else "OptOut",
        "CaptureDate": moment,
        "CaptureContactPointType": "Web" if event.evidence else "Email",
        "CaptureSource": source,
        "EffectiveFrom": moment,
        "DoubleConsentCaptureDate": moment if event.evidence == "double-opt-in" else None,
    }
