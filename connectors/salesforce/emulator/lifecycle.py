"""The ways of a record: to the recycle bin and back, into another one, from lead to contact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connectors.salesforce.emulator.catalogue import CHILDREN, SOBJECTS, SObject
from connectors.salesforce.emulator.ids import numbered
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.refusals import delete_failed, invalid
from connectors.salesforce.emulator.values import stamp
from hub.emulation.effects import Actor

if TYPE_CHECKING:
    from connectors.salesforce.emulator.org import Org

SOMEBODY = numbered("005", 2)
"""The user in whose name people's changes are made."""


def delete(org: Org, kind: SObject, record: Record, *, actor: Actor) -> None:
    """Move a record and what it carries along to the recycle bin.

    Raises:
        Refusal: 400 ``DELETE_FAILED`` if records hang on it that would lose their parent. People
            are asked in the screens and detach them first.
    """
    for child, field, fate in CHILDREN.get(kind.name, ()):
        hanging = list(_children(org, child, field, record))
        if fate == "restrict" and hanging and actor == "api":
            raise delete_failed(str(record.values.get("LastName", record.id)), f"{child.lower()}s")
    for child, field, fate in CHILDREN.get(kind.name, ()):
        for hanging_one in list(_children(org, child, field, record)):
            if fate == "cascade":
                delete(org, SOBJECTS[child], hanging_one, actor=actor)
            elif fate == "restrict":
                org.update(SOBJECTS[child], hanging_one, {field: None}, actor=actor)
    org.tables[kind.name].bin(record, org.now(), SOMEBODY)
    org.effects.append("delete", kind.name, record.id, actor=actor)


def restore(org: Org, kind: SObject, record: Record) -> None:
    """Take a record back out of the recycle bin."""
    org.tables[kind.name].restore(record, org.now(), SOMEBODY)
    org.effects.append("restore", kind.name, record.id, actor="user")


def purge(org: Org) -> None:
    """Empty the recycle bin; what was deleted up to now is not told by anything any more."""
    for table in org.tables.values():
        for record in table.binned():
            table.forget(record)
            org.effects.append("purge", table.kind.name, record.id, actor="user")
    org.log_purged_at = org.now()


def merge(org: Org, kind: SObject, winner: Record, loser: Record) -> None:
    """Let ``winner`` absorb ``loser``: its values win, gaps are filled, children move over.

    Raises:
        Refusal: 400 if the records cannot be merged.
    """
    alike = winner.values.get("IsPersonAccount") == loser.values.get("IsPersonAccount")
    if not kind.mergeable or winner is loser or not alike:
        raise invalid("INVALID_OPERATION", f"{kind.name} records {winner.id} cannot be merged")
    contacts = [
        org.tables["Contact"].get(r.values.get("PersonContactId", "")) for r in (winner, loser)
    ]
    if contacts[0] is not None and contacts[1] is not None:
        _absorb(org, SOBJECTS["Contact"], contacts[0], contacts[1])
    _absorb(org, kind, winner, loser)
    org.effects.append("merge", kind.name, winner.id, (loser.id,), actor="user")


def _absorb(org: Org, kind: SObject, winner: Record, loser: Record) -> None:
    fields = org.fields[kind.name].values()
    gaps = {
        f.name: loser.values[f.name]
        for f in fields
        if f.updateable and f.name in loser.values and winner.values.get(f.name) is None
    }
    for child, field, _ in CHILDREN.get(kind.name, ()):
        for record in list(_children(org, child, field, loser)):
            org.tables[child].write(record, {field: winner.id}, org.now(), SOMEBODY)
    table = org.tables[kind.name]
    table.bin(loser, org.now(), SOMEBODY)
    loser.values["MasterRecordId"] = winner.id
    table.write(winner, gaps, org.now(), SOMEBODY)
    table.touch(winner, org.now(), SOMEBODY)


def convert(org: Org, lead: Record, contact_id: str = "", account_id: str = "") -> Record:
    """The contact that a lead became: a new one, or one that exists already.

    Raises:
        Refusal: 400 if the lead was converted before.
    """
    if lead.values.get("IsConverted"):
        raise invalid("CANNOT_UPDATE_CONVERTED_LEAD", "the lead is converted already", "Id")
    account, contact = SOBJECTS["Account"], SOBJECTS["Contact"]
    if not account_id:
        name = {"Name": lead.values["Company"]}
        account_id = org.create(account, name, actor="user").id
    if not contact_id:
        names = ("FirstName", "LastName", "Email", "Phone", "MobilePhone", "HasOptedOutOfEmail")
        values = {n: lead.values[n] for n in names if lead.values.get(n) is not None}
        contact_id = org.create(contact, values | {"AccountId": account_id}, actor="user").id
    converted = {
        "IsConverted": True,
        "Status": "Closed - Converted",
        "ConvertedDate": stamp(org.now())[:10],
        "ConvertedAccountId": account_id,
        "ConvertedContactId": contact_id,
    }
    changed = org.tables["Lead"].write(lead, converted, org.now(), SOMEBODY)
    org.effects.append("convert", "Lead", lead.id, changed, actor="user")
    return org.tables["Contact"].records[contact_id]


def _children(org: Org, child: str, field: str, parent: Record) -> Iterator[Record]:
    live = org.tables[child].live()
    return (record for record in live if record.values.get(field) == parent.id)
