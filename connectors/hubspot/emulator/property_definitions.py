"""Endpoints of property definitions and groups: what the hub provisions before it writes."""

from __future__ import annotations

import re
from dataclasses import replace

from connectors.hubspot.emulator.account import Account
from connectors.hubspot.emulator.bodies import (
    NewGroup,
    NewProperty,
    PropertyBatch,
    PropertyPatch,
    PropertyReadBatch,
    check_batch_size,
    parse,
)
from connectors.hubspot.emulator.catalogue import FIELD_TYPES, Property
from connectors.hubspot.emulator.refusals import (
    Problem,
    Refusal,
    already_exists,
    invalid,
    not_found,
)
from connectors.hubspot.emulator.wire import NO_CONTENT, Answer, Call, batch_answer
from hub.emulation.effects import Actor

MAX_UNIQUE = 10
MAX_CUSTOM = 1000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


def list_properties(account: Account, call: Call) -> Answer:
    """Every definition of the object type, in or out of the archive."""
    definitions = account.properties[_object_type(account, call)].values()
    archived = call.flag("archived")
    return Answer({"results": [p.json() for p in definitions if p.archived == archived]})


def get_property(account: Account, call: Call) -> Answer:
    """One definition."""
    return Answer(_definition(account, call).json())


def create_property(account: Account, call: Call) -> Answer:
    """The new definition."""
    new = parse(NewProperty, call.body)
    return Answer(define(account, _object_type(account, call), new, "api").json(), 201)


def batch_create_properties(account: Account, call: Call) -> Answer:
    """The new definitions; those that exist already are listed as errors."""
    object_type = _object_type(account, call)
    inputs = parse(PropertyBatch, call.body).inputs
    check_batch_size(inputs)
    for item in inputs:
        _check(account, object_type, item)
    results: list[dict[str, object]] = []
    errors: list[Refusal] = []
    for item in inputs:
        try:
            results.append(define(account, object_type, item, "api").json())
        except Refusal as refusal:
            errors.append(replace(refusal, context={"name": [item.name]}))
    return batch_answer(account, call, results, errors, status=201)


def batch_read_properties(account: Account, call: Call) -> Answer:
    """The definitions that exist among those named."""
    object_type = _object_type(account, call)
    request = parse(PropertyReadBatch, call.body)
    check_batch_size(request.inputs)
    known = account.properties[object_type]
    names = [item.name for item in request.inputs]
    found = [known[n].json() for n in names if n in known and known[n].archived == request.archived]
    missing = [name for name in names if name not in known]
    errors = [not_found("Some properties do not exist", missing)] if missing else []
    return batch_answer(account, call, found, errors)


def update_property(account: Account, call: Call) -> Answer:
    """The definition with its new label, group, description or options."""
    before = _editable(account, call)
    patch = parse(PropertyPatch, call.body)
    if patch.has_unique_value is not None and patch.has_unique_value != before.unique:
        raise invalid(
            "hasUniqueValue cannot be changed once the property exists",
            Problem("IMMUTABLE_FIELD", "hasUniqueValue is immutable", "hasUniqueValue"),
        )
    after = _patched(account, _object_type(account, call), before, patch)
    if after != before:
        _store(account, _object_type(account, call), after, "property_updated", "api")
    return Answer(after.json())


def archive_property(account: Account, call: Call) -> Answer:
    """Nothing; values of an archived property can no longer be written."""
    before = _editable(account, call)
    archived = replace(before, archived=True)
    _store(account, _object_type(account, call), archived, "property_archived", "api")
    return NO_CONTENT


def list_groups(account: Account, call: Call) -> Answer:
    """Every property group of the object type."""
    groups = account.groups[_object_type(account, call)]
    return Answer({"results": [_group_json(name, label) for name, label in groups.items()]})


def create_group(account: Account, call: Call) -> Answer:
    """The new group."""
    object_type = _object_type(account, call)
    new = parse(NewGroup, call.body)
    _check_name(new.name)
    if new.name in account.groups[object_type]:
        raise already_exists(f"A property group named '{new.name}' already exists.")
    account.groups[object_type][new.name] = new.label
    account.effects.append("property_group_created", object_type, new.name)
    return Answer(_group_json(new.name, new.label), 201)


def define(account: Account, object_type: str, new: NewProperty, actor: Actor) -> Property:
    """The definition, now part of the account.

    Raises:
        Refusal: 400 or 409.
    """
    _check(account, object_type, new)
    present = account.properties[object_type].get(new.name)
    if present is not None and not present.archived:
        raise already_exists(f"A property named '{new.name}' already exists.")
    prop = Property(
        name=new.name,
        label=new.label,
        type=new.type,
        field_type=new.field_type,
        group=new.group_name,
        options=tuple((option.value, option.label) for option in new.options),
        hubspot_defined=False,
        unique=new.has_unique_value,
        description=new.description,
        form_field=new.form_field,
    )
    _store(account, object_type, prop, "property_created", actor)
    return prop


def custom_properties(account: Account, object_type: str) -> list[Property]:
    """The definitions that the account added and has not archived."""
    definitions = account.properties[object_type].values()
    return [prop for prop in definitions if not prop.hubspot_defined and not prop.archived]


def _store(account: Account, object_type: str, prop: Property, what: str, actor: Actor) -> None:
    account.properties[object_type][prop.name] = prop
    account.effects.append(what, object_type, prop.name, actor=actor)


def _check(account: Account, object_type: str, new: NewProperty) -> None:
    _check_name(new.name)
    if new.group_name not in account.groups[object_type]:
        raise _invalid("groupName", f"Property group '{new.group_name}' does not exist")
    if new.field_type not in FIELD_TYPES[new.type]:
        allowed = sorted(FIELD_TYPES[new.type])
        raise _invalid("fieldType", f"fieldType for type {new.type} must be one of {allowed}")
    if new.type == "enumeration" and not new.options:
        raise _invalid("options", "An enumeration property needs options")
    if new.type == "bool" and {option.value for option in new.options} != {"true", "false"}:
        raise _invalid(
            "options", "Boolean properties must have exactly two options: true and false"
        )
    if new.has_unique_value:
        _check_unique(account, object_type, new)
    if len(custom_properties(account, object_type)) >= MAX_CUSTOM:
        raise invalid(f"The account's limit of {MAX_CUSTOM} custom properties is reached")


def _check_unique(account: Account, object_type: str, new: NewProperty) -> None:
    if new.type not in ("string", "number"):
        raise _invalid("hasUniqueValue", "Only string and number properties can be unique")
    unique = [prop for prop in custom_properties(account, object_type) if prop.unique]
    if len(unique) >= MAX_UNIQUE:
        raise _invalid("hasUniqueValue", f"At most {MAX_UNIQUE} properties can be unique")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise _invalid(
            "name", "Names start with a letter and hold lowercase letters, numbers and underscores"
        )


def _invalid(field: str, message: str) -> Refusal:
    return invalid(message, Problem("INVALID_PROPERTY_DEFINITION", message, field))


def _editable(account: Account, call: Call) -> Property:
    prop = _definition(account, call)
    if prop.hubspot_defined:
        raise _invalid("name", f"{prop.name} is defined by HubSpot and cannot be changed")
    return prop


def _patched(
    account: Account, object_type: str, before: Property, patch: PropertyPatch
) -> Property:
    options = patch.options
    after = replace(
        before,
        label=before.label if patch.label is None else patch.label,
        description=before.description if patch.description is None else patch.description,
        group=before.group if patch.group_name is None else patch.group_name,
        field_type=before.field_type if patch.field_type is None else patch.field_type,
        options=before.options if options is None else tuple((o.value, o.label) for o in options),
    )
    if after.group not in account.groups[object_type]:
        raise _invalid("groupName", f"Property group '{after.group}' does not exist")
    if after.field_type not in FIELD_TYPES[after.type]:
        raise _invalid("fieldType", f"fieldType {after.field_type} does not fit type {after.type}")
    return after


def _definition(account: Account, call: Call) -> Property:
    prop = account.properties[_object_type(account, call)].get(call.path["property"])
    if prop is None or prop.archived != call.flag("archived"):
        raise not_found(f"Property {call.path['property']} does not exist")
    return prop


def _object_type(account: Account, call: Call) -> str:
    return account.table(call.path["object_type"]).kind.name


def _group_json(name: str, label: str) -> dict[str, object]:
    return {"name": name, "label": label, "displayOrder": -1, "archived": False}
