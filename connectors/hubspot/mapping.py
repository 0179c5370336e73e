"""HubSpot's records as the hub's: one function per stream. Pure: the same row, the same record."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Literal

from connectors.hubspot.config import HubSpotSettings, Survey
from connectors.hubspot.rows import (
    COMPANIES,
    CONTACTS,
    KEY,
    MERGED,
    NOT_TOLD,
    STATUSES,
    TICKETS,
    VALUES,
    aliases,
    associated,
)
from hub.core.connector import Row
from hub.core.money import minor_units
from hub.core.records import (
    Address,
    ConsentClaim,
    ConsentSignal,
    Deal,
    Feedback,
    Organisation,
    PartyRef,
    Person,
    Scalar,
    Ticket,
)
from hub.core.values import birth_date, identifiers, known, listed, lower, present, text

_VERSION = 1  # raise it when a map below changes

_ADDRESS = ("address", "city", "state", "zip", "country")

PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "contacts": (
        "email", "hs_additional_emails", "phone", "mobilephone", "salutation", "firstname",
        "lastname", "date_of_birth", "gender", "hs_language", "jobtitle", "company",
        "associatedcompanyid", "lifecyclestage", "hubspot_owner_id", "createdate",
        "hs_email_optout", "hs_legal_basis", *_ADDRESS, *MERGED,
    ),
    "companies": (
        "name", "domain", "phone", "industry", "numberofemployees", "createdate", *_ADDRESS,
        *MERGED,
    ),
    "deals": (
        "dealname", "pipeline", "dealstage", "amount", "deal_currency_code", "closedate",
        "createdate", "hubspot_owner_id", "hs_is_closed", "hs_is_closed_won", *MERGED,
    ),
    "tickets": (
        "subject", "content", "hs_pipeline_stage", "hs_ticket_priority", "hs_ticket_category",
        "source_type", "hubspot_owner_id", "createdate", "closed_date", "first_agent_reply_date",
        *MERGED,
    ),
    "feedback_submissions": (
        "hs_survey_type", "hs_survey_name", "hs_survey_channel", "hs_submission_timestamp",
        "hs_createdate", "hs_value", "hs_content", "hs_contact_id", "hs_contact_email_rollup",
    ),
    "subscriptions": ("email", "createdate", *MERGED),
}  # fmt: skip
"""What each stream asks for, and nothing else: data that is not needed is not collected."""


def properties(stream: str, settings: HubSpotSettings) -> tuple[str, ...]:
    """The properties that a stream asks for under these settings."""
    named: dict[str, tuple[str | None, ...]] = {
        "contacts": tuple(settings.identifiers),
        "tickets": (settings.ticket_reopens, settings.ticket_agents),
    }
    extra = (*named.get(stream, ()), *_attribute_names(stream, settings))
    return tuple(dict.fromkeys((*PROPERTIES[stream], *(name for name in extra if name))))


def version(settings: HubSpotSettings) -> int:
    """A number that changes when the same row would become another record."""
    wire = {"token", "client_id", "client_secret", "refresh_token", "base_url", "api_version"}
    meaning = settings.model_dump_json(exclude=wire | {"lookback", "search_lag"})
    return _VERSION << 32 | zlib.crc32(meaning.encode())


# --- records ---------------------------------------------------------------------------------


def person(row: Row, settings: HubSpotSettings) -> Person:
    """The person behind a contact."""
    company = text(row, "associatedcompanyid")
    return Person(
        title=text(row, "salutation"),
        given_name=text(row, "firstname"),
        family_name=text(row, "lastname"),
        birth_date=birth_date(row, "date_of_birth"),
        gender=text(row, "gender"),
        language=text(row, "hs_language"),
        job_title=text(row, "jobtitle"),
        organisation=PartyRef(id=company, stream="companies") if company else None,
        organisation_name=text(row, "company"),
        lifecycle=text(row, "lifecyclestage"),
        owner=text(row, "hubspot_owner_id"),
        emails=present(text(row, "email"), *listed(row, "hs_additional_emails")),
        phones=present(text(row, "phone"), text(row, "mobilephone")),
        addresses=_addresses(row),
        identifiers=identifiers(settings.identifiers, partial(text, row)),
        consents=_opt_out(row, settings),
        aliases=aliases(row),
        created_at=VALUES.instant(row, "createdate"),
        updated_at=VALUES.instant(row, "lastmodifieddate"),
        attributes=_attributes(row, "contacts", settings),
    )


def organisation(row: Row, settings: HubSpotSettings) -> Organisation:
    """The organisation behind a company."""
    return Organisation(
        name=text(row, "name"),
        domain=text(row, "domain"),
        industry=text(row, "industry"),
        employees=VALUES.count(row, "numberofemployees"),
        phones=present(text(row, "phone")),
        addresses=_addresses(row),
        aliases=aliases(row),
        created_at=VALUES.instant(row, "createdate"),
        updated_at=VALUES.instant(row, "hs_lastmodifieddate"),
        attributes=_attributes(row, "companies", settings),
    )


def deal(row: Row, settings: HubSpotSettings) -> Deal:
    """The deal, of its first contact and first company."""
    amount, currency = _amount(row, settings)
    return Deal(
        party=_party(row, CONTACTS, "contacts"),
        organisation=_party(row, COMPANIES, "companies"),
        name=text(row, "dealname"),
        pipeline=text(row, "pipeline"),
        stage=text(row, "dealstage"),
        status=_deal_status(row),
        amount_minor=amount,
        currency=currency,
        created_at=VALUES.instant(row, "createdate"),
        closed_at=VALUES.instant(row, "closedate"),
        owner=text(row, "hubspot_owner_id"),
        attributes=_attributes(row, "deals", settings),
    )


def ticket(row: Row, settings: HubSpotSettings) -> Ticket:
    """The ticket, of its first contact and first company."""
    opened, closed = VALUES.required_instant(row, "createdate"), VALUES.instant(row, "closed_date")
    stage = text(row, "hs_pipeline_stage") or ""
    reopens, agents = settings.ticket_reopens, settings.ticket_agents
    return Ticket(
        party=_party(row, CONTACTS, "contacts"),
        organisation=_party(row, COMPANIES, "companies"),
        at=opened,
        subject=text(row, "subject"),
        body=text(row, "content"),
        status=settings.ticket_stages.get(stage, "closed" if closed else "open"),
        priority=lower(row, "hs_ticket_priority"),
        channel=lower(row, "source_type"),
        category=lower(row, "hs_ticket_category"),
        assignee=text(row, "hubspot_owner_id"),
        solved_at=closed,
        reopens=VALUES.count(row, reopens) if reopens else None,
        assignee_stations=_stations(row, agents) if agents else None,
        first_reply_seconds=_seconds(opened, VALUES.instant(row, "first_agent_reply_date")),
        full_resolution_seconds=_seconds(opened, closed),
        attributes=_attributes(row, "tickets", settings),
    )


def feedback(row: Row, settings: HubSpotSettings) -> Feedback:
    """The answer to a survey, on the scale that the settings give for it."""
    name, kind = text(row, "hs_survey_name") or "", text(row, "hs_survey_type") or "CUSTOM"
    survey: Survey | None = settings.surveys.get(name) or settings.surveys.get(kind.upper())
    about = associated(row, TICKETS)
    return Feedback(
        at=VALUES.instant(row, "hs_submission_timestamp")
        or VALUES.required_instant(row, "hs_createdate"),
        instrument=survey.instrument if survey else kind.lower(),
        party=_respondent(row),
        score=_score(row),
        scale_min=survey.lowest if survey else None,
        scale_max=survey.highest if survey else None,
        comment=text(row, "hs_content"),
        survey=name or None,
        ticket=about[0] if about else None,
        channel=lower(row, "hs_survey_channel"),
        attributes=_attributes(row, "feedback_submissions", settings),
    )


# --- consent ---------------------------------------------------------------------------------


def permissions(row: Row, settings: HubSpotSettings) -> ConsentSignal:
    """What a contact's address said about each subscription type that stands for a purpose.

    SUBSCRIBED grants, UNSUBSCRIBED withdraws, anything else says nothing.

    Raises:
        SkipRecord: If HubSpot would not tell: that is not the same as nothing said.
    """
    email, statuses = text(row, "email"), row.get(STATUSES)
    if statuses == NOT_TOLD:
        raise VALUES.refused(row, "email", "bad-value", "an address that HubSpot looks up")
    claims = [
        claim
        for status in (statuses if isinstance(statuses, list) else [])
        if isinstance(status, dict) and email
        if (claim := _claim(status, email, settings)) is not None
    ]
    return ConsentSignal(party=PartyRef(id=str(row[KEY]), stream="contacts"), claims=claims)


_DECISIONS: Mapping[str | None, Literal["grant", "withdraw"]] = {
    "SUBSCRIBED": "grant",
    "UNSUBSCRIBED": "withdraw",
}


def _claim(
    status: Mapping[str, object], email: str, settings: HubSpotSettings
) -> ConsentClaim | None:
    purpose = settings.purpose_of(
        text(status, "subscriptionId") or "", text(status, "subscriptionName") or ""
    )
    decision = _DECISIONS.get(text(status, "status"))
    if purpose is None or decision is None:
        return None
    return ConsentClaim(
        purpose=purpose,
        channel="email",
        point=email,
        decision=decision,
        strength="single" if decision == "grant" else "unknown",
        asserted_at=VALUES.instant(status, "timestamp"),
        basis=text(status, "legalBasis"),
        evidence=text(status, "legalBasisExplanation"),
    )


def _opt_out(row: Row, settings: HubSpotSettings) -> list[ConsentClaim]:
    """A refusal of all e-mail. False or null is no consent: nobody need ever have been asked."""
    email = text(row, "email")
    if email is None or text(row, "hs_email_optout") != "true":
        return []
    return [
        ConsentClaim(purpose=purpose, channel="email", point=email, decision="withdraw")
        for purpose in settings.purposes
    ]


# --- parts -----------------------------------------------------------------------------------


def _party(row: Row, name: str, stream: str) -> PartyRef | None:
    ids = associated(row, name)
    return PartyRef(id=ids[0], stream=stream) if ids else None


def _respondent(row: Row) -> PartyRef | None:
    """By association; survey answers of people without a contact record know an address at most."""
    contact = next(iter(associated(row, CONTACTS)), None) or text(row, "hs_contact_id")
    if contact:
        return PartyRef(id=contact, stream="contacts")
    email = text(row, "hs_contact_email_rollup")
    return PartyRef(id=email, by="email") if email else None


def _addresses(row: Row) -> list[Address]:
    line1, city, region, postcode, country = (text(row, name) for name in _ADDRESS)
    address = Address(line1=line1, city=city, region=region, postcode=postcode, country=country)
    return [] if address == Address() else [address]


def _deal_status(row: Row) -> Literal["open", "won", "lost"]:
    stage = text(row, "dealstage")
    if stage == "closedwon" or text(row, "hs_is_closed_won") == "true":
        return "won"
    return "lost" if stage == "closedlost" or text(row, "hs_is_closed") == "true" else "open"


def _amount(row: Row, settings: HubSpotSettings) -> tuple[int | None, str | None]:
    """Minor units and currency, or neither: an amount in no currency is no amount."""
    currency = (
        VALUES.read(row, "deal_currency_code", _currency, "an ISO 4217 code") or settings.currency
    )
    if currency is None or text(row, "amount") is None:
        return None, None
    amount = VALUES.read(
        row, "amount", lambda digits: minor_units(Decimal(digits), currency), "an amount"
    )
    return amount, currency


def _currency(text: str) -> str | None:
    return text if re.fullmatch("[A-Z]{3}", text) else None


def _score(row: Row) -> float | None:
    score = VALUES.number(row, "hs_value")
    return None if score is None else float(score)


def _stations(row: Row, name: str) -> int | None:
    """How many hands a ticket went through: a number, or a list to be counted."""
    held = text(row, name)
    if held is None or held.isdecimal():
        return VALUES.count(row, name)
    return len(listed(row, name))


def _seconds(start: datetime, end: datetime | None) -> int | None:
    return None if end is None or end < start else int((end - start).total_seconds())


def _attribute_names(stream: str, settings: HubSpotSettings) -> tuple[str, ...]:
    kept = [name for kind, names in settings.attributes.items() if kind == stream for name in names]
    return (*(["hs_legal_basis"] if stream == "contacts" else []), *kept)


def _attributes(row: Row, stream: str, settings: HubSpotSettings) -> dict[str, Scalar]:
    return known({name: text(row, name) for name in _attribute_names(stream, settings)})
