"""Overall values as snapshots: a new value supersedes the old one, which stays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

import orjson
from sqlalchemy import Connection, and_, func, select, update

from hub.core.clock import from_micros
from hub.core.ids import IdSource
from hub.metrics.definition import REGISTRY, registry_hash
from hub.metrics.interval import Estimate
from hub.store import bulk
from hub.store.schema import metric_snapshots, runs, streams

Status = Literal["ok", "insufficient", "provisional", "degenerate fit", "absent"]

COLUMNS = (
    "snapshot_id", "metric", "series", "population", "period_from", "period_to", "value", "low",
    "high", "n", "status", "definition", "registry", "body", "computed_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Worst:
    """The part that an average hides: a share in percent, and of what."""

    what: str
    share: Estimate


@dataclass(frozen=True, slots=True)
class Pair:
    """The satisfaction that an efficiency metric is told with: its metric, scale and share."""

    metric: str
    scale: str
    share: Estimate


@dataclass(frozen=True, slots=True)
class Measured:
    """One overall value, ready to be kept.

    Args:
        metric: Metric id.
        series: Currency, scale or summary; empty when there is one.
        estimate: Value, interval and n; None when there is nothing to measure.
        period: First and last instant of the data, microseconds; None when unbounded.
        status: ``provisional`` while later data can still change this period; ``degenerate fit``:
            by the model that is left when the data do not carry the better one; ``absent``: not
            to be had in this installation.
        detail: Counts behind the value.
        worst: Share at the bottom. No average is measured without it.
        pair: Satisfaction of the same customers. No efficiency metric is measured without it.

    Raises:
        ValueError: If the metric is an average and its worst part is missing, or it is declared
            with a pair and that is missing.
    """

    metric: str
    series: str
    estimate: Estimate | None
    period: tuple[int | None, int | None] = (None, None)
    status: Status = "ok"
    detail: Mapping[str, object] = field(default_factory=dict)
    worst: Worst | None = None
    pair: Pair | None = None

    def __post_init__(self) -> None:
        metric = REGISTRY[self.metric]
        if metric.average and self.estimate is not None and self.worst is None:
            raise ValueError(f"{self.metric} is an average: tell its worst part with it")
        paired = self.pair.metric if self.pair is not None else None
        if self.estimate is not None and paired != metric.pair:
            raise ValueError(f"{self.metric} is told with {metric.pair or 'no pair'}: not {paired}")

    def told(self, min_n: int) -> Estimate | None:
        """The estimate, if it and the satisfaction it is told with rest on ``min_n`` or more."""
        if self.estimate is None or self.estimate.n < min_n:
            return None
        return None if self.pair is not None and self.pair.share.n < min_n else self.estimate


def keep(
    connection: Connection,
    measured: Iterable[Measured],
    *,
    min_n: int,
    ids: IdSource,
    now: int,
    among: Collection[str],
) -> int:
    """Store what differs from the current snapshots; returns how many came or ended.

    ``among`` are the metrics that the caller measures; no other's series ends.
    A series that nothing is measured for any more, such as a currency whose last order was
    cancelled, ends: its number is history.
    Newer inputs that say the same are no new snapshot: a value is as fresh as its inputs were when
    it was last found to differ, and ``hub status`` tells how fresh they are now.
    """
    registry, fresh_until = registry_hash(), freshness(connection)
    rows = [_row(item, min_n, registry, fresh_until, ids.uuid7(), now) for item in measured]
    current = _current(connection, among)
    fresh = [row for row in rows if current.get((row[1], row[2])) != _identity(row)]
    ended = current.keys() - {(row[1], row[2]) for row in rows}
    for metric, series in sorted({(row[1], row[2]) for row in fresh} | ended):
        connection.execute(
            update(metric_snapshots)
            .where(
                metric_snapshots.c.metric == metric,
                metric_snapshots.c.series == series,
                metric_snapshots.c.superseded_at.is_(None),
            )
            .values(superseded_at=now)
        )
    bulk.insert(connection, metric_snapshots, COLUMNS, fresh)
    return len(fresh) + len(ended)


def freshness(connection: Connection) -> dict[str, dict[str, str]]:
    """Per canonical entity: each stream that brings it, and when it was last read to its end."""
    query = (
        select(streams.c.entity, streams.c.connection, streams.c.stream, func.max(runs.c.ended_at))
        .join(
            runs,
            and_(
                runs.c.connection == streams.c.connection,
                runs.c.stream == streams.c.stream,
                runs.c.status == "succeeded",
            ),
        )
        .group_by(streams.c.entity, streams.c.connection, streams.c.stream)
        .order_by(streams.c.connection, streams.c.stream)
    )
    fresh: dict[str, dict[str, str]] = {}
    for entity, name, stream, ended_at in connection.execute(query):
        fresh.setdefault(entity, {})[f"{name}/{stream}"] = from_micros(ended_at).isoformat()
    return fresh


def _row(
    item: Measured,
    min_n: int,
    registry: str,
    fresh_until: Mapping[str, Mapping[str, str]],
    snapshot_id: str,
    now: int,
) -> tuple[object, ...]:
    definition = REGISTRY[item.metric]
    estimate, n = item.estimate, item.estimate.n if item.estimate else 0
    status = item.status
    if status != "absent" and item.told(min_n) is None:
        # Too few to say anything: the count is told, the number is not.
        estimate, status = None, "insufficient"
    value, low, high = (estimate.value, estimate.low, estimate.high) if estimate else (None,) * 3
    inputs = {entity: fresh_until.get(entity, {}) for entity in definition.inputs}
    worst = (
        {"what": item.worst.what, **asdict(item.worst.share)} if item.worst and estimate else None
    )
    body = {
        "detail": item.detail,
        "freshness": {k: v for k, v in inputs.items() if v},
        "worst": worst,
    }
    if item.pair is not None and estimate:
        body["pair"] = {
            "metric": item.pair.metric, "scale": item.pair.scale, **asdict(item.pair.share),
        }  # fmt: skip
    return (
        snapshot_id, item.metric, item.series, definition.population, *item.period, value, low,
        high, n, status, definition.key, registry,
        orjson.dumps(body, option=orjson.OPT_SORT_KEYS), now,
    )  # fmt: skip


def _identity(row: Sequence[object]) -> tuple[object, ...]:
    """What makes two snapshots say the same: all but id, freshness and time of computation."""
    body = row[13]
    assert isinstance(body, bytes)
    told = orjson.loads(body)
    said = [told["detail"], told.get("worst"), told.get("pair")]
    return (*row[4:13], orjson.dumps(said, option=orjson.OPT_SORT_KEYS))


def _current(
    connection: Connection, among: Collection[str]
) -> dict[tuple[object, object], tuple[object, ...]]:
    """What the standing snapshots say, by metric and series."""
    query = select(*(metric_snapshots.c[name] for name in COLUMNS)).where(
        metric_snapshots.c.superseded_at.is_(None), metric_snapshots.c.metric.in_(sorted(among))
    )
    return {(row.metric, row.series): _identity(row) for row in connection.execute(query)}
