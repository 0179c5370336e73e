"""Metric snapshots as a file: the current ones and every value that they superseded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Final
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, select

from hub.core.clock import from_micros
from hub.core.connector import Value
from hub.core.errors import NotFound
from hub.core.settings import MetricsSection
from hub.exports.delivery import Content
from hub.exports.profiles import PAGE, Form, table
from hub.metrics import lineage
from hub.metrics.formulas import Basis
from hub.metrics.run import last_reference
from hub.store.schema import metric_snapshots

FIELDS: Final = (
    "metric", "series", "value", "low", "high", "n", "status", "population", "period_from",
    "period_to", "definition", "registry", "computed_at", "superseded_at", "snapshot_id", "pair",
)  # fmt: skip
"""Columns of the CSV and keys of the JSON lines, in this order.

Money is in minor units, durations are in seconds. ``pair`` is the satisfaction that an efficiency
metric never leaves without, such as ``csat 0-1: 74.2 % (n = 120)``.
"""


def content(connection: Connection, form: Form) -> Content:
    """Every snapshot in ``form``, oldest first within its metric and series."""
    if form == "jsonl":
        return Content("", (orjson.dumps(row).decode() + "\n" for row in _rows(connection)))
    return table(FIELDS, (list(row.values()) for row in _rows(connection)), form)


def lineage_content(
    connection: Connection, snapshot_id: str, settings: MetricsSection, time_zone: str
) -> Content:
    """One snapshot with its definition, parameters and rows, as one line of JSON.

    Raises:
        NotFound: If there is no such snapshot, or its rows have changed since.
    """
    reference = last_reference(connection)
    if reference is None:
        raise NotFound("no metric was measured yet; run: hub run")
    basis = Basis(reference, ZoneInfo(time_zone), settings)
    file = lineage.export(connection, snapshot_id, basis)
    return Content("", (line for line in [file.decode() + "\n"]))


def _rows(connection: Connection) -> Iterator[Mapping[str, Value]]:
    column = metric_snapshots.c
    kept = [name for name in FIELDS if name != "pair"]
    query = select(*(column[name] for name in kept), column.body).order_by(
        column.metric, column.series, column.computed_at, column.snapshot_id
    )
    with closing(connection.execute(query.execution_options(yield_per=PAGE))) as result:
        for row in result:
            told = {name: _cell(name, row._mapping[name]) for name in kept}
            yield {**told, "pair": _pair(row.body)}


def _pair(body: bytes) -> str | None:
    pair = orjson.loads(body).get("pair")
    if pair is None:
        return None
    return f"{pair['metric']} {pair['scale']}: {pair['value']:.1f} % (n = {pair['n']})"


def _cell(name: str, value: Value) -> Value:
    is_instant = name.endswith(("_at", "_from", "_to"))
    return from_micros(value).isoformat() if is_instant and isinstance(value, int) else value
