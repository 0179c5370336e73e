"""Writes profile fields into contacts, leads and person accounts, by record id.

1. One call for the whole batch, ``allOrNone`` false; the results come in the order of the records,
   with 200 also when some failed.
2. If Salesforce refuses the request as a whole (a number field that gets text, say), it is halved
   until the bad record stands alone, so that one bad record never costs the others.
3. A record that is locked by somebody else may be tried again later; so says its result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from connectors.salesforce.api import BATCH, RETRIEVED, Api, is_id
from connectors.salesforce.client import FieldNotVisible, reason, translate
from connectors.salesforce.fields import FIELDS, field_values, kept_value
from connectors.salesforce.provision import provision
from connectors.salesforce.rows import KEY
from hub.core.batches import in_batches
from hub.core.connector import Change, Context, RowResult, Value, Writer
from hub.core.errors import RetryLater
from hub.core.http import Response
from hub.core.released import Released

_TEMPORARY = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION"})


def profile_writer(name: str, stream: str, sobject: str) -> Writer:
    """The writer of profile fields into the records of one object.

    Args:
        name: Name of the writer.
        stream: Stream that reads the records.
        sobject: Their object.
    """
    return Writer(
        name=name,
        stream=stream,
        fields=FIELDS,
        batch=BATCH,
        write=_write(sobject),
        read=_read(sobject),
        provision=lambda ctx, fields: provision(ctx, sobject, fields),
        idempotency="native",  # the same values again change nothing
    )


# --- writing ---------------------------------------------------------------------------------


def _write(sobject: str) -> Callable[[Context, Sequence[Released[Change]]], list[RowResult]]:
    def write(ctx: Context, batch: Sequence[Released[Change]]) -> list[RowResult]:
        changes = [released.value for released in batch]
        known = [change for change in changes if is_id(change.native_id)]
        nobody = [change.trace for change in changes if not is_id(change.native_id)]
        return [
            *_sent(Api.of(ctx), sobject, known),
            *(RowResult(trace, ok=False, error="not a Salesforce id") for trace in nobody),
        ]

    return write


def _sent(api: Api, sobject: str, changes: Sequence[Change]) -> Iterator[RowResult]:
    if not changes:
        return
    answer = api.update([_record(sobject, change) for change in changes])  # 1
    if answer.status < HTTPStatus.BAD_REQUEST:
        yield from _results(answer, changes)
        return
    error = translate(answer)
    if isinstance(error, FieldNotVisible):
        raise error  # for every record: halving would not cure it
    if len(changes) == 1:
        patience = isinstance(error, RetryLater)
        yield RowResult(changes[0].trace, ok=False, error=reason(answer.json), retryable=patience)
    else:  # 2
        middle = len(changes) // 2
        yield from _sent(api, sobject, changes[:middle])
        yield from _sent(api, sobject, changes[middle:])


def _record(sobject: str, change: Change) -> dict[str, object]:
    return {
        "attributes": {"type": sobject},
        "id": change.native_id,
        **field_values(change.values),
    }


def _results(answer: Response, changes: Sequence[Change]) -> Iterator[RowResult]:
    """One result per change: the answer has them in the order of the records."""
    said = answer.json
    if not isinstance(said, list) or len(said) != len(changes):
        return  # nobody can say which is which: no result means failed, and is read back
    for change, result in zip(changes, said, strict=True):
        if isinstance(result, dict):
            yield _result(change.trace, result)


def _result(trace: str, result: Mapping[str, Any]) -> RowResult:
    if result.get("success") is True:
        return RowResult(trace, ok=True)
    errors = result.get("errors")
    codes = {e.get("statusCode") for e in errors or () if isinstance(e, dict)}
    return RowResult(
        trace,
        ok=False,
        error=reason(errors),
        retryable=bool(codes) and codes <= _TEMPORARY,  # 3
    )


# --- reading ---------------------------------------------------------------------------------


def _read(
    sobject: str,
) -> Callable[[Context, Sequence[str], Sequence[str]], Mapping[str, Mapping[str, Value]]]:
    def read(
        ctx: Context, ids: Sequence[str], names: Sequence[str]
    ) -> Mapping[str, Mapping[str, Value]]:
        api, held = Api.of(ctx), {}
        for batch in in_batches([each for each in ids if is_id(each)], RETRIEVED):
            for record_id, row in _held(api, sobject, batch, names).items():
                held[record_id] = {name: kept_value(name, row.get(name)) for name in names}
        return held

    return read


def _held(
    api: Api, sobject: str, ids: Sequence[str], names: Sequence[str]
) -> Mapping[str, Mapping[str, object]]:
    """What the records hold; a field that is not there yet, or not for this user, holds nothing."""
    try:
        return api.retrieve(sobject, ids, [KEY, *names])
    except FieldNotVisible:
        return api.retrieve(sobject, ids, [KEY, *api.describe(sobject).visible(names)])
