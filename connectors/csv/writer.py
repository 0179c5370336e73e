"""Profiles written back as files: ``customers_profiles.csv``, one line per record of the source.

A batch is merged into the file by native id: a field that is absent keeps its value, None clears
it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from connectors.csv.config import Column, CsvSettings
from connectors.csv.mapping import described
from connectors.csv.merging import merge, rows
from connectors.csv.targets import targets
from hub.core.connector import Change, Context, OutField, RowResult, Value, Writer
from hub.core.profile_fields import STANDING_FIELDS
from hub.core.released import Released

NATIVE_ID = "native_id"
"""First column: the record's id in its source."""

_BATCH = 10_000  # each batch rewrites the file once

FIELDS = (
    OutField("golden_id", "who.golden_id", "service", label="Customer id of the hub"),
    OutField("name", "who.name", "service", label="Name"),
    OutField("lifecycle", "relationship.lifecycle", "service", label="Lifecycle stage"),
    OutField("orders", "value.orders", "analytics", "number", "Orders"),
    OutField("net_spend", "value.net_spend", "analytics", "number", "Net spend"),
    OutField("average_order_value", "value.aov", "analytics", "number", "Average order value"),
    OutField("rfm", "value.rfm", "analytics", label="RFM segment"),
    OutField("historic_clv", "value.clv_historic", "analytics", "number", "Historic value"),
    OutField("nps", "voice.nps", "service", "number", "Last NPS score"),
    OutField("csat", "voice.csat", "service", "number", "Last CSAT score"),
    OutField("ces", "voice.ces", "service", "number", "Last CES score"),
    OutField("churn", "risk.churn", "analytics", label="Churn state"),
    *STANDING_FIELDS,
    OutField("context_card", "card.text", "service", "long_text", "Context card"),
)
"""What is written unless ``hub.toml`` says otherwise."""


def writers(settings: CsvSettings) -> tuple[Writer, ...]:
    """One writer per stream of customers, if the settings name an output folder."""
    if settings.output is None:
        return ()
    return tuple(
        Writer(
            name=f"{stream}_profiles",
            stream=stream,
            fields=FIELDS,
            batch=_BATCH,
            write=partial(write, path := settings.output / f"{stream}_profiles.csv"),
            read=partial(read, path),
            provision=provision,
        )
        for stream in customer_streams(settings)
    )


def customer_streams(settings: CsvSettings) -> list[str]:
    """Streams whose records are customers: files of them, and those that facts only mention."""
    found: dict[str, None] = {}
    for name, stream in settings.streams.items():
        if stream.entity in ("person", "organisation"):
            found[name] = None
        for field, spec in stream.columns.items():
            if targets(stream.entity)[field].kind == "party":
                column: Column = described(spec)
                found |= {column.stream: None} if column.by == "id" else {}
    return list(found)


def write(path: Path, ctx: Context, batch: Sequence[Released[Change]]) -> list[RowResult]:
    """Merge the batch into the file; every row succeeds, or none does.

    Raises:
        Unavailable: If the file cannot be written; the old one is as it was.
    """
    changes: dict[str, dict[str, Value]] = {}
    for released in batch:
        change = released.value
        changes.setdefault(change.native_id, {}).update(change.values)
    merge(path, NATIVE_ID, changes, guard=ctx.config.guard_spreadsheets)
    return [RowResult(released.value.trace, ok=True, reference=path.name) for released in batch]


def read(
    path: Path, ctx: Context, ids: Sequence[str], fields: Sequence[str]
) -> Mapping[str, Mapping[str, Value]]:
    """Values in the file by native id; a record without a line has none, and can still get one."""
    found = {native_id: dict.fromkeys(fields) for native_id in ids}
    for native_id, row in rows(path, guard=ctx.config.guard_spreadsheets):
        if native_id in found:
            found[native_id] = {field: row.get(field) for field in fields}
    return found


def provision(ctx: Context, fields: Sequence[OutField]) -> Sequence[str]:
    """No column has to exist beforehand: the first batch that has one writes it."""
    return ()
