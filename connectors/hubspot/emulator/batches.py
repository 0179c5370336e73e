"""Endpoints of up to 100 records at once: read, create, update, upsert, archive.

A value that HubSpot refuses sinks the whole batch, unless every input carries its own
``objectWriteTraceId``: then the good ones go through and each bad one is listed under its trace.
Ids that do not exist are always listed, never fatal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from connectors.hubspot.emulator.account import Account, non_unique
from connectors.hubspot.emulator.bodies import (
    CreateBatch,
    IdBatch,
    NewRecord,
    ReadBatch,
    RecordUpdate,
    UpdateBatch,
    check_batch_size,
    check_no_duplicates,
    parse,
)
from connectors.hubspot.emulator.objects import associate, association_targets, writable_table
from connectors.hubspot.emulator.records import RecordTable
from connectors.hubspot.emulator.refusals import Refusal, not_found, not_processed
from connectors.hubspot.emulator.wire import NO_CONTENT, Answer, Call, batch_answer, record_json

Traced = TypeVar("Traced", NewRecord, RecordUpdate)


def batch_read(account: Account, call: Call) -> Answer:
    """The records that exist; the ids that do not are one error."""
    table = account.table(call.path["object_type"])
    request = parse(ReadBatch, call.body)
    check_batch_size(request.inputs)
    archived = call.flag("archived")
    results, missing = [], []
    for wanted in dict.fromkeys(item.id for item in request.inputs):
        record = account.find(table, wanted, request.id_property, archived=archived)
        if record is None:
            missing.append(wanted)
            continue
        history = request.properties_with_history
        results.append(record_json(table, record, request.properties, history))
    errors = [_missing(table, missing)] if missing else []
    return batch_answer(account, call, results, errors)


def batch_create(account: Account, call: Call) -> Answer:
    """The new records."""
    table = writable_table(account, call, "POST")
    inputs = parse(CreateBatch, call.body).inputs
    check_batch_size(inputs)

    def check(item: NewRecord) -> None:
        association_targets(account, item.associations)
        account.checked(table, item.properties, None, dated=call.dated)

    def create(item: NewRecord) -> dict[str, object]:
        targets = association_targets(account, item.associations)
        record = account.create(table, item.properties, actor="api", dated=call.dated)
        associate(account, table, record, targets)
        return record_json(table, record, list(record.properties))

    return _each(account, call, inputs, check, create, status=201)


def batch_update(account: Account, call: Call) -> Answer:
    """The records with their new values."""
    table = writable_table(account, call, "POST")
    inputs = parse(UpdateBatch, call.body).inputs
    check_batch_size(inputs)
    check_no_duplicates(item.id for item in inputs)

    def check(item: RecordUpdate) -> None:
        if item.id_property == "email":  # unique, yet refused here: only upserts take it
            raise non_unique(table)
        if record := account.find(table, item.id, item.id_property):
            account.checked(table, item.properties, record, dated=call.dated)

    def update(item: RecordUpdate) -> dict[str, object]:
        record = account.find(table, item.id, item.id_property)
        if record is None:
            raise _missing(table, [item.id])
        account.update(table, record, item.properties, actor="api", dated=call.dated)
        return record_json(table, record, list(record.properties))

    return _each(account, call, inputs, check, update)


def batch_upsert(account: Account, call: Call) -> Answer:
    """The records, each with ``new`` saying whether it was created."""
    table = writable_table(account, call, "POST")
    inputs = parse(UpdateBatch, call.body).inputs
    check_batch_size(inputs)
    check_no_duplicates(item.id for item in inputs)

    def check(item: RecordUpdate) -> None:
        record = account.find(table, item.id, item.id_property)
        values = item.properties if record else _with_key(item)
        account.checked(table, values, record, dated=call.dated)

    def upsert(item: RecordUpdate) -> dict[str, object]:
        record = account.find(table, item.id, item.id_property)
        new = record is None
        if record is None:
            record = account.create(table, _with_key(item), actor="api", dated=call.dated)
        else:
            account.update(table, record, item.properties, actor="api", dated=call.dated)
        return record_json(table, record, list(record.properties)) | {"new": new}

    # Upserts by e-mail succeed or fail as a whole; only custom unique properties allow parts.
    partial = all(item.id_property != "email" for item in inputs)
    return _each(account, call, inputs, check, upsert, partial=partial)


def batch_archive(account: Account, call: Call) -> Answer:
    """Nothing; ids that do not exist are passed over."""
    table = writable_table(account, call, "POST")
    inputs = parse(IdBatch, call.body).inputs
    check_batch_size(inputs)
    for item in inputs:
        if record := account.find(table, item.id):
            account.archive(table, record, actor="api")
    return NO_CONTENT


def _each(
    account: Account,
    call: Call,
    inputs: Sequence[Traced],
    check: Callable[[Traced], None],
    work: Callable[[Traced], dict[str, object]],
    *,
    status: int = 200,
    partial: bool = True,
) -> Answer:
    if not (partial and all(item.object_write_trace_id for item in inputs)):
        for item in inputs:
            check(item)
    results: list[dict[str, object]] = []
    errors: list[Refusal] = []
    for position, item in enumerate(inputs):
        try:
            if position < call.spoiled:
                raise not_processed()
            check(item)
            results.append(work(item) | _trace(item))
        except Refusal as refusal:
            errors.append(_attributed(refusal, item))
    return batch_answer(account, call, results, errors, status=status)


def _trace(item: Traced) -> dict[str, object]:
    trace = item.object_write_trace_id
    return {"objectWriteTraceId": trace} if trace else {}


def _attributed(refusal: Refusal, item: Traced) -> Refusal:
    context = dict(refusal.context)
    if isinstance(item, RecordUpdate):
        context["ids"] = [item.id]
    if item.object_write_trace_id:
        context["objectWriteTraceId"] = [item.object_write_trace_id]
    return replace(refusal, context=context)


def _with_key(item: RecordUpdate) -> dict[str, str]:
    return {item.id_property: item.id, **item.properties} if item.id_property else item.properties


def _missing(table: RecordTable, ids: Sequence[str]) -> Refusal:
    kind = table.kind.singular.upper()
    message = f"Could not get some {kind} objects, they may be deleted or not exist."
    return not_found(message, ids)
