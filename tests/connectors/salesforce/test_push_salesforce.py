"""Profiles into an emulated org through plan, gate, outbox and receipts, and back as echoes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.salesforce import hub_connector
from connectors.salesforce.emulator import SalesforceEmulator
from connectors.salesforce.fields import FIELDS

Hub = Any
LAST_ORDER = {"last_order_at": "2025-12-30T09:15:00+00:00", "aov": 45.0, "net_spend": 99.5}


@pytest.fixture
def hub(connect_hub: Callable[..., Hub], emulator: SalesforceEmulator) -> Hub:
    """A hub that has read an org of three contacts and two leads."""
    hub = connect_hub(hub_connector(), emulator)
    for number in range(3):
        hub.mutate("create", "contacts", properties={"LastName": f"P{number}"})
    for number in range(2):
        new = {"LastName": f"L{number}", "Company": "Acme"}
        hub.mutate("create", "leads", properties=new)
    hub.sync("contacts", "leads")
    return hub


def held(hub: Hub, sobject: str, field: str) -> set[Any]:
    records = hub.emulator.org.tables[sobject].live()
    return {record.values.get(field) for record in records}


def writes(hub: Hub) -> int:
    return sum(n for call, n in hub.emulator.calls.counts().items() if call.startswith("PATCH"))


def test_a_push_writes_once_and_comes_back_as_an_echo(hub: Hub) -> None:
    """After the first push neither a sync nor a push finds anything to do."""
    hub.give_profiles("contacts", voice={"nps": 9}, value=LAST_ORDER)

    report = hub.push("profiles")
    effects = len(hub.emulator.effects)
    hub.clock.sleep(3_600)
    echo = hub.sync("contacts").counts
    again = hub.pusher.keep_up(hub.destination("profiles"))

    assert (report.counts["written"], report.calls, writes(hub)) == (3, 1, 1)
    assert len(report.provisioned) == len(FIELDS)
    assert (echo.read, echo.stored, echo.events) == (3, 0, 0)
    assert again is not None
    assert again.calls == 0
    assert len(hub.emulator.effects) == effects


def test_leads_get_the_golden_id_of_their_person(hub: Hub) -> None:
    """They have a writer of their own, with the same fields."""
    hub.give_profiles("leads")

    report = hub.push("lead_profiles")

    assert report.counts["written"] == 2
    assert len(held(hub, "Lead", "CXHub_Golden_Id__c")) == 2
    assert None not in held(hub, "Lead", "CXHub_Golden_Id__c")


def test_an_undone_push_leaves_what_stood_there(hub: Hub) -> None:
    """Instants and numbers are recognised as the hub's own in Salesforce's spelling."""
    hub.give_profiles("contacts", voice={"nps": 9}, value=LAST_ORDER)
    report = hub.push("profiles")
    destination = hub.destination("profiles")

    undone = hub.pusher.undo(report.plan_id, {destination.key: destination})

    assert undone.counts["restored"] == 3
    for field in FIELDS:
        assert held(hub, "Contact", field.name) == {None}, field.name


def test_marketing_fields_need_consent(hub: Hub) -> None:
    """The segment stays in the hub until its owner agrees to marketing."""
    hub.give_profiles("contacts", value={"rfm": "champion", "orders": 4})

    hub.push("profiles")

    assert held(hub, "Contact", "CXHub_RFM__c") == {None}
    assert held(hub, "Contact", "CXHub_Orders__c") == {4}
