"""``hub metrics``: every number with what it means, how sure it is, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from hub.cli.exports import metrics_export
from hub.cli.instants import to_the_second
from hub.cli.layout import duration, moment, wrapped
from hub.cli.session import Session, Verbs, pass_session
from hub.core.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy import Row

    from hub.metrics.definition import Metric


MOST_SERIES = 4
"""Series of one metric that the list shows."""


@click.group(cls=Verbs)
def metrics() -> None:
    """List, show and describe metrics."""


metrics.add_command(metrics_export)


@metrics.command("list")
@pass_session
def list_metrics(session: Session) -> None:
    """Print every metric with its current values."""
    from hub.metrics.definition import METRICS

    current = _snapshots(session, None, history=False)
    lines = []
    for metric in METRICS:
        rows = [row for row in current if row.metric == metric.id]
        had = [row for row in rows if row.status != "absent"] or rows
        values = [_value(metric, row) for row in had]
        told = "; ".join(values) or ("per customer only" if _own(metric) else "not measured yet")
        if len(values) > MOST_SERIES:
            told = f"{len(values)} series: hub metrics show {metric.id}"
        lines.append(f"{metric.id:<20} {metric.title}: {told}")
    lines.append("What a number means: hub metrics describe METRIC")
    document = [
        {
            "metric": metric.id,
            "title": metric.title,
            "unit": metric.unit,
            "definition": metric.key,
            "values": [_document(row) for row in current if row.metric == metric.id],
        }
        for metric in METRICS
    ]
    session.show(document, "\n".join(lines))


@metrics.command()
@click.argument("metric_id", metavar="METRIC")
@click.option("--history", is_flag=True, help="Also the values that later ones superseded.")
@pass_session
def show(session: Session, metric_id: str, history: bool) -> None:
    """Print the values of METRIC with interval, n, population and what they were made from."""
    metric = _metric(metric_id)
    rows = _snapshots(session, metric.id, history=history)
    lines = [line for row in rows for line in _lines(metric, row)]
    if not lines:
        why = "it is measured per customer: hub profiles show" if _own(metric) else "hub run"
        lines = [f"{metric.id}: no overall value; {why}"]
    session.show([_document(row) for row in rows], "\n".join(lines))


@metrics.command()
@click.argument("metric_id", metavar="METRIC")
@pass_session
def describe(session: Session, metric_id: str) -> None:
    """Print what METRIC means: formula, population, limits, source, owner."""
    from dataclasses import asdict

    from hub.metrics.definition import registry_hash

    metric = _metric(metric_id)
    registry = registry_hash()
    session.show({**asdict(metric), "registry": registry}, "\n".join(_words(metric, registry)))


@metrics.command("compare")
@click.argument("metric_id", metavar="METRIC")
@click.argument("before")
@click.argument("after")
@pass_session
def compare_series(session: Session, metric_id: str, before: str, after: str) -> None:
    """Say whether two series of METRIC differ, or only seem to: AFTER less BEFORE.

    Series are named as hub metrics show prints them, such as 2026-01 and 2026-02; they are of
    different people or of different times.
    """
    from dataclasses import asdict, astuple

    from hub.metrics.compare import compare
    from hub.metrics.interval import Estimate

    metric = _metric(metric_id)
    standing = {row.series: row for row in _snapshots(session, metric.id, history=False)}
    for series in (before, after):
        if series not in standing or standing[series].value is None:
            known = ", ".join(name for name, row in standing.items() if row.value is not None)
            raise NotFound(f'{metric.id} has no value for "{series}"; it has: {known or "none"}')
    rows = (standing[before], standing[after])
    found = compare(*(Estimate(row.value, row.low, row.high, row.n) for row in rows))
    if found is None:
        raise NotFound(f"{metric.id}: a value of one observation has no interval to compare")
    value, low, high = (_number(metric, after, each) for each in astuple(found)[:3])
    verdict = "a difference" if found.significant else "no difference that the data can show"
    session.show(
        {"metric": metric.id, "before": before, "after": after, **asdict(found)},
        f"{metric.title}: {after} less {before} is {value} [{low}, {high}]: {verdict}",
    )


@metrics.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_session
def verify(session: Session, file: Path) -> None:
    """Make the number in FILE again from its rows alone; no database, no settings are read.

    FILE is what hub metrics export SNAPSHOT --lineage wrote, here or in another installation.
    """
    from hub.metrics import lineage

    found = lineage.verify(file.read_bytes())
    said = found.snapshot
    told = {name: said[name] for name in ("metric", "series", "value", "low", "high", "n")}
    document = {**told, "definition": said["definition"], "rows": len(found.rows),
                "sha256": found.sha256}  # fmt: skip
    value = "insufficient data" if said["value"] is None else f"{said['value']:,.6g}"
    session.show(
        document,
        f"verified: {said['metric']} {said['series']} = {value} (n = {said['n']:,}), made again"
        f" from {len(found.rows):,} rows under {said['definition']}, SHA-256 {found.sha256}",
    )


def _metric(metric_id: str) -> Metric:
    from hub.core.mistakes import nearest
    from hub.metrics.definition import REGISTRY

    if metric_id not in REGISTRY:
        guess = nearest(metric_id, list(REGISTRY))
        hint = f'; did you mean "{guess}"?' if guess else ". See: hub metrics list"
        raise NotFound(f'there is no metric "{metric_id}"{hint}')
    return REGISTRY[metric_id]


def _own(metric: Metric) -> bool:
    return metric.grain == ("profile",)


def _snapshots(session: Session, metric: str | None, *, history: bool) -> Sequence[Row[Any]]:
    from sqlalchemy import select

    from hub.store.schema import metric_snapshots

    table = metric_snapshots.c
    query = select(metric_snapshots).order_by(table.metric, table.series, table.computed_at.desc())
    if metric is not None:
        query = query.where(table.metric == metric)
    if not history:
        query = query.where(table.superseded_at.is_(None))
    with closing(session.app().open_store()) as store, store.read() as connection:
        return connection.execute(query).all()


def _value(metric: Metric, row: Row[Any]) -> str:
    series = f"{row.series} " if row.series else ""
    if row.status == "absent":
        return f"{series}not measured"
    if row.value is None:
        return f"{series}insufficient data (n = {row.n:,})"
    told = f"{series}{_number(metric, row.series, row.value)}"
    if row.low is not None and row.high is not None:
        low, high = (_number(metric, row.series, bound) for bound in (row.low, row.high))
        told += f" [{low}, {high}]"
    status = "" if row.status == "ok" else f", {row.status}"
    pair = orjson.loads(row.body).get("pair")
    beside = f"; {pair['metric']} {pair['value']:.1f} %" if pair else ""
    return f"{told} (n = {row.n:,}{status}{beside})"


def _number(metric: Metric, series: str, value: float) -> str:
    if metric.unit == "money":
        return _money(series, value)
    if metric.unit == "duration":
        return duration(value)
    return f"{value:,.1f}" + (" %" if metric.unit == "percent" else "")


def _money(series: str, minor: float) -> str:
    """An amount of a series whose name is, or begins with, its currency."""
    from hub.core.money import exponent

    places = exponent(series.partition(" ")[0])
    return f"{minor / 10**places:,.{places}f}"


def _lines(metric: Metric, row: Row[Any]) -> Iterator[str]:
    ended = f", until {moment(row.superseded_at)}" if row.superseded_at is not None else ""
    yield f"{metric.title}: {_value(metric, row)}"
    yield f"  {row.definition}, computed {moment(row.computed_at)}{ended}"
    yield f"  snapshot {row.snapshot_id}"
    if row.period_to is not None:
        start = "the beginning" if row.period_from is None else moment(row.period_from)
        yield f"  data from {start} to {moment(row.period_to)}"
    yield wrapped(f"population: {row.population}")
    body = orjson.loads(row.body)
    if worst := body.get("worst"):
        share, low, high = (worst[name] for name in ("value", "low", "high"))
        yield f"  {worst['what']}: {share:.1f} % [{low:.1f} %, {high:.1f} %]"
    if pair := body.get("pair"):
        share, low, high = (pair[name] for name in ("value", "low", "high"))
        yield (
            f"  {pair['metric']} of the same, {pair['scale']}: {share:.1f} %"
            f" [{low:.1f} %, {high:.1f} %] (n = {pair['n']:,})"
        )
    if body["detail"].get("alert"):
        yield f"  ALERT: it got quicker while {pair['metric']} fell" if pair else "  ALERT"
    told = {name: value for name, value in body["detail"].items() if name != "months"}
    detail = [_detail(name, value, row.series) for name, value in told.items()]
    if detail:
        yield wrapped(", ".join(detail))
    for streams in body["freshness"].values():
        for stream, read_at in streams.items():
            yield f"  made from {stream}, read to its end at {read_at[:19].replace('T', ' ')}Z"


def _detail(name: str, value: object, series: str) -> str:
    """A count behind a value, with instants and amounts as people read them."""
    if isinstance(value, dict) and "significant" in value:
        verdict = "a difference" if value["significant"] else "no difference that shows"
        change, low, high = (value[part] for part in ("value", "low", "high"))
        return f"{name.replace('_', ' ')} {change:+.1f} [{low:+.1f}, {high:+.1f}], {verdict}"
    if name == "why":
        return f"why: {value}"
    if isinstance(value, bool):
        return f"{name.replace('_', ' ')}: {'yes' if value else 'no'}"
    if isinstance(value, int | float) and name.endswith("_seconds"):
        return f"{name.removesuffix('_seconds').replace('_', ' ')} {duration(value)}"
    if isinstance(value, int) and name == "reference":
        return f"reference {moment(value)}"
    if isinstance(value, int) and name.endswith("_minor"):
        return f"{name.removesuffix('_minor')} {_money(series, value)} {series.partition(' ')[0]}"
    return (
        f"{name.replace('_', ' ')} {value:,}"
        if isinstance(value, int)
        else f"{name.replace('_', ' ')} {value}"
    )


def _words(metric: Metric, registry: str) -> Iterator[str]:
    yield f"{metric.title} ({metric.key}), {metric.unit}"
    yield wrapped(f"formula: {metric.formula}")
    yield wrapped(f"population: {metric.population}")
    yield f"  made from: {', '.join(metric.inputs)}; {' and '.join(metric.grain)}"
    yield wrapped(f"limits: {metric.limits}")
    yield wrapped(f"source: {metric.source}")
    if metric.pair is not None:
        yield f"  pair: never told without {metric.pair} of the same customers"
    yield f"  owner: {metric.owner}; registry {registry}"


def _document(row: Row[Any]) -> dict[str, object]:
    return {
        "snapshot_id": row.snapshot_id,
        "metric": row.metric,
        "series": row.series,
        "value": row.value,
        "low": row.low,
        "high": row.high,
        "n": row.n,
        "status": row.status,
        "population": row.population,
        "definition": row.definition,
        "registry": row.registry,
        "period_from": to_the_second(row.period_from),
        "period_to": to_the_second(row.period_to),
        "computed_at": to_the_second(row.computed_at),
        "superseded_at": to_the_second(row.superseded_at),
        **orjson.loads(row.body),
    }
