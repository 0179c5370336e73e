"""What must hold of a record before it is written: fields, permissions, references, uniqueness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connectors.salesforce.emulator.catalogue import SObject
from connectors.salesforce.emulator.fields import Field
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.refusals import (
    duplicates_detected,
    invalid,
    not_writable,
    unknown_field,
)
from connectors.salesforce.emulator.values import Json, accept, stamp

if TYPE_CHECKING:
    from connectors.salesforce.emulator.org import Org


def accepted(
    org: Org, kind: SObject, values: Mapping[str, Json], record: Record | None, *, by_program: bool
) -> dict[str, Json]:
    """The values as they are kept, for a new record or for ``record``; nothing is changed.

    1. every field exists, 2. may be written, 3. its value fits, 4. what it refers to exists,
    5. nothing required is missing, 6. nothing unique is taken.

    Raises:
        Refusal: 400.
    """
    # 1
    fields = [known_field(org, kind, name, by_program=by_program) for name in values]
    # 2
    closed = [f.name for f in fields if not _writable(org, kind, f, record, by_program=by_program)]
    if closed:
        raise not_writable(closed)
    # 3
    given = zip(fields, values.values(), strict=True)
    kept = {field.name: accept(field, value) for field, value in given}
    # 4
    for field in fields:
        _check_reference(org, field, kept[field.name])
    # 5
    if record is None:
        _check_required(org, kind, kept)
    # 6
    for field in fields:
        _check_unique(org, kind, field, kept[field.name], record)
    check_permissions(org, kind, kept, record)
    return kept


def known_field(org: Org, kind: SObject, name: str, *, by_program: bool) -> Field:
    """The field that a record names.

    Raises:
        Refusal: 400 if there is none, or the program may not see it.
    """
    found = org.field(kind, name) if by_program else org.fields[kind.name].get(name)
    if found is None:
        raise unknown_field(name, kind.name)
    return found


def defaults(org: Org, kind: SObject) -> dict[str, Json]:
    """Values that a new record has unless it brings others."""
    given = {
        f.name: f.default for f in org.fields[kind.name].values() if f.default not in (None, "")
    }
    if kind.name == "Case":
        given["CaseNumber"] = f"{len(org.tables['Case'].records) + 1_001:08d}"
    return given


def consequences(
    org: Org, kind: SObject, record: Record, kept: Mapping[str, Json]
) -> dict[str, Json]:
    """What else a change brings about: a case that is closed gets the time of it."""
    status = kept.get("Status")
    if kind.name != "Case" or status is None or status == record.values.get("Status"):
        return {}
    return {"ClosedDate": stamp(org.now()) if status == "Closed" else None}


def check_duplicates(
    org: Org, kind: SObject, kept: Mapping[str, Json], record: Record | None, save: bool
) -> None:
    """Let the org's duplicate rules speak: the same e-mail and family name are one person.

    Raises:
        Refusal: 400 ``DUPLICATES_DETECTED``.
    """
    touched = {"Email", "LastName"} & kept.keys()
    if save or kind.name not in org.duplicate_rules or not touched:
        return
    whole = {**(record.values if record else {}), **kept}
    holders = org.tables[kind.name].holders("Email", whole.get("Email"))
    name = str(whole.get("LastName")).casefold()
    same = [r for r in holders if str(r.values.get("LastName")).casefold() == name]
    if whole.get("Email") and any(other is not record for other in same):
        raise duplicates_detected()


def check_permissions(
    org: Org, kind: SObject, kept: Mapping[str, Json], record: Record | None
) -> None:
    """Hold permission rows to what they can say: an existing field, once per set, read with edit.

    Raises:
        Refusal: 400.
    """
    if kind.name == "PermissionSetAssignment":
        _check_once(org, kind, kept, ("AssigneeId", "PermissionSetId"))
    if kind.name != "FieldPermissions":
        return
    whole = {**(record.values if record else {}), **kept}
    if record is None:
        _check_governed(org, str(whole["SobjectType"]), str(whole["Field"]))
        _check_once(org, kind, kept, ("ParentId", "Field"))
    if whole.get("PermissionsEdit") and not whole.get("PermissionsRead"):
        message = "Permission Edit depends on permission(s): Read"
        raise invalid("FIELD_INTEGRITY_EXCEPTION", message, "PermissionsEdit")


def _check_governed(org: Org, sobject: str, path: str) -> None:
    owner, _, name = path.partition(".")
    field = org.fields.get(owner, {}).get(name)
    if owner != sobject or field is None or not field.permissionable:
        message = f"Field Name: bad value for restricted picklist field: {path}"
        raise invalid("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, "Field")


def _check_once(org: Org, kind: SObject, kept: Mapping[str, Json], key: tuple[str, str]) -> None:
    for other in org.tables[kind.name].live():
        if all(other.values.get(name) == kept.get(name) for name in key):
            message = f"duplicate value found: {key[1]} duplicates value on record: {other.id}"
            raise invalid("DUPLICATE_VALUE", message, *key)


def _writable(
    org: Org, kind: SObject, field: Field, record: Record | None, *, by_program: bool
) -> bool:
    open_now = field.createable if record is None else field.updateable
    return open_now and (not by_program or org.may_edit(kind, field))


def _check_reference(org: Org, field: Field, value: Json) -> None:
    if field.type != "reference" or value is None:
        return
    found = org.referred(field, value)
    if found is None:
        raise invalid("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", field.name)
    if found[1].is_deleted:
        raise invalid("ENTITY_IS_DELETED", "entity is deleted", field.name)


def _check_required(org: Org, kind: SObject, kept: Mapping[str, Json]) -> None:
    needed = [f.name for f in org.fields[kind.name].values() if f.required]
    if kind.name == "Account" and kept.get("LastName") is None and "Name" not in needed:
        needed.append("Name")  # only a person account is named by the person
    if missing := [name for name in needed if kept.get(name) is None]:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise invalid("REQUIRED_FIELD_MISSING", message, *missing)


def _check_unique(
    org: Org, kind: SObject, field: Field, value: Json, record: Record | None
) -> None:
    if not field.unique or value is None:
        return
    for other in org.tables[kind.name].holders(field.name, value):
        if other is not record:
            message = f"duplicate value found: {field.name} duplicates value on record: {other.id}"
            code = "DUPLICATE_DEVELOPER_NAME" if kind.name == "PermissionSet" else "DUPLICATE_VALUE"
            raise invalid(code, message, field.name)
