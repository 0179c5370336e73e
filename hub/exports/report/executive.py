"""The report for leaders: how customers are, whether that moved, and who stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hub.exports.report.ground import Ground
from hub.exports.report.measured import TREND, Standing, Trend, block, load, standing, trend
from hub.exports.report.model import (
    Beside,
    Block,
    Chart,
    Count,
    Number,
    Point,
    Report,
    Section,
    Table,
    Words,
    titled,
)
from hub.exports.report.waiting import DETRACTOR, Waiting, bands, waiting
from hub.exports.report.words import change_text, value_text
from hub.metrics.definition import REGISTRY
from hub.voc.risk import VERSION

SURVEYS = ("nps", "csat", "ces")
_HEADLINES = (*SURVEYS, "aov", "aov_median", "repeat_rate")
_CONTRACTS = ("churn_contract", "churn_revenue", "trial_to_paid")
_CHARTED = (*SURVEYS, "aov", "repeat_rate", "churn_contract")


def executive(ground: Ground) -> Report:
    """The executive report of one month."""
    months = trend(load(ground.connection, ground.basis), ground.month)
    queue = waiting(ground.connection)
    sections = (
        Section("Headlines of the month", tuple(_headlines(months, queue.beside))),
        Section("Who is waiting for us", tuple(waiting_blocks(queue))),
        Section("The last thirteen months", tuple(charts(months, *_CHARTED))),
        Section("Who stays, who leaves", tuple(_staying(ground, months, queue.beside))),
        Section("What moved", tuple(_moved(ground, months, queue.beside))),
    )
    return ground.report("executive", "Customer experience for leaders", sections)


def _headlines(months: Trend, beside: Beside) -> Iterator[Block]:
    found = [months.block(key, beside) for key in months.keys(*_HEADLINES)]
    missing = [REGISTRY[m].title for m in SURVEYS if not months.keys(m)]
    yield from found
    if missing:
        yield Words(f"Not asked in these thirteen months: {', '.join(missing)}.")


def waiting_blocks(queue: Waiting) -> Iterator[Block]:
    """Open tickets, open detractors and what those customers have spent, as counts."""
    tickets = "Not solved, of known customers, now." if queue.tickets else "No source has tickets."
    yield Count("Open tickets", queue.open_tickets, tickets)
    said = DETRACTOR if queue.asked else "Nobody was asked, so nobody can be counted."
    yield Count("Open detractors", queue.beside.open_detractors, said)
    for money in queue.at_risk:
        yield Count(
            titled("Value at risk", money.currency), money,
            "Spent so far by the customers who have an open ticket or are open detractors.",
        )  # fmt: skip


def charts(months: Trend, *metrics: str) -> Iterator[Block]:
    """A chart of each series that has a value in some month, and in words which have none."""
    drawn = [months.chart(key) for key in months.keys(*metrics)]
    told = [chart for chart in drawn if any(point.estimate for point in chart.points)]
    yield from told
    empty = [chart.title for chart in drawn if chart not in told]
    if empty:
        yield Words(f"Insufficient data in every month: {'; '.join(empty)}.")


# --- who stays -------------------------------------------------------------------------------


def _staying(ground: Ground, months: Trend, beside: Beside) -> Iterator[Block]:
    yield from at_risk(bands(ground.connection))
    yield from (months.block(key, beside) for key in months.keys(*_CONTRACTS))
    for found in standing(ground.connection, "churn", "clv_historic", "clv_predicted"):
        yield block(found.number, found.worst, beside)
    yield from retention_charts(standing(ground.connection, "retention"))


def at_risk(found: Mapping[str, int]) -> Iterator[Count]:
    """How many may leave, by band; nothing where nobody has a profile yet.

    None is not said to be high where too little is read of everybody to tell.
    """
    title = "Customers with a high risk of leaving"
    if any(found.get(band) for band in ("high", "medium", "low")):
        others = ", ".join(
            f"{found.get(band, 0):,} {band}" for band in ("medium", "low", "unknown")
        )
        says = f"By {VERSION}, now; {others}. Who and why: the report for agents."
        yield Count(title, found.get("high", 0), says)
    elif found.get("unknown"):
        says = f"Unknown of all {found['unknown']:,} by {VERSION}: too little is read to tell."
        yield Count(title, None, says)


def retention_charts(found: Sequence[Standing], after: int = 1) -> Iterator[Chart]:
    """Share of each monthly cohort that bought again ``after`` months, a chart per currency."""
    currencies: dict[str, list[Point]] = {}
    for each in found:
        currency, cohort, months = each.number.series.split(" ")
        if months == f"+{after}" and not each.detail["history_begins_here"]:
            point = Point(cohort, each.number.estimate, each.number.n)
            currencies.setdefault(currency, []).append(point)
    for currency, points in currencies.items():
        title = "Bought again in the month after their first, by month of the first"
        if any(point.estimate for point in points[-TREND:]):
            yield Chart("retention", currency, titled(title, currency), tuple(points[-TREND:]))


# --- what moved ------------------------------------------------------------------------------


def _moved(ground: Ground, months: Trend, beside: Beside) -> Iterator[Block]:
    blocks = [months.block(key, beside) for key in months.keys(*_HEADLINES, *_CONTRACTS)]
    rows = [_change(each.number) for each in blocks]
    yield Table(
        "Against the month before", ("what", "this month", "change"), tuple(rows),
        "A difference shows if its interval leaves zero out. The months are compared as two"
        " samples; who is in both counts in both.",
    )  # fmt: skip
    weeks = [
        (each.number.title, str(change))
        for each in standing(ground.connection, *SURVEYS)
        for change in _weekly(each)
    ]
    yield Table(
        "Weeks in which the level of a survey changed", ("what", "since"), tuple(weeks),
        "By weeks with five answers or more, over all data.",
    )  # fmt: skip


def _change(number: Number) -> tuple[str, str, str]:
    if number.estimate is None:
        return number.title, "insufficient data", ""
    told = value_text(number.estimate.value, number.unit, number.currency)
    return number.title, told, change_text(number)


def _weekly(found: Standing) -> Sequence[object]:
    changes = found.detail.get("weekly_changes", ())
    return changes if isinstance(changes, list) else ()
