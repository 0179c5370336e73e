"""Overall values as snapshots: a new value supersedes the old one, which stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import orjson
from sqlalchemy import Connection, select, update

from hub.core.ids import IdSource
from hub.metrics.definition import REGISTRY, registry_hash
from hub.metrics.interval import Estimate
from hub.store import bulk
from hub.store.schema import metric_snapshots

Status = Literal["ok", "insufficient", "provisional"]

COLUMNS = (
    "snapshot_id", "metric", "series", "population", "period_from", "period_to", "value", "low",
    "high", "n", "status", "definition", "registry", "body", "computed_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """One overall value, ready to be kept.

    Args:
        metric: Metric id.
        series: Currency, scale or summary; empty when there is one.
        estimate: Value, interval and n; None when there is nothing to measure.
        period: First and last instant of the data, microseconds; None when unbounded.
        provisional: Whether later data can still change this period.
        detail: Counts behind the value and freshness of each input.
    """

    metric: str
    series: str
    estimate: Estimate | None
    period: tuple[int | None, int | None] = (None, None)
    provisional: bool = False
    detail: Mapping[str, object] = field(default_factory=dict)


def keep(
    connection: Connection, measured: Iterable[Measured], *, min_n: int, ids: IdSource, now: int
) -> int:
    """Store what differs from the current snapshots; returns how many new ones there are."""
    registry = registry_hash()
    rows = [_row(item, min_n, registry, ids.uuid7(), now) for item in measured]
    fresh = [row for row in rows if _current(connection, row[1], row[2]) != _identity(row)]
    for row in fresh:
        connection.execute(
            update(metric_snapshots)
            .where(
                metric_snapshots.c.metric == row[1],
                metric_snapshots.c.series == row[2],
                metric_snapshots.c.superseded_at.is_(None),
            )
            .values(superseded_at=now)
        )
    bulk.insert(connection, metric_snapshots, COLUMNS, fresh)
    return len(fresh)


def _row(
    item: Measured, min_n: int, registry: str, snapshot_id: str, now: int
) -> tuple[object, ...]:
    definition = REGISTRY[item.metric]
    estimate, n = item.estimate, item.estimate.n if item.estimate else 0
    status: Status = "provisional" if item.provisional else "ok"
    if estimate is None or n < min_n:
        # Too few to say anything: the count is told, the number is not.
        estimate, status = None, "insufficient"
    value, low, high = (estimate.value, estimate.low, estimate.high) if estimate else (None,) * 3
    return (
        snapshot_id, item.metric, item.series, definition.population, *item.period, value, low,
        high, n, status, definition.key, registry,
        orjson.dumps(item.detail, option=orjson.OPT_SORT_KEYS), now,
    )  # fmt: skip


def _identity(row: tuple[object, ...]) -> tuple[object, ...]:
    return row[4:14]


def _current(connection: Connection, metric: object, series: object) -> tuple[object, ...] | None:
    query = select(*(metric_snapshots.c[name] for name in COLUMNS[4:14])).where(
        metric_snapshots.c.metric == metric,
        metric_snapshots.c.series == series,
        metric_snapshots.c.superseded_at.is_(None),
    )
    row = connection.execute(query).first()
    return None if row is None else tuple(row)
