"""What a report consists of. A number is in it once; page and JSON are two ways to tell it.

An average hides those who fare badly, so this model cannot tell one alone: :class:`Plain` refuses
it, :class:`Average` asks for what stands beside it, a :class:`Chart` of averages needs the share at
the bottom at every point, and a :class:`Table` takes no fractions at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeAlias

from hub.metrics.compare import Difference
from hub.metrics.definition import REGISTRY, Unit
from hub.metrics.interval import Estimate
from hub.metrics.snapshot import Worst


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of its currency."""

    minor: int
    currency: str


def titled(title: str, series: str) -> str:
    """A title with its series; XXX is ISO 4217 for no currency.

    >>> titled("Churn", "EUR"), titled("Churn", "XXX"), titled("Churn", "")
    ('Churn (EUR)', 'Churn', 'Churn')
    """
    told = series.replace("XXX", "").strip()
    return f"{title} ({told})" if told else title


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a registered metric.

    Args:
        metric: Its id.
        series: Scale, currency, cohort; empty if there is one.
    """

    metric: str
    series: str

    @property
    def unit(self) -> Unit:
        """The metric's unit."""
        return REGISTRY[self.metric].unit

    @property
    def currency(self) -> str:
        """Of money: the series is, or begins with, its currency."""
        return self.series.partition(" ")[0] if self.unit == "money" else ""


@dataclass(frozen=True, slots=True)
class Number(Series):
    """One value.

    Args:
        estimate: Value and interval in the metric's unit; None where there is too little data.
        n: Observations behind it, told even where the value is not.
        status: As in a snapshot: ``ok``, ``insufficient``, ``provisional``, ...
        when: The period or the day that it is of, in words.
        change: Against the period before; None where the two cannot be compared.
    """

    estimate: Estimate | None
    n: int
    status: str
    when: str
    change: Difference | None = None

    @property
    def title(self) -> str:
        """What a person reads, with the series."""
        return titled(REGISTRY[self.metric].title, self.series)


@dataclass(frozen=True, slots=True)
class Beside:
    """What an average does not show.

    Args:
        bottom: Share of those who fare badly; None where the average itself is withheld.
        open_detractors: Customers whose last NPS answer was 0-6 and who still wait; None where
            nobody was asked.
        at_risk: What the customers with an open complaint or an open detractor's answer have spent
            so far, by currency.
    """

    bottom: Worst | None
    open_detractors: int | None
    at_risk: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Plain:
    """A number that hides nobody: a rate, a count, a median.

    Raises:
        ValueError: If it is an average.
    """

    number: Number

    def __post_init__(self) -> None:
        if REGISTRY[self.number.metric].average:
            raise ValueError(f"{self.number.metric} is an average: tell it as one")


@dataclass(frozen=True, slots=True)
class Average:
    """An average, with what it hides beside it.

    Raises:
        ValueError: If its value is told and the share at the bottom is not.
    """

    number: Number
    beside: Beside

    def __post_init__(self) -> None:
        if self.number.estimate is not None and self.beside.bottom is None:
            raise ValueError(f"{self.number.metric} without its share at the bottom")


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are of something, and what that is."""

    title: str
    value: int | Money | None
    says: str


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a chart; ``bottom`` is the share at the bottom, where it is an average."""

    label: str
    estimate: Estimate | None
    n: int
    bottom: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Chart(Series):
    """Values over time, with intervals.

    Args:
        title: What it shows.
        points: In order.
        bottom: What the share at the bottom is of; empty where there is none.

    Raises:
        ValueError: If an average's point has a value and no share at the bottom.
    """

    title: str
    points: tuple[Point, ...]
    bottom: str = ""

    def __post_init__(self) -> None:
        alone = any(p.estimate is not None and p.bottom is None for p in self.points)
        if REGISTRY[self.metric].average and alone:
            raise ValueError(f"a chart of {self.metric} without its share at the bottom")


@dataclass(frozen=True, slots=True)
class Share:
    """A share in percent as a cell; too little data where there is no estimate."""

    estimate: Estimate | None
    n: int


@dataclass(frozen=True, slots=True)
class Bars:
    """Shares by category, with intervals: each name with its share."""

    title: str
    rows: tuple[tuple[str, Share], ...]


Cell: TypeAlias = str | int | Money | Share | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header.

    Raises:
        ValueError: If a row is of another length, or holds a fraction, which may be a mean.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    says: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.head) for row in self.rows):
            raise ValueError(f"{self.title}: a row does not fit its header")
        if any(isinstance(cell, float) for row in self.rows for cell in row):
            raise ValueError(f"{self.title}: a bare fraction; tell it as a share or an average")


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph."""

    text: str


Block: TypeAlias = Plain | Average | Count | Chart | Bars | Table | Words


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A report.

    Args:
        kind: ``executive``, ``cx``, ``agent``, ``compliance`` or ``quickstart``.
        title: Its heading.
        period: Label of the month.
        made_at: When it was made.
        confidence: Coverage of every interval in it.
        min_n: Observations below which it says "insufficient data".
        sections: In reading order.
        newest: What the hub has, and the day of the newest of it.
    """

    kind: str
    title: str
    period: str
    made_at: datetime
    confidence: float
    min_n: int
    sections: tuple[Section, ...]
    newest: tuple[tuple[str, str], ...] = ()


def document(report: Report) -> dict[str, object]:
    """The report for programs: every block with its kind and all of its values, unrounded."""
    whole = {name: value for name, value in asdict(report).items() if name != "sections"}
    whole["newest"] = dict(report.newest)
    whole["made_at"] = report.made_at.isoformat(timespec="seconds")
    whole["sections"] = [
        {"title": section.title, "blocks": [_block(block) for block in section.blocks]}
        for section in report.sections
    ]
    return whole


def _block(block: Block) -> Mapping[str, object]:
    told: dict[str, object] = {"block": type(block).__name__.lower(), **asdict(block)}
    if isinstance(block, Plain | Average):
        metric = REGISTRY[block.number.metric]
        told |= {"title": block.number.title, "unit": metric.unit, "definition": metric.key}
    return told


def numbers(report: Report) -> Sequence[Number]:
    """Every registered number of the report, in order."""
    blocks = (block for section in report.sections for block in section.blocks)
    return [block.number for block in blocks if isinstance(block, Plain | Average)]
