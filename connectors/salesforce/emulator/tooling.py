"""Endpoints of the Tooling API that create, show and delete custom fields.

Source: Salesforce Tooling API, "CustomField"; Metadata API, "CustomField" (read November 2026).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from connectors.salesforce.emulator.catalogue import ACTIVITY, SObject, holders
from connectors.salesforce.emulator.definitions import define
from connectors.salesforce.emulator.fields import Field
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.refusals import bad_json, invalid
from connectors.salesforce.emulator.sobjects import live_record, record_json, saved
from connectors.salesforce.emulator.wire import NO_CONTENT, Answer, Call

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*__c")
_LONGEST = 131_072


class Metadata(BaseModel):
    """What a new field is to be."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, strict=True, frozen=True, extra="forbid"
    )

    type: Literal[
        "Text",
        "LongTextArea",
        "TextArea",
        "Number",
        "Currency",
        "Percent",
        "Checkbox",
        "Date",
        "DateTime",
        "Email",
        "Phone",
        "Url",
    ]
    label: str
    length: int | None = None
    visible_lines: int | None = None
    precision: int | None = None
    scale: int | None = None
    default_value: Any = None
    external_id: bool = False
    unique: bool = False
    case_sensitive: bool = False
    required: bool = False
    description: str = ""
    inline_help_text: str = ""
    full_name: str = ""
    track_history: bool = False


class NewField(BaseModel):
    """A custom field to create."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    full_name: str = pydantic.Field(alias="FullName")
    metadata: Metadata = pydantic.Field(alias="Metadata")


def create_field(org: Org, call: Call) -> Answer:
    """The id of the new field, which nobody may see yet."""
    _definition_kind(org, call)
    new = _parsed(call)
    owner, name = _place(org, new.full_name)
    _check(new.metadata)
    if any(known.lower() == name.lower() for known in org.fields[holders(owner)[0]]):
        short = name.removesuffix("__c")
        message = f"There is already a field named {short} on {owner}."
        raise invalid("DUPLICATE_DEVELOPER_NAME", message, "DeveloperName")
    record = define(org, owner, _field(name, new.metadata), org.now())
    org.effects.append("create", "CustomField", record.id, (f"{owner}.{name}",))
    return Answer(saved(record.id) | {"warnings": [], "infos": []}, 201)


def get_field(org: Org, call: Call) -> Answer:
    """One custom field's definition."""
    kind = _definition_kind(org, call)
    record = live_record(org, kind, call.path["record_id"], "missing")
    return Answer(record_json(org, kind, record, call.version, []))


def delete_field(org: Org, call: Call) -> Answer:
    """Nothing; the field, its values and the permissions on it are gone."""
    kind = _definition_kind(org, call)
    record = live_record(org, kind, call.path["record_id"], "missing")
    owner, name = record.values["TableEnumOrId"], f"{record.values['DeveloperName']}__c"
    permissions = org.tables["FieldPermissions"]
    for shown_on in holders(owner):
        del org.fields[shown_on][name]
        for holder in org.tables[shown_on].records.values():
            holder.values.pop(name, None)
        for row in permissions.holders("Field", f"{shown_on}.{name}"):
            permissions.forget(row)
    org.tables[kind.name].forget(record)
    org.effects.append("delete", "CustomField", record.id, (f"{owner}.{name}",))
    return NO_CONTENT


def _definition_kind(org: Org, call: Call) -> SObject:
    return org.kind(call.path["sobject"], tooling=True)


def _parsed(call: Call) -> NewField:
    try:
        return NewField.model_validate(call.body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise bad_json(f"CustomField: {place or 'the body'}: {first['msg']}") from error


def _place(org: Org, full_name: str) -> tuple[str, str]:
    """What the field is defined for, and its name."""
    owner, _, name = full_name.partition(".")
    kind = org.find_kind(owner)
    defined_for = ACTIVITY if owner == ACTIVITY else kind.name if kind and not kind.setup else None
    if defined_for is None or defined_for in holders(ACTIVITY):
        raise invalid("INVALID_CROSS_REFERENCE_KEY", f"no object {owner}", "FullName")
    if not _NAME.fullmatch(name) or len(name) > 43:
        message = "The Field Name can only contain underscores and alphanumeric characters"
        raise invalid("FIELD_INTEGRITY_EXCEPTION", message, "FullName")
    return defined_for, name


def _check(wanted: Metadata) -> None:
    """Hold a definition to what its type needs and takes.

    Raises:
        Refusal: 400 ``FIELD_INTEGRITY_EXCEPTION``.
    """
    given = wanted.model_dump(exclude_none=True, by_alias=True)
    missing = [name for name in _NEEDS.get(wanted.type, ()) if name not in given]
    if missing:
        raise _unsound(f"Must specify '{missing[0]}' for a CustomField of type {wanted.type}")
    if wanted.external_id and wanted.type not in ("Text", "Number", "Email"):
        raise _unsound(f"Can not specify 'externalId' for a CustomField of type {wanted.type}")
    if wanted.type == "Text" and not 1 <= (wanted.length or 0) <= 255:
        raise _unsound("Text fields have a length of 1 to 255")
    if wanted.type == "LongTextArea" and not 256 <= (wanted.length or 0) <= _LONGEST:
        raise _unsound(f"Long text areas have a length of 256 to {_LONGEST}")
    if wanted.precision is not None and not 0 <= (wanted.scale or 0) <= wanted.precision <= 18:
        raise _unsound("A number has at most 18 digits, decimals included")


_NEEDS: Mapping[str, tuple[str, ...]] = {
    "Text": ("length",),
    "LongTextArea": ("length", "visibleLines"),
    "Number": ("precision", "scale"),
    "Currency": ("precision", "scale"),
    "Percent": ("precision", "scale"),
    "Checkbox": ("defaultValue",),
}


def _unsound(message: str) -> Exception:
    return invalid("FIELD_INTEGRITY_EXCEPTION", message, "Metadata")


_TYPES: Mapping[str, Callable[[Metadata], tuple[str, int]]] = {
    "Text": lambda wanted: ("string", wanted.length or 0),
    "LongTextArea": lambda wanted: ("textarea", wanted.length or 0),
    "TextArea": lambda _: ("textarea", 255),
    "Number": lambda _: ("double", 0),
    "Currency": lambda _: ("currency", 0),
    "Percent": lambda _: ("percent", 0),
    "Checkbox": lambda _: ("boolean", 0),
    "Date": lambda _: ("date", 0),
    "DateTime": lambda _: ("datetime", 0),
    "Email": lambda _: ("email", 80),
    "Phone": lambda _: ("phone", 40),
    "Url": lambda _: ("url", 255),
}


def _field(name: str, wanted: Metadata) -> Field:
    kind, length = _TYPES[wanted.type](wanted)
    checkbox = kind == "boolean"
    return Field(
        name,
        kind,
        length,
        label=wanted.label,
        nillable=not (checkbox or wanted.required),
        default=bool(wanted.default_value) if checkbox else None,
        defaulted=checkbox,
        external_id=wanted.external_id,
        unique=wanted.unique,
        permissionable=not wanted.required,
        precision=wanted.precision or 0,
        scale=wanted.scale or 0,
    )
