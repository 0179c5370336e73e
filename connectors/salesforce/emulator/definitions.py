"""Custom fields of the org, and who may see them.

A new field is there at once and seen by nobody: describe and queries leave it out until a
permission set that grants it is assigned to the user.

Source: Salesforce Tooling API, "CustomField"; Object Reference, "FieldPermissions".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from connectors.salesforce.emulator.catalogue import holders
from connectors.salesforce.emulator.fields import Field
from connectors.salesforce.emulator.org import INTEGRATION_USER, Org
from connectors.salesforce.emulator.records import Record


def define(org: Org, name: str, field: Field, at: datetime) -> Record:
    """The definition of a new field of the object ``name``."""
    for owner in holders(name):
        org.fields[owner][field.name] = field
    values = {
        "DeveloperName": field.name.removesuffix("__c"),
        "TableEnumOrId": name,
        "FullName": f"{name}.{field.name}",
    }
    return org.insert("CustomField", values, at)


def grant_fields(
    org: Org, permission_set: str, fields: Iterable[tuple[str, Field]], at: datetime
) -> None:
    """Let the integration user read and change these fields through a permission set of its own."""
    names = {"Name": permission_set, "Label": permission_set.replace("_", " ")}
    parent = org.insert("PermissionSet", names, at).id
    for name, field in fields:
        row = {
            "ParentId": parent,
            "SobjectType": name,
            "Field": f"{name}.{field.name}",
            "PermissionsRead": True,
            "PermissionsEdit": True,
        }
        org.insert("FieldPermissions", row, at)
    assignment = {"AssigneeId": INTEGRATION_USER, "PermissionSetId": parent}
    org.insert("PermissionSetAssignment", assignment, at)
