"""Salesforce's records as the hub's: one function per stream. Pure: same row, same record."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Literal

from connectors.salesforce.config import SalesforceSettings
from connectors.salesforce.fields import TASK_KEY
from connectors.salesforce.rows import PHONES, REFUSALS, VALUES, behind, employer
from hub.core.connector import Row
from hub.core.money import minor_units
from hub.core.records import (
    Address,
    Deal,
    Interaction,
    Organisation,
    PartyRef,
    Person,
    Scalar,
    Task,
    Ticket,
)
from hub.core.values import birth_date, flag, identifiers, known, listed, lower, present, text

_VERSION = 2  # raise it when a map below changes

_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")


def _address_fields(prefix: str) -> tuple[str, ...]:
    return tuple(prefix + part for part in _ADDRESS)


_PERSON = ("Salutation", "FirstName", "LastName", "OwnerId", "CreatedDate")
_OPT_OUTS = ("HasOptedOutOfEmail", "DoNotCall", "HasOptedOutOfFax")

FIELDS: Mapping[str, tuple[str, ...]] = {
    "accounts": (
        "Name", "Website", "Phone", "Industry", "NumberOfEmployees", "Type", "ParentId",
        "CreatedDate", *_address_fields("Billing"),
    ),
    "contacts": (
        *_PERSON, *PHONES["contacts"], "AccountId", "Email", "Title", "Birthdate", "LeadSource",
        "IndividualId", *_address_fields("Mailing"), *_address_fields("Other"),
    ),
    "leads": (
        *_PERSON, *PHONES["leads"], "Email", "Title", "Company", "Status", "LeadSource",
        "IsConverted", "ConvertedContactId", "ConvertedAccountId", "IndividualId",
        *_address_fields(""),
    ),
    "person_accounts": (
        *_PERSON, *PHONES["person_accounts"], "PersonContactId", "PersonEmail", "PersonTitle",
        "PersonBirthdate", "PersonLeadSource", "PersonIndividualId",
        *_address_fields("PersonMailing"), *_address_fields("PersonOther"),
    ),
    "cases": (
        "CaseNumber", "ContactId", "AccountId", "SuppliedEmail", "Subject", "Description",
        "Status", "Priority", "Origin", "Type", "Reason", "OwnerId", "IsClosed", "ClosedDate",
        "CreatedDate",
    ),
    "opportunities": (
        "Name", "AccountId", "ContactId", "StageName", "Type", "Amount", "CurrencyIsoCode",
        "IsClosed", "IsWon", "CloseDate", "OwnerId", "CreatedDate",
    ),
    "tasks": (
        "WhoId", "AccountId", "Subject", "Status", "Priority", "ActivityDate", "IsClosed",
        "CompletedDateTime", "TaskSubtype", "OwnerId", "CreatedDate", TASK_KEY.name,
    ),
    "events": (
        "WhoId", "AccountId", "Subject", "EventSubtype", "Type", "StartDateTime",
        "ActivityDateTime", "ActivityDate", "DurationInMinutes", "CreatedDate",
    ),
    "contact_consents": ("IndividualId", "Email", *PHONES["contacts"], "Fax", *_OPT_OUTS),
    "lead_consents": ("IndividualId", "Email", *PHONES["leads"], "Fax", *_OPT_OUTS),
    "person_account_consents": (
        "PersonIndividualId", "PersonEmail", *PHONES["person_accounts"], "Fax",
        *("Person" + name for name in _OPT_OUTS),
    ),
    "individuals": REFUSALS,
    "contact_point_consents": (
        "PartyId", "DataUsePurposeId", "ContactPointType", "PrivacyConsentStatus", "CaptureDate",
        "CaptureSource", "EffectiveFrom", "EffectiveTo", "DoubleConsentCaptureDate",
    ),
}  # fmt: skip
"""What each stream asks for, and nothing else: data that is not needed is not collected."""

_PEOPLE = frozenset({"contacts", "leads", "person_accounts"})


def wanted(stream: str, settings: SalesforceSettings) -> tuple[str, ...]:
    """The fields that a stream asks for under these settings."""
    extra = [*settings.identifiers] if stream in _PEOPLE else []
    if stream == "cases":
        extra += [name for name in (settings.case_reopens, settings.case_agents) if name]
    return tuple(dict.fromkeys((*FIELDS[stream], *extra, *_attribute_names(stream, settings))))


def version(settings: SalesforceSettings) -> int:
    """A number that changes when the same row would become another record."""
    wire = {"base_url", "client_id", "client_secret", "refresh_token", "username", "private_key"}
    reading = {"login_url", "api_version", "lookback", "page_size", "formula_refresh"}
    handing = {"task_open", "task_done"}
    meaning = settings.model_dump_json(exclude=wire | reading | handing)
    return _VERSION << 32 | zlib.crc32(meaning.encode())


# --- people and organisations ----------------------------------------------------------------


def organisation(row: Row, settings: SalesforceSettings) -> Organisation:
    """The organisation behind an account."""
    return Organisation(
        name=text(row, "Name"),
        domain=_domain(text(row, "Website")),
        industry=text(row, "Industry"),
        employees=VALUES.count(row, "NumberOfEmployees"),
        phones=present(text(row, "Phone")),
        addresses=_addresses(row, "Billing"),
        created_at=VALUES.instant(row, "CreatedDate"),
        updated_at=VALUES.instant(row, "SystemModstamp"),
        attributes=_attributes(row, "accounts", settings, "Type", "ParentId"),
    )


def contact(row: Row, settings: SalesforceSettings) -> Person:
    """The person behind a contact."""
    account = text(row, "AccountId")
    return Person(
        title=text(row, "Salutation"),
        given_name=text(row, "FirstName"),
        family_name=text(row, "LastName"),
        birth_date=birth_date(row, "Birthdate"),
        job_title=text(row, "Title"),
        organisation=PartyRef(id=account, stream="accounts") if account else None,
        owner=text(row, "OwnerId"),
        emails=present(text(row, "Email")),
        phones=_phones(row, *PHONES["contacts"]),
        addresses=_addresses(row, "Mailing", "Other"),
        identifiers=identifiers(settings.identifiers, partial(text, row)),
        created_at=VALUES.instant(row, "CreatedDate"),
        updated_at=VALUES.instant(row, "SystemModstamp"),
        attributes=_attributes(row, "contacts", settings, "LeadSource", "IndividualId"),
    )


def lead(row: Row, settings: SalesforceSettings) -> Person:
    """The person behind a lead; a converted one says which contact it became."""
    converted = flag(row, "IsConverted")
    kept = ("LeadSource", "IndividualId", "ConvertedContactId", "ConvertedAccountId")
    return Person(
        title=text(row, "Salutation"),
        given_name=text(row, "FirstName"),
        family_name=text(row, "LastName"),
        job_title=text(row, "Title"),
        organisation_name=text(row, "Company"),
        lifecycle="converted lead" if converted else "lead",
        owner=text(row, "OwnerId"),
        emails=present(text(row, "Email")),
        phones=_phones(row, *PHONES["leads"]),
        addresses=_addresses(row, ""),
        identifiers=identifiers(settings.identifiers, partial(text, row)),
        created_at=VALUES.instant(row, "CreatedDate"),
        updated_at=VALUES.instant(row, "SystemModstamp"),
        attributes=_attributes(row, "leads", settings, "Status", *kept),
    )


def person_account(row: Row, settings: SalesforceSettings) -> Person:
    """The person who is an account of their own."""
    return Person(
        title=text(row, "Salutation"),
        given_name=text(row, "FirstName"),
        family_name=text(row, "LastName"),
        birth_date=birth_date(row, "PersonBirthdate"),
        job_title=text(row, "PersonTitle"),
        owner=text(row, "OwnerId"),
        emails=present(text(row, "PersonEmail")),
        phones=_phones(row, *PHONES["person_accounts"]),
        addresses=_addresses(row, "PersonMailing", "PersonOther"),
        identifiers=identifiers(settings.identifiers, partial(text, row)),
        created_at=VALUES.instant(row, "CreatedDate"),
        updated_at=VALUES.instant(row, "SystemModstamp"),
        attributes=_attributes(
            row, "person_accounts", settings, "PersonLeadSource", "PersonIndividualId"
        ),
    )


# --- what happened with them -----------------------------------------------------------------


def case(row: Row, settings: SalesforceSettings) -> Ticket:
    """The case as a ticket, of its contact; of the address it came from where it has none."""
    opened, closed = VALUES.required_instant(row, "CreatedDate"), VALUES.instant(row, "ClosedDate")
    reopens, agents = settings.case_reopens, settings.case_agents
    return Ticket(
        party=behind(row) or _sender(row),
        organisation=employer(row),
        at=opened,
        subject=text(row, "Subject"),
        body=text(row, "Description"),
        status=_case_status(row, settings),
        priority=lower(row, "Priority"),
        channel=lower(row, "Origin"),
        category=lower(row, "Type"),
        assignee=text(row, "OwnerId"),
        solved_at=closed,
        reopens=VALUES.count(row, reopens) if reopens else None,
        assignee_stations=_stations(row, agents) if agents else None,
        full_resolution_seconds=_seconds(opened, closed),
        attributes=_attributes(row, "cases", settings, "CaseNumber", "Reason"),
    )


def opportunity(row: Row, settings: SalesforceSettings) -> Deal:
    """The opportunity as a deal, of its account and its primary contact."""
    amount, currency = _amount(row, settings)
    closed = flag(row, "IsClosed")
    won = flag(row, "IsWon")
    status: Literal["open", "won", "lost"] = "won" if won else "lost" if closed else "open"
    return Deal(
        party=behind(row),
        organisation=employer(row),
        name=text(row, "Name"),
        stage=text(row, "StageName"),
        status=status,
        amount_minor=amount,
        currency=currency,
        created_at=VALUES.instant(row, "CreatedDate"),
        closed_at=_midnight(row, "CloseDate") if closed or won else None,
        owner=text(row, "OwnerId"),
        attributes=_attributes(row, "opportunities", settings, "Type"),
    )


def task(row: Row, settings: SalesforceSettings) -> Task:
    """The task that somebody owes the customer, or has done."""
    due = _midnight(row, "ActivityDate")
    done = VALUES.instant(row, "CompletedDateTime")
    if done is None and flag(row, "IsClosed"):
        done = due or VALUES.instant(row, "SystemModstamp")
    return Task(
        at=VALUES.required_instant(row, "CreatedDate"),
        party=behind(row),
        subject=text(row, "Subject"),
        due_at=due,
        done_at=done,
        owner=text(row, "OwnerId"),
        reason=lower(row, "TaskSubtype"),
        attributes=_attributes(row, "tasks", settings, "Status", "Priority"),
    )


def event(row: Row, settings: SalesforceSettings) -> Interaction:
    """The meeting or call in somebody's calendar."""
    minutes = VALUES.count(row, "DurationInMinutes")
    start = VALUES.instant(row, "StartDateTime") or VALUES.instant(row, "ActivityDateTime")
    return Interaction(
        at=start or _midnight(row, "ActivityDate") or VALUES.required_instant(row, "CreatedDate"),
        kind=lower(row, "Type") or "meeting",
        party=behind(row),
        channel="calendar",
        subject=text(row, "Subject"),
        seconds=None if minutes is None else 60 * minutes,
        attributes=_attributes(row, "events", settings),
    )


# --- parts -----------------------------------------------------------------------------------


def _phones(row: Row, *names: str) -> list[str]:
    return present(*(text(row, name) for name in names))


def _addresses(row: Row, *prefixes: str) -> list[Address]:
    found = []
    for prefix in prefixes:
        parts = (text(row, name) for name in _address_fields(prefix))
        line1, city, region, postcode, country = parts
        address = Address(line1=line1, city=city, region=region, postcode=postcode, country=country)
        found += [] if address == Address() else [address]
    return found


def _domain(website: str | None) -> str | None:
    """The host of a web site, which people write in any way.

    >>> _domain("https://www.Acme.example/home"), _domain("acme.example")
    ('acme.example', 'acme.example')
    """
    if website is None:
        return None
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", website.lower()).split("/")[0]
    return host.removeprefix("www.") or None


def _sender(row: Row) -> PartyRef | None:
    email = text(row, "SuppliedEmail")
    return PartyRef(id=email, by="email") if email else None


def _case_status(
    row: Row, settings: SalesforceSettings
) -> Literal["new", "open", "pending", "on_hold", "solved", "closed"]:
    known = settings.case_statuses.get(text(row, "Status") or "")
    return known or ("closed" if flag(row, "IsClosed") else "open")


def _amount(row: Row, settings: SalesforceSettings) -> tuple[int | None, str | None]:
    """Minor units and currency, or neither: an amount in no currency is no amount."""
    currency = VALUES.read(row, "CurrencyIsoCode", _currency, "an ISO 4217 code")
    currency = currency or settings.currency
    if currency is None or text(row, "Amount") is None:
        return None, None

    def to_minor(digits: str) -> int:
        return minor_units(Decimal(digits), currency)

    return VALUES.read(row, "Amount", to_minor, "an amount"), currency


def _currency(code: str) -> str | None:
    return code if re.fullmatch("[A-Z]{3}", code) else None


def _midnight(row: Row, name: str) -> datetime | None:
    """The start of a day, in UTC: Salesforce keeps dates without a time zone."""

    def start(digits: str) -> datetime:
        return datetime.combine(date.fromisoformat(digits[:10]), time.min, UTC)

    return VALUES.read(row, name, start, "an ISO 8601 date")


def _stations(row: Row, name: str) -> int | None:
    """How many hands a case went through: a number, or a list to be counted."""
    held = text(row, name)
    if held is None or held.replace(".", "", 1).isdecimal():
        return VALUES.count(row, name)
    return len(listed(row, name))


def _seconds(start: datetime, end: datetime | None) -> int | None:
    return None if end is None or end < start else int((end - start).total_seconds())


def _attribute_names(stream: str, settings: SalesforceSettings) -> tuple[str, ...]:
    return tuple(
        name for kind, names in settings.attributes.items() if kind == stream for name in names
    )


def _attributes(
    row: Row, stream: str, settings: SalesforceSettings, *always: str
) -> dict[str, Scalar]:
    names = (*always, *_attribute_names(stream, settings))
    return known({name: text(row, name) for name in names})
