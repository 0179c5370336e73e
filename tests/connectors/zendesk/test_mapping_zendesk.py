"""Zendesk's records as canonical records: every field nullable, every meaning explicit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.zendesk import mapping, rows
from connectors.zendesk.client import reason
from connectors.zendesk.config import ZendeskSettings
from connectors.zendesk.connector import ZENDESK
from connectors.zendesk.fields import FIELDS, ORGANIZATION_FIELDS, consent_definitions, definition
from hub.core.connector import OutField, Row
from hub.core.errors import SkipRecord
from hub.core.records import ConsentClaim, Identifier, PartyRef, Record, decode, encode
from hub.core.secrets import Secret

ACCOUNT = {"subdomain": "acme", "client_id": "cxhub", "client_secret": Secret.of("zd-test")}
BORN = "2025-11-01T09:30:00Z"
AT = datetime(2025, 11, 1, 9, 30, tzinfo=UTC)


def settings(**more: Any) -> ZendeskSettings:
    return ZendeskSettings.model_validate(ACCOUNT | more)


SETTINGS = settings()
STREAMS = {stream.name: stream for stream in ZENDESK.streams_for(SETTINGS)}


def row(**values: Any) -> Row:
    return {"id": 7, "created_at": BORN, "updated_at": BORN, **values}


# --- people and organisations ----------------------------------------------------------------

ADA = {
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "phone": "+61400000001",
    "locale": "en-AU",
    "role": "end-user",
    "organization_id": 31,
    "user_fields": {"loyalty_number": "L-1", "born": "1990-02-03T00:00:00Z", "plan": "gold"},
}
IDENTITIES = [
    {"user_id": 7, "type": "email", "value": "ada@example.com"},
    {"user_id": 7, "type": "email", "value": "ada@work.example.com"},
    {"user_id": 7, "type": "phone_number", "value": "+61400000002"},
    {"user_id": 7, "type": "twitter", "value": "ada"},
    {"user_id": 8, "type": "email", "value": "bob@example.com"},
]


def test_a_user_becomes_a_person() -> None:
    """Names, every address and number of hers, her organisation and the fields that were named."""
    chosen = settings(
        birth_date="born",
        identifiers={"loyalty_number": "loyalty_card", "external_id": "crm_id"},
        attributes={"users": ["plan", "notes"]},
    )
    [ada] = rows.with_identities([row(**ADA, external_id="C-9")], IDENTITIES)

    person = mapping.person(ada, chosen)

    assert person.full_name == "Ada Lovelace"
    assert person.emails == ["ada@example.com", "ada@work.example.com"]
    assert person.phones == ["+61400000001", "+61400000002"]
    assert person.birth_date == date(1990, 2, 3)
    assert person.organisation == PartyRef(id="31", stream="organizations")
    assert person.identifiers == [
        Identifier(kind="loyalty_card", value="L-1"),
        Identifier(kind="crm_id", value="C-9"),
    ]
    assert person.attributes == {"role": "end-user", "plan": "gold"}
    assert person.created_at == AT


def test_the_hubs_own_fields_lie_side_by_side() -> None:
    """Each custom field is a column of its own, so that the hub's own can be left out."""
    flat = rows.flat(row(user_fields={"cxhub_nps": 9, "plan": "gold"}, name="Ada"))

    assert flat["user field cxhub_nps"] == 9
    assert "user_fields" not in flat
    assert "user field cxhub_nps" in STREAMS["users"].ignore
    assert "user field cxhub_consent_at" in STREAMS["users"].ignore
    assert "user field cxhub_consent_at" not in STREAMS["user_consents"].ignore
    assert "user field plan" not in STREAMS["users"].ignore


def test_an_organization_becomes_an_organisation() -> None:
    """Known by its first domain; fields that were named are kept."""
    chosen = settings(attributes={"organizations": ["tier", "notes"]})
    held = row(name="Acme", domain_names=["", "acme.example.com", "acme.example.org"], notes="key")

    acme = mapping.organisation(rows.flat(held | {"organization_fields": {"tier": 2}}), chosen)

    assert (acme.name, acme.domain) == ("Acme", "acme.example.com")
    assert acme.attributes == {"tier": "2", "notes": "key"}


# --- consent ---------------------------------------------------------------------------------

NEWSLETTER = {"field": "news", "decided": "news_at", "purpose": "marketing", "channel": "email"}
SMS = {"field": "sms", "purpose": "marketing", "channel": "sms"}


@pytest.mark.parametrize(
    ("fields", "decision"),
    [
        ({"news": True, "news_at": "2026-01-02T00:00:00Z"}, "grant"),
        ({"news": True, "news_at": None}, "grant"),
        ({"news": False, "news_at": "2026-01-02T00:00:00Z"}, "withdraw"),
        ({"news": False, "news_at": None}, None),
        ({"news": None, "news_at": "2026-01-02T00:00:00Z"}, None),
        ({"news_at": "2026-01-02T00:00:00Z"}, None),
        ({}, None),
    ],
    ids=["ticked", "ticked-undated", "unticked", "never-asked", "null", "not-visible", "no-field"],
)
def test_a_box_says_what_was_decided(fields: dict[str, Any], decision: str | None) -> None:
    """Ticked grants, unticked and dated withdraws; a default and a null are mute."""
    user = rows.flat(row(email="ada@example.com", user_fields=fields))

    claims = mapping.permissions(user, settings(consents=[NEWSLETTER])).claims

    assert [claim.decision for claim in claims] == ([decision] if decision else [])
    assert all(claim.point == "ada@example.com" for claim in claims)


def test_a_box_without_a_date_is_taken_at_its_word() -> None:
    """Where the admin says that no date is kept, an unticked box means no; for the phone."""
    user = rows.flat(row(phone="+61400000001", user_fields={"sms": False}))

    [claim] = mapping.permissions(user, settings(consents=[SMS])).claims

    assert claim == ConsentClaim(
        purpose="marketing",
        channel="sms",
        point="+61400000001",
        decision="withdraw",
        evidence="user field sms",
    )


# --- service ---------------------------------------------------------------------------------

METRICS = {
    "ticket_id": 7,
    "reopens": 2,
    "replies": 4,
    "assignee_stations": 3,
    "solved_at": "2025-11-03T09:30:00Z",
    "reply_time_in_minutes": {"calendar": 90, "business": 30},
    "full_resolution_time_in_minutes": {"calendar": 2880, "business": 600},
    "requester_wait_time_in_minutes": {"calendar": 120, "business": 60},
}
TICKET = {
    "requester_id": 101,
    "organization_id": 31,
    "subject": "Late",
    "description": "Where is it?",
    "status": "hold",
    "priority": "high",
    "type": "incident",
    "via": {"channel": "email"},
    "assignee_id": 5,
    "custom_fields": [{"id": 27642, "value": "745"}, {"id": 27648, "value": None}],
}


def test_a_ticket_carries_what_zendesk_measured() -> None:
    """Calendar minutes as seconds; the fields that were named, by id."""
    [held] = rows.with_metrics([row(**TICKET)], [METRICS])

    ticket = mapping.ticket(held, settings(attributes={"tickets": ["27642", "27648"]}))

    assert ticket.party == PartyRef(id="101", stream="users")
    assert (ticket.status, ticket.channel, ticket.category) == ("on_hold", "email", "incident")
    assert (ticket.reopens, ticket.replies, ticket.assignee_stations) == (2, 4, 3)
    assert ticket.first_reply_seconds == 90 * 60
    assert ticket.full_resolution_seconds == 2 * 86_400
    assert ticket.requester_wait_seconds == 7_200
    assert ticket.solved_at == datetime(2025, 11, 3, 9, 30, tzinfo=UTC)
    assert ticket.attributes == {"27642": "745"}


def test_a_messaging_ticket_is_measured_in_seconds() -> None:
    """The finer figure goes before the minutes."""
    metrics = METRICS | {"reply_time_in_seconds": {"calendar": 42}}

    ticket = mapping.ticket(row(**TICKET, metric_set=metrics), SETTINGS)

    assert ticket.first_reply_seconds == 42


def test_a_ticket_without_metrics_claims_none() -> None:
    """Not measured is not zero."""
    [held] = rows.with_metrics([row(**TICKET)], [])

    ticket = mapping.ticket(held, SETTINGS)

    assert (ticket.reopens, ticket.first_reply_seconds, ticket.solved_at) == (None, None, None)


@pytest.mark.parametrize(
    ("author", "role", "public", "direction", "party"),
    [
        (101, "end-user", True, "in", "101"),
        (101, None, True, "in", "101"),
        (102, "end-user", True, "in", "102"),
        (5, "agent", True, "out", "101"),
        (5, "agent", False, "out", "101"),
    ],
    ids=["requester", "requester-gone", "copied-customer", "agent", "note"],
)
def test_a_comment_has_a_direction(
    author: int, role: str | None, public: bool, direction: str, party: str
) -> None:
    """From a customer or to one; what agents tell each other is not public."""
    event = {
        "id": 1,
        "ticket_id": 20,
        "created_at": BORN,
        "child_events": [
            {"id": 2, "event_type": "Change", "status": "open"},
            {
                "id": 3,
                "event_type": "Comment",
                "author_id": author,
                "public": public,
                "body": "Hello",
                "via": {"channel": "email"},
            },
        ],
    }
    [comment] = rows.comments(event)

    message = mapping.message(comment | {rows.REQUESTER: 101, rows.AUTHOR_ROLE: role})

    assert message.party is not None
    assert (message.direction, message.public, message.party.id) == (direction, public, party)
    assert (message.ticket, message.text, message.channel) == ("20", "Hello", "email")


# --- what customers said ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "value"), [("good", 1.0), ("bad", 0.0), ("offered", None), ("unoffered", None)]
)
def test_a_legacy_rating_is_good_or_bad(score: str, value: float | None) -> None:
    """On a scale of two; an offer has no score."""
    answer = mapping.rating(row(score=score, requester_id=101, ticket_id=20, comment="ok"))

    assert (answer.instrument, answer.score, answer.scale_min, answer.scale_max) == (
        "csat", value, 0, 1,
    )  # fmt: skip
    assert (answer.ticket, answer.comment, answer.attributes["score"]) == ("20", "ok", score)


RATED: Mapping[str, Any] = {
    "type": "rating_scale",
    "rating": 2,
    "rating_category": "bad",
    "question": {
        "sub_type": "customer_satisfaction",
        "options": [{"rating": 1}, {"rating": 2}, {"rating": 3}],
    },
    "created_at": BORN,
    "updated_at": "2025-11-02T09:30:00Z",
}
SAID = {"type": "open_ended", "value": "Too slow", "question": {}, "created_at": BORN}
SURVEY: Mapping[str, Any] = {
    "id": "01J1WB51MG6HXTYWE6Q0C93RNW",
    "responder_id": 101,
    "subject_zrns": ["zen:conversation:c", "zen:ticket:20"],
    "survey": {"id": "S1"},
    "answers": [{"type": "skipped", "created_at": BORN}, RATED, SAID],
}


def test_a_survey_response_is_read_on_its_own_scale() -> None:
    """The scale is what the question offered; the comment is the open answer."""
    answer = mapping.survey_response(rows.offered(SURVEY), SETTINGS)

    assert (answer.score, answer.scale_min, answer.scale_max) == (2, 1, 3)
    assert (answer.ticket, answer.survey, answer.comment) == ("20", "S1", "Too slow")
    assert answer.at == datetime(2025, 11, 2, 9, 30, tzinfo=UTC)
    assert answer.attributes == {"rating_category": "bad"}


def test_a_scale_that_is_not_shown_is_the_admins() -> None:
    """A response without options is on the scale that the settings name."""
    bare = {**RATED, "question": {"sub_type": "customer_satisfaction"}}

    answer = mapping.survey_response(
        rows.offered({**SURVEY, "answers": [bare]}), settings(csat_points=3)
    )

    assert (answer.scale_min, answer.scale_max) == (1, 3)


def test_another_question_is_no_csat() -> None:
    """Its rating is not taken for satisfaction."""
    other = {**RATED, "question": {"sub_type": "other"}}

    answer = mapping.survey_response(rows.offered({**SURVEY, "answers": [other]}), SETTINGS)

    assert answer.score is None


def test_an_unanswered_survey_is_dated_by_its_offer() -> None:
    """The id tells when; without answers nothing else does."""
    answer = mapping.survey_response(rows.offered({**SURVEY, "answers": []}), SETTINGS)

    assert answer.at == datetime(2024, 7, 3, 13, 4, 44, 176_000, tzinfo=UTC)
    assert answer.score is None


# --- rubbish ---------------------------------------------------------------------------------

WHOLE: Mapping[str, Row] = {
    "users": rows.with_identities([row(**ADA)], IDENTITIES)[0],
    "organizations": row(name="Acme", domain_names=["acme.example.com"]),
    "tickets": row(**TICKET, metric_set=METRICS),
    "comments": row(ticket_id=20, author_id=5, body="Hi", via={"channel": "web"}),
    "satisfaction_ratings": row(score="good", requester_id=1, ticket_id=2),
    "survey_responses": rows.offered(SURVEY),
    "user_consents": row(email="a@b.example", **{"user field cxhub_consent_email": True}),
}
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@pytest.mark.parametrize("stream", WHOLE)
@pytest.mark.parametrize("value", [None, "", [], {}], ids=repr)
def test_every_field_may_be_null(stream: str, value: Any) -> None:
    """One by one and all at once: the record maps, or its row is skipped with a reason."""
    held, convert = WHOLE[stream], STREAMS[stream].map
    for name in held.keys() - {"id"}:
        _maps_or_skips(convert, {**held, name: value})
    _maps_or_skips(convert, {"id": 7} | dict.fromkeys(held.keys() - {"id"}, value))
    _maps_or_skips(convert, {"id": 7})


@settings_of_hypothesis(max_examples=60)
@given(stream=st.sampled_from(sorted(WHOLE)), data=st.data(), junk=JUNK)
def test_no_value_is_a_surprise(stream: str, data: st.DataObject, junk: Any) -> None:
    """Whatever JSON stands in a field, at most its own row is lost."""
    held = WHOLE[stream]
    name = data.draw(st.sampled_from(sorted(held.keys() - {"id"})))

    _maps_or_skips(STREAMS[stream].map, {**held, name: junk})


def _maps_or_skips(convert: Callable[[Row], Record], held: Row) -> None:
    try:
        record = convert(held)
    except SkipRecord as skipped:
        assert skipped.where.startswith("7.") or skipped.where.startswith("0")
        return
    assert decode(encode(record)) == record


@pytest.mark.parametrize("stream", WHOLE)
def test_an_unknown_field_changes_nothing(stream: str) -> None:
    """What Zendesk adds tomorrow is kept in the raw row and means nothing yet."""
    held, convert = WHOLE[stream], STREAMS[stream].map

    assert convert({**held, "of tomorrow": {"x": [1]}}) == convert(held)


def test_a_setting_that_changes_the_meaning_changes_the_version() -> None:
    """Stored rows are then mapped again; where the account is has no meaning."""
    plain = mapping.version(SETTINGS)

    assert mapping.version(settings(birth_date="born")) != plain
    assert mapping.version(settings(csat_points=3)) != plain
    assert mapping.version(settings(lookback="1h", client_id="other")) == plain


# --- out -------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", [*FIELDS, *ORGANIZATION_FIELDS], ids=lambda field: field.name)
def test_a_field_is_defined_as_zendesk_has_it(field: OutField) -> None:
    """A key of its own namespace, a title, a type of Zendesk's."""
    made = definition(field)

    assert str(made["key"]).startswith("cxhub_")
    assert made["title"] == field.label != ""
    assert made["type"] in {"text", "textarea", "checkbox", "date", "integer", "decimal"}


def test_consent_is_a_box_and_a_date() -> None:
    """The two fields by which a withdrawal is told from a default."""
    made = consent_definitions(SETTINGS.consents[0])

    assert [(each["key"], each["type"]) for each in made] == [
        ("cxhub_consent_email", "checkbox"),
        ("cxhub_consent_at", "date"),
    ]


# --- settings and errors ---------------------------------------------------------------------

OAUTH = {"client_id": "a", "client_secret": Secret.of("b")}
LEGACY = {"email": "owner@example.com", "api_token": Secret.of("c")}


@pytest.mark.parametrize(
    "given",
    [
        {"subdomain": "acme"},
        {**OAUTH},
        {"subdomain": "acme", "base_url": "https://acme.zendesk.com", **OAUTH},
        {"subdomain": "acme", **OAUTH, **LEGACY},
        {"subdomain": "acme", "client_id": "a"},
        {"subdomain": "acme", "refresh_token": Secret.of("r"), **LEGACY},
        {"subdomain": "https://acme.zendesk.com", **OAUTH},
        {"subdomain": "acme", **OAUTH, "token": "x"},
    ],
    ids=["no-credential", "no-address", "two-addresses", "two-credentials", "half", "mixed", "url",
         "unknown"],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(given: dict[str, Any]) -> None:
    """One address, one credential, no unknown key."""
    with pytest.raises(ValidationError):
        ZendeskSettings.model_validate(given)


def test_an_account_is_found_by_its_subdomain() -> None:
    """Over https, and nowhere else."""
    assert SETTINGS.root == "https://acme.zendesk.com"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": "RecordNotFound", "description": "Not found"}, "RecordNotFound"),
        ({"error": {"title": "Forbidden", "message": "ada@example.com"}}, "Forbidden"),
        ({"errors": [{"code": "TooManyRequests", "title": "ada@example.com"}]}, "TooManyRequests"),
        (
            {
                "error": "RecordInvalid",
                "description": "Record validation errors",
                "details": {
                    "email": [
                        {"description": "ada@example.com is used", "error": "DuplicateValue"}
                    ],
                    "phone": [{"description": "+61 is bad"}],
                },
            },
            "RecordInvalid (email: DuplicateValue; phone)",
        ),
        ({"error": "InternalError", "details": "The record"}, "InternalError"),
        ({"detail": "Rate limited by Zendesk edge protection", "status": "429"}, "no code"),
        ("<html>", "no code"),
        (None, "no code"),
    ],
)
def test_errors_are_told_without_their_prose(body: object, told: str) -> None:
    """Codes and field names only: sentences quote values."""
    assert reason(body) == told
