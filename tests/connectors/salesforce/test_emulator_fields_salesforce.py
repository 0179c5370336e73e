"""Custom fields and field-level security: created, unseen, granted, written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connectors.salesforce.emulator.ids import numbered
from connectors.salesforce.emulator.org import INTEGRATION_USER

if TYPE_CHECKING:
    from tests.connectors.salesforce.conftest import Caller

GOLDEN = "CXHub_Golden_Id__c"
TEXT = {"type": "Text", "label": "Customer id", "length": 64}


def create_field(caller: Caller, name: str = GOLDEN, **metadata: Any) -> str:
    """The id of a new field of contacts."""
    body = {"FullName": f"Contact.{name}", "Metadata": metadata or TEXT}
    answer = caller.post("/tooling/sobjects/CustomField", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def grant(caller: Caller, name: str = GOLDEN, *, edit: bool = True, assign: bool = True) -> None:
    """Let a permission set show the field, and the integration user have the set."""
    parent = caller.create("PermissionSet", Name=f"Hub_{edit}", Label="Hub")
    caller.create(
        "FieldPermissions",
        ParentId=parent,
        SobjectType="Contact",
        Field=f"Contact.{name}",
        PermissionsRead=True,
        PermissionsEdit=edit,
    )
    if assign:
        caller.create(
            "PermissionSetAssignment", AssigneeId=INTEGRATION_USER, PermissionSetId=parent
        )


def described(caller: Caller, name: str = GOLDEN) -> dict[str, Any] | None:
    """What describe says about a field of contacts, if it shows it."""
    fields = caller.get("/sobjects/Contact/describe").json()["fields"]
    return next((field for field in fields if field["name"] == name), None)


def test_a_new_field_is_seen_by_nobody(caller: Caller) -> None:
    """Describe, queries and writes know nothing of it, and no error says why."""
    create_field(caller)

    query = caller.query(f"SELECT {GOLDEN} FROM Contact")
    write = caller.post("/sobjects/Contact", {"LastName": "A", GOLDEN: "g-1"})

    assert described(caller) is None
    assert [a.json()[0]["errorCode"] for a in (query, write)] == ["INVALID_FIELD"] * 2


def test_a_permission_set_that_nobody_has_grants_nothing(caller: Caller) -> None:
    """FieldPermissions alone are not enough: the set has to be assigned."""
    create_field(caller)

    grant(caller, assign=False)

    assert described(caller) is None


def test_what_somebody_else_may_see_grants_nothing(caller: Caller) -> None:
    """The set has to be assigned to the user that asks."""
    create_field(caller)
    grant(caller, assign=False)
    (row,) = caller.rows("SELECT Id FROM PermissionSet")

    caller.create(
        "PermissionSetAssignment", AssigneeId=numbered("005", 3), PermissionSetId=row["Id"]
    )

    assert described(caller) is None


def test_a_granted_field_is_seen_and_written(caller: Caller) -> None:
    """The whole way of provisioning, as a connector goes it."""
    create_field(caller)
    grant(caller)

    made = caller.create(LastName="A", **{GOLDEN: "g-1"})

    shown = described(caller)
    assert shown is not None
    assert (shown["type"], shown["length"], shown["custom"], shown["unique"]) == (
        "string",
        64,
        True,
        False,
    )
    assert caller.rows(f"SELECT Id, {GOLDEN} FROM Contact") == [{"Id": made, GOLDEN: "g-1"}]


def test_reading_is_not_writing(caller: Caller) -> None:
    """Without PermissionsEdit the field is shown as read-only and writes are refused."""
    create_field(caller)
    grant(caller, edit=False)

    answer = caller.post("/sobjects/Contact", {"LastName": "A", GOLDEN: "g-1"})

    shown = described(caller)
    assert shown is not None
    assert not shown["updateable"]
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_standard_field_may_be_read_only_as_well(caller: Caller) -> None:
    """An admin can take away editing alone."""
    made = caller.create(LastName="A")
    caller.emulator.mutate({"op": "freeze", "object": "contacts", "field": "HasOptedOutOfEmail"})

    answer = caller.patch(f"/sobjects/Contact/{made}", {"HasOptedOutOfEmail": True})

    assert answer.json()[0]["fields"] == ["HasOptedOutOfEmail"]
    assert caller.rows("SELECT HasOptedOutOfEmail FROM Contact")[0]["HasOptedOutOfEmail"] is False


@pytest.mark.parametrize(
    ("metadata", "kind", "sent", "kept"),
    [
        ({"type": "LongTextArea", "length": 5_000, "visibleLines": 5}, "textarea", "a\nb", "a\nb"),
        ({"type": "Number", "precision": 18, "scale": 2}, "double", 1.005, 1.0),
        ({"type": "Checkbox", "defaultValue": False}, "boolean", True, True),
        (
            {"type": "DateTime"},
            "datetime",
            "2026-01-02T11:00:00.5+11:00",
            "2026-01-02T00:00:00.000+0000",
        ),
        ({"type": "Date"}, "date", "2026-01-02", "2026-01-02"),
        ({"type": "Email"}, "email", "a@b.example", "a@b.example"),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) else None,
)
def test_each_type_keeps_its_values(
    caller: Caller, metadata: dict[str, Any], kind: str, sent: object, kept: object
) -> None:
    """Numbers to their scale, instants to the second in UTC."""
    create_field(caller, "X__c", label="X", **metadata)
    grant(caller, "X__c")

    caller.create(LastName="A", X__c=sent)

    shown = described(caller, "X__c")
    assert shown is not None
    assert shown["type"] == kind
    assert caller.rows("SELECT X__c FROM Contact") == [{"X__c": kept}]


def test_the_tooling_api_knows_fields_that_describe_hides(caller: Caller) -> None:
    """So a connector can tell a hidden field from one that does not exist."""
    made = create_field(caller)

    found = caller.query(
        "SELECT Id, FullName FROM CustomField WHERE TableEnumOrId = 'Contact'", "tooling/query"
    ).json()["records"]

    assert [(row["Id"], row["FullName"]) for row in found] == [(made, f"Contact.{GOLDEN}")]


def test_a_deleted_field_takes_its_values_and_permissions_along(caller: Caller) -> None:
    """A field of the same name that comes later begins empty and unseen."""
    made = create_field(caller)
    grant(caller)
    caller.create(LastName="A", **{GOLDEN: "g-1"})

    caller.send("DELETE", f"/tooling/sobjects/CustomField/{made}")
    create_field(caller)

    assert described(caller) is None
    assert caller.rows("SELECT Id FROM FieldPermissions") == []


def test_consent_objects_need_data_protection(new_caller: Any) -> None:
    """An org with the option off does not have them at all."""
    caller = new_caller(privacy=False)

    query = caller.query("SELECT Id FROM Individual")
    listed = {row["name"] for row in caller.get("/sobjects").json()["sobjects"]}

    assert query.json()[0]["errorCode"] == "INVALID_TYPE"
    assert caller.get("/sobjects/ContactPointTypeConsent/describe").status_code == 404
    assert "Individual" not in listed
    assert "Contact" in listed
