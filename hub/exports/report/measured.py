"""The numbers of a month and of the months before it, by the formulas of the snapshots.

A snapshot is over all data, or of one month where the metric is monthly by definition. A report
wants any month: the same formulas are given the rows of that month. So a survey's number here
equals that month in the snapshot's trend.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson
from sqlalchemy import Connection, select

from hub.core.clock import from_micros
from hub.exports.report.model import Average, Beside, Chart, Number, Plain, Point, titled
from hub.exports.report.month import span
from hub.metrics import formulas, orders, survey
from hub.metrics.compare import compare
from hub.metrics.contract import contracts
from hub.metrics.definition import REGISTRY
from hub.metrics.formulas import Basis
from hub.metrics.interval import Estimate
from hub.metrics.months import label
from hub.metrics.orders import Customer, Order
from hub.metrics.snapshot import Measured, Worst
from hub.metrics.survey import Asked
from hub.store.schema import metric_snapshots

TREND = 13
"""Months of a chart: a year, and the same month of the year before."""

_OF_A_MONTH = ("aov", "repeat_rate")
Key = tuple[str, str]
"""Metric and series, the month taken out of it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What the formulas read, loaded once."""

    orders: Sequence[Order]
    asked: Asked
    by_contract: Mapping[str, Sequence[Measured]]
    basis: Basis


def load(connection: Connection, basis: Basis) -> Rows:
    """All rows that the months' numbers are made from."""
    by_month: dict[str, list[Measured]] = defaultdict(list)
    for each in formulas.by_contract(contracts(connection), basis):
        series, _, month = each.series.rpartition(" ")
        by_month[month].append(replace(each, series=series))
    asked = survey.responses(connection, basis.settings.nps_window)
    return Rows(orders.each_order(connection), asked, by_month, basis)


def of_month(rows: Rows, month: int) -> dict[Key, Measured]:
    """Every number of one month."""
    start, end = span(month, rows.basis.zone)
    settings = rows.basis.settings
    bought = [order for order in rows.orders if start <= order.at < end]
    asked = replace(rows.asked, answers=[a for a in rows.asked.answers if start <= a.at < end])
    everyone = _customers(bought)
    found = [
        *(
            each
            for each in orders.overall(everyone, end, settings.margin, settings.confidence)
            if each.metric in _OF_A_MONTH
        ),
        *orders.medians(bought, settings.confidence),
        *formulas.by_answer(asked, rows.basis),
        *rows.by_contract.get(label(month), ()),
    ]
    return {(each.metric, each.series): each for each in found}


def _customers(bought: Iterable[Order]) -> list[Customer]:
    """The aggregates of those who bought."""
    groups: dict[Key, list[Order]] = defaultdict(list)
    for order in bought:
        groups[order.golden_id, order.currency].append(order)
    return [
        Customer(
            golden_id, currency, "", len(group), sum(order.net for order in group),
            min(order.at for order in group), max(order.at for order in group), 0, 0,
        )
        for (golden_id, currency), group in sorted(groups.items())
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trend:
    """The numbers of the newest months, oldest first; the last is the report's."""

    months: Sequence[tuple[str, Mapping[Key, Measured]]]
    min_n: int

    def keys(self, *metrics: str) -> list[Key]:
        """Series of ``metrics`` that any of the months has."""
        found = {key for _, month in self.months for key in month}
        return [key for metric in metrics for key in sorted(found) if key[0] == metric]

    def block(self, key: Key, beside: Beside) -> Plain | Average:
        """The report's month, against the one before it."""
        when, month = self.months[-1]
        here, before = month.get(key), self.months[-2][1].get(key)
        estimate, previous = self._told(here), self._told(before)
        change = compare(previous, estimate) if previous and estimate else None
        status = "insufficient" if estimate is None or here is None else here.status
        number = Number(*key, estimate, _n(here), status, when, change)
        return block(number, here.worst if here else None, beside)

    def chart(self, key: Key) -> Chart:
        """All months of one series."""
        points, what = [], ""
        for name, month in self.months:
            here = month.get(key)
            estimate = self._told(here)
            worst = here.worst if here and estimate else None
            what = worst.what if worst else what
            points.append(Point(name, estimate, _n(here), worst.share if worst else None))
        title = titled(f"{REGISTRY[key[0]].title} by month", key[1])
        return Chart(*key, title, tuple(points), bottom=what)

    def _told(self, measured: Measured | None) -> Estimate | None:
        if measured is None or measured.estimate is None or measured.estimate.n < self.min_n:
            return None
        return measured.estimate


def trend(rows: Rows, month: int) -> Trend:
    """The months up to ``month``."""
    months = [(label(each), of_month(rows, each)) for each in range(month - TREND + 1, month + 1)]
    return Trend(months, rows.basis.settings.min_n)


def _n(measured: Measured | None) -> int:
    return measured.estimate.n if measured and measured.estimate else 0


def block(number: Number, worst: Worst | None, beside: Beside) -> Plain | Average:
    """The number in the only form that may tell it."""
    if not REGISTRY[number.metric].average:
        return Plain(number)
    return Average(number, replace(beside, bottom=worst if number.estimate else None))


@dataclass(frozen=True, slots=True)
class Standing:
    """A snapshot that stands: the number over all data, its worst part and its detail."""

    number: Number
    worst: Worst | None
    detail: Mapping[str, object]


def standing(connection: Connection, *metrics: str) -> list[Standing]:
    """The snapshots of ``metrics`` that stand, in the order of these and of their series."""
    column = metric_snapshots.c
    query = select(metric_snapshots).where(
        column.metric.in_(metrics), column.superseded_at.is_(None)
    )
    found = []
    for row in sorted(connection.execute(query), key=lambda r: (metrics.index(r.metric), r.series)):
        value = None if row.value is None else Estimate(row.value, row.low, row.high, row.n)
        body = orjson.loads(row.body)
        until, made = (
            each and f"{from_micros(each):%Y-%m-%d}" for each in (row.period_to, row.computed_at)
        )
        when = f"data until {until}" if until else f"computed {made}"
        number = Number(row.metric, row.series, value, row.n, row.status, when)
        found.append(Standing(number, _worst(body.get("worst")), body["detail"]))
    return found


def _worst(told: dict[str, object] | None) -> Worst | None:
    if told is None:
        return None
    share = {name: value for name, value in told.items() if name != "what"}
    return Worst(str(told["what"]), Estimate(**share))  # type: ignore[arg-type]  # as it was kept
