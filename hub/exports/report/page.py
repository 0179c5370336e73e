"""A report as one HTML file: no script, nothing fetched, for light, dark, phone, desk and paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby

from hub.exports.report.drawing import draw
from hub.exports.report.markup import Html, Node, tag, together
from hub.exports.report.model import (
    Average,
    Bars,
    Beside,
    Block,
    Cell,
    Chart,
    Count,
    Money,
    Number,
    Plain,
    Report,
    Section,
    Share,
    Table,
    Words,
)
from hub.exports.report.words import (
    INSUFFICIENT,
    change_text,
    interval_text,
    money,
    n_text,
    share_text,
    value_text,
)
from hub.metrics.definition import REGISTRY


def page(report: Report) -> str:
    """The whole file."""
    body = tag(
        "main",
        tag("h1", report.title),
        tag("p", _about(report), class_="soft"),
        tag("p", _newest(report), class_="soft"),
        *(_section(section, f"s{at}") for at, section in enumerate(report.sections)),
        tag("footer", _reading(report)),
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("title", report.title),
        tag("style", _style()),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', body), lang='en').text}\n"


_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@cache
def _style() -> Html:
    return Html(files("hub.exports.report").joinpath("style.css").read_text(encoding="utf-8"))


def _about(report: Report) -> str:
    made = f"{report.made_at:%Y-%m-%d %H:%M} UTC"
    return f"Month {report.period}. Made {made} from what the hub had read until then."


def _newest(report: Report) -> Html:
    """How fresh the data are; said loudly where they end before the month does."""
    if not report.newest:
        return tag("strong", "The hub has no data yet. Next: connect a system, then hub run.")
    told = [tag("span", f"{what} {day}", class_="whole") for what, day in report.newest]
    line = together("The newest data: ", told[0], *(t for e in told[1:] for t in (", ", e)), ".")
    if max(day for _, day in report.newest)[:7] < report.period:
        return together(tag("strong", "Nothing is known of this month."), " ", line)
    return line


def _reading(report: Report) -> str:
    return (
        f"Intervals hold the truth in {report.confidence:.0%} of cases; n is how many observations"
        f' stand behind a number, and below {report.min_n} it says "{INSUFFICIENT}". What a number'
        " means: hub metrics describe METRIC. Beside an average stands who fares badly."
    )


def _section(section: Section, name: str) -> Html:
    """Neighbours of one kind share a grid: cards with cards, charts with charts."""
    parts: list[Node] = [tag("h2", section.title, id=name)]
    for kind, group in groupby(enumerate(section.blocks), lambda each: _grid_of(each[1])):
        nodes = [_block(block, f"{name}-{at}") for at, block in group]
        parts.append(tag("div", *nodes, class_=kind) if kind else together(*nodes))
    return tag("section", *parts, aria_labelledby=name)


def _grid_of(block: Block) -> str:
    if isinstance(block, Plain | Average | Count):
        return "cards"
    return "charts" if isinstance(block, Chart | Bars) else ""


def _block(block: Block, name: str) -> Html:
    match block:
        case Plain(number):
            return _card(number)
        case Average(number, beside):
            return _card(number, *_beside(number, beside))
        case Count():
            return _count(block)
        case Chart() | Bars():
            return _chart(block, name)
        case Table():
            return _table(block)
        case Words(text):
            return tag("p", text)


# --- cards -----------------------------------------------------------------------------------


def _card(number: Number, *more: Node) -> Html:
    return tag("div", tag("h3", number.title), *_told(number), *more, class_="card")


def _told(number: Number) -> Iterator[Html]:
    key = REGISTRY[number.metric].key
    if number.estimate is None:
        said = "not measured" if number.status == "absent" else INSUFFICIENT
        yield tag("div", said, class_="value none")
        yield tag("p", f"{n_text(number.n)}, {number.when}; {key}", class_="soft")
        return
    told = value_text(number.estimate.value, number.unit, number.currency)
    interval = interval_text(number.estimate, number.unit, number.currency)
    status = "" if number.status == "ok" else f", {number.status}"
    yield tag("div", told, class_="value")
    yield tag("p", f"{interval}; {n_text(number.n)}{status}")
    if number.change is not None:
        yield tag("p", change_text(number))
    yield tag("p", f"{number.when}; {key}", class_="soft")


def _beside(number: Number, beside: Beside) -> Iterator[Html]:
    if number.estimate is None or beside.bottom is None:
        return  # where no average is told, it hides nobody
    worst, waiting = beside.bottom, beside.open_detractors
    lines = (
        (worst.what, share_text(Share(worst.share, worst.share.n))),
        ("open detractors", "nobody was asked" if waiting is None else f"{waiting:,}"),
        ("value at risk", ", ".join(map(money, beside.at_risk)) or "none known"),
    )
    told = [tag("p", tag("strong", what), ": ", text) for what, text in lines]
    yield tag("div", *told, class_="beside")


def _count(count: Count) -> Html:
    empty = " none" if count.value is None else ""
    value = tag("div", _cell(count.value) or INSUFFICIENT, class_=f"value{empty}")
    return tag("div", tag("h3", count.title), value, tag("p", count.says), class_="card")


# --- charts and tables -----------------------------------------------------------------------


def _chart(chart: Chart | Bars, name: str) -> Html:
    every = _rows(chart) if isinstance(chart, Bars) else _twin(chart)
    twin = tag("details", tag("summary", "The same as a table"), _table(every))
    return tag("figure", tag("figcaption", chart.title), draw(chart, name), twin)


def _rows(chart: Bars) -> Table:
    return Table(f"{chart.title}: every number", ("", "share"), chart.rows)


def _twin(chart: Chart) -> Table:
    """Every number of the chart."""
    head = ["", "value", "interval", "n", *([chart.bottom] if chart.bottom else [])]
    rows: list[tuple[Cell, ...]] = []
    for point in chart.points:
        each, cells = point.estimate, [point.label]
        told = value_text(each.value, chart.unit, chart.currency) if each else INSUFFICIENT
        cells += [told, interval_text(each, chart.unit, chart.currency) if each else ""]
        worst = point.bottom if each else None
        bottom = [value_text(worst.value, "percent") if worst else ""] if chart.bottom else []
        rows.append((*cells, point.n, *bottom))
    return Table(f"{chart.title}: every number", tuple(head), tuple(rows))


def _table(table: Table) -> Html:
    if not table.rows:
        return tag("p", tag("strong", f"{table.title}: "), "none.")
    marks = [_mark([row[at] for row in table.rows]) for at in range(len(table.head))]
    names = tuple(zip(table.head, marks, strict=True))
    head = [tag("th", n, scope="col", class_=m, role="columnheader") for n, m in names]
    body = [tag("tr", *_cells(row, names), role="row") for row in table.rows]
    # On a phone each row is a card, which style sheets can only do to what says its role itself.
    whole = tag(
        "table",
        tag("thead", tag("tr", *head, role="row"), role="rowgroup"),
        tag("tbody", *body, role="rowgroup"),
        role="table",
    )
    # The title stays in view while a wide table scrolls sideways.
    scrolls = tag("div", whole, class_="wide", tabindex=0, role="region", aria_label=table.title)
    says = tag("p", table.says, class_="soft") if table.says else None
    return together(tag("h3", table.title), scrolls, says)


def _cells(row: Sequence[Cell], names: Sequence[tuple[str, str | None]]) -> Iterator[Html]:
    for cell, (name, mark) in zip(row, names, strict=True):
        yield tag("td", _cell(cell), class_=mark, role="cell", data_label=name or None)


def _mark(column: Sequence[Cell]) -> str | None:
    """Figures stand to the right."""
    told = [cell for cell in column if cell is not None]
    return "figure" if told and all(isinstance(cell, int | Money) for cell in told) else None


def _cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case int():
            return f"{cell:,}"
        case Money():
            return money(cell)
        case Share():
            return share_text(cell)
    return cell
