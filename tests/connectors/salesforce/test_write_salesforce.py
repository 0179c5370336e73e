"""Writing profile fields into an emulated org: the right record, once, reported truly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from connectors.salesforce import hub_connector
from connectors.salesforce.api import Api
from connectors.salesforce.client import FieldNotVisible
from connectors.salesforce.emulator import SalesforceEmulator
from connectors.salesforce.fields import FIELDS, PERMISSION_SET, definition, field_values
from connectors.salesforce.provision import provision
from connectors.salesforce.writer import profile_writer
from hub.core.connector import Change, OutField, RowResult, Value
from hub.core.errors import ConfigError, StopRun
from hub.testing.client import open_context
from hub.testing.scripted import ScriptedServer, scripted

CONTACTS = profile_writer("profiles", "contacts", "Contact")
LEADS = profile_writer("lead_profiles", "leads", "Lead")
VALUES: Mapping[str, Value] = {
    "CXHub_Golden_Id__c": "01990000-0000-7000-8000-000000000001",
    "CXHub_Card__c": "Ada. Repeat customer.\nOne open ticket.",
    "CXHub_NPS__c": 9,
    "CXHub_AOV__c": 45.5,
    "CXHub_Last_Order_At__c": "2025-12-30T09:15:00+00:00",
    "CXHub_Churn__c": "active",
}
NAMES = [field.name for field in FIELDS]
GONE = "003000000000000AAA"
Hub = Any
Connect = Callable[..., Hub]
Release = Callable[..., list[Any]]


@pytest.fixture
def hub(connect_hub: Connect, emulator: SalesforceEmulator) -> Hub:
    """A hub connected to an org that has its fields."""
    hub = connect_hub(hub_connector(), emulator)
    provision(hub.ctx, "Contact", FIELDS)
    return hub


def contact(hub: Hub, number: int = 0, **values: object) -> str:
    who = {"LastName": f"P{number}", "Email": f"p{number}@example.com"}
    return str(hub.mutate("create", "contacts", properties=who | values)["id"])


def held(hub: Hub, record: str, sobject: str = "Contact") -> Mapping[str, Any]:
    values: Mapping[str, Any] = hub.emulator.org.tables[sobject].records[record].values
    return values


def calls(hub: Hub, named: str) -> int:
    counts = hub.emulator.calls.counts()
    return sum(number for call, number in counts.items() if named in call)


# --- fields ----------------------------------------------------------------------------------


def test_missing_fields_are_made_visible_once(
    connect_hub: Connect, emulator: SalesforceEmulator
) -> None:
    """Each field with its type, granted to the hub's user; a second time does nothing."""
    hub = connect_hub(hub_connector(), emulator)

    created = provision(hub.ctx, "Contact", FIELDS)
    effects = len(emulator.effects)
    again = provision(hub.ctx, "Contact", FIELDS)

    assert created == NAMES
    assert again == []
    assert len(emulator.effects) == effects
    made = emulator.org.fields["Contact"]
    kinds = {made[field.name].type for field in FIELDS}
    assert kinds == {"string", "textarea", "double", "datetime", "boolean"}
    assert not any(made[name].unique for name in NAMES)


def test_a_field_that_exists_and_is_hidden_is_shown_not_made(
    connect_hub: Connect, emulator: SalesforceEmulator
) -> None:
    """Somebody made it before and granted it to nobody: only the permission is missing."""
    hub = connect_hub(hub_connector(), emulator)
    api = Api.of(hub.ctx)
    api.create("CustomField", definition("Contact", FIELDS[0]), tooling=True)

    created = provision(hub.ctx, "Contact", FIELDS)

    assert FIELDS[0].name not in created
    assert FIELDS[0].name in api.describe("Contact").fields


def test_contacts_and_leads_share_one_permission_set(hub: Hub) -> None:
    """The same fields on two objects, one set to assign to the staff."""
    created = provision(hub.ctx, "Lead", FIELDS)

    sets = hub.emulator.org.tables["PermissionSet"].live()
    assert created == NAMES
    assert [record.values["Name"] for record in sets] == [PERMISSION_SET]


def test_only_custom_fields_are_made(hub: Hub) -> None:
    """A standard field that is missing was hidden; the hub makes none of that name."""
    unknown = OutField("Golden_Id", "who.golden_id", "service", label="Customer id")

    with pytest.raises(ConfigError, match="ends in __c"):
        provision(hub.ctx, "Contact", [unknown])


# --- writing ---------------------------------------------------------------------------------


def test_every_kind_of_value_arrives_and_reads_back(hub: Hub, released: Release) -> None:
    """Text, long text, numbers and instants come back as the profile spells them."""
    record = contact(hub)

    results = CONTACTS.write(hub.ctx, released(Change(record, VALUES, "t1")))
    back = CONTACTS.read(hub.ctx, [record], list(VALUES))

    assert list(results) == [RowResult("t1", ok=True, reference=record)]
    assert back == {record: VALUES}


def test_ten_thousand_profiles_take_fifty_writes(hub: Hub, released: Release) -> None:
    """A full batch is one call, so the vendor's minimum is met exactly."""
    records = [contact(hub, number) for number in range(200)]
    before = calls(hub, "PATCH")

    changes = [Change(each, {"CXHub_NPS__c": 9}, f"t{each}") for each in records]
    results = CONTACTS.write(hub.ctx, released(*changes))

    assert all(result.ok for result in results)
    assert calls(hub, "PATCH") - before == 1
    assert 10_000 / CONTACTS.batch == 50


def test_one_bad_record_sinks_no_batch(hub: Hub, released: Release) -> None:
    """A deleted record, one that never was and a foreign id fail alone, each with its reason."""
    first, deleted, last = (contact(hub, number) for number in range(3))
    hub.mutate("archive", "contacts", id=deleted)
    ids = (first, deleted, GONE, "999999999999", last)

    results = CONTACTS.write(
        hub.ctx, released(*(Change(each, {"CXHub_NPS__c": 7}, each) for each in ids))
    )

    by_trace = {result.trace: result for result in results}
    assert {trace for trace, result in by_trace.items() if result.ok} == {first, last}
    assert all(by_trace[each].error for each in (deleted, GONE, "999999999999"))
    assert held(hub, first)["CXHub_NPS__c"] == 7


def test_a_value_that_spoils_the_request_costs_its_record_only(hub: Hub, released: Release) -> None:
    """Text in a number field is refused for the whole request: it is halved until found."""
    records = [contact(hub, number) for number in range(8)]
    values = [{"CXHub_NPS__c": "nine" if number == 5 else 9} for number in range(8)]
    changes = [Change(r, v, r) for r, v in zip(records, values, strict=True)]

    results = CONTACTS.write(hub.ctx, released(*changes))

    assert {result.trace for result in results if not result.ok} == {records[5]}
    assert len(list(results)) == 8


def test_a_locked_record_may_be_tried_again(hub: Hub, released: Release) -> None:
    """200 with a failed item: the failure is reported, and as one that patience can cure."""
    records = [contact(hub, number) for number in range(3)]
    hub.strike({"kind": "partial_failure", "policy": "UNABLE_TO_LOCK_ROW", "count": 1, "times": 1})

    results = CONTACTS.write(
        hub.ctx, released(*(Change(each, {"CXHub_NPS__c": 7}, each) for each in records))
    )

    [failed] = [result for result in results if not result.ok]
    assert "UNABLE_TO_LOCK_ROW" in failed.error
    assert failed.retryable
    assert "CXHub_NPS__c" not in held(hub, failed.trace)


def test_fields_without_permission_stop_the_push(
    connect_hub: Connect, emulator: SalesforceEmulator, released: Release
) -> None:
    """Halving would not help: nobody's record has the field."""
    hub = connect_hub(hub_connector(), emulator)
    records = [contact(hub, number) for number in range(4)]

    with pytest.raises(FieldNotVisible):
        CONTACTS.write(
            hub.ctx, released(*(Change(each, {"CXHub_NPS__c": 7}, each) for each in records))
        )

    assert calls(hub, "PATCH") == 1


def test_reading_before_the_fields_exist_finds_nothing_in_them(
    connect_hub: Connect, emulator: SalesforceEmulator
) -> None:
    """A plan is made before anything is provisioned."""
    hub = connect_hub(hub_connector(), emulator)
    record = contact(hub)

    back = CONTACTS.read(hub.ctx, [record, GONE], ["CXHub_NPS__c"])

    assert back == {record: {"CXHub_NPS__c": None}}


def test_leads_are_written_like_contacts(hub: Hub, released: Release) -> None:
    """A customer's lead gets the same golden id as their contact."""
    provision(hub.ctx, "Lead", FIELDS)
    new = {"LastName": "Ada", "Company": "Acme"}
    lead = str(hub.mutate("create", "leads", properties=new)["id"])

    [result] = LEADS.write(hub.ctx, released(Change(lead, VALUES, "t1")))

    assert result.ok
    assert held(hub, lead, "Lead")["CXHub_Golden_Id__c"] == VALUES["CXHub_Golden_Id__c"]


def test_numbers_are_numbers() -> None:
    """Profiles may spell numbers as text; Salesforce takes no text for one."""
    values = field_values({"CXHub_AOV__c": "45.50", "CXHub_RFM__c": "555", "CXHub_NPS__c": ""})

    assert values == {"CXHub_AOV__c": 45.5, "CXHub_RFM__c": "555", "CXHub_NPS__c": None}


# --- answers that no emulator gives ----------------------------------------------------------


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that answers as the test wrote down."""
    with scripted() as server:
        server.then(body={"access_token": "a-session"}, at="/services/oauth2/token")
        yield server


@pytest.mark.parametrize(
    "body",
    [[], [{"success": True}], {"success": True}, [None, None], None],
    ids=["none", "too few", "no list", "nulls", "empty"],
)
def test_results_that_cannot_be_told_apart_are_no_success(
    server: ScriptedServer, emulator: SalesforceEmulator, released: Release, body: Any
) -> None:
    """A row without a result counts as failed, and is read back before it is tried again."""
    server.then(body=body)
    settings = emulator.settings(server.url)

    with open_context(hub_connector(), settings) as ctx:
        changes = released(Change(GONE, {"Title": "x"}, "t1"), Change(GONE, {"Title": "y"}, "t2"))
        results = CONTACTS.write(ctx, changes)

    assert not any(result.ok for result in results)


def test_a_describe_that_never_shows_the_field_stops_the_provisioning(
    server: ScriptedServer, emulator: SalesforceEmulator
) -> None:
    """Created is not visible: the message says where to look."""
    base = "/services/data/v67.0"
    server.then(body={"name": "Contact", "fields": []}, at=f"{base}/sobjects/Contact/describe")
    server.then(201, {"id": "00N000000000001AAA", "success": True, "errors": []})
    found = {"totalSize": 1, "done": True}
    server.then(
        body=found | {"records": [{"Id": "0PS000000000001AAA", "Field": "x"}]}, at=f"{base}/query"
    )
    server.then(body={"identity": f"{server.url}/id/00D/005000000000001AAA"}, at=base)

    with (
        open_context(hub_connector(), emulator.settings(server.url)) as ctx,
        pytest.raises(StopRun, match="cannot be written by the hub's user") as caught,
    ):
        provision(ctx, "Contact", FIELDS[:1])

    assert PERMISSION_SET in str(caught.value)
