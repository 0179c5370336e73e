"""Writes profile fields into contacts, leads and person accounts, by record id.

Setting the same values again changes nothing. How a batch goes out, and how one bad record is kept
from costing the others, is in ``batches.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from connectors.salesforce.api import BATCH, RETRIEVED, Api, is_id
from connectors.salesforce.batches import sent
from connectors.salesforce.client import FieldNotVisible
from connectors.salesforce.fields import FIELDS, field_values, kept_value
from connectors.salesforce.provision import provision
from connectors.salesforce.rows import KEY
from hub.core.batches import in_batches
from hub.core.connector import Change, Context, RowResult, Value, Writer
from hub.core.released import Released


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
        records = {change.trace: _record(sobject, change) for change in known}
        return [
            *sent(Api.of(ctx).update, records),
            *(RowResult(trace, ok=False, error="not a Salesforce id") for trace in nobody),
        ]

    return write


def _record(sobject: str, change: Change) -> dict[str, object]:
    return {
        "attributes": {"type": sobject},
        "id": change.native_id,
        **field_values(change.values),
    }


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
