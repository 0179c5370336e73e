"""Property definitions: provisioning, and what cannot be changed afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.connectors.hubspot.conftest import Wire

PATH = "/crm/properties/2026-09/contacts"


def definition(name: str, **more: object) -> dict[str, object]:
    sound = {
        "name": name,
        "label": name.title(),
        "groupName": "contactinformation",
        "type": "string",
        "fieldType": "text",
    }
    return sound | more


def test_provisioning_twice_creates_once(wire: Wire) -> None:
    """The second batch reports what exists, and changes nothing."""
    body = {"inputs": [definition("cxhub_nps"), definition("cxhub_card", fieldType="textarea")]}
    wire.post(f"{PATH}/batch/create", body)
    before = len(wire.emulator.effects)

    again = wire.post(f"{PATH}/batch/create", body).json()

    assert [error["category"] for error in again["errors"]] == ["OBJECT_ALREADY_EXISTS"] * 2
    assert len(wire.emulator.effects) == before == 2


def test_uniqueness_is_immutable(wire: Wire) -> None:
    """A property that was created plain can never become unique."""
    wire.post(PATH, definition("cxhub_key"))

    refused = wire.send("PATCH", f"{PATH}/cxhub_key", {"hasUniqueValue": True})

    assert refused.status_code == 400
    assert "immutable" in refused.text
    assert wire.get(f"{PATH}/cxhub_key").json()["hasUniqueValue"] is False


def test_ten_unique_properties_are_the_most(wire: Wire) -> None:
    """The eleventh is refused."""
    answers = [wire.post(PATH, definition(f"key_{n}", hasUniqueValue=True)) for n in range(11)]

    assert [answer.status_code for answer in answers] == [201] * 10 + [400]


def test_a_unique_value_belongs_to_one_record(wire: Wire) -> None:
    """The second record with the same source key is refused, naming property and code."""
    wire.post(PATH, definition("cxhub_key", hasUniqueValue=True))
    wire.create(cxhub_key="pos/C1")

    refused = wire.post("~/contacts", {"properties": {"cxhub_key": "pos/C1"}})

    (error,) = refused.json()["errors"]
    assert (error["code"], error["in"]) == ("CONFLICTING_UNIQUE_VALUE", "cxhub_key")


def test_a_relabelled_property_is_one_effect(wire: Wire) -> None:
    """Sending the same label again is none."""
    wire.post(PATH, definition("cxhub_nps"))
    for _ in range(2):
        wire.send("PATCH", f"{PATH}/cxhub_nps", {"label": "Promoter score"})

    methods = [effect.method for effect in wire.emulator.effects.since()]
    assert methods == ["property_created", "property_updated"]


def test_an_archived_property_cannot_be_written(wire: Wire) -> None:
    """Provisioned fields that an admin deletes are missed at the next write."""
    wire.post(PATH, definition("cxhub_nps"))
    wire.send("DELETE", f"{PATH}/cxhub_nps")

    refused = wire.post("~/contacts", {"properties": {"cxhub_nps": "9"}})

    assert refused.json()["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"
    archived = wire.get(f"{PATH}?archived=true").json()["results"]
    assert [row["name"] for row in archived] == ["cxhub_nps"]


def test_a_batch_read_tells_which_properties_are_missing(wire: Wire) -> None:
    """One call shows what has to be provisioned."""
    body = {"inputs": [{"name": "email"}, {"name": "cxhub_nps"}], "archived": False}

    answer = wire.post(f"{PATH}/batch/read", body).json()

    assert [row["name"] for row in answer["results"]] == ["email"]
    assert answer["errors"][0]["context"]["ids"] == ["cxhub_nps"]


def test_a_group_is_made_once_and_holds_properties(wire: Wire) -> None:
    """A property may use the group from then on."""
    made = wire.post(f"{PATH}/groups", {"name": "cxhub", "label": "CX hub"})

    assert made.status_code == 201
    assert wire.post(PATH, definition("cxhub_nps", groupName="cxhub")).status_code == 201
    names = [group["name"] for group in wire.get(f"{PATH}/groups").json()["results"]]
    assert names == ["contactinformation", "cxhub"]


def test_values_of_a_new_enumeration_are_checked(wire: Wire) -> None:
    """Options are enforced, several at once where the field takes several."""
    options = [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}]
    wire.post(PATH, definition("tags", type="enumeration", fieldType="checkbox", options=options))

    good = wire.post("~/contacts", {"properties": {"tags": "a;b"}})
    bad = wire.post("~/contacts", {"properties": {"tags": "a;c"}})

    assert (good.status_code, bad.status_code) == (201, 400)
