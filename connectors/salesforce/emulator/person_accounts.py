"""Person accounts: one person as an account and the contact that the org keeps beside it.

Both show the same person; a change of either is a change of both, and moves the time stamps of
both. Programs write the account.

Source: Salesforce Help, "Person Accounts" and "Considerations for Using Person Accounts".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from connectors.salesforce.emulator.catalogue import SObject
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.values import Json

if TYPE_CHECKING:
    from connectors.salesforce.emulator.org import Org

CONTACT_FIELDS: Mapping[str, str] = {
    "LastName": "LastName",
    "FirstName": "FirstName",
    "Salutation": "Salutation",
    "Phone": "Phone",
    "PersonMailingStreet": "MailingStreet",
    "PersonMailingCity": "MailingCity",
    "PersonMailingState": "MailingState",
    "PersonMailingPostalCode": "MailingPostalCode",
    "PersonMailingCountry": "MailingCountry",
    "PersonMobilePhone": "MobilePhone",
    "PersonHomePhone": "HomePhone",
    "PersonOtherPhone": "OtherPhone",
    "PersonEmail": "Email",
    "PersonTitle": "Title",
    "PersonBirthdate": "Birthdate",
    "PersonHasOptedOutOfEmail": "HasOptedOutOfEmail",
    "PersonHasOptedOutOfFax": "HasOptedOutOfFax",
    "PersonDoNotCall": "DoNotCall",
    "PersonIndividualId": "IndividualId",
}
"""Field of the account to field of its contact."""


def mirror_new(org: Org, kind: SObject, account: Record, contact_id: str = "") -> None:
    """Give a new person account its contact; other records need none."""
    if kind.name != "Account" or "LastName" not in account.values:
        return
    values = {other: account.values.get(name) for name, other in CONTACT_FIELDS.items()}
    values |= {"AccountId": account.id, "IsPersonAccount": True}
    contact = org.insert("Contact", values, org.now(), contact_id)
    contact.values["SystemModstamp"] = account.values["SystemModstamp"]
    account.values |= {
        "IsPersonAccount": True,
        "PersonContactId": contact.id,
        "Name": _name(account.values),
    }


def mirror_change(
    org: Org, kind: SObject, record: Record, changed: Collection[str], by: str
) -> None:
    """Carry a change of a person account to its contact, or the other way round."""
    if not record.values.get("IsPersonAccount"):
        return
    other, names = _counterpart(org, kind, record)
    values = {names[name]: record.values.get(name) for name in changed if name in names}
    table = org.tables["Contact" if kind.name == "Account" else "Account"]
    table.write(other, values, org.now(), by)
    account = record if kind.name == "Account" else other
    account.values["Name"] = _name(account.values)


def _counterpart(org: Org, kind: SObject, record: Record) -> tuple[Record, Mapping[str, str]]:
    if kind.name == "Account":
        return org.tables["Contact"].records[record.values["PersonContactId"]], CONTACT_FIELDS
    account = org.tables["Account"].records[record.values["AccountId"]]
    return account, {contact: account for account, contact in CONTACT_FIELDS.items()}


def _name(values: Mapping[str, Json]) -> str:
    parts = (values.get("FirstName"), values.get("LastName"))
    return " ".join(part for part in parts if part)
