"""Writes profile properties into contacts, by record id.

1. One call for the whole batch; each input carries a trace, which comes back with its result.
2. If HubSpot refuses the batch as a whole (400, 409), it is halved until the bad record stands
   alone, so that one bad record never costs the others.
3. A record that neither succeeded nor failed gets no result: the hub reads it back before it tries
   again. The same holds for a batch whose answer got lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from connectors.hubspot.api import BATCH, Api, Update, dicts
from connectors.hubspot.client import TEMPORARY, reason
from connectors.hubspot.fields import (
    FIELDS,
    GROUP,
    GROUP_LABEL,
    definition,
    kept_value,
    property_values,
)
from connectors.hubspot.rows import KEY, row_of
from hub.core.batches import in_batches
from hub.core.connector import Change, Context, OutField, RowResult, Value, Writer
from hub.core.http import Response
from hub.core.pages import dig
from hub.core.released import Released

OBJECT_TYPE = "contacts"


def write(ctx: Context, batch: Sequence[Released[Change]]) -> list[RowResult]:
    """What HubSpot said about each change."""
    updates = [
        Update(change.native_id, property_values(change.values), change.trace)
        for change in (released.value for released in batch)
    ]
    return list(_sent(Api.of(ctx), updates))


def _sent(api: Api, updates: Sequence[Update]) -> Iterator[RowResult]:
    answer = api.update(OBJECT_TYPE, updates)  # 1
    if answer.status < HTTPStatus.BAD_REQUEST:
        yield from _results(answer, updates)
    elif len(updates) == 1:
        yield RowResult(updates[0].object_write_trace_id, ok=False, error=reason(answer.json))
    else:  # 2
        middle = len(updates) // 2
        yield from _sent(api, updates[:middle])
        yield from _sent(api, updates[middle:])


def _results(answer: Response, updates: Sequence[Update]) -> Iterator[RowResult]:
    """One result per update that the answer mentions, by trace, else by record id."""
    traces = {update.id: update.object_write_trace_id for update in updates}
    open_traces = set(traces.values())
    for result in dicts(dig(answer.json, "results")):
        trace = result.get("objectWriteTraceId") or traces.get(str(result.get("id")))
        if trace in open_traces:
            open_traces.remove(trace)
            yield RowResult(trace, ok=True, reference=str(result.get("updatedAt") or ""))
    for error in dicts(dig(answer.json, "errors")):
        context = error.get("context") or {}
        named = [*context.get("objectWriteTraceId", ()), *map(traces.get, context.get("ids", ()))]
        for trace in dict.fromkeys(named):
            if trace in open_traces:
                open_traces.remove(trace)
                yield _failure(trace, error)


def _failure(trace: str, error: Mapping[str, Any]) -> RowResult:
    retryable = error.get("category") in TEMPORARY
    return RowResult(trace, ok=False, error=reason(error), retryable=retryable)


def read(
    ctx: Context, ids: Sequence[str], names: Sequence[str]
) -> Mapping[str, Mapping[str, Value]]:
    """What the contacts hold now; ids that no longer exist are left out."""
    api, held = Api.of(ctx), {}
    for batch in in_batches(ids, BATCH):
        for record in api.read(OBJECT_TYPE, batch, names):
            row = row_of(record)
            held[row[KEY]] = {name: kept_value(name, row.get(name)) for name in names}
    return held


def provision(ctx: Context, fields: Sequence[OutField]) -> Sequence[str]:
    """Names of the properties that were missing and now exist, in a property group of the hub's."""
    api = Api.of(ctx)
    present = api.properties(OBJECT_TYPE)
    missing = [definition(field) for field in fields if field.name not in present]
    if not missing:
        return ()
    if GROUP not in api.property_groups(OBJECT_TYPE):
        api.create_group(OBJECT_TYPE, GROUP, GROUP_LABEL)
    return api.create_properties(OBJECT_TYPE, missing)


PROFILES = Writer(
    name="profiles",
    stream=OBJECT_TYPE,
    fields=FIELDS,
    batch=BATCH,
    write=write,
    read=read,
    provision=provision,
    idempotency="native",  # the same values again change nothing
)
