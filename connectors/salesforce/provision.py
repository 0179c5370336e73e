"""Makes the hub's fields exist, and lets the hub's user see them.

1. What is missing from the describe is created; a field that exists already was merely hidden.
2. A permission set of the hub's own grants to read and edit each of them (field-level security):
   without it a new field is invisible, with no error anywhere.
3. The hub's user gets that permission set. Your staff need it, too, to see the fields.
4. The describe must show all of them now, or the run stops and says what is missing.

Each step looks before it acts, so that a second run does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from connectors.salesforce.api import BATCH, Api
from connectors.salesforce.client import reason
from connectors.salesforce.fields import PERMISSION_SET, PERMISSION_SET_LABEL, definition
from connectors.salesforce.rows import KEY
from connectors.salesforce.soql import quoted, select
from hub.core.batches import in_batches
from hub.core.connector import Context, Json, OutField
from hub.core.errors import StopRun

_EXISTS = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE"})


def provision(ctx: Context, sobject: str, fields: Sequence[OutField]) -> list[str]:
    """Names of the fields that were missing and now exist.

    Raises:
        StopRun: If one cannot be created, or is not visible in the end.
    """
    api = Api.of(ctx)
    missing = _unusable(api, sobject, fields)
    if not missing:
        return []
    created = [field.name for field in missing if _created(api, sobject, field)]  # 1
    permission_set = _permission_set(api)
    _grant(api, permission_set, sobject, [field.name for field in missing])  # 2
    _assign(api, permission_set)  # 3
    still = _unusable(api, sobject, missing)  # 4
    if still:
        named = ", ".join(field.name for field in still)
        raise StopRun(
            f"{sobject}: {named} cannot be written by the hub's user. Look at the permission set "
            f"{PERMISSION_SET}: it must let that user read and edit them"
        )
    return created


def _unusable(api: Api, sobject: str, fields: Sequence[OutField]) -> list[OutField]:
    shown = api.describe(sobject).fields
    return [f for f in fields if f.name not in shown or not shown[f.name].updateable]


def _created(api: Api, sobject: str, field: OutField) -> bool:
    """Whether the field had to be created."""
    return _new(api, "CustomField", definition(sobject, field), tooling=True)


def _permission_set(api: Api) -> str:
    """Id of the hub's permission set."""
    query = select([KEY], "PermissionSet", [f"Name = {quoted(PERMISSION_SET)}"])
    if not api.query(query):
        _new(api, "PermissionSet", {"Name": PERMISSION_SET, "Label": PERMISSION_SET_LABEL})
    found = api.query(query)
    if not found:
        raise StopRun(f"the permission set {PERMISSION_SET} cannot be created or seen")
    return str(found[0][KEY])


def _grant(api: Api, permission_set: str, sobject: str, names: Sequence[str]) -> None:
    conditions = [f"ParentId = {quoted(permission_set)}", f"SobjectType = {quoted(sobject)}"]
    granted = {row["Field"] for row in api.query(select(["Field"], "FieldPermissions", conditions))}
    missing = [
        {
            "attributes": {"type": "FieldPermissions"},
            "ParentId": permission_set,
            "SobjectType": sobject,
            "Field": path,
            "PermissionsRead": True,
            "PermissionsEdit": True,
        }
        for path in (f"{sobject}.{name}" for name in names)
        if path not in granted
    ]
    for batch in in_batches(missing, BATCH):
        api.insert(batch)  # whether they took effect is for the describe to say: 4


def _assign(api: Api, permission_set: str) -> None:
    user = api.user_id()
    conditions = [f"PermissionSetId = {quoted(permission_set)}", f"AssigneeId = {quoted(user)}"]
    if not api.query(select([KEY], "PermissionSetAssignment", conditions)):
        assignment: dict[str, Json] = {"PermissionSetId": permission_set, "AssigneeId": user}
        _new(api, "PermissionSetAssignment", assignment)


def _new(api: Api, sobject: str, values: Mapping[str, Json], *, tooling: bool = False) -> bool:
    """Whether the record was created; False if there is one already.

    Raises:
        StopRun: If Salesforce refuses it for another reason.
    """
    answer = api.create(sobject, values, tooling=tooling)
    if answer.status < HTTPStatus.BAD_REQUEST:
        return True
    codes = [e.get("errorCode") for e in answer.json or () if isinstance(e, dict)]
    if codes and set(codes) <= _EXISTS:
        return False
    raise StopRun(f"Salesforce refused to create a {sobject}: {reason(answer.json)}")
