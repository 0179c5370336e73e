"""Fills an account with what the simulated world's HubSpot holds; plays the world's later edits.

The world is vendor-neutral; this module says how HubSpot would hold it. What HubSpot would never
have accepted (an address without a dot, a second contact with the same e-mail) is left off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from connectors.hubspot.emulator.account import Account
from connectors.hubspot.emulator.catalogue import Property
from connectors.hubspot.emulator.records import RecordTable
from connectors.hubspot.emulator.subscriptions import Status
from connectors.hubspot.emulator.values import InvalidValue, accept, stamp

if TYPE_CHECKING:
    from hub.emulation.world import World
    from hub.emulation.world.model import (
        Change,
        ConsentEvent,
        Deal,
        OrganisationPresence,
        Presence,
        SurveyResponse,
        Ticket,
    )

SYSTEM = "hubspot"
MARKETING_EMAILS = 101
_SOURCE = "IMPORT"

CUSTOM_PROPERTIES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "contacts": (("loyalty_number", "Loyalty number", "string"),),
    "tickets": (
        ("times_reopened", "Times reopened", "number"),
        ("agents_involved", "Agents involved", "string"),
    ),
}
"""Name, label and type of what this business added to its account."""

_STAGE_OF_DEAL = {
    "qualified": "qualifiedtobuy",
    "proposal": "contractsent",
    "won": "closedwon",
    "lost": "closedlost",
}
_STAGE_OF_TICKET = {"open": "1", "pending": "2", "solved": "4"}
_CATEGORY_OF_TOPIC = {
    "refund": "BILLING_ISSUE",
    "billing": "BILLING_ISSUE",
    "defect": "PRODUCT_ISSUE",
    "account": "PRODUCT_ISSUE",
}
_SOURCE_OF_TICKET = {"email": "EMAIL", "phone": "PHONE", "chat": "CHAT", "store": "FORM"}


def seed_from(world: World, account: Account) -> None:
    """Fill the account; records keep the world's ids and times, and nothing is logged as effect."""
    _define_custom(account)
    companies = {c.organisation_id: c for c in reversed(world.companies(SYSTEM))}
    for company in world.companies(SYSTEM):
        _insert(account, "companies", company.local_id, _company(company), company.created_at)
    for presence in world.presences(SYSTEM):
        _add_contact(account, presence, companies.get(presence.organisation_id))
    for deal in world.of(SYSTEM, world.deals):
        _insert(account, "deals", deal.deal_id, _deal(deal), deal.created_at)
        _bind(account, ("deals", deal.deal_id), ("contacts", deal.local_id))
        _bind(account, ("deals", deal.deal_id), ("companies", deal.organisation_local_id))
    for ticket in world.of(SYSTEM, world.tickets):
        _insert(account, "tickets", ticket.ticket_id, _ticket(ticket), ticket.created_at)
        _bind(account, ("tickets", ticket.ticket_id), ("contacts", ticket.local_id))
    for answer in world.of(SYSTEM, world.surveys):
        _add_answer(account, answer)
    for event in world.of(SYSTEM, world.consents):
        _record_consent(account, event)


def apply_changes(changes: Iterable[Change], account: Account) -> None:
    """Play later edits of HubSpot's own users, each an effect of a user at the account's time."""
    contacts = account.tables["contacts"]
    for change in changes:
        if change.system != SYSTEM:
            continue
        record = account.record(contacts, change.local_id)
        if change.kind == "deleted_contact":
            account.archive(contacts, record, actor="user")
        elif change.kind == "merged_contact":
            other = account.record(contacts, change.merged_id)
            account.merge(contacts, record, other, actor="user")
        elif change.presence is not None:
            values = _fitting(account, "contacts", _contact(change.presence, None))
            writable = {
                name: value for name, value in values.items() if _is_writable(account, name)
            }
            account.update(contacts, record, writable, actor="user")
        elif change.consent is not None and (email := record.properties.get("email", "")):
            account.set_status(email, MARKETING_EMAILS, _status(change.consent), actor="user")


# --- one kind of record each -----------------------------------------------------------------


def _add_contact(
    account: Account, presence: Presence, employer: OrganisationPresence | None
) -> None:
    values = _contact(presence, employer)
    email = presence.email.strip().lower()
    if account.tables["contacts"].holder("email", email) is not None:
        del values["email"]
    _insert(account, "contacts", presence.local_id, values, presence.created_at)
    if employer is not None:
        _bind(account, ("contacts", presence.local_id), ("companies", employer.local_id))


def _contact(presence: Presence, employer: OrganisationPresence | None) -> dict[str, str]:
    values = {
        "firstname": presence.given_name,
        "lastname": presence.family_name,
        "email": presence.email,
        "phone": presence.phone,
        "date_of_birth": presence.born,
        "address": presence.street,
        "city": presence.city,
        "state": presence.state,
        "zip": presence.postcode,
        "country": presence.country,
        "jobtitle": presence.job_title,
        "hs_language": presence.language,
        "loyalty_number": presence.loyalty_no,
        "lifecyclestage": "customer",
        "lastmodifieddate": stamp(presence.updated_at),
    }
    if employer is not None:
        values |= {"company": employer.name, "associatedcompanyid": employer.local_id}
    return values


def _company(company: OrganisationPresence) -> dict[str, str]:
    return {
        "name": company.name,
        "domain": company.domain,
        "phone": company.phone,
        "city": company.city,
        "state": company.state,
        "country": company.country,
        "industry": company.industry,
        "hs_lastmodifieddate": stamp(company.updated_at),
    }


def _deal(deal: Deal) -> dict[str, str]:
    return {
        "dealname": deal.name,
        "pipeline": "default",
        "dealstage": _STAGE_OF_DEAL[deal.stage],
        "amount": str(Decimal(deal.amount) / 100),
        "deal_currency_code": deal.currency,
        "closedate": _stamp_or_nothing(deal.closed_at),
        "hs_is_closed_won": "true" if deal.stage == "won" else "false",
        "hs_lastmodifieddate": stamp(deal.closed_at or deal.created_at),
    }


def _ticket(ticket: Ticket) -> dict[str, str]:
    return {
        "subject": ticket.subject,
        "content": ticket.messages[0].text if ticket.messages else "",
        "hs_pipeline": "0",
        "hs_pipeline_stage": _STAGE_OF_TICKET[ticket.status],
        "hs_ticket_priority": ticket.priority.upper(),
        "hs_ticket_category": _CATEGORY_OF_TOPIC.get(ticket.topic, "GENERAL_INQUIRY"),
        "source_type": _SOURCE_OF_TICKET[ticket.channel],
        "first_agent_reply_date": _stamp_or_nothing(ticket.first_reply_at),
        "closed_date": _stamp_or_nothing(ticket.solved_at),
        "times_reopened": str(ticket.reopens),
        "agents_involved": "; ".join(ticket.agents),
        "hs_lastmodifieddate": stamp(ticket.updated_at),
    }


def _add_answer(account: Account, answer: SurveyResponse) -> None:
    contact = account.tables["contacts"].get(answer.local_id)
    values = {
        "hs_survey_type": answer.instrument,
        "hs_survey_name": f"{answer.instrument} {answer.touchpoint}",
        "hs_survey_channel": "EMAIL",
        "hs_submission_name": f"{answer.instrument} {answer.response_id}",
        "hs_submission_timestamp": stamp(answer.answered_at),
        "hs_value": str(answer.score),
        "hs_response_group": _response_group(answer),
        "hs_content": answer.comment,
        "hs_language": answer.language,
        "hs_contact_id": answer.local_id,
        "hs_contact_email_rollup": contact.properties.get("email", "") if contact else "",
        "hs_lastmodifieddate": stamp(answer.answered_at),
    }
    node = ("feedback_submissions", answer.response_id)
    _insert(account, *node, values, answer.answered_at)
    _bind(account, node, ("contacts", answer.local_id))
    if account.tables["tickets"].get(answer.about):
        _bind(account, node, ("tickets", answer.about))


def _response_group(answer: SurveyResponse) -> str:
    """HubSpot's own three groups: NPS by its bands, other scales by thirds."""
    share = (answer.score - answer.scale_min) / (answer.scale_max - answer.scale_min)
    low, high = (0.7, 0.9) if answer.instrument == "NPS" else (1 / 3, 2 / 3)
    if share < low:
        return "DETRACTOR"
    return "PROMOTER" if share >= high else "PASSIVE"


def _record_consent(account: Account, event: ConsentEvent) -> None:
    contact = account.tables["contacts"].get(event.local_id)
    email = contact.properties.get("email", "") if contact else ""
    if contact is None or not email:
        return  # HubSpot keeps consent by address
    status = _status(event)
    account.subscriptions.set(email, MARKETING_EMAILS, status)
    name = f"hs_email_optout_{MARKETING_EMAILS}"
    contact.properties[name] = "true" if status.state == "UNSUBSCRIBED" else "false"


def _status(event: ConsentEvent) -> Status:
    granted = event.decision == "grant"
    status = Status(
        state="SUBSCRIBED" if granted else "UNSUBSCRIBED",
        by_person=bool(event.evidence) or not granted,
        timestamp=_stamp_or_nothing(event.decided_at),
    )
    if granted and event.evidence:
        basis = f"{event.evidence}, notice {event.notice}"
        return replace(status, legal_basis="CONSENT_WITH_NOTICE", explanation=basis)
    return status


# --- parts -----------------------------------------------------------------------------------


def _define_custom(account: Account) -> None:
    for object_type, rows in CUSTOM_PROPERTIES.items():
        group = next(iter(account.groups[object_type]))
        for name, label, kind in rows:
            field_type = "number" if kind == "number" else "text"
            account.properties[object_type][name] = Property(
                name, label, kind, field_type, group, hubspot_defined=False
            )


def _insert(
    account: Account, object_type: str, record_id: str, values: Mapping[str, str], at: datetime
) -> None:
    table: RecordTable = account.tables[object_type]
    record = table.insert(_fitting(account, object_type, values), at, _SOURCE, record_id)
    record.index_due = None  # what was there before the account was opened is indexed


def _fitting(account: Account, object_type: str, values: Mapping[str, str]) -> dict[str, str]:
    """The values that HubSpot accepts, as it keeps them."""
    kept: dict[str, str] = {}
    for name, value in values.items():
        try:
            kept[name] = accept(account.properties[object_type][name], value)
        except InvalidValue:
            continue
    return {name: value for name, value in kept.items() if value}


def _is_writable(account: Account, name: str) -> bool:
    return not account.properties["contacts"][name].read_only


def _bind(account: Account, one: tuple[str, str], other: tuple[str, str]) -> None:
    if other[1]:
        account.associations.link(one, other)


def _stamp_or_nothing(moment: datetime | None) -> str:
    return stamp(moment) if moment else ""
