"""HubSpot's own Python client drives the emulator, so the shapes are not only ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4.models import (
    BatchInputPublicFetchAssociationsBatchRequest,
    PublicFetchAssociationsBatchRequest,
)
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInput,
    Filter,
    FilterGroup,
    PublicObjectSearchRequest,
    SimplePublicObjectBatchInput,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.contacts.exceptions import ApiException
from hubspot.crm.properties import BatchInputPropertyCreate, PropertyCreate, PropertyGroupCreate

from connectors.hubspot.emulator import HubSpotEmulator, create
from hub.core.clock import ManualClock
from hub.emulation.server import serve


@pytest.fixture
def emulator(clock: ManualClock) -> HubSpotEmulator:
    """An empty account without limits, so that only shapes are looked at."""
    return create(clock=clock, plan="unmetered")


@pytest.fixture
def client(emulator: HubSpotEmulator) -> Iterator[HubSpot]:
    """HubSpot's client, pointed at the emulator."""
    with serve(emulator) as url:
        yield HubSpot(access_token=emulator.token, host=url)


def add(client: HubSpot, **properties: str) -> str:
    new = SimplePublicObjectInputForCreate(properties=properties)
    made = client.crm.contacts.basic_api.create(simple_public_object_input_for_create=new)
    return str(made.id)


def test_a_contact_is_created_and_read_back(client: HubSpot) -> None:
    """Create and get agree, in the client's own models."""
    record_id = add(client, email="Ann@Example.com", firstname="Ann")

    contact = client.crm.contacts.basic_api.get_by_id(record_id, properties=["email", "city"])

    assert contact.properties["email"] == "ann@example.com"
    assert contact.properties["city"] is None
    assert contact.archived is False


def test_all_pages_are_listed(client: HubSpot) -> None:
    """The client's own pager walks over three pages and sees each contact once."""
    made = [add(client, email=f"p{n}@example.com") for n in range(205)]

    listed = [contact.id for contact in client.crm.contacts.get_all()]

    assert listed == made


def test_a_search_finds_by_modification_time(client: HubSpot, clock: ManualClock) -> None:
    """The incremental read of every HubSpot connector: later than t, by id."""
    add(client, email="old@example.com")
    clock.sleep(60)
    since = str(int(clock.now().timestamp() * 1000))
    recent = add(client, email="new@example.com")
    changed = Filter(property_name="lastmodifieddate", operator="GTE", value=since)
    request = PublicObjectSearchRequest(
        filter_groups=[FilterGroup(filters=[changed])], sorts=["hs_object_id"], limit=200
    )

    page = client.crm.contacts.search_api.do_search(public_object_search_request=request)

    assert (page.total, [contact.id for contact in page.results]) == (1, [recent])


def test_a_batch_update_changes_every_record(client: HubSpot, emulator: HubSpotEmulator) -> None:
    """One call, two effects."""
    ids = [add(client, email=f"b{n}@example.com") for n in range(2)]
    inputs = [SimplePublicObjectBatchInput(id=i, properties={"city": "Perth"}) for i in ids]
    before = len(emulator.effects)

    answer = client.crm.contacts.batch_api.update(
        BatchInputSimplePublicObjectBatchInput(inputs=inputs)
    )

    assert {result.properties["city"] for result in answer.results} == {"Perth"}
    assert [effect.id for effect in emulator.effects.since(before)] == ids


def test_a_record_is_updated_and_archived(client: HubSpot) -> None:
    """Archived records leave the list and appear in the archived one."""
    record_id = add(client, email="ann@example.com")
    patch = SimplePublicObjectInput(properties={"city": "Perth"})
    client.crm.contacts.basic_api.update(record_id, simple_public_object_input=patch)

    client.crm.contacts.basic_api.archive(record_id)

    assert client.crm.contacts.get_all() == []
    assert [c.id for c in client.crm.contacts.get_all(archived=True)] == [record_id]


def test_associations_are_read_in_a_batch(client: HubSpot) -> None:
    """The v4 client reads the deal's contact with HubSpot's own type number."""
    contact_id = add(client, email="ann@example.com")
    deal = SimplePublicObjectInputForCreate(
        properties={"dealname": "Coffee"},
        associations=[
            {
                "to": {"id": contact_id},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}],
            }
        ],
    )
    made = client.crm.deals.basic_api.create(simple_public_object_input_for_create=deal)
    wanted = BatchInputPublicFetchAssociationsBatchRequest(
        inputs=[PublicFetchAssociationsBatchRequest(id=made.id)]
    )

    answer = client.crm.associations.v4.batch_api.get_page("deals", "contacts", wanted)

    (bond,) = answer.results[0].to
    assert (str(bond.to_object_id), bond.association_types[0].type_id) == (contact_id, 3)


def test_properties_are_provisioned_in_a_batch(client: HubSpot) -> None:
    """A group and a property, and then a value in it."""
    client.crm.properties.groups_api.create(
        "contacts", PropertyGroupCreate(name="cxhub", label="CX hub", display_order=-1)
    )
    new = PropertyCreate(
        name="cxhub_golden_id",
        label="Golden ID",
        group_name="cxhub",
        type="string",
        field_type="text",
    )
    client.crm.properties.batch_api.create("contacts", BatchInputPropertyCreate(inputs=[new]))

    record_id = add(client, email="ann@example.com", cxhub_golden_id="g-1")

    contact = client.crm.contacts.basic_api.get_by_id(record_id, properties=["cxhub_golden_id"])
    assert contact.properties["cxhub_golden_id"] == "g-1"


def test_a_refusal_arrives_as_the_clients_own_exception(client: HubSpot) -> None:
    """Error bodies parse for programs written against HubSpot."""
    add(client, email="ann@example.com")

    with pytest.raises(ApiException) as refused:
        add(client, email="ann@example.com")

    assert refused.value.status == 409
    assert '"category":"CONFLICT"' in refused.value.body
