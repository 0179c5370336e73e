"""Endpoints of single records: get, create, update, upsert, delete.

Source: Salesforce REST API, "sObject Rows", "sObject Rows by External ID" (read November 2026);
recorded answers to creations.
"""

from __future__ import annotations

from typing import Literal

from connectors.salesforce.emulator import lifecycle
from connectors.salesforce.emulator.catalogue import SObject
from connectors.salesforce.emulator.fields import Field
from connectors.salesforce.emulator.ids import normal
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.refusals import (
    Refusal,
    bad_json,
    entity_is_deleted,
    invalid,
    method_not_allowed,
    no_such_column,
    no_such_record,
)
from connectors.salesforce.emulator.values import Json, accept
from connectors.salesforce.emulator.wire import NO_CONTENT, Answer, Call, attributes

WhenDeleted = Literal["missing", "deleted"]


def get_record(org: Org, call: Call) -> Answer:
    """One live record, with the fields asked for or every one that the user may read."""
    kind = org.kind(call.path["sobject"])
    record = live_record(org, kind, call.path["record_id"], "missing")
    return Answer(record_json(org, kind, record, call.version, _asked_for(call)))


def get_by_key(org: Org, call: Call) -> Answer:
    """The live record with that value of an external id; 300 with the candidates for several."""
    kind = org.kind(call.path["sobject"])
    key = lookup_field(org, kind, call.path["field"])
    holders = org.table(kind.name).holders(key.name, accept(key, call.path["value"]))
    if not holders:
        raise no_such_record(key.name)
    if len(holders) > 1:
        return _candidates(call, kind, holders)
    return Answer(record_json(org, kind, holders[0], call.version, _asked_for(call)))


def create_record(org: Org, call: Call) -> Answer:
    """The new record's id."""
    kind = writable_kind(org, call.path["sobject"], "POST")
    values = record_values(call.body)
    if "Id" in values:
        raise invalid("INVALID_FIELD", "cannot specify Id in an insert call", "Id")
    record = org.create(kind, values, actor="api", save_duplicate=save_duplicate(call))
    return Answer(saved(record.id), 201)


def update_record(org: Org, call: Call) -> Answer:
    """Nothing; the record has its new values."""
    kind = writable_kind(org, call.path["sobject"], "PATCH")
    record = live_record(org, kind, call.path["record_id"], "deleted")
    values = record_values(call.body)
    org.update(kind, record, values, actor="api", save_duplicate=save_duplicate(call))
    return NO_CONTENT


def delete_record(org: Org, call: Call) -> Answer:
    """Nothing; the record lies in the recycle bin."""
    kind = writable_kind(org, call.path["sobject"], "DELETE")
    record = live_record(org, kind, call.path["record_id"], "deleted")
    lifecycle.delete(org, kind, record, actor="api")
    return NO_CONTENT


def upsert_record(org: Org, call: Call) -> Answer:
    """The id, and whether the record is new; 300 with the candidates when several match."""
    kind = writable_kind(org, call.path["sobject"], "PATCH")
    key = lookup_field(org, kind, call.path["field"])
    values = record_values(call.body)
    if key.name in values:
        message = f"The {key.name} field should not be specified in the sobject data."
        raise invalid("INVALID_FIELD", message, key.name)
    holders = org.table(kind.name).holders(key.name, accept(key, call.path["value"]))
    if len(holders) > 1:
        return _candidates(call, kind, holders)
    record, created = upsert(org, call, kind, holders[0] if holders else None, values, key)
    return Answer(saved(record.id) | {"created": created}, 201 if created else 200)


# --- parts that batches share ------------------------------------------------------------------


def upsert(
    org: Org, call: Call, kind: SObject, holder: Record | None, values: dict[str, Json], key: Field
) -> tuple[Record, bool]:
    """The record, and whether it is new.

    Raises:
        Refusal: 400.
    """
    save = save_duplicate(call)
    if holder is not None:
        org.update(kind, holder, values, actor="api", save_duplicate=save)
        return holder, False
    if key.name != "Id" and "value" in call.path:
        values = {**values, key.name: call.path["value"]}
    return org.create(kind, values, actor="api", save_duplicate=save), True


def writable_kind(org: Org, name: str, method: str) -> SObject:
    """The object of that name, if programs may write its records.

    Raises:
        Refusal: 404 or 405.
    """
    kind = org.kind(name)
    if not kind.writable:
        raise method_not_allowed(method, "GET,HEAD")
    return kind


def live_record(org: Org, kind: SObject, text: str, when_deleted: WhenDeleted) -> Record:
    """The record of that id.

    Raises:
        Refusal: 404.
    """
    record = org.table(kind.name).get(normal(text))
    if record is not None and record.is_deleted and when_deleted == "deleted":
        raise entity_is_deleted()
    if record is None or record.is_deleted:
        raise no_such_record(text)
    return record


def lookup_field(org: Org, kind: SObject, name: str) -> Field:
    """The field by which records can be upserted.

    Raises:
        Refusal: 404.
    """
    found = org.field(kind, name)
    if found is None or not (found.external_id or found.id_lookup):
        raise no_such_record(name)
    return found


def record_values(body: Json) -> dict[str, Json]:
    """The field values of a record in a request.

    Raises:
        Refusal: 400.
    """
    if not isinstance(body, dict):
        raise bad_json("The request body has to be one record: a JSON object")
    return {name: value for name, value in body.items() if name != "attributes"}


def record_json(
    org: Org, kind: SObject, record: Record, version: str, wanted: list[str]
) -> dict[str, Json]:
    """A record as the API shows it.

    Raises:
        Refusal: 400 if a field asked for does not exist or may not be read.
    """
    body: dict[str, Json] = {"attributes": attributes(version, kind.name, record.id)}
    if wanted:
        fields = [_asked_field(org, kind, name) for name in wanted]
    else:
        fields = [f for f in org.fields[kind.name].values() if org.may_read(kind, f)]
    return body | {field.name: org.value(kind, record, field) for field in fields}


def _asked_field(org: Org, kind: SObject, name: str) -> Field:
    field = org.field(kind, name)
    if field is None:
        raise no_such_column(name, kind.name)
    return field


def saved(record_id: str) -> dict[str, Json]:
    """The result of a write that went through."""
    return {"id": record_id, "success": True, "errors": []}


def failed(refusal: Refusal) -> dict[str, Json]:
    """The result of a write that was refused."""
    return {"success": False, "errors": [refusal.item()]}


def save_duplicate(call: Call) -> bool:
    """Whether the request asks to pass the org's duplicate rules."""
    return call.option("sforce-duplicate-rule-header", "allowSave").lower() == "true"


def _candidates(call: Call, kind: SObject, holders: list[Record]) -> Answer:
    return Answer([attributes(call.version, kind.name, r.id)["url"] for r in holders], 300)


def _asked_for(call: Call) -> list[str]:
    return [name.strip() for name in call.query.get("fields", "").split(",") if name.strip()]
