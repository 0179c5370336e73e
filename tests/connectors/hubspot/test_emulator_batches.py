"""Batches: what sinks the whole, what is listed by item, and what an upsert creates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.connectors.hubspot.conftest import Wire

KEY = {
    "name": "cxhub_source_key",
    "label": "Source key",
    "groupName": "contactinformation",
    "type": "string",
    "fieldType": "text",
    "hasUniqueValue": True,
}


def update(record_id: str, trace: str = "", **properties: str) -> dict[str, object]:
    """One input of a batch."""
    item: dict[str, object] = {"id": record_id, "properties": properties}
    return item | ({"objectWriteTraceId": trace} if trace else {})


def test_ids_that_do_not_exist_are_listed_and_the_rest_is_updated(wire: Wire) -> None:
    """A record deleted meanwhile does not sink its ninety-nine neighbours."""
    ann = wire.create(firstname="Ann")
    inputs = [update(ann, city="Perth"), update("404", city="Perth")]

    answer = wire.post("~/contacts/batch/update", {"inputs": inputs}).json()

    assert [result["id"] for result in answer["results"]] == [ann]
    (error,) = answer["errors"]
    assert (error["category"], error["context"]["ids"]) == ("OBJECT_NOT_FOUND", ["404"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/crm/objects/2026-09/contacts", 200, id="dated-says-200"),
        pytest.param("/crm/v3/objects/contacts", 207, id="v3-says-207"),
    ],
)
def test_the_status_of_a_partial_failure_depends_on_the_version(
    wire: Wire, path: str, status: int
) -> None:
    """Over a dated version, only the body tells that an item failed."""
    answer = wire.post(f"{path}/batch/update", {"inputs": [update("404", city="Perth")]})

    assert (answer.status_code, answer.json()["numErrors"]) == (status, 1)


def test_one_bad_value_sinks_a_batch_without_traces(wire: Wire) -> None:
    """Nothing of an untraced batch is applied when one value is refused."""
    ann, bob = wire.create(firstname="Ann"), wire.create(firstname="Bob")
    inputs = [update(ann, city="Perth"), update(bob, date_of_birth="soon")]
    before = len(wire.emulator.effects)

    answer = wire.post("~/contacts/batch/update", {"inputs": inputs})

    assert answer.status_code == 400
    assert len(wire.emulator.effects) == before


def test_traces_isolate_the_bad_record(wire: Wire) -> None:
    """With a trace on every input, each failure is listed under its own."""
    ann, bob = wire.create(firstname="Ann"), wire.create(firstname="Bob")
    inputs = [update(ann, "t-1", city="Perth"), update(bob, "t-2", date_of_birth="soon")]

    answer = wire.post("~/contacts/batch/update", {"inputs": inputs}).json()

    assert [result["objectWriteTraceId"] for result in answer["results"]] == ["t-1"]
    (error,) = answer["errors"]
    assert error["context"]["objectWriteTraceId"] == ["t-2"]
    assert error["category"] == "VALIDATION_ERROR"


def test_an_upsert_by_a_unique_property_creates_then_updates(wire: Wire) -> None:
    """The source key makes creation safe to repeat: the second time nothing happens."""
    wire.post("/crm/properties/2026-09/contacts", KEY)
    item = {"id": "pos/C1", "idProperty": "cxhub_source_key", "properties": {"city": "Perth"}}

    first = wire.post("~/contacts/batch/upsert", {"inputs": [item]}).json()["results"][0]
    before = len(wire.emulator.effects)
    second = wire.post("~/contacts/batch/upsert", {"inputs": [item]}).json()["results"][0]

    assert (first["new"], second["new"]) == (True, False)
    assert first["id"] == second["id"]
    assert first["properties"]["cxhub_source_key"] == "pos/C1"
    assert len(wire.emulator.effects) == before


def test_an_upsert_by_email_never_succeeds_in_part(wire: Wire) -> None:
    """Traces do not help there: one bad value refuses all."""
    item = {"idProperty": "email", "properties": {}, "objectWriteTraceId": "t"}
    inputs = [item | {"id": "ann@example.com"}, item | {"id": "b@b.com", "properties": {"x": "1"}}]

    answer = wire.post("~/contacts/batch/upsert", {"inputs": inputs})

    assert answer.status_code == 400
    assert len(wire.emulator.effects) == 0


def test_two_new_records_with_one_address_in_a_batch_give_one_contact(wire: Wire) -> None:
    """The second is refused although both passed the check before anything was written."""
    twice = [{"properties": {"email": "ann@example.com"}}] * 2

    answer = wire.post("~/contacts/batch/create", {"inputs": twice}).json()

    assert (len(answer["results"]), answer["errors"][0]["category"]) == (1, "CONFLICT")


def test_a_batch_read_returns_what_exists(wire: Wire) -> None:
    """By any unique property, repeated ids once, missing ones as one error."""
    wire.create(email="ann@example.com", city="Perth")
    wanted = [{"id": name} for name in ("Ann@example.com", "Ann@example.com", "bob@example.com")]
    body = {"inputs": wanted, "properties": ["city"], "idProperty": "email"}

    answer = wire.post("~/contacts/batch/read", body).json()

    assert [result["properties"]["city"] for result in answer["results"]] == ["Perth"]
    assert answer["errors"][0]["context"]["ids"] == ["bob@example.com"]


def test_a_batch_archive_is_one_effect_per_record(wire: Wire) -> None:
    """Unknown ids are passed over."""
    ids = [wire.create(firstname="Ann"), wire.create(firstname="Bob"), "404"]

    answer = wire.post("~/contacts/batch/archive", {"inputs": [{"id": i} for i in ids]})

    assert answer.status_code == 204
    archived = [e.id for e in wire.emulator.effects.since() if e.method == "archive"]
    assert archived == ids[:2]


def test_an_admins_rule_binds_dated_writes_only(wire: Wire) -> None:
    """Since 2026-09 required properties are enforced on programs; v3 still lets them pass."""
    ann = wire.create(firstname="Ann")
    rule = {"op": "require", "object": "contacts", "property": "phone"}
    wire.post("/__emulator__/mutate", rule)
    patch = {"properties": {"city": "Perth"}}

    dated = wire.send("PATCH", f"~/contacts/{ann}", patch)
    old = wire.send("PATCH", f"/crm/v3/objects/contacts/{ann}", patch)

    assert (dated.status_code, dated.json()["context"]["properties"]) == (400, ["phone"])
    assert old.status_code == 200
