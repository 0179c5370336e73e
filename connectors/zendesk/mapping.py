"""Zendesk's records as the hub's: one function per stream. Pure: the same row, the same record."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from connectors.zendesk.config import ConsentField, ObjectType, ZendeskSettings
from connectors.zendesk.rows import (
    AUTHOR_ROLE,
    IDENTITIES,
    KEY,
    METRICS,
    OFFERED,
    REQUESTER,
    TICKET,
    objects,
    organization_field,
    part,
    user_field,
)
from hub.core.connector import Row
from hub.core.records import (
    ConsentClaim,
    ConsentSignal,
    Feedback,
    Message,
    Organisation,
    PartyRef,
    Person,
    Ticket,
)
from hub.core.values import Values, birth_date, flag, identifiers, known, lower, present, text

_VERSION = 1  # raise it when a map below changes

_VALUES = Values("Zendesk", KEY)
_MINUTE = 60

Object = Mapping[str, Any]


def version(settings: ZendeskSettings) -> int:
    """A number that changes when the same row would become another record."""
    meaning = settings.model_dump_json(
        include={"csat_points", "consents", "birth_date", "identifiers", "attributes"}
    )
    return _VERSION << 32 | zlib.crc32(meaning.encode())


# --- parties ---------------------------------------------------------------------------------


def person(row: Row, settings: ZendeskSettings) -> Person:
    """The person behind a user, with every address that Zendesk knows them by."""
    return Person(
        full_name=text(row, "name"),
        nickname=text(row, "alias"),
        birth_date=_birth_date(row, settings),
        language=text(row, "locale"),
        organisation=_ref(row, "organization_id", "organizations"),
        emails=present(text(row, "email"), *_identities(row, "email")),
        phones=present(text(row, "phone"), *_identities(row, "phone_number")),
        identifiers=identifiers(
            settings.identifiers, lambda key: text(row, user_field(key)) or text(row, key)
        ),
        created_at=_VALUES.instant(row, "created_at"),
        updated_at=_VALUES.instant(row, "updated_at"),
        attributes=known(
            {"role": text(row, "role"), "time_zone": text(row, "iana_time_zone")},
            {key: text(row, user_field(key)) or text(row, key) for key in _kept("users", settings)},
        ),
    )


def organisation(row: Row, settings: ZendeskSettings) -> Organisation:
    """The organisation, known by the first of its domains."""
    domains = row.get("domain_names")
    listed = domains if isinstance(domains, list) else []
    return Organisation(
        name=text(row, "name"),
        domain=next((name for name in listed if name and isinstance(name, str)), None),
        created_at=_VALUES.instant(row, "created_at"),
        updated_at=_VALUES.instant(row, "updated_at"),
        attributes=known(
            {
                key: text(row, organization_field(key)) or text(row, key)
                for key in _kept("organizations", settings)
            },
        ),
    )


def _birth_date(row: Row, settings: ZendeskSettings) -> date | None:
    return birth_date(row, user_field(settings.birth_date)) if settings.birth_date else None


def _identities(row: Row, kind: str) -> list[str | None]:
    return [
        text(item, "value") for item in objects(row.get(IDENTITIES)) if item.get("type") == kind
    ]


# --- consent ---------------------------------------------------------------------------------


def permissions(row: Row, settings: ZendeskSettings) -> ConsentSignal:
    """What a user's checkboxes say; a box that was never decided about says nothing."""
    claims = [claim for field in settings.consents if (claim := _claim(row, field)) is not None]
    return ConsentSignal(party=PartyRef(id=str(row[KEY]), stream="users"), claims=claims)


def _claim(row: Row, field: ConsentField) -> ConsentClaim | None:
    ticked, decided = flag(row, user_field(field.field)), None
    if field.decided is not None:
        decided = _VALUES.instant(row, user_field(field.decided))
        if decided is None and not ticked:
            return None
    if ticked is None:
        return None
    return ConsentClaim(
        purpose=field.purpose,
        channel=field.channel,
        point=text(row, _POINTS[field.channel]) if field.channel in _POINTS else None,
        decision="grant" if ticked else "withdraw",
        strength="single" if ticked else "unknown",
        asserted_at=decided,
        evidence=f"user field {field.field}",
    )


_POINTS = {"email": "email", "sms": "phone", "phone": "phone"}


# --- service ---------------------------------------------------------------------------------

_STATUSES: Mapping[str, Literal["new", "open", "pending", "on_hold", "solved", "closed"]] = {
    "new": "new",
    "open": "open",
    "pending": "pending",
    "hold": "on_hold",
    "solved": "solved",
    "closed": "closed",
}


def ticket(row: Row, settings: ZendeskSettings) -> Ticket:
    """The ticket of its requester, with what Zendesk measured of it in calendar hours."""
    measured = part(row.get(METRICS))
    return Ticket(
        party=_ref(row, "requester_id", "users"),
        organisation=_ref(row, "organization_id", "organizations"),
        at=_VALUES.required_instant(row, "created_at"),
        subject=text(row, "subject"),
        body=text(row, "description"),
        status=_STATUSES.get(lower(row, "status") or "", "open"),
        priority=lower(row, "priority"),
        channel=_channel(row),
        category=lower(row, "type"),
        assignee=text(row, "assignee_id"),
        solved_at=_VALUES.instant(measured, "solved_at"),
        reopens=_VALUES.count(measured, "reopens"),
        assignee_stations=_VALUES.count(measured, "assignee_stations"),
        replies=_VALUES.count(measured, "replies"),
        first_reply_seconds=_first_reply(measured),
        full_resolution_seconds=_seconds(measured, "full_resolution_time_in_minutes"),
        requester_wait_seconds=_seconds(measured, "requester_wait_time_in_minutes"),
        attributes=known(_ticket_fields(row, _kept("tickets", settings))),
    )


def _first_reply(metrics: Object) -> int | None:
    """Seconds to the first public reply; messaging tickets are measured finer."""
    seconds = _VALUES.count(part(metrics.get("reply_time_in_seconds")), "calendar")
    return _seconds(metrics, "reply_time_in_minutes") if seconds is None else seconds


def _seconds(metrics: Object, name: str) -> int | None:
    minutes = _VALUES.count(part(metrics.get(name)), "calendar")
    return None if minutes is None else minutes * _MINUTE


def _ticket_fields(row: Row, wanted: Sequence[str]) -> dict[str, str | None]:
    held = {str(item.get("id")): item for item in objects(row.get("custom_fields"))}
    return {key: text(held[key], "value") for key in wanted if key in held}


def message(row: Row) -> Message:
    """A comment: from the customer, or to them; an internal note is not public."""
    inward = row.get("author_id") == row.get(REQUESTER) or lower(row, AUTHOR_ROLE) == "end-user"
    public = flag(row, "public") is not False
    return Message(
        at=_VALUES.required_instant(row, "created_at"),
        party=_ref(row, "author_id" if inward else REQUESTER, "users"),
        ticket=text(row, TICKET),
        direction="in" if inward and public else "out",
        public=public,
        channel=_channel(row),
        author=text(row, "author_id"),
        text=text(row, "plain_body") or text(row, "body"),
    )


# --- what customers said ---------------------------------------------------------------------

_SCORES = {"good": 1.0, "bad": 0.0}


def rating(row: Row) -> Feedback:
    """An answer to the legacy CSAT question, 0 (bad) or 1 (good); an offer has no score yet."""
    score = lower(row, "score")
    answered = _VALUES.instant(row, "updated_at")
    return Feedback(
        at=answered or _VALUES.required_instant(row, "created_at"),
        instrument="csat",
        party=_ref(row, "requester_id", "users"),
        score=_SCORES.get(score or ""),
        scale_min=0,
        scale_max=1,
        comment=text(row, "comment"),
        ticket=text(row, "ticket_id"),
        attributes=known({"score": score, "reason": text(row, "reason")}),
    )


def survey_response(row: Row, settings: ZendeskSettings) -> Feedback:
    """An answer to a CSAT survey, on the scale that its question offers."""
    answers = objects(row.get("answers"))
    rated = next((item for item in answers if _is_csat(item)), None)
    lowest, highest = _scale(rated or {}, settings)
    score = _VALUES.number(rated, "rating") if rated else None
    return Feedback(
        at=_answered_at(row, [*([rated] if rated else []), *answers]),
        instrument="csat",
        party=_ref(row, "responder_id", "users"),
        score=None if score is None else float(score),
        scale_min=lowest,
        scale_max=highest,
        comment=next((said for item in answers if (said := _comment(item))), None),
        survey=text(part(row.get("survey")), "id") or text(row, "survey_id"),
        ticket=_subject(row),
        attributes=known({"rating_category": text(rated, "rating_category")} if rated else {}),
    )


def _is_csat(answer: Object) -> bool:
    asked = part(answer.get("question")).get("sub_type")
    return answer.get("type") == "rating_scale" and asked in ("customer_satisfaction", None)


def _scale(answer: Object, settings: ZendeskSettings) -> tuple[float, float]:
    options = objects(part(answer.get("question")).get("options"))
    ratings = [float(rate) for item in options if isinstance(rate := item.get("rating"), int)]
    return (min(ratings), max(ratings)) if ratings else (1, settings.csat_points)


def _comment(answer: Object) -> str | None:
    return text(answer, "value") if answer.get("type") == "open_ended" else None


def _answered_at(row: Row, answers: Sequence[Object]) -> datetime:
    for answer in answers:
        for name in ("updated_at", "created_at"):
            if (at := _VALUES.instant(answer, name)) is not None:
                return at
    return _VALUES.required_instant(row, OFFERED)


def _subject(row: Row) -> str | None:
    """Id of the ticket that was asked about."""
    named = [text(item, "id") for item in objects(row.get("subjects")) if _is_ticket(item)]
    zrns = row.get("subject_zrns")
    named += [_ticket_of(str(zrn)) for zrn in (zrns if isinstance(zrns, list) else [])]
    return next((name for name in named if name), None)


def _ticket_of(zrn: str) -> str | None:
    """Id in a resource name such as ``zen:ticket:99``, if it is a ticket's."""
    _, kind, number = [*zrn.split(":", 2), "", ""][:3]
    return number if kind == "ticket" else None


def _is_ticket(subject: Object) -> bool:
    return subject.get("type") == "ticket"


# --- parts -----------------------------------------------------------------------------------


def _ref(row: Object, name: str, stream: str) -> PartyRef | None:
    found = text(row, name)
    return PartyRef(id=found, stream=stream) if found else None


def _channel(row: Row) -> str | None:
    return lower(part(row.get("via")), "channel") or lower(row, "via")


def _kept(kind: ObjectType, settings: ZendeskSettings) -> tuple[str, ...]:
    return settings.attributes.get(kind, ())
