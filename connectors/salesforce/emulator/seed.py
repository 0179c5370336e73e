"""Fills an org with what the simulated world's Salesforce holds; plays the world's later edits.

The world is vendor-neutral; this module says how Salesforce would hold it. What Salesforce would
never have accepted (an address without a dot) is left off. The world knows no leads, tasks and
events: one contact in nine was a lead before, calls and sales meetings were logged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.salesforce.emulator import consents, lifecycle
from connectors.salesforce.emulator.catalogue import SOBJECTS
from connectors.salesforce.emulator.definitions import define, grant_fields
from connectors.salesforce.emulator.fields import Field, field_of
from connectors.salesforce.emulator.ids import number_of, numbered
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.person_accounts import mirror_new
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.refusals import Refusal
from connectors.salesforce.emulator.values import Json, accept, stamp

if TYPE_CHECKING:
    from hub.emulation.world import World
    from hub.emulation.world.model import Change, Deal, OrganisationPresence, Presence, Ticket

SYSTEM = "salesforce"
EVERY_NTH_WAS_A_LEAD = 9
PERSON_ACCOUNTS_FROM = 20_000_000

CUSTOM_FIELDS: tuple[tuple[str, Field], ...] = (
    ("Account", field_of("Loyalty_Number__c string 40")),
    ("Contact", field_of("Loyalty_Number__c string 40")),
    ("Lead", field_of("Loyalty_Number__c string 40")),
    ("Case", field_of("Times_Reopened__c double")),
    ("Case", field_of("Agents_Involved__c string 255")),
)
"""What this business added to its org, by object."""

_STAGES: Mapping[str, tuple[str, int]] = {
    "qualified": ("Qualification", 20),
    "proposal": ("Proposal/Price Quote", 60),
    "won": ("Closed Won", 100),
    "lost": ("Closed Lost", 0),
}
_STATUSES = {"open": "Working", "pending": "On Hold", "solved": "Closed"}
_ORIGINS = {"email": "Email", "phone": "Phone", "chat": "Chat", "store": "Web"}
_TYPES = {"refund": "Billing", "billing": "Billing", "defect": "Product", "account": "Account"}
_PRIORITIES = {"low": "Low", "high": "High", "urgent": "High"}


def seed_from(world: World, org: Org) -> None:
    """Fill the org; records keep the world's ids and times, and nothing is logged as effect."""
    for name, field in CUSTOM_FIELDS:
        define(org, name, field, world.end)
    grant_fields(org, "Sales_Data", CUSTOM_FIELDS, world.end)
    companies = {c.organisation_id: c for c in reversed(world.companies(SYSTEM))}
    for company in world.companies(SYSTEM):
        _insert(org, "Account", _company(company), company.local_id, company)
    for number, presence in enumerate(world.presences(SYSTEM)):
        employer = companies.get(presence.organisation_id)
        _add_person(org, presence, employer)
        if number % EVERY_NTH_WAS_A_LEAD == 0:
            _add_lead(org, presence, employer, converted=number % 2 == 0)
    for deal in world.of(SYSTEM, world.deals):
        _add_deal(org, deal)
    for ticket in world.of(SYSTEM, world.tickets):
        _add_case(org, ticket)
    consents.record(org, world.of(SYSTEM, world.consents))


def apply_changes(changes: Iterable[Change], org: Org) -> None:
    """Play later edits of the org's own users, each an effect of a user at the org's time."""
    for change in changes:
        if change.system != SYSTEM:
            continue
        name, record = _person(org, change.local_id)
        kind = SOBJECTS[name]
        if change.kind == "deleted_contact":
            lifecycle.delete(org, kind, record, actor="user")
        elif change.kind == "merged_contact":
            lifecycle.merge(org, kind, record, _person(org, change.merged_id)[1])
        elif change.presence is not None:
            values = _contact(change.presence, None)
            shown = _as_account(values) if name == "Account" else values
            org.update(kind, record, _fitting(org, name, shown), actor="user")
        elif change.consent is not None:
            consents.decide(org, kind, record, change.consent)


def _person(org: Org, contact_id: str) -> tuple[str, Record]:
    """The record by which users know a person: the contact, or the account that it mirrors."""
    contact = org.tables["Contact"].records[contact_id]
    if contact.values.get("IsPersonAccount"):
        return "Account", org.tables["Account"].records[contact.values["AccountId"]]
    return "Contact", contact


# --- one kind of record each -------------------------------------------------------------------


def _company(company: OrganisationPresence) -> dict[str, Json]:
    return {
        "Name": company.name,
        "Website": f"https://{company.domain}" if company.domain else "",
        "Phone": company.phone,
        "BillingCity": company.city,
        "BillingState": company.state,
        "BillingCountry": company.country,
        "Industry": company.industry,
    }


def _add_person(org: Org, presence: Presence, employer: OrganisationPresence | None) -> None:
    values = _contact(presence, employer)
    if employer is None and "person_accounts" in org.options:
        number = PERSON_ACCOUNTS_FROM + number_of(presence.local_id)
        account = _insert(org, "Account", _as_account(values), numbered("001", number), presence)
        mirror_new(org, SOBJECTS["Account"], account, presence.local_id)
        return
    _insert(org, "Contact", values, presence.local_id, presence)


def _contact(presence: Presence, employer: OrganisationPresence | None) -> dict[str, Json]:
    values = {
        "FirstName": presence.given_name,
        "LastName": presence.family_name,
        "Email": presence.email,
        "Phone": presence.phone,
        "Birthdate": presence.born,
        "MailingStreet": presence.street,
        "MailingCity": presence.city,
        "MailingState": presence.state,
        "MailingPostalCode": presence.postcode,
        "MailingCountry": presence.country,
        "Title": presence.job_title,
        "Loyalty_Number__c": presence.loyalty_no,
    }
    return values | ({"AccountId": employer.local_id} if employer else {})


def _as_account(contact: Mapping[str, Json]) -> dict[str, Json]:
    """A contact's values as a person account names them."""
    shared = {"FirstName", "LastName", "Phone", "Loyalty_Number__c"}
    return {name if name in shared else f"Person{name}": value for name, value in contact.items()}


def _add_lead(
    org: Org, presence: Presence, employer: OrganisationPresence | None, *, converted: bool
) -> None:
    values: dict[str, Json] = {
        "FirstName": presence.given_name,
        "LastName": presence.family_name,
        "Email": presence.email,
        "Phone": presence.phone,
        "Company": employer.name if employer else "Private",
        "Status": "Closed - Converted" if converted else "Working - Contacted",
        "LeadSource": "Web",
        "Loyalty_Number__c": presence.loyalty_no,
    }
    record_id = numbered("00Q", number_of(presence.local_id))
    lead = _insert(org, "Lead", values, record_id, presence)
    if converted:
        lead.values |= {
            "IsConverted": True,
            "ConvertedDate": presence.created_at.date().isoformat(),
            "ConvertedContactId": presence.local_id,
            "ConvertedAccountId": employer.local_id if employer else None,
        }


def _add_deal(org: Org, deal: Deal) -> None:
    stage, probability = _STAGES[deal.stage]
    number = int(deal.deal_id)
    closes = deal.closed_at or deal.created_at + timedelta(days=30)
    values: dict[str, Json] = {
        "Name": deal.name,
        "AccountId": deal.organisation_local_id,
        "ContactId": deal.local_id,
        "StageName": stage,
        "Probability": probability,
        "Amount": float(Decimal(deal.amount) / 100),
        "CloseDate": closes.date().isoformat(),
    }
    changed = deal.closed_at or deal.created_at
    _put(org, "Opportunity", values, numbered("006", number), deal.created_at, changed)
    if deal.stage == "won":
        _add_meeting(org, deal, number)


def _add_meeting(org: Org, deal: Deal, number: int) -> None:
    at = deal.created_at
    values: dict[str, Json] = {
        "Subject": "Meeting",
        "WhoId": deal.local_id,
        "WhatId": numbered("006", number),
        "StartDateTime": stamp(at),
        "EndDateTime": stamp(at + timedelta(hours=1)),
        "ActivityDateTime": stamp(at),
        "ActivityDate": at.date().isoformat(),
        "DurationInMinutes": 60,
    }
    _put(org, "Event", values, numbered("00U", number), at, at)


def _add_case(org: Org, ticket: Ticket) -> None:
    number = int(ticket.ticket_id)
    contact = org.tables["Contact"].records[ticket.local_id]
    values: dict[str, Json] = {
        "CaseNumber": f"{number:08d}",
        "ContactId": ticket.local_id,
        "AccountId": contact.values.get("AccountId"),
        "Subject": ticket.subject,
        "Description": ticket.messages[0].text if ticket.messages else "",
        "Status": _STATUSES[ticket.status],
        "Origin": _ORIGINS[ticket.channel],
        "Priority": _PRIORITIES.get(ticket.priority, "Medium"),
        "Type": _TYPES.get(ticket.topic, "Other"),
        "ClosedDate": stamp(ticket.solved_at) if ticket.solved_at else "",
        "Times_Reopened__c": float(ticket.reopens),
        "Agents_Involved__c": ";".join(ticket.agents),
    }
    case_id = numbered("500", number)
    _put(org, "Case", values, case_id, ticket.created_at, ticket.updated_at)
    if ticket.channel == "phone":
        _add_call(org, ticket, number, case_id)


def _add_call(org: Org, ticket: Ticket, number: int, case_id: str) -> None:
    values: dict[str, Json] = {
        "Subject": "Call",
        "TaskSubtype": "Call",
        "CallType": "Inbound",
        "Status": "Completed",
        "WhoId": ticket.local_id,
        "WhatId": case_id,
        "ActivityDate": ticket.created_at.date().isoformat(),
        "CompletedDateTime": stamp(ticket.created_at),
        "Description": ticket.subject,
    }
    _put(org, "Task", values, numbered("00T", number), ticket.created_at, ticket.created_at)


# --- parts -------------------------------------------------------------------------------------


def _insert(
    org: Org,
    name: str,
    values: Mapping[str, Json],
    record_id: str,
    source: Presence | OrganisationPresence,
) -> Record:
    return _put(org, name, values, record_id, source.created_at, source.updated_at)


def _put(
    org: Org,
    name: str,
    values: Mapping[str, Json],
    record_id: str,
    made: datetime,
    edited: datetime,
) -> Record:
    record = org.insert(name, _fitting(org, name, values), made, record_id)
    record.values |= {"LastModifiedDate": stamp(edited), "SystemModstamp": stamp(edited)}
    return record


def _fitting(org: Org, name: str, values: Mapping[str, Json]) -> dict[str, Json]:
    """The values that Salesforce accepts, as it keeps them."""
    kept: dict[str, Json] = {}
    for field, value in values.items():
        try:
            kept[field] = accept(org.fields[name][field], value) if value != "" else None
        except Refusal:
            continue
    return kept
