"""HubSpot's properties as canonical records: every field nullable, every meaning explicit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.hubspot import fields, mapping, rows
from connectors.hubspot.client import reason
from connectors.hubspot.config import HubSpotSettings
from hub.core.connector import OutField, Row
from hub.core.errors import SkipRecord
from hub.core.records import Address, ConsentClaim, Identifier, PartyRef, Record, decode, encode
from hub.core.secrets import Secret

TOKEN = {"token": Secret.of("pat-na1-test")}
SETTINGS = HubSpotSettings.model_validate(TOKEN | {"currency": "AUD"})
MAPS: Mapping[str, Callable[[Row, HubSpotSettings], Record]] = {
    "contacts": mapping.person,
    "companies": mapping.organisation,
    "deals": mapping.deal,
    "tickets": mapping.ticket,
    "feedback_submissions": mapping.feedback,
    "subscriptions": mapping.permissions,
}
BORN = "2025-11-01T09:30:00.000Z"


def settings(**more: Any) -> HubSpotSettings:
    return HubSpotSettings.model_validate(TOKEN | more)


def row(**values: Any) -> Row:
    return {"hs_object_id": "7", "createdate": BORN, "hs_createdate": BORN, **values}


# --- people and companies --------------------------------------------------------------------


def test_a_contact_becomes_a_person() -> None:
    """Names, contact points, address and employer, each where the hub looks for it."""
    person = mapping.person(
        row(
            firstname="Ada",
            lastname="Lovelace",
            email="ada@example.com",
            hs_additional_emails="a.l@example.org;ada@example.com",
            phone="+61 400 000 001",
            mobilephone="0400 000 001",
            date_of_birth="1984-02-29",
            address="1 Queen St",
            zip="4000",
            country="AU",
            associatedcompanyid="31",
            lastmodifieddate="2026-01-02T00:00:00Z",
        ),
        SETTINGS,
    )

    assert (person.given_name, person.family_name) == ("Ada", "Lovelace")
    assert person.emails == ["ada@example.com", "a.l@example.org"]
    assert person.phones == ["+61 400 000 001", "0400 000 001"]
    assert person.birth_date == date(1984, 2, 29)
    assert person.addresses == [Address(line1="1 Queen St", postcode="4000", country="AU")]
    assert person.organisation == PartyRef(id="31", stream="companies")
    assert person.created_at == datetime(2025, 11, 1, 9, 30, tzinfo=UTC)
    assert person.updated_at == datetime(2026, 1, 2, tzinfo=UTC)


def test_an_admin_names_identifiers_and_attributes() -> None:
    """Properties of the account's own arrive under the kind and name that hub.toml gives them."""
    chosen = settings(
        identifiers={"loyalty_number": "loyalty_card"}, attributes={"contacts": ["shop"]}
    )

    person = mapping.person(row(loyalty_number="LC 1", shop="Fitzroy", secret="no"), chosen)

    assert person.identifiers == [Identifier(kind="loyalty_card", value="LC 1")]
    assert person.attributes == {"shop": "Fitzroy"}
    assert {"loyalty_number", "shop"} <= set(mapping.properties("contacts", chosen))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"hs_merged_object_ids": "76340251;46897301"}, ["76340251", "46897301"]),
        ({"hs_calculated_merged_vids": "7:1577880000000;12:1577880000001"}, ["12"]),
        ({"hs_merged_object_ids": "12", "hs_calculated_merged_vids": "12:15778"}, ["12"]),
        ({"hs_merged_object_ids": None}, []),
    ],
    ids=["ids", "ids with times, its own among them", "both", "none"],
)
def test_merged_records_are_aliases(values: dict[str, Any], expected: Any) -> None:
    """Each absorbed record is named once, the record itself never."""
    assert rows.aliases(row(**values)) == expected


def test_free_text_in_the_birth_date_is_no_birth_date() -> None:
    """Accounts keep anything there; a contact is not lost for it."""
    assert mapping.person(row(date_of_birth="in spring"), SETTINGS).birth_date is None


# --- deals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("500", None, (50_000, "AUD")),
        ("12.345", "USD", (1_234, "USD")),
        ("700", "JPY", (700, "JPY")),
        ("1.5", "KWD", (1_500, "KWD")),
        (None, "USD", (None, None)),
    ],
)
def test_amounts_are_minor_units_of_the_deals_currency(
    amount: str | None, currency: str | None, expected: Any
) -> None:
    """Rounded once, half to even, to the currency's own minor unit."""
    deal = mapping.deal(row(amount=amount, deal_currency_code=currency), SETTINGS)

    assert (deal.amount_minor, deal.currency) == expected


def test_an_amount_in_no_currency_is_left_out() -> None:
    """Without a currency anywhere, no number is better than a wrong one."""
    deal = mapping.deal(row(amount="500"), settings())

    assert (deal.amount_minor, deal.currency) == (None, None)


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"dealstage": "closedwon"}, "won"),
        ({"dealstage": "closedlost"}, "lost"),
        ({"dealstage": "79", "hs_is_closed": "true", "hs_is_closed_won": "true"}, "won"),
        ({"dealstage": "80", "hs_is_closed": "true", "hs_is_closed_won": "false"}, "lost"),
        ({"dealstage": "contractsent"}, "open"),
        ({}, "open"),
    ],
)
def test_a_deal_is_won_lost_or_open_in_any_pipeline(values: dict[str, Any], status: str) -> None:
    """Stages of an account's own have numbers for names; HubSpot's closed flags tell."""
    assert mapping.deal(row(**values), SETTINGS).status == status


# --- tickets and feedback --------------------------------------------------------------------


def test_a_ticket_measures_its_own_service() -> None:
    """Seconds to the first reply and to the end count from its creation."""
    chosen = settings(ticket_reopens="times_reopened", ticket_agents="agents")

    ticket = mapping.ticket(
        row(
            first_agent_reply_date="2025-11-01T10:30:00Z",
            closed_date="2025-11-02T09:30:00Z",
            hs_pipeline_stage="4",
            source_type="EMAIL",
            times_reopened="2",
            agents="Ann; Bob",
            **{"associated contacts": ["3", "9"]},
        ),
        chosen,
    )

    assert (ticket.first_reply_seconds, ticket.full_resolution_seconds) == (3_600, 86_400)
    assert (ticket.status, ticket.channel) == ("closed", "email")
    assert (ticket.reopens, ticket.assignee_stations) == (2, 2)
    assert ticket.party == PartyRef(id="3", stream="contacts")


@pytest.mark.parametrize(("closed", "status"), [(None, "open"), ("2025-11-02T09:30:00Z", "closed")])
def test_unknown_stages_are_judged_by_the_close_date(closed: str | None, status: str) -> None:
    """A pipeline that hub.toml does not describe still says what is over."""
    ticket = mapping.ticket(row(hs_pipeline_stage="7970058", closed_date=closed), SETTINGS)

    assert ticket.status == status


@pytest.mark.parametrize(
    ("kind", "instrument", "scale"),
    [
        ("NPS", "nps", (0, 10)),
        ("CSAT", "csat", (1, 5)),
        ("CES", "ces", (1, 7)),
        ("CUSTOM", "custom", (None, None)),
        (None, "custom", (None, None)),
    ],
)
def test_every_score_travels_with_its_scale(
    kind: Any, instrument: str, scale: tuple[int | None, int | None]
) -> None:
    """A survey that nobody described has an unknown scale, not a guessed one."""
    answer = mapping.feedback(row(hs_survey_type=kind, hs_value="4"), SETTINGS)

    assert (answer.instrument, answer.score) == (instrument, 4)
    assert (answer.scale_min, answer.scale_max) == scale


def test_a_survey_may_be_described_by_its_name() -> None:
    """A business with its own CSAT scale says so once."""
    stars = {"instrument": "csat", "lowest": 1, "highest": 3}

    answer = mapping.feedback(
        row(hs_survey_type="CSAT", hs_survey_name="Faces", hs_value="3"),
        settings(surveys={"Faces": stars}),
    )

    assert (answer.scale_min, answer.scale_max) == (1, 3)


@pytest.mark.parametrize(
    ("values", "party"),
    [
        (
            {"associated contacts": ["5"], "hs_contact_id": "6"},
            PartyRef(id="5", stream="contacts"),
        ),
        ({"hs_contact_id": "6"}, PartyRef(id="6", stream="contacts")),
        ({"hs_contact_email_rollup": "a@b.example"}, PartyRef(id="a@b.example", by="email")),
        ({}, None),
    ],
    ids=["association", "contact id", "address only", "nobody"],
)
def test_an_answer_belongs_to_whom_hubspot_knows_best(
    values: dict[str, Any], party: PartyRef | None
) -> None:
    """Association before property, property before address."""
    assert mapping.feedback(row(**values), SETTINGS).party == party


# --- consent ---------------------------------------------------------------------------------


def status(state: str | None, **more: str) -> dict[str, Any]:
    return {
        "subscriptionId": 101,
        "subscriptionName": "Marketing Information",
        "status": state,
        "timestamp": BORN,
        **more,
    }


def claims(
    *statuses: dict[str, Any],
    email: str | None = "ada@example.com",
    chosen: HubSpotSettings = SETTINGS,
) -> list[ConsentClaim]:
    held = row(email=email, **{"subscription statuses": list(statuses)})
    return mapping.permissions(held, chosen).claims


def test_a_subscription_is_a_dated_grant_for_its_address() -> None:
    """With the legal basis that HubSpot holds for it."""
    [claim] = claims(
        status("SUBSCRIBED", legalBasis="CONSENT_WITH_NOTICE", legalBasisExplanation="form 12")
    )

    assert claim == ConsentClaim(
        purpose="marketing",
        channel="email",
        point="ada@example.com",
        decision="grant",
        strength="single",
        asserted_at=datetime(2025, 11, 1, 9, 30, tzinfo=UTC),
        basis="CONSENT_WITH_NOTICE",
        evidence="form 12",
    )


@pytest.mark.parametrize(
    ("state", "decisions"),
    [
        ("SUBSCRIBED", ["grant"]),
        ("UNSUBSCRIBED", ["withdraw"]),
        ("NOT_SPECIFIED", []),
        ("SOMETHING_NEW", []),
        (None, []),
    ],
)
def test_only_a_decision_is_a_claim(state: str | None, decisions: list[str]) -> None:
    """What was never said, and what this version does not know, claims nothing."""
    assert [claim.decision for claim in claims(status(state))] == decisions


def test_a_subscription_without_an_address_permits_nothing() -> None:
    """A grant for an address that is not there must not become one for the person."""
    assert claims(status("SUBSCRIBED"), email=None) == []


def test_types_are_mapped_by_name_or_id() -> None:
    """An admin may write either; what is not mapped is no consent."""
    by_id = settings(subscriptions={"101": "analytics"})
    other = settings(subscriptions={"Club": "marketing"})

    assert [claim.purpose for claim in claims(status("SUBSCRIBED"), chosen=by_id)] == ["analytics"]
    assert claims(status("SUBSCRIBED"), chosen=other) == []


@pytest.mark.parametrize(
    ("flag", "decisions"),
    [("true", ["withdraw"]), ("false", []), ("", []), (None, [])],
)
def test_the_opt_out_flag_withdraws_and_never_grants(
    flag: str | None, decisions: list[str]
) -> None:
    """Not having opted out of e-mail is no consent to it."""
    person = mapping.person(row(email="ada@example.com", hs_email_optout=flag), SETTINGS)

    assert [claim.decision for claim in person.consents] == decisions
    assert all(claim.asserted_at is None for claim in person.consents)


# --- whatever arrives ------------------------------------------------------------------------

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=1),
)
EXTRA = (rows.CONTACTS, rows.COMPANIES, rows.TICKETS, rows.STATUSES)


@pytest.mark.parametrize("stream", MAPS)
@given(data=st.data())
def test_any_row_maps_or_is_skipped_with_a_reason(stream: str, data: st.DataObject) -> None:
    """Whatever stands in whichever field, nothing but SkipRecord is raised."""
    names = st.sampled_from((*mapping.PROPERTIES[stream], *EXTRA, "lastmodifieddate"))
    odd = data.draw(st.dictionaries(names, ODD, max_size=6))

    try:
        record = MAPS[stream]({**row(), **odd}, SETTINGS)
    except SkipRecord as skipped:
        assert skipped.reason in {"bad-value", "no-date"}
        assert skipped.where.startswith("7.")
    else:
        assert decode(encode(record)) == record


@pytest.mark.parametrize("stream", MAPS)
def test_every_property_may_be_null(stream: str) -> None:
    """A record that shows nothing but its id and its creation still maps."""
    empty = dict.fromkeys((*mapping.PROPERTIES[stream], *EXTRA))

    record = MAPS[stream]({**empty, **row()}, SETTINGS)

    assert decode(encode(record)) == record


# --- the other way ---------------------------------------------------------------------------

TYPES = ("text", "long_text", "number", "date", "datetime", "boolean")


@pytest.mark.parametrize("kind", TYPES)
def test_every_field_type_has_a_property_definition(kind: Any) -> None:
    """None of them unique: several contacts may carry one golden id."""
    made = fields.definition(OutField("cxhub_x", "voice.nps", "analytics", kind, "X"))

    assert made["groupName"] == "cxhub"
    assert "hasUniqueValue" not in made
    assert ("options" in made) == (kind == "boolean")
    assert "analytics" in str(made["description"])


@given(
    value=st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())
)
def test_values_are_always_text(value: Any) -> None:
    """HubSpot refuses anything else, and an empty text clears."""
    written = fields.property_value(value)

    assert isinstance(written, str)
    assert (written == "") == (value in (None, ""))


@given(st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0)))
def test_instants_survive_hubspots_spelling(instant: datetime) -> None:
    """What HubSpot makes of an instant is read back as the instant that was written."""
    stamp = instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    assert fields.kept_value("cxhub_last_order_at", stamp) == instant.isoformat()


def test_an_error_is_told_without_the_values_it_quotes() -> None:
    """HubSpot's prose holds addresses; categories and codes are enough."""
    error = {
        "category": "VALIDATION_ERROR",
        "message": "Email address ada@example is invalid",
        "errors": [{"code": "INVALID_EMAIL", "in": "email", "message": "ada@example"}, "odd"],
        "context": {"properties": ["lastname"]},
    }

    assert reason(error) == "VALIDATION_ERROR (INVALID_EMAIL in email; required: lastname)"


# --- settings --------------------------------------------------------------------------------

OAUTH = {
    "client_id": "app",
    "client_secret": Secret.of("a secret"),
    "refresh_token": Secret.of("a token"),
}


@pytest.mark.parametrize(
    "credential",
    [{}, TOKEN | OAUTH, {"client_id": "app"}, TOKEN | {"client_id": "app"}],
    ids=["none", "both", "half of OAuth", "token and half of OAuth"],
)
def test_exactly_one_credential_is_wanted(credential: dict[str, Any]) -> None:
    """A token or an OAuth app's three values; the message says so."""
    with pytest.raises(ValidationError, match="exactly one credential"):
        HubSpotSettings.model_validate(credential)


def test_an_oauth_app_is_a_credential() -> None:
    """Its three values together replace the token."""
    assert HubSpotSettings.model_validate(OAUTH).token is None


@pytest.mark.parametrize(
    ("change", "same"),
    [({"currency": "USD"}, False), ({"lookback": "1h"}, True), ({"api_version": "2026-03"}, True)],
)
def test_the_mapping_version_follows_the_settings_that_give_rows_a_meaning(
    change: dict[str, Any], same: bool
) -> None:
    """Another currency makes other records of the same rows; another window does not."""
    changed = HubSpotSettings.model_validate(TOKEN | {"currency": "AUD"} | change)

    assert (mapping.version(changed) == mapping.version(SETTINGS)) is same
