"""Values per customer: kept row by row, and rewritten only where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, delete, select

from hub.metrics.definition import REGISTRY
from hub.store import bulk
from hub.store.records import chunks
from hub.store.schema import profile_metrics

Status = Literal["ok", "provisional", "insufficient", "degenerate fit"]
COLUMNS = (
    "golden_id", "metric", "series", "value", "label", "n", "status", "definition", "computed_at",
)  # fmt: skip
KEY = ("golden_id", "metric", "series")


@dataclass(frozen=True, slots=True)
class ProfileValue:
    """One metric of one customer.

    Args:
        golden_id: Whose.
        metric: Metric id, or ``metric.part`` for a part of a composed one (``rfm.recency``).
        series: Currency or scale; empty when there is one.
        value: The number, in the metric's unit.
        label: For metrics that are words.
        n: Observations behind it.
        status: ``provisional`` while later data can still change it; ``insufficient``: too little
            is known of this customer; ``degenerate fit``: by the model that is left when the data
            do not carry the better one.
    """

    golden_id: str
    metric: str
    series: str
    value: float | None
    n: int
    label: str | None = None
    status: Status = "ok"


def replace(
    connection: Connection,
    values: Iterable[ProfileValue],
    *,
    metrics: Sequence[str],
    golden_ids: Sequence[str],
    now: int,
) -> set[str]:
    """Make ``values`` the only ones of these metrics and customers; returns who changed."""
    wanted = {(v.golden_id, v.metric, v.series): v for v in values}
    held = _held(connection, metrics, golden_ids)
    gone = [key for key in held if key not in wanted]
    fresh = [v for key, v in wanted.items() if held.get(key) != _content(v)]
    for golden_id, metric, series in gone:
        connection.execute(
            delete(profile_metrics).where(
                profile_metrics.c.golden_id == golden_id,
                profile_metrics.c.metric == metric,
                profile_metrics.c.series == series,
            )
        )
    rows = [
        (v.golden_id, v.metric, v.series, v.value, v.label, v.n, v.status, _definition(v), now)
        for v in fresh
    ]
    bulk.upsert(connection, profile_metrics, COLUMNS, rows, key=KEY)
    return {key[0] for key in gone} | {v.golden_id for v in fresh}


def _definition(value: ProfileValue) -> str:
    return REGISTRY[value.metric.partition(".")[0]].key


def _content(value: ProfileValue) -> tuple[object, ...]:
    return (value.value, value.label, value.n, value.status, _definition(value))


def _held(
    connection: Connection, metrics: Sequence[str], golden_ids: Sequence[str]
) -> dict[tuple[str, str, str], tuple[object, ...]]:
    table = profile_metrics.c
    held: dict[tuple[str, str, str], tuple[object, ...]] = {}
    for chunk in chunks(golden_ids):
        query = select(profile_metrics).where(table.golden_id.in_(chunk), table.metric.in_(metrics))
        for row in connection.execute(query):
            key = (row.golden_id, row.metric, row.series)
            held[key] = (row.value, row.label, row.n, row.status, row.definition)
    return held
