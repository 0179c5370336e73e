"""HubSpot's records as the hub's, and the hub's fields as HubSpot's. Pure: nothing is asked.

A *row* is the properties of one CRM record, beside what its own endpoint does not tell:

    {"hs_object_id": "512", "email": "…", "lastmodifieddate": "…",
     "associated contacts": ["101"], "subscription statuses": [{…}]}

HubSpot's own names have no blanks, so the added ones cannot collide with a property. Every property
is text or null, whatever its type.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeVar

from connectors.hubspot.client import CrmRecord
from connectors.hubspot.config import HubSpotSettings, Survey
from hub.core.connector import Json, OutField, Row, Value
from hub.core.errors import SkipRecord
from hub.core.money import minor_units
from hub.core.pages import instant_of
from hub.core.records import (
    Address,
    ConsentClaim,
    ConsentSignal,
    Deal,
    Feedback,
    Identifier,
    Organisation,
    PartyRef,
    Person,
    Scalar,
    Ticket,
)

_VERSION = 1  # raise it when a map below changes

KEY = "hs_object_id"
CONTACTS = "associated contacts"
COMPANIES = "associated companies"
TICKETS = "associated tickets"
STATUSES = "subscription statuses"

_ADDRESS = ("address", "city", "state", "zip", "country")
_MERGED = ("hs_merged_object_ids", "hs_calculated_merged_vids")

PROPERTIES: Mapping[str, tuple[str, ...]] = {
    "contacts": (
        "email", "hs_additional_emails", "phone", "mobilephone", "salutation", "firstname",
        "lastname", "date_of_birth", "gender", "hs_language", "jobtitle", "company",
        "associatedcompanyid", "lifecyclestage", "hubspot_owner_id", "createdate",
        "hs_email_optout", "hs_legal_basis", *_ADDRESS, *_MERGED,
    ),
    "companies": (
        "name", "domain", "phone", "industry", "numberofemployees", "createdate", *_ADDRESS,
        *_MERGED,
    ),
    "deals": (
        "dealname", "pipeline", "dealstage", "amount", "deal_currency_code", "closedate",
        "createdate", "hubspot_owner_id", "hs_is_closed", "hs_is_closed_won", *_MERGED,
    ),
    "tickets": (
        "subject", "content", "hs_pipeline_stage", "hs_ticket_priority", "hs_ticket_category",
        "source_type", "hubspot_owner_id", "createdate", "closed_date", "first_agent_reply_date",
        *_MERGED,
    ),
    "feedback_submissions": (
        "hs_survey_type", "hs_survey_name", "hs_survey_channel", "hs_submission_timestamp",
        "hs_createdate", "hs_value", "hs_content", "hs_contact_id", "hs_contact_email_rollup",
    ),
    "subscriptions": ("email", "createdate"),
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


def row_of(record: CrmRecord) -> Row:
    """The row of a record as received."""
    return {**(record.properties or {}), KEY: record.id}


# --- records ---------------------------------------------------------------------------------


def person(row: Row, settings: HubSpotSettings) -> Person:
    """The person behind a contact."""
    company = _text(row, "associatedcompanyid")
    return Person(
        title=_text(row, "salutation"),
        given_name=_text(row, "firstname"),
        family_name=_text(row, "lastname"),
        birth_date=_birth_date(row),
        gender=_text(row, "gender"),
        language=_text(row, "hs_language"),
        job_title=_text(row, "jobtitle"),
        organisation=PartyRef(id=company, stream="companies") if company else None,
        organisation_name=_text(row, "company"),
        lifecycle=_text(row, "lifecyclestage"),
        owner=_text(row, "hubspot_owner_id"),
        emails=_present(_text(row, "email"), *_listed(row, "hs_additional_emails")),
        phones=_present(_text(row, "phone"), _text(row, "mobilephone")),
        addresses=_addresses(row),
        identifiers=[
            Identifier(kind=kind, value=value)
            for name, kind in settings.identifiers.items()
            if (value := _text(row, name))
        ],
        consents=_opt_out(row, settings),
        aliases=aliases(row),
        created_at=_instant(row, "createdate"),
        updated_at=_instant(row, "lastmodifieddate"),
        attributes=_attributes(row, "contacts", settings),
    )


def organisation(row: Row, settings: HubSpotSettings) -> Organisation:
    """The organisation behind a company."""
    return Organisation(
        name=_text(row, "name"),
        domain=_text(row, "domain"),
        industry=_text(row, "industry"),
        employees=_count(row, "numberofemployees"),
        phones=_present(_text(row, "phone")),
        addresses=_addresses(row),
        aliases=aliases(row),
        created_at=_instant(row, "createdate"),
        updated_at=_instant(row, "hs_lastmodifieddate"),
        attributes=_attributes(row, "companies", settings),
    )


def deal(row: Row, settings: HubSpotSettings) -> Deal:
    """The deal, of its first contact and first company."""
    amount, currency = _amount(row, settings)
    return Deal(
        party=_party(row, CONTACTS, "contacts"),
        organisation=_party(row, COMPANIES, "companies"),
        name=_text(row, "dealname"),
        pipeline=_text(row, "pipeline"),
        stage=_text(row, "dealstage"),
        status=_deal_status(row),
        amount_minor=amount,
        currency=currency,
        created_at=_instant(row, "createdate"),
        closed_at=_instant(row, "closedate"),
        owner=_text(row, "hubspot_owner_id"),
        attributes=_attributes(row, "deals", settings),
    )


def ticket(row: Row, settings: HubSpotSettings) -> Ticket:
    """The ticket, of its first contact and first company."""
    opened, closed = _required_instant(row, "createdate"), _instant(row, "closed_date")
    stage = _text(row, "hs_pipeline_stage") or ""
    reopens, agents = settings.ticket_reopens, settings.ticket_agents
    return Ticket(
        party=_party(row, CONTACTS, "contacts"),
        organisation=_party(row, COMPANIES, "companies"),
        at=opened,
        subject=_text(row, "subject"),
        body=_text(row, "content"),
        status=settings.ticket_stages.get(stage, "closed" if closed else "open"),
        priority=_lower(row, "hs_ticket_priority"),
        channel=_lower(row, "source_type"),
        category=_lower(row, "hs_ticket_category"),
        assignee=_text(row, "hubspot_owner_id"),
        solved_at=closed,
        reopens=_count(row, reopens) if reopens else None,
        assignee_stations=_stations(row, agents) if agents else None,
        first_reply_seconds=_seconds(opened, _instant(row, "first_agent_reply_date")),
        full_resolution_seconds=_seconds(opened, closed),
        attributes=_attributes(row, "tickets", settings),
    )


def feedback(row: Row, settings: HubSpotSettings) -> Feedback:
    """The answer to a survey, on the scale that the settings give for it."""
    name, kind = _text(row, "hs_survey_name") or "", _text(row, "hs_survey_type") or "CUSTOM"
    survey: Survey | None = settings.surveys.get(name) or settings.surveys.get(kind.upper())
    about = _ids(row, TICKETS)
    return Feedback(
        at=_instant(row, "hs_submission_timestamp") or _required_instant(row, "hs_createdate"),
        instrument=survey.instrument if survey else kind.lower(),
        party=_respondent(row),
        score=_score(row),
        scale_min=survey.lowest if survey else None,
        scale_max=survey.highest if survey else None,
        comment=_text(row, "hs_content"),
        survey=name or None,
        ticket=about[0] if about else None,
        channel=_lower(row, "hs_survey_channel"),
        attributes=_attributes(row, "feedback_submissions", settings),
    )


# --- consent ---------------------------------------------------------------------------------


def permissions(row: Row, settings: HubSpotSettings) -> ConsentSignal:
    """What a contact's address said about each subscription type that stands for a purpose.

    SUBSCRIBED grants, UNSUBSCRIBED withdraws, anything else says nothing.
    """
    email, statuses = _text(row, "email"), row.get(STATUSES)
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
        _text(status, "subscriptionId") or "", _text(status, "subscriptionName") or ""
    )
    decision = _DECISIONS.get(_text(status, "status"))
    if purpose is None or decision is None:
        return None
    return ConsentClaim(
        purpose=purpose,
        channel="email",
        point=email,
        decision=decision,
        strength="single" if decision == "grant" else "unknown",
        asserted_at=_instant(status, "timestamp"),
        basis=_text(status, "legalBasis"),
        evidence=_text(status, "legalBasisExplanation"),
    )


def _opt_out(row: Row, settings: HubSpotSettings) -> list[ConsentClaim]:
    """A refusal of all e-mail. False or null is no consent: nobody need ever have been asked."""
    email = _text(row, "email")
    if email is None or _text(row, "hs_email_optout") != "true":
        return []
    return [
        ConsentClaim(purpose=purpose, channel="email", point=email, decision="withdraw")
        for purpose in settings.purposes
    ]


# --- parts -----------------------------------------------------------------------------------


def aliases(row: Row) -> list[str]:
    """Ids of the records that were merged into this one, without their times of merging."""
    merged = [item.partition(":")[0] for name in _MERGED for item in _listed(row, name)]
    return [item for item in dict.fromkeys(merged) if item and item != row.get(KEY)]


def _party(row: Row, name: str, stream: str) -> PartyRef | None:
    ids = _ids(row, name)
    return PartyRef(id=ids[0], stream=stream) if ids else None


def _respondent(row: Row) -> PartyRef | None:
    """By association; survey answers of people without a contact record know an address at most."""
    contact = next(iter(_ids(row, CONTACTS)), None) or _text(row, "hs_contact_id")
    if contact:
        return PartyRef(id=contact, stream="contacts")
    email = _text(row, "hs_contact_email_rollup")
    return PartyRef(id=email, by="email") if email else None


def _addresses(row: Row) -> list[Address]:
    line1, city, region, postcode, country = (_text(row, name) for name in _ADDRESS)
    address = Address(line1=line1, city=city, region=region, postcode=postcode, country=country)
    return [] if address == Address() else [address]


def _deal_status(row: Row) -> Literal["open", "won", "lost"]:
    stage = _text(row, "dealstage")
    if stage == "closedwon" or _text(row, "hs_is_closed_won") == "true":
        return "won"
    return "lost" if stage == "closedlost" or _text(row, "hs_is_closed") == "true" else "open"


def _amount(row: Row, settings: HubSpotSettings) -> tuple[int | None, str | None]:
    """Minor units and currency, or neither: an amount in no currency is no amount."""
    amount = _number(row, "amount")
    currency = _read(row, "deal_currency_code", _currency, "an ISO 4217 code") or settings.currency
    if amount is None or currency is None:
        return None, None
    try:
        return minor_units(amount, currency), currency
    except ValueError as err:
        raise _bad(row, "amount", "bad-number", "an amount that can be kept") from err


def _score(row: Row) -> float | None:
    number = _number(row, "hs_value")
    return None if number is None else float(number)


def _stations(row: Row, name: str) -> int | None:
    """How many hands a ticket went through: a number, or a list to be counted."""
    text = _text(row, name)
    if text is None or text.isdecimal():
        return None if text is None else int(text)
    return len(_listed(row, name))


def _seconds(start: datetime, end: datetime | None) -> int | None:
    return None if end is None or end < start else int((end - start).total_seconds())


def _attribute_names(stream: str, settings: HubSpotSettings) -> tuple[str, ...]:
    kept = [name for kind, names in settings.attributes.items() if kind == stream for name in names]
    return (*(["hs_legal_basis"] if stream == "contacts" else []), *kept)


def _attributes(row: Row, stream: str, settings: HubSpotSettings) -> dict[str, Scalar]:
    found = {name: _text(row, name) for name in _attribute_names(stream, settings)}
    return {name: value for name, value in found.items() if value is not None}


# --- values ----------------------------------------------------------------------------------

T = TypeVar("T")


def _text(row: Mapping[str, object], name: str) -> str | None:
    """The value as text without outer blanks; None for what is empty, null or no scalar."""
    value = row.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value).strip() or None
    return None


def _lower(row: Row, name: str) -> str | None:
    text = _text(row, name)
    return text.lower() if text else None


def _listed(row: Row, name: str) -> list[str]:
    """The items of a value that HubSpot separates by semicolons."""
    return [item.strip() for item in (_text(row, name) or "").split(";") if item.strip()]


def _ids(row: Row, name: str) -> list[str]:
    value = row.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _present(*values: str | None) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def _read(
    row: Mapping[str, object], name: str, parse: Callable[[str], T | None], wanted: str
) -> T | None:
    """What ``parse`` makes of a value; None without one.

    Raises:
        SkipRecord: If there is a value, but not of the wanted kind.
    """
    text = _text(row, name)
    if text is None:
        return None
    try:
        value = parse(text)
    except (ValueError, ArithmeticError) as err:
        raise _bad(row, name, "bad-value", wanted) from err
    if value is None:
        raise _bad(row, name, "bad-value", wanted)
    return value


def _instant(row: Mapping[str, object], name: str) -> datetime | None:
    return _read(row, name, instant_of, "an ISO 8601 instant")


def _required_instant(row: Row, name: str) -> datetime:
    found = _instant(row, name)
    if found is None:
        raise _bad(row, name, "no-date", "an ISO 8601 instant")
    return found


def _number(row: Row, name: str) -> Decimal | None:
    return _read(row, name, _finite, "a number")


def _finite(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise InvalidOperation
    return number


def _currency(text: str) -> str | None:
    return text if re.fullmatch("[A-Z]{3}", text) else None


def _count(row: Row, name: str) -> int | None:
    return _read(row, name, lambda text: _whole(_finite(text)), "a whole number")


def _whole(number: Decimal) -> int:
    if abs(number) >= 1 << 31:
        raise OverflowError
    return int(number)


def _birth_date(row: Row) -> date | None:
    """The date of birth, if it is one: accounts keep free text in that property, too."""
    text = _text(row, "date_of_birth") or ""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _bad(row: Mapping[str, object], name: str, why: str, wanted: str) -> SkipRecord:
    message = f"{name} is not {wanted}. Correct it in HubSpot; the next run reads it again"
    return SkipRecord(message, reason=why, where=f"{row.get(KEY, '?')}.{name}")


# --- the other way: what the hub writes ------------------------------------------------------

GROUP, GROUP_LABEL = "cxhub", "Customer hub"

FIELDS: tuple[OutField, ...] = (
    OutField("cxhub_golden_id", "who.golden_id", "service", label="Customer id"),
    OutField("cxhub_card", "card.text", "service", "long_text", "Customer at a glance"),
    OutField("cxhub_lifecycle", "relationship.lifecycle", "service", label="Lifecycle"),
    OutField("cxhub_open_tickets", "service.open_tickets", "service", "number", "Open tickets"),
    OutField("cxhub_consent", "permission.summary", "service", label="Permissions"),
    OutField("cxhub_loyalty", "relationship.loyalty", "analytics", label="Loyalty"),
    OutField("cxhub_nps", "voice.nps", "analytics", "number", "NPS answer"),
    OutField("cxhub_csat", "voice.csat", "analytics", "number", "CSAT answer"),
    OutField("cxhub_ces", "voice.ces", "analytics", "number", "CES answer"),
    OutField("cxhub_orders", "value.orders", "analytics", "number", "Orders"),
    OutField("cxhub_net_spend", "value.net_spend", "analytics", "number", "Net spend"),
    OutField("cxhub_aov", "value.aov", "analytics", "number", "Average order value"),
    OutField("cxhub_last_order_at", "value.last_order_at", "analytics", "datetime", "Last order"),
    OutField("cxhub_clv", "value.clv_historic", "analytics", "number", "Customer value to date"),
    OutField("cxhub_churn", "risk.churn", "analytics", label="Churn state"),
    OutField("cxhub_rfm", "value.rfm", "marketing", label="RFM segment"),
)
"""What the hub writes into a contact, unless hub.toml says otherwise."""

_TYPES: Mapping[str, tuple[str, str]] = {
    "text": ("string", "text"),
    "long_text": ("string", "textarea"),
    "number": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "boolean": ("bool", "booleancheckbox"),
}
"""The hub's field types as HubSpot's ``type`` and ``fieldType``."""


def definition(out: OutField) -> dict[str, Json]:
    """The property that holds ``out``.

    Never a unique one: one customer may own several contacts, and uniqueness cannot be undone.
    """
    kind, field_type = _TYPES[out.type]
    made: dict[str, Json] = {
        "name": out.name,
        "label": out.label or out.name,
        "groupName": GROUP,
        "type": kind,
        "fieldType": field_type,
        "formField": False,
        "description": f"Written by cxhub from {out.source} for the purpose {out.purpose}.",
    }
    return made | ({"options": _YES_NO} if kind == "bool" else {})


_YES_NO: list[Json] = [
    {"value": "true", "label": "Yes", "displayOrder": 0},
    {"value": "false", "label": "No", "displayOrder": 1},
]


def property_value(value: Value) -> str:
    """The value as HubSpot takes it: always text, empty to clear.

    >>> [property_value(v) for v in (9, 45.5, True, None)]
    ['9', '45.5', 'true', '']
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def kept_value(out: str, value: object) -> Value:
    """What the property ``out`` holds, as profiles spell it: text; instants with their offset.

    >>> kept_value("cxhub_last_order_at", "2026-11-01T09:30:00.000Z")
    '2026-11-01T09:30:00+00:00'
    """
    text = None if value is None else str(value)
    instant = instant_of(text) if out in _INSTANTS else None
    return instant.isoformat() if instant else text


_INSTANTS = frozenset(field.name for field in FIELDS if field.type == "datetime")


def property_values(values: Mapping[str, Value]) -> dict[str, str]:
    """Every value of a change as HubSpot takes it."""
    return {name: property_value(value) for name, value in values.items()}


def names(fields: Sequence[OutField]) -> frozenset[str]:
    """The properties that the hub owns."""
    return frozenset(field.name for field in fields)
