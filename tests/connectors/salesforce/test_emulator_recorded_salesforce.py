"""Answers have the keys and the types of recorded ones."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from tests.connectors.salesforce.conftest import Caller

SHARED = Path(os.environ.get("CXHUB_SHARED", Path(__file__).parents[4] / "shared"))
RECORDED = SHARED / "vendors/salesforce"
UPSERTS = "TestUpsert.test_simple_upsert__rest.yaml"
Json = Any

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not RECORDED.exists(), reason="the shared data sets are not here"),
]


@cache
def described(name: str) -> dict[str, Any]:
    """A recorded describe answer."""
    recording = yaml.safe_load((RECORDED / f"GET_sobjects_{name}_describe.yaml").read_text())
    answer: dict[str, Any] = json.loads(recording["response"]["body"]["string"])
    return answer


def exchanges(file: str, path: str) -> list[tuple[Json, Json]]:
    """Bodies sent to and got from a path in a recording."""
    found = yaml.safe_load((RECORDED / file).read_text())["interactions"]
    both = [each for each in found if "request" in each and path in each["request"]["uri"]]
    return [
        (json.loads(each["request"]["body"] or "null"), json.loads(_text(each["response"])))
        for each in both
    ]


def _text(response: Mapping[str, Any]) -> str:
    return str(response["body"]["string"])


def shape(value: Json) -> Json:
    """Keys and JSON types of a value; the items of a list are one shape."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        shapes = [shape(item) for item in value]
        return [each for at, each in enumerate(shapes) if each not in shapes[:at]]
    return (
        "number" if isinstance(value, int | float) and value is not True else type(value).__name__
    )


@pytest.mark.parametrize("name", ["Account", "Contact", "Lead", "Case", "Opportunity", "Event"])
def test_describe_has_the_recorded_keys(caller: Caller, name: str) -> None:
    """Of the object, of each field, of picklist values and of child relationships."""
    recorded, ours = described(name), caller.get(f"/sobjects/{name}/describe").json()

    later = {"sobjectDescribeOption", "associateEntityType", "associateParentEntity"}
    later |= {"implementedBy", "implementsInterfaces", "isInterface", "defaultImplementation"}
    later |= {"extendedBy", "extendsInterfaces"}  # keys that newer versions added
    assert set(recorded) - later <= set(ours) <= set(recorded) | later
    for part in ("fields", "childRelationships"):
        assert all(set(each) == set(recorded[part][0]) for each in ours[part])
    options = [field["picklistValues"] for field in (*recorded["fields"], *ours["fields"])]
    assert len({frozenset(option) for listed in options for option in listed}) == 1


SAID = (
    *("type", "soapType", "nillable", "createable", "updateable", "custom", "idLookup"),
    *("relationshipName", "nameField", "filterable", "sortable", "calculated"),
)


def differing(recorded: dict[str, Any], ours: dict[str, Any]) -> list[tuple[str, str, Json, Json]]:
    """Where the fields that both describes know are described differently."""
    theirs, own = ({field["name"]: field for field in each["fields"]} for each in (recorded, ours))
    shared = sorted(theirs.keys() & own.keys())
    assert len(shared) > 20
    return [
        (field, key, theirs[field][key], own[field][key])
        for field in shared
        for key in SAID
        if theirs[field][key] != own[field][key]
    ]


@pytest.mark.parametrize("name", ["Account", "Contact", "Lead", "Case", "Opportunity", "Event"])
def test_fields_are_described_as_recorded(caller: Caller, name: str) -> None:
    """Type, and what may be done with each field that both know."""
    ours = caller.get(f"/sobjects/{name}/describe").json()

    assert differing(described(name), ours) == []


def test_person_accounts_are_described_as_recorded(new_caller: Callable[..., Caller]) -> None:
    """An org with person accounts knows everything of them that the emulated one knows."""
    recorded = described("Account_PersonAccount")
    ours = new_caller(person_accounts=True).get("/sobjects/Account/describe").json()

    assert differing(recorded, ours) == []
    names = {field["name"] for field in recorded["fields"]}
    assert {field["name"] for field in ours["fields"]} <= names


def test_the_global_describe_has_the_recorded_keys(caller: Caller) -> None:
    """Per object as well; encoding and batch size are the recorded ones."""
    recorded, ours = described("Global"), caller.get("/sobjects").json()

    assert (ours["encoding"], ours["maxBatchSize"]) == ("UTF-8", 200)
    assert set(ours["sobjects"][0]) == set(recorded["sobjects"][0])


def test_an_upsert_answers_as_recorded(caller: Caller) -> None:
    """The recorded requests, sent again: the same results but for the ids."""
    sent = exchanges(UPSERTS, "/composite/sobjects/Contact/Email")

    for body, answer in sent:
        ours = caller.patch("/composite/sobjects/Contact/Email", body)

        assert ours.status_code == 200
        assert [row | {"id": ""} for row in ours.json()] == [row | {"id": ""} for row in answer]
    assert len(sent) == 2


def test_a_query_answers_as_recorded(caller: Caller) -> None:
    """The recorded names, in the order in which they were made."""
    body, _ = exchanges(UPSERTS, "/composite/sobjects/Contact/Email")[0]
    caller.patch("/composite/sobjects/Contact/Email", body)
    _, recorded = exchanges(UPSERTS, "/query/?q=select+FirstName+from+Contact")[0]

    ours = caller.query("select FirstName from Contact").json()

    assert shape(ours) == shape(recorded)
    names = [[row["FirstName"] for row in page["records"]] for page in (ours, recorded)]
    assert names[0] == names[1]


def test_a_composite_refusal_answers_as_recorded(caller: Caller) -> None:
    """A request for an object that does not exist, inside a 200."""
    file = "TestCompositeParallelSalesforce.test_errors.yaml"
    ((body, recorded),) = exchanges(file, "/composite")
    sent = json.loads(json.dumps(body).replace("vxx.0", "v67.0"))

    ours = caller.post("/composite", sent).json()

    assert ours == recorded
