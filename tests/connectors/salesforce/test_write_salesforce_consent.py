"""Withdrawals into Salesforce: done when the org says so, and never the other way round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from connectors.salesforce import hub_connector
from connectors.salesforce.api import Api
from connectors.salesforce.consent import read_back, write_consent
from connectors.salesforce.emulator import SalesforceEmulator, create
from hub.core.clock import ManualClock
from hub.core.connector import ConsentChange

Hub = Any
Release = Callable[..., list[Any]]


@pytest.fixture
def hub(connect_hub: Callable[..., Hub], emulator: SalesforceEmulator) -> Hub:
    """A hub connected to an empty org that keeps individuals and consent records."""
    return connect_hub(hub_connector(), emulator)


def person(hub: Hub, stream: str = "contacts", **values: object) -> str:
    """The id of a new person."""
    company = {"Company": "Acme"} if stream == "leads" else {}
    new = {"LastName": "Ada"} | company | values
    return str(hub.mutate("create", stream, properties=new)["id"])


def consented(hub: Hub, status: str = "OptIn", **values: object) -> tuple[str, str]:
    """A contact whose individual has a consent record: contact and consent record."""
    individual = str(hub.mutate("create", "individuals", properties={"LastName": "Ada"})["id"])
    contact = person(hub, IndividualId=individual)
    use = str(hub.mutate("create", "DataUsePurpose", properties={"Name": "Marketing"})["id"])
    record = {
        "Name": "Ada by e-mail",
        "PartyId": individual,
        "DataUsePurposeId": use,
        "ContactPointType": "Email",
        "PrivacyConsentStatus": status,
    }
    made = hub.mutate("create", "contact_point_consents", properties=record | values)
    return contact, str(made["id"])


def change(
    native_id: str,
    channel: str = "email",
    decision: Literal["grant", "withdraw"] = "withdraw",
    purpose: str = "marketing",
) -> ConsentChange:
    return ConsentChange(native_id, None, purpose, channel, decision, f"t-{channel}-{native_id}")


def held(hub: Hub, record: str, sobject: str = "Contact") -> dict[str, Any]:
    values: dict[str, Any] = hub.emulator.org.tables[sobject].records[record].values
    return values


@pytest.mark.parametrize(
    ("stream", "sobject"), [("contacts", "Contact"), ("leads", "Lead")], ids=["contact", "lead"]
)
@pytest.mark.parametrize(
    ("channel", "box"), [("email", "HasOptedOutOfEmail"), ("phone", "DoNotCall")]
)
def test_a_withdrawal_ticks_the_box(
    hub: Hub, released: Release, stream: str, sobject: str, channel: str, box: str
) -> None:
    """For contacts and leads, by e-mail and by phone; before the write it is not confirmed."""
    withdrawal = change(person(hub, stream), channel)

    before = read_back(hub.ctx, [withdrawal])
    [result] = write_consent(hub.ctx, released(withdrawal))

    assert (before, result.ok) == ([False], True)
    assert read_back(hub.ctx, [withdrawal]) == [True]
    assert held(hub, withdrawal.native_id, sobject)[box] is True


def test_two_withdrawals_of_one_person_are_one_update(hub: Hub, released: Release) -> None:
    """A record that stands twice in a call is refused, so its boxes travel together."""
    contact = person(hub)

    results = write_consent(hub.ctx, released(change(contact), change(contact, "phone")))

    assert [result.ok for result in results] == [True, True]
    patches = hub.emulator.calls.counts()["PATCH /services/data/v67.0/composite/sobjects"]
    assert patches == 1


def test_people_of_all_kinds_in_turn_are_one_call(hub: Hub, released: Release) -> None:
    """Salesforce refuses a call whose objects alternate more than ten times."""
    people = [person(hub, stream) for _ in range(8) for stream in ("contacts", "leads")]

    results = write_consent(hub.ctx, released(*map(change, people)))

    assert [result.ok for result in results] == [True] * 16


def test_consent_records_are_opted_out_as_well(hub: Hub, released: Release) -> None:
    """Where the org keeps an OptIn of that channel and purpose, it does not stay."""
    contact, record = consented(hub)

    [result] = write_consent(hub.ctx, released(change(contact)))

    values = held(hub, record, "ContactPointTypeConsent")
    assert result.ok
    assert values["PrivacyConsentStatus"] == "OptOut"
    assert values["CaptureSource"] == "cxhub"


def test_consent_to_something_else_is_left_alone(hub: Hub, released: Release) -> None:
    """A withdrawal by phone is none by e-mail."""
    contact, record = consented(hub)

    [result] = write_consent(hub.ctx, released(change(contact, "phone")))

    assert result.ok
    assert held(hub, record, "ContactPointTypeConsent")["PrivacyConsentStatus"] == "OptIn"


def test_a_box_without_its_consent_record_is_not_done(hub: Hub, released: Release) -> None:
    """Both must be read back: somebody who opts in again afterwards undoes the confirmation."""
    contact, record = consented(hub)
    withdrawal = change(contact)
    write_consent(hub.ctx, released(withdrawal))

    again = {"PrivacyConsentStatus": "OptIn"}
    hub.mutate("update", "contact_point_consents", id=record, properties=again)

    assert read_back(hub.ctx, [withdrawal]) == [False]


def test_an_opt_in_is_never_written(hub: Hub, released: Release) -> None:
    """It is the customer's own act; the box stays ticked."""
    contact = person(hub, HasOptedOutOfEmail=True)

    [result] = write_consent(hub.ctx, released(change(contact, decision="grant")))

    assert not result.ok
    assert not result.retryable
    assert held(hub, contact)["HasOptedOutOfEmail"] is True


@pytest.mark.parametrize(
    ("channel", "purpose"), [("sms", "marketing"), ("email", "analytics")], ids=["sms", "analytics"]
)
def test_what_nothing_stands_for_is_refused_with_the_reason(
    hub: Hub, released: Release, channel: str, purpose: str
) -> None:
    """No box is ticked in place of the right one."""
    contact = person(hub)

    [result] = write_consent(hub.ctx, released(change(contact, channel, purpose=purpose)))

    assert not result.ok
    assert f"{purpose} by {channel}" in result.error
    assert held(hub, contact)["HasOptedOutOfEmail"] is False


def test_a_hidden_box_is_no_success(hub: Hub, released: Release) -> None:
    """What cannot be read back is not done; the reason names the field."""
    contact = person(hub)
    hub.mutate("hide", "contacts", field="HasOptedOutOfEmail")

    [result] = write_consent(hub.ctx, released(change(contact)))

    assert not result.ok
    assert "HasOptedOutOfEmail is not visible" in result.error


def test_leads_that_are_not_shown_stop_no_contact(hub: Hub, released: Release) -> None:
    """The describe of Lead is a 404: the contact opts out all the same, the lead says why not."""
    contact, lead = person(hub), person(hub, "leads")
    hub.mutate("hide_object", "leads")

    results = write_consent(hub.ctx, released(change(contact), change(lead)))

    assert [result.ok for result in results] == [True, False]
    assert "Lead: HasOptedOutOfEmail is not visible" in results[1].error
    assert read_back(hub.ctx, [change(contact), change(lead)]) == [True, False]


def test_a_box_that_may_not_be_edited_is_no_success(hub: Hub, released: Release) -> None:
    """Visible and read-only: the write fails, and what is read back says so."""
    contact = person(hub)
    hub.mutate("freeze", "contacts", field="HasOptedOutOfEmail")

    [result] = write_consent(hub.ctx, released(change(contact)))

    assert not result.ok
    assert "does not show the withdrawal" in result.error


def test_a_request_that_is_refused_whole_costs_the_bad_update_only(
    hub: Hub, released: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A box that is hidden at the last moment spoils its call: the others are ticked."""
    contact, lead = person(hub), person(hub, "leads")
    update = Api.update

    def hidden_first(api: Api, records: Any) -> Any:
        hub.mutate("hide", "leads", field="HasOptedOutOfEmail")
        return update(api, records)

    monkeypatch.setattr(Api, "update", hidden_first)
    results = write_consent(hub.ctx, released(change(contact), change(lead)))

    assert [result.ok for result in results] == [True, False]
    assert f"{lead}: withdrawal refused: INVALID_FIELD" in hub.told


@pytest.mark.parametrize("op", ["hide", "freeze"])
@pytest.mark.parametrize("field", ["CaptureSource", "CaptureDate"])
def test_a_refusal_is_written_without_evidence_where_that_may_not_be(
    hub: Hub, released: Release, op: str, field: str
) -> None:
    """Who wrote it, and when, are good to know; that the person refused is what counts."""
    contact, record = consented(hub)
    hub.mutate(op, "contact_point_consents", field=field)

    [result] = write_consent(hub.ctx, released(change(contact)))

    values = held(hub, record, "ContactPointTypeConsent")
    assert result.ok
    assert values["PrivacyConsentStatus"] == "OptOut"
    assert field not in values


def test_ids_of_nobody_are_refused(hub: Hub, released: Release) -> None:
    """Deleted people, accounts' and foreign ids: each with a result of its own."""
    deleted, kept = person(hub), person(hub)
    hub.mutate("archive", "contacts", id=deleted)
    ids = (deleted, "999999999999", "500000000000001AAA", kept)

    results = write_consent(hub.ctx, released(*map(change, ids)))

    assert [result.ok for result in results] == [False, False, False, True]
    assert all(result.error for result in results[:3])


def test_an_org_without_consent_records_has_boxes_still(
    connect_hub: Callable[..., Hub], clock: ManualClock, released: Release
) -> None:
    """Data Protection and Privacy is off: the box is all there is."""
    hub = connect_hub(hub_connector(), create(clock=clock, privacy=False))
    contact = person(hub)

    [result] = write_consent(hub.ctx, released(change(contact)))

    assert result.ok
    assert held(hub, contact)["HasOptedOutOfEmail"] is True


def test_a_person_account_has_boxes_of_its_own(
    connect_hub: Callable[..., Hub], clock: ManualClock, released: Release
) -> None:
    """Programs write the account; its contact follows."""
    hub = connect_hub(hub_connector(), create(clock=clock, person_accounts=True))
    account = person(hub, "person_accounts")

    [result] = write_consent(hub.ctx, released(change(account)))

    assert result.ok
    assert held(hub, account, "Account")["PersonHasOptedOutOfEmail"] is True


def test_a_withdrawal_comes_back_as_one(hub: Hub, released: Release) -> None:
    """The next read finds the box ticked: a withdrawal of that purpose in the ledger."""
    contact = person(hub, Email="ada@example.com")
    hub.sync("contacts", "contact_consents")

    write_consent(hub.ctx, released(change(contact)))
    hub.sync("contacts", "contact_consents")

    [event] = hub.ledger()
    assert (event.purpose, event.channel, event.decision) == ("marketing", "email", "withdraw")
