"""Salesforce's records as canonical ones: every field nullable, every meaning explicit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.salesforce import fields, mapping, permissions
from connectors.salesforce.config import SalesforceSettings
from connectors.salesforce.describe import Described, Field, SchemaChange, Shape
from connectors.salesforce.rows import BEGUN, INDIVIDUAL, PARTIES, PHONES, PURPOSE
from hub.core.connector import Row
from hub.core.errors import SkipRecord
from hub.core.records import (
    Address,
    ConsentClaim,
    Identifier,
    PartyRef,
    Person,
    Record,
    decode,
    encode,
)
from hub.core.secrets import Secret

BORN = "2025-11-01T09:30:00.000+0000"
CONTACT = "0035g0000000001AAA"
ACCOUNT = "0015g0000000001AAA"
LEAD = "00Q5g0000000001AAA"
BASE = {
    "base_url": "https://acme.my.salesforce.com",
    "client_id": "key",
    "client_secret": Secret.of("secret"),
}
MAPS: Mapping[str, Callable[[Row, SalesforceSettings], Record]] = {
    "accounts": mapping.organisation,
    "contacts": mapping.contact,
    "leads": mapping.lead,
    "person_accounts": mapping.person_account,
    "cases": mapping.case,
    "opportunities": mapping.opportunity,
    "tasks": mapping.task,
    "events": mapping.event,
    "contact_consents": permissions.opt_outs,
    "lead_consents": partial(permissions.opt_outs, people="leads"),
    "person_account_consents": partial(permissions.opt_outs, people="person_accounts"),
    "individuals": permissions.individual,
    "contact_point_consents": permissions.contact_point,
}


def settings(**more: Any) -> SalesforceSettings:
    return SalesforceSettings.model_validate(BASE | {"currency": "AUD"} | more)


def row(**values: Any) -> Row:
    return {"Id": CONTACT, "CreatedDate": BORN, "SystemModstamp": BORN, **values}


SETTINGS = settings(
    identifiers={"Loyalty__c": "loyalty_card"},
    attributes={"contacts": ["Store__c"]},
    case_reopens="Reopens__c",
    case_agents="Agents__c",
)


# --- people and organisations ----------------------------------------------------------------


def test_a_contact_becomes_a_person() -> None:
    """Names, contact points, addresses, card and employer, each where the hub looks for it."""
    person = mapping.contact(
        row(
            Salutation="Dr.",
            FirstName="Ada",
            LastName="Lovelace",
            Email="ada@example.com",
            Phone="+61 400 000 001",
            MobilePhone="+61 400 000 001",
            HomePhone="07 1234",
            Birthdate="1984-02-29",
            AccountId=ACCOUNT,
            MailingStreet="1 Queen St",
            MailingCity="Brisbane",
            OtherCity="Perth",
            Loyalty__c="L1",
            Store__c="West End",
        ),
        SETTINGS,
    )

    assert (person.title, person.given_name, person.family_name) == ("Dr.", "Ada", "Lovelace")
    assert (person.emails, person.phones) == (["ada@example.com"], ["+61 400 000 001", "07 1234"])
    assert person.birth_date == date(1984, 2, 29)
    assert person.organisation == PartyRef(id=ACCOUNT, stream="accounts")
    assert person.addresses == [Address(line1="1 Queen St", city="Brisbane"), Address(city="Perth")]
    assert person.identifiers == [Identifier(kind="loyalty_card", value="L1")]
    assert person.attributes == {"Store__c": "West End"}
    assert person.created_at == datetime(2025, 11, 1, 9, 30, tzinfo=UTC)


def test_a_converted_lead_says_what_it_became() -> None:
    """It stays a person of its own; identity decides, with the contact's id at hand."""
    lead = mapping.lead(
        row(Id=LEAD, LastName="Ada", IsConverted=True, ConvertedContactId=CONTACT), SETTINGS
    )
    open_lead = mapping.lead(row(Id=LEAD, LastName="Ada", IsConverted=False), SETTINGS)

    assert lead.lifecycle == "converted lead"
    assert lead.attributes["ConvertedContactId"] == CONTACT
    assert open_lead.lifecycle == "lead"


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("https://www.acme.example/shop?x=1", "acme.example"),
        ("ACME.example", "acme.example"),
        ("", None),
        (None, None),
    ],
)
def test_a_web_site_gives_the_domain(website: str | None, domain: str | None) -> None:
    """People write it in any way."""
    assert mapping.organisation(row(Website=website), SETTINGS).domain == domain


# --- what happened with them -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"Status": "New"}, "new"),
        ({"Status": "On Hold"}, "on_hold"),
        ({"Status": "Waiting for parts", "IsClosed": False}, "open"),
        ({"Status": "Withdrawn", "IsClosed": True}, "closed"),
        ({}, "open"),
    ],
)
def test_a_case_has_the_status_that_the_org_means(values: Row, status: str) -> None:
    """Known statuses by name, others by whether they close the case."""
    assert mapping.case(row(**values), SETTINGS).status == status


def test_a_case_hangs_on_its_contact_and_account() -> None:
    """Without a contact, on the address it came from."""
    known = mapping.case(row(ContactId=CONTACT, AccountId=ACCOUNT), SETTINGS)
    unknown = mapping.case(row(SuppliedEmail="ada@example.com"), SETTINGS)

    assert known.party == PartyRef(id=CONTACT, stream="contacts")
    assert known.organisation == PartyRef(id=ACCOUNT, stream="accounts")
    assert unknown.party == PartyRef(id="ada@example.com", by="email")


@pytest.mark.parametrize("make", [mapping.case, mapping.opportunity], ids=["case", "deal"])
def test_what_happens_to_a_person_account_hangs_on_the_account(
    make: Callable[[Row, SalesforceSettings], Any],
) -> None:
    """The contact behind it is nobody that the hub reads."""
    made = make(
        row(ContactId=CONTACT, AccountId=ACCOUNT, Account={"IsPersonAccount": True}), SETTINGS
    )

    assert made.party == PartyRef(id=ACCOUNT, stream="person_accounts")
    assert made.organisation is None


def test_a_case_measures_what_it_took() -> None:
    """Seconds to resolution, reopenings, hands: counted or listed."""
    case = mapping.case(
        row(ClosedDate="2025-11-01T10:30:00.000+0000", Reopens__c=2.0, Agents__c="Mia;Sam"),
        SETTINGS,
    )

    assert (case.full_resolution_seconds, case.reopens, case.assignee_stations) == (3_600, 2, 2)
    assert mapping.case(row(Agents__c=3.0), SETTINGS).assignee_stations == 3


@pytest.mark.parametrize(
    ("values", "status", "closed"),
    [
        ({"IsClosed": True, "IsWon": True, "CloseDate": "2025-12-24"}, "won", True),
        ({"IsClosed": True, "IsWon": False, "CloseDate": "2025-12-24"}, "lost", True),
        ({"IsClosed": False, "CloseDate": "2026-12-24"}, "open", False),
        ({}, "open", False),
    ],
    ids=["won", "lost", "open", "hidden"],
)
def test_an_open_opportunity_is_not_closed_by_its_expected_date(
    values: Row, status: str, closed: bool
) -> None:
    """CloseDate is a hope until IsClosed."""
    deal = mapping.opportunity(row(**values), SETTINGS)

    assert (deal.status, deal.closed_at is not None) == (status, closed)


@pytest.mark.parametrize(
    ("values", "currency", "amount"),
    [
        ({"Amount": 12.5}, "AUD", (1_250, "AUD")),
        ({"Amount": 12.5, "CurrencyIsoCode": "JPY"}, "AUD", (12, "JPY")),
        ({"Amount": 12.5}, None, (None, None)),
        ({}, "AUD", (None, None)),
    ],
)
def test_an_amount_has_a_currency_or_is_none(
    values: Row, currency: str | None, amount: tuple[int | None, str | None]
) -> None:
    """The record's own currency goes before the org's."""
    deal = mapping.opportunity(row(**values), settings(currency=currency))

    assert (deal.amount_minor, deal.currency) == amount


@pytest.mark.parametrize(
    ("who", "party"),
    [
        (CONTACT, PartyRef(id=CONTACT, stream="contacts")),
        (LEAD, PartyRef(id=LEAD, stream="leads")),
        ("5005g0000000001AAA", None),
        (None, None),
    ],
)
def test_an_activity_hangs_on_contact_or_lead(who: str | None, party: PartyRef | None) -> None:
    """By the first characters of the id; other things are no people."""
    assert mapping.task(row(WhoId=who), SETTINGS).party == party
    assert mapping.event(row(WhoId=who), SETTINGS).party == party


def test_a_task_is_done_when_it_says_so() -> None:
    """By its time of completion, else by its due date once it is closed."""
    open_task = mapping.task(row(ActivityDate="2025-11-05"), SETTINGS)
    closed = mapping.task(row(ActivityDate="2025-11-05", IsClosed=True), SETTINGS)

    assert (open_task.due_at, open_task.done_at) == (datetime(2025, 11, 5, tzinfo=UTC), None)
    assert closed.done_at == datetime(2025, 11, 5, tzinfo=UTC)


# --- consent ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "channels"),
    [
        ({"HasOptedOutOfEmail": True}, ["email"]),
        ({"DoNotCall": True}, ["phone"]),
        ({"HasOptedOutOfFax": True}, ["fax"]),
        ({"HasOptedOutOfEmail": False, "DoNotCall": False}, []),
        ({"HasOptedOutOfEmail": None}, []),
        ({}, []),
    ],
)
def test_a_box_refuses_and_never_grants(values: Row, channels: list[str]) -> None:
    """Ticked withdraws; not ticked and not visible say nothing."""
    claims = permissions.opt_outs(row(**values), SETTINGS).claims

    assert [claim.channel for claim in claims] == channels
    assert {claim.decision for claim in claims} <= {"withdraw"}


def test_an_opt_out_is_about_the_addresses_of_the_record() -> None:
    """Each phone, each purpose; without an address, about the whole person."""
    told = settings(opt_out_purposes=["marketing", "analytics"])
    numbers = {"Phone": "1", "MobilePhone": None, "HomePhone": "", "OtherPhone": "2"}
    phones = permissions.opt_outs(row(DoNotCall=True, **numbers), told).claims
    nowhere = permissions.opt_outs(row(HasOptedOutOfEmail=True, Email=None), SETTINGS).claims

    assert {(claim.purpose, claim.point) for claim in phones} == {
        ("marketing", "1"),
        ("marketing", "2"),
        ("analytics", "1"),
        ("analytics", "2"),
    }
    assert [claim.point for claim in nowhere] == [None]


@pytest.mark.parametrize(
    ("people", "box"),
    [
        ("contacts", "DoNotCall"),
        ("leads", "DoNotCall"),
        ("person_accounts", "PersonDoNotCall"),
    ],
)
def test_do_not_call_is_about_every_phone_that_makes_the_person(people: str, box: str) -> None:
    """Whatever the mapping reads as a phone; one that is hidden makes it the whole person."""
    numbers = {name: f"+61 400 000 {n:03d}" for n, name in enumerate(PHONES[people])}
    seen = row(**numbers, **{box: True})

    person = MAPS[people](seen, SETTINGS)
    refused = permissions.opt_outs(seen, SETTINGS, people=people).claims
    del seen[PHONES[people][-1]]
    hidden = permissions.opt_outs(seen, SETTINGS, people=people).claims

    assert isinstance(person, Person)
    assert [claim.point for claim in refused] == person.phones == list(numbers.values())
    assert [claim.point for claim in hidden] == [None]


def test_a_contact_refuses_what_its_individual_refuses() -> None:
    """Beside its own boxes; false and hidden say nothing."""
    said = {"Id": "0PK5g0000000001AAA", "HasOptedOutSolicit": True, "HasOptedOutTracking": False}

    signal = permissions.opt_outs(row(**{INDIVIDUAL: said}), SETTINGS)

    assert signal.claims == [ConsentClaim(purpose="marketing", channel="*", decision="object")]


def test_an_individual_objects_for_the_first_of_its_people() -> None:
    """By purpose on every channel; not to be processed at all restricts everything."""
    people = [{"Id": CONTACT}, {"Id": LEAD}]

    signal = permissions.individual(
        row(HasOptedOutSolicit=True, HasOptedOutProcessing=True, **{PARTIES: people}), SETTINGS
    )

    assert signal.party == PartyRef(id=CONTACT, stream="contacts")
    assert signal.claims == [
        ConsentClaim(purpose="marketing", channel="*", decision="object"),
        ConsentClaim(purpose="*", channel="*", decision="restrict"),
    ]


@pytest.mark.parametrize("make", [permissions.individual, permissions.contact_point])
def test_an_individual_that_nobody_is_linked_to_waits_in_quarantine(
    make: Callable[[Row, SalesforceSettings], Record],
) -> None:
    """Its wishes belong to somebody; the reason says how to tell whom."""
    with pytest.raises(SkipRecord) as caught:
        make(row(**{PARTIES: []}), SETTINGS)

    assert caught.value.reason == "no-party"


@pytest.mark.parametrize(
    ("values", "claims"),
    [
        ({"PrivacyConsentStatus": "OptIn"}, [("grant", "single", "ada@example.com")]),
        (
            {"PrivacyConsentStatus": "OptIn", "DoubleConsentCaptureDate": BORN},
            [("grant", "confirmed", "ada@example.com")],
        ),
        ({"PrivacyConsentStatus": "OptOut"}, [("withdraw", "unknown", None)]),
        ({"PrivacyConsentStatus": "Seen"}, []),
        ({"PrivacyConsentStatus": "NotSeen"}, []),
        ({"PrivacyConsentStatus": None}, []),
        ({"PrivacyConsentStatus": "OptIn", PURPOSE: "Newsletter"}, []),
        ({"PrivacyConsentStatus": "OptIn", PURPOSE: None, "DataUsePurposeId": None}, []),
        (
            {"PrivacyConsentStatus": "OptOut", PURPOSE: None, "DataUsePurposeId": None},
            [("withdraw", "unknown", None)],
        ),
        ({"PrivacyConsentStatus": "OptIn", BEGUN: False}, []),
        ({"PrivacyConsentStatus": "OptIn", BEGUN: True}, [("grant", "single", "ada@example.com")]),
        ({"PrivacyConsentStatus": "OptOut", BEGUN: False}, [("withdraw", "unknown", None)]),
    ],
)
def test_a_contact_point_consent_says_what_it_says(
    values: Row, claims: list[tuple[str, str, str | None]]
) -> None:
    """Four states; a refusal without a purpose still refuses, a grant without one grants none."""
    consent = {
        "ContactPointType": "Email",
        "DataUsePurposeId": "0ZW5g0000000001AAA",
        PURPOSE: "Marketing",
        PARTIES: [{"Id": CONTACT, "Email": "ada@example.com"}],
        "CaptureDate": BORN,
        "EffectiveFrom": None,
        "EffectiveTo": None,
    }

    signal = permissions.contact_point(row(**(consent | values)), SETTINGS)

    assert [(c.decision, c.strength, c.point) for c in signal.claims] == claims
    assert all(c.asserted_at == datetime(2025, 11, 1, 9, 30, tzinfo=UTC) for c in signal.claims)


@pytest.mark.parametrize("kind", ["Fax", "Carrier Pigeon", None])
def test_a_refusal_by_an_unknown_kind_of_address_holds_on_every_channel(kind: str | None) -> None:
    """Orgs add kinds of their own; a grant by one of them grants nothing."""
    said = {"ContactPointType": kind, "DataUsePurposeId": None, PARTIES: [{"Id": CONTACT}]}

    refused = permissions.contact_point(row(PrivacyConsentStatus="OptOut", **said), SETTINGS)
    granted = permissions.contact_point(row(PrivacyConsentStatus="OptIn", **said), SETTINGS)

    assert [(claim.purpose, claim.channel) for claim in refused.claims] == [("marketing", "*")]
    assert granted.claims == []


@pytest.mark.parametrize("hidden", ["EffectiveFrom", "EffectiveTo"])
def test_a_grant_whose_term_is_hidden_is_not_proven(hidden: str) -> None:
    """Nobody knows whether it has begun, or is over."""
    said = {
        "ContactPointType": "Email",
        "PrivacyConsentStatus": "OptIn",
        "DataUsePurposeId": "0ZW5g0000000001AAA",
        PURPOSE: "Marketing",
        PARTIES: [{"Id": CONTACT, "Email": "ada@example.com"}],
        "EffectiveFrom": None,
        "EffectiveTo": None,
    }
    del said[hidden]

    [claim] = permissions.contact_point(row(**said), SETTINGS).claims

    assert (claim.decision, claim.strength) == ("grant", "unknown")


def test_a_refusal_of_a_purpose_that_is_left_out_is_left_out() -> None:
    """It is visible, and the settings say that the hub does not read it."""
    said = {
        "ContactPointType": "Email",
        "PrivacyConsentStatus": "OptOut",
        "DataUsePurposeId": "0ZW5g0000000001AAA",
        PARTIES: [{"Id": CONTACT}],
    }

    left_out = permissions.contact_point(row(**said, **{PURPOSE: "Research"}), SETTINGS)
    hidden = permissions.contact_point(row(**said, **{PURPOSE: None}), SETTINGS)

    assert left_out.claims == []
    assert [claim.purpose for claim in hidden.claims] == ["marketing"]


# --- whatever comes --------------------------------------------------------------------------

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=True),
    st.text(max_size=20),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)
EXTRA = (
    BEGUN,
    "SystemModstamp",
    "Loyalty__c",
    "Store__c",
    "Reopens__c",
    "Agents__c",
    "Account",
    PARTIES,
    INDIVIDUAL,
)


@pytest.mark.parametrize("stream", MAPS)
@hypothesis.settings(max_examples=25)
@given(data=st.data())
def test_any_row_maps_or_is_skipped_with_a_reason(stream: str, data: st.DataObject) -> None:
    """Whatever stands in whichever field, nothing but SkipRecord is raised."""
    names = st.sampled_from((*mapping.FIELDS[stream], *EXTRA, PURPOSE))
    odd = data.draw(st.dictionaries(names, ODD, max_size=6))

    try:
        record = MAPS[stream]({**row(**{PARTIES: [{"Id": CONTACT}]}), **odd}, SETTINGS)
    except SkipRecord as skipped:
        assert skipped.reason in {"bad-value", "no-date", "no-party"}
        assert skipped.where.startswith(CONTACT)
    else:
        assert decode(encode(record)) == record


@pytest.mark.parametrize("stream", MAPS)
def test_a_row_of_nulls_maps(stream: str) -> None:
    """Everything but id, dates and party may be null, and unknown fields change nothing."""
    bare = row(**{PARTIES: [{"Id": CONTACT}]})
    nulls = dict.fromkeys(mapping.FIELDS[stream]) | bare

    assert MAPS[stream](nulls, SETTINGS) == MAPS[stream](bare, SETTINGS)
    assert MAPS[stream]({**nulls, "Tomorrow__c": {"x": [1]}}, SETTINGS) == MAPS[stream](
        bare, SETTINGS
    )


def test_only_what_is_needed_is_asked_for() -> None:
    """The fields that the map knows and those that the settings name, each once."""
    wanted = mapping.wanted("contacts", SETTINGS)

    assert {"Loyalty__c", "Store__c"} <= set(wanted)
    assert len(wanted) == len(set(wanted))
    assert "Reopens__c" in mapping.wanted("cases", SETTINGS)
    assert "Description" not in wanted


def test_the_mapping_version_follows_the_meaning_not_the_wire() -> None:
    """Another currency maps again; another credential or page size does not."""
    same = settings(client_secret=Secret.of("other"), page_size=200, api_version="68.0")

    assert mapping.version(same) == mapping.version(settings())
    assert mapping.version(settings(currency="EUR")) != mapping.version(settings())


# --- describe and values ---------------------------------------------------------------------


def test_what_is_visible_has_its_type_and_the_way_over_a_reference() -> None:
    """Hidden fields are left out; Account.IsPersonAccount is read through AccountId."""
    shape = Shape.of(
        Described("Case", [Field("Id", "id"), Field("AccountId", "reference"), Field("F__c", "x")])
    )

    visible = shape.visible(["Account.IsPersonAccount", "Id", "Contact.Name", "Email", "F__c"])

    assert visible == {"Account.IsPersonAccount": "reference", "Id": "id", "F__c": "x"}


def test_a_describe_of_nulls_shows_a_field_and_promises_nothing() -> None:
    """What an org leaves open counts as not so."""
    told = {"name": "Contact", "replicateable": None, "updateable": None, "fields": [
        {"name": "Email", "type": None, "calculated": None, "updateable": None}
    ]}  # fmt: skip

    shape = Shape.of(msgspec.convert(told, Described))

    assert (shape.logs_deletes, shape.updateable) == (False, False)
    assert (shape.visible(["Email"]), shape.formulas(["Email"])) == ({"Email": ""}, [])


def test_a_schema_change_names_every_difference() -> None:
    """Added, removed and retyped, one line each."""
    change = SchemaChange.between({"A": "int", "B": "string"}, {"B": "double", "C": "date"})

    assert (change.added, change.removed) == (("C",), ("A",))
    assert change.retyped == {"B": ("string", "double")}
    assert len(change.told()) == 3


@given(st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0)))
def test_instants_survive_salesforces_spelling(instant: datetime) -> None:
    """What Salesforce makes of an instant is read back as the instant that was written."""
    stamp = instant.isoformat(timespec="milliseconds").replace("+00:00", "+0000")

    assert fields.kept_value("CXHub_Last_Order_At__c", stamp) == instant.isoformat()


@pytest.mark.parametrize(
    ("held", "kept"),
    [(9.0, 9), (45.5, 45.5), ("a\r\nb", "a\nb"), (None, None), (True, True), ("x", "x")],
)
def test_values_come_back_as_profiles_spell_them(held: Any, kept: Any) -> None:
    """Whole numbers without decimals, lines with one break."""
    assert fields.kept_value("CXHub_Card__c", held) == kept
