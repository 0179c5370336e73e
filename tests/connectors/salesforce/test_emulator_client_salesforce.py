"""simple-salesforce drives the emulator, so the shapes are not only ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from connectors.salesforce.emulator import TOKEN, SalesforceEmulator, create
from hub.core.clock import ManualClock
from hub.emulation.server import serve

Client = Any
"""A ``Salesforce``, whose objects and limits are attributes that it makes up as it goes."""


class PlainSession(requests.Session):
    """Speaks http where the client insists on https: the emulator has no certificate."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """The answer over http."""
        plain = urlunsplit(urlsplit(url)._replace(scheme="http"))
        return super().request(method, plain, **options)


@pytest.fixture(scope="module")
def org() -> SalesforceEmulator:
    """An org without limits, one for all: each test looks at records of its own."""
    return create(clock=ManualClock(datetime(2026, 1, 1, tzinfo=UTC)), plan="unmetered")


@pytest.fixture(scope="module")
def client(org: SalesforceEmulator) -> Iterator[Client]:
    """The client, pointed at the emulator."""
    with serve(org) as url, PlainSession() as session:
        yield Salesforce(session_id=TOKEN, instance_url=url, version="67.0", session=session)


def test_a_contact_is_created_read_updated_and_deleted(client: Client) -> None:
    """The whole life of a record, in the client's own calls."""
    made = client.Contact.create({"LastName": "Archer", "Email": "archer@example.com"})
    record_id = made["id"]

    status = client.Contact.update(record_id, {"Title": "Boss"})
    record = client.Contact.get(record_id)
    client.Contact.delete(record_id)

    assert (made["success"], made["errors"], status) == (True, [], 204)
    assert (record["Name"], record["Title"], record["IsDeleted"]) == ("Archer", "Boss", False)
    with pytest.raises(SalesforceResourceNotFound) as gone:
        client.Contact.get(record_id)
    assert "NOT_FOUND" in str(gone.value)


def test_all_pages_of_a_query_are_walked(client: Client, org: SalesforceEmulator) -> None:
    """The client's own pager follows nextRecordsUrl to the end."""
    made = [org.org.insert("Lead", {"LastName": f"P{n}"}, org.clock.now()).id for n in range(2_100)]

    found = client.query_all("SELECT Id FROM Lead ORDER BY Id")

    assert found["totalSize"] == 2_100
    assert found["done"]
    assert [row["Id"] for row in found["records"]] == made


def test_deleted_records_come_on_request(client: Client) -> None:
    """``include_deleted`` reaches queryAll."""
    made = client.Individual.create({"LastName": "Gone"})["id"]
    client.Individual.delete(made)
    soql = "SELECT Id, IsDeleted FROM Individual"

    live = client.query(soql)["records"]
    every = client.query(soql, include_deleted=True)["records"]

    assert live == []
    assert [(row["Id"], row["IsDeleted"]) for row in every] == [(made, True)]


def test_an_upsert_by_email(client: Client) -> None:
    """Created first, found the second time; the client gives the status."""
    path = "Email/upsert@example.com"

    statuses = [
        client.Contact.upsert(path, values) for values in ({"LastName": "Up"}, {"Title": "Boss"})
    ]

    assert statuses == [201, 200]
    assert client.Contact.get_by_custom_id("Email", "upsert@example.com")["Title"] == "Boss"


def test_the_client_describes(client: Client) -> None:
    """Global and per object."""
    listed = client.describe()
    contact = client.Contact.describe()

    assert listed is not None
    assert {"Contact", "Account", "Lead"} <= {row["name"] for row in listed["sobjects"]}
    assert contact["keyPrefix"] == "003"
    assert "Email" in {field["name"] for field in contact["fields"]}


def test_deletions_and_changes_are_told_by_time(client: Client, org: SalesforceEmulator) -> None:
    """The replication calls of the client."""
    made = client.Case.create({"Subject": "Late"})["id"]
    gone = client.Case.create({"Subject": "Gone"})["id"]
    client.Case.delete(gone)
    now = org.clock.now()
    start, end = now - timedelta(minutes=5), now + timedelta(minutes=5)

    deleted, updated = client.Case.deleted(start, end), client.Case.updated(start, end)

    assert [row["id"] for row in deleted["deletedRecords"]] == [gone]
    assert updated["ids"] == [made]


def test_a_field_is_created_by_the_tooling_api(client: Client) -> None:
    """As an admin's script would do it."""
    body = {
        "FullName": "Contact.Shoe_Size__c",
        "Metadata": {"type": "Number", "label": "Shoe size", "precision": 4, "scale": 1},
    }

    made = client.toolingexecute("sobjects/CustomField", method="POST", json=body)

    assert made["success"]
    assert made["id"].startswith("00N")


def test_limits_reach_the_client(client: Client) -> None:
    """It reads the usage header of every answer."""
    limits = client.limits()

    assert limits["DailyApiRequests"]["Max"] == client.api_usage["api-usage"].total


def test_a_refusal_arrives_as_the_clients_own_exception(client: Client) -> None:
    """Error bodies parse for programs written against Salesforce."""
    with pytest.raises(SalesforceMalformedRequest) as refused:
        client.Contact.create({"FirstName": "Nobody"})

    content: Any = refused.value.content
    assert content == [
        {
            "message": "Required fields are missing: [LastName]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["LastName"],
        }
    ]


def test_a_query_that_is_too_long_is_refused_over_the_wire(client: Client) -> None:
    """The server in front of the org takes the whole line, so that the org can refuse it."""
    with pytest.raises(SalesforceGeneralError) as refused:
        client.query(f"SELECT Id FROM Contact WHERE LastName = '{'x' * 16_384}'")

    assert refused.value.status == 414


def test_a_dead_session_arrives_as_the_clients_own_exception(client: Client) -> None:
    """401 is what makes programs ask for a new token."""
    url = f"https://{client.sf_instance}"
    stranger = Salesforce(session_id="nobody", instance_url=url, session=client.session)

    with pytest.raises(SalesforceExpiredSession):
        stranger.query("SELECT Id FROM Contact")
