"""Endpoints of up to 200 records at once: create, update, upsert, delete, read.

The answer is a 200 with one result per record, in order, however many failed. Mistakes that
Salesforce makes out before it looks at single records refuse the request as a whole: too many
records or changes of type, JSON of the wrong type, fields that do not exist.

Source: Salesforce REST API, "sObject Collections" (read November 2026); recorded upserts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from connectors.salesforce.emulator import lifecycle, rules
from connectors.salesforce.emulator.catalogue import SOBJECTS, SObject
from connectors.salesforce.emulator.fields import Field
from connectors.salesforce.emulator.ids import normal
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.refusals import (
    Refusal,
    bad_json,
    duplicates_detected,
    entity_is_deleted,
    invalid,
    locked_row,
    rolled_back,
)
from connectors.salesforce.emulator.sobjects import (
    failed,
    lookup_field,
    record_json,
    record_values,
    save_duplicate,
    saved,
    upsert,
    writable_kind,
)
from connectors.salesforce.emulator.values import Json, accept
from connectors.salesforce.emulator.wire import Answer, Call

MOST_WRITTEN, MOST_READ, MOST_CHUNKS = 200, 2_000, 10
_SPOILED = {"UNABLE_TO_LOCK_ROW": locked_row, "DUPLICATES_DETECTED": duplicates_detected}


@dataclass(frozen=True, slots=True)
class Item:
    """One record of a batch: what it is, and its values without the id."""

    kind: SObject
    values: Mapping[str, Json]
    id: str = ""


Work = Callable[[Item], dict[str, Json]]


def batch_create(org: Org, call: Call) -> Answer:
    """One result per record to create."""

    def create(item: Item) -> dict[str, Json]:
        if item.id:
            raise invalid("INVALID_FIELD", "cannot specify Id in an insert call", "Id")
        save = save_duplicate(call)
        return saved(org.create(item.kind, item.values, actor="api", save_duplicate=save).id)

    def check(item: Item) -> None:
        rules.accepted(org, item.kind, item.values, None, by_program=True)

    return _answer(org, call, _items(org, call, "POST"), create, check)


def batch_update(org: Org, call: Call) -> Answer:
    """One result per record to update."""
    items = _items(org, call, "PATCH")
    twice = _repeated(normal(item.id) for item in items)

    def update(item: Item) -> dict[str, Json]:
        record = _found(org, item, twice)
        save = save_duplicate(call)
        org.update(item.kind, record, item.values, actor="api", save_duplicate=save)
        return saved(record.id)

    def check(item: Item) -> None:
        rules.accepted(org, item.kind, item.values, _found(org, item, twice), by_program=True)

    return _answer(org, call, items, update, check)


def batch_upsert(org: Org, call: Call) -> Answer:
    """One result per record, each saying whether it was created."""
    kind = writable_kind(org, call.path["sobject"], "PATCH")
    key = lookup_field(org, kind, call.path["field"])
    items = _items(org, call, "PATCH")
    if any(item.kind is not kind for item in items):
        raise invalid("INVALID_TYPE", f"all records have to be of type {kind.name}")
    twice = _repeated(str(_key(item, key) or "") for item in items)

    def write(item: Item) -> dict[str, Json]:
        holder = _holder(org, item, key, twice)
        record, created = upsert(org, call, kind, holder, dict(item.values), key)
        return saved(record.id) | {"created": created}

    def check(item: Item) -> None:
        holder = _holder(org, item, key, twice)
        rules.accepted(org, kind, item.values, holder, by_program=True)

    return _answer(org, call, items, write, check)


def batch_delete(org: Org, call: Call) -> Answer:
    """One result per id."""
    ids = [text.strip() for text in call.query.get("ids", "").split(",") if text.strip()]
    _check_size(ids, MOST_WRITTEN)
    items = [Item(_kind_of(org, text), {}, text) for text in ids]

    def delete(item: Item) -> dict[str, Json]:
        record = _found(org, item, frozenset())
        lifecycle.delete(org, item.kind, record, actor="api")
        return saved(record.id)

    def check(item: Item) -> None:
        _found(org, item, frozenset())

    return _answer(org, call, items, delete, check)


def batch_read(org: Org, call: Call) -> Answer:
    """The live records among the ids, null in the place of every other."""
    kind = org.kind(call.path["sobject"])
    ids, fields = _wanted(call)
    _check_size(ids, MOST_READ)
    table = org.table(kind.name)
    found = [table.get(normal(text)) for text in ids]
    return Answer(
        [
            None if r is None or r.is_deleted else record_json(org, kind, r, call.version, fields)
            for r in found
        ]
    )


# --- reading the request -----------------------------------------------------------------------


def _items(org: Org, call: Call, method: str) -> list[Item]:
    """The records of the request, each checked as far as Salesforce checks a request as a whole."""
    body = call.body
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list):
        raise bad_json("The request body has to hold a list of records")
    _check_size(records, MOST_WRITTEN)
    items = [_item(org, record, method) for record in records]
    chunks = sum(1 for _ in groupby(items, key=lambda item: item.kind.name))
    if chunks > MOST_CHUNKS:
        message = "Cannot have more than 10 chunks in a single operation."
        raise invalid("LIMIT_EXCEEDED", f"{message} Please rearrange the data to reduce chunking.")
    for item in items:
        _check_shape(org, item)
    return items


def _item(org: Org, record: Json, method: str) -> Item:
    values = record_values(record)
    head = record.get("attributes")
    name = head.get("type") if isinstance(head, dict) else None
    if not isinstance(name, str):
        raise bad_json("Each record needs attributes with a type")
    kind = writable_kind(org, name, method)
    key = next((name for name in values if name.lower() == "id"), "")
    record_id = values.pop(key, None) if key else None
    return Item(kind, values, str(record_id or ""))


def _check_shape(org: Org, item: Item) -> None:
    for name, value in item.values.items():
        field = rules.known_field(org, item.kind, name, by_program=True)
        try:
            accept(field, value)
        except Refusal as refusal:
            if refusal.code == "JSON_PARSER_ERROR":
                raise


def _check_size(items: Sequence[object], most: int) -> None:
    if len(items) > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise invalid("EXCEEDED_ID_LIMIT", message)


def _wanted(call: Call) -> tuple[list[str], list[str]]:
    """Ids and fields to read, from the body or from the query."""
    asked = call.body if isinstance(call.body, dict) else dict(call.query)
    ids, fields = (_listed(asked.get(name)) for name in ("ids", "fields"))
    if not ids or not fields:
        raise invalid("MISSING_ARGUMENT", "ids and fields have to be specified")
    return ids, fields


def _listed(value: Json) -> list[str]:
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return []
    return [str(item).strip() for item in value]


# --- one record at a time ----------------------------------------------------------------------


def _answer(
    org: Org, call: Call, items: Sequence[Item], work: Work, check: Callable[[Item], None]
) -> Answer:
    """The results of a batch; all or none of it where the request says so."""
    if _all_or_none(call):
        refused = [_refused(check, item) for item in items]
        if any(refused):
            return Answer([failed(refusal or rolled_back()) for refusal in refused])
    results = []
    for place, item in enumerate(items):
        try:
            if place < len(call.spoiled):
                raise _SPOILED.get(call.spoiled[place], locked_row)()
            results.append(work(item))
        except Refusal as refusal:
            results.append(failed(refusal))
    return Answer(results)


def _all_or_none(call: Call) -> bool:
    said = (
        call.body.get("allOrNone") if isinstance(call.body, dict) else call.query.get("allOrNone")
    )
    return said in (True, "true")


def _refused(check: Callable[[Item], None], item: Item) -> Refusal | None:
    try:
        check(item)
    except Refusal as refusal:
        return refusal
    return None


def _repeated(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(key for key, count in Counter(keys).items() if key and count > 1)


def _found(org: Org, item: Item, twice: frozenset[str]) -> Record:
    if not item.id:
        raise invalid("MISSING_ARGUMENT", "Id not specified in an update call", "Id")
    record_id = normal(item.id)
    if not record_id or record_id[:3] != item.kind.prefix:
        message = f"{item.kind.label} ID: id value of incorrect type: {item.id}"
        raise invalid("MALFORMED_ID", message, "Id")
    if record_id in twice:
        raise invalid("DUPLICATE_VALUE", f"duplicate id specified: {record_id}", "Id")
    record = org.table(item.kind.name).get(record_id)
    if record is None:
        raise invalid("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if record.is_deleted:
        raise entity_is_deleted()
    return record


def _key(item: Item, key: Field) -> Json:
    if key.name == "Id":
        return item.id
    return next((v for n, v in item.values.items() if n.lower() == key.name.lower()), None)


def _holder(org: Org, item: Item, key: Field, twice: frozenset[str]) -> Record | None:
    value = _key(item, key)
    if key.name == "Id":
        return _found(org, item, twice) if item.id else None
    if value in (None, ""):
        raise invalid("MISSING_ARGUMENT", f"{key.name} not specified", key.name)
    if str(value) in twice:
        message = f"Duplicate external id specified: {value}"
        raise invalid("DUPLICATE_VALUE", message, key.name)
    holders = org.table(item.kind.name).holders(key.name, accept(key, value))
    if len(holders) > 1:
        found = ", ".join(record.id for record in holders)
        message = f"{key.name}: more than one record found for external id field: [{found}]"
        raise invalid("DUPLICATE_EXTERNAL_ID", message, key.name)
    return holders[0] if holders else None


def _kind_of(org: Org, text: str) -> SObject:
    prefixes = {kind.prefix: kind for kind in org.kinds()}
    kind = prefixes.get(text[:3])
    if kind is None or not kind.writable:
        return SOBJECTS["Account"]  # the id is then malformed for it, which is the answer
    return kind
