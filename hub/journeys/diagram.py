"""A journey as a diagram in Mermaid's words, which Git hosts and wikis draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hub.journeys.curve import Point
from hub.journeys.definition import Journey, Stage
from hub.journeys.funnel import Conversion, Funnel

_UNHAPPY = "fill:#f8d7da,stroke:#b02a37,color:#58151c"


def diagram(journey: Journey, measured: Funnel, points: Mapping[str, Point]) -> str:
    """The stages with customers and feelings, the way between them with what became of it.

    Args:
        journey: The map.
        measured: Its funnel.
        points: Its curve, by stage id; a stage below zero is drawn in red.
    """
    return "\n".join(["flowchart LR", *_lines(journey, measured, points)])


def _lines(journey: Journey, measured: Funnel, points: Mapping[str, Point]) -> Iterator[str]:
    for stage, row in zip(journey.stages, measured.stages, strict=True):
        yield f'  {_node(stage.id)}["{_label(stage, row, points[stage.id])}"]'
    for row in measured.stages:
        if row.to is not None:
            yield f'  {_node(row.stage)} -->|"{_way(row)}"| {_node(row.to)}'
        if row.lost_here:
            yield f'  {_node(row.stage)} -.-> {_node(row.stage)}_lost(["{_lost(row)}"])'
    for name, point in points.items():
        if point.felt is not None and point.felt < 0:
            yield f"  style {_node(name)} {_UNHAPPY}"


def _node(stage: str) -> str:
    """A name that is no word of Mermaid's own, such as ``end``."""
    return f"s_{stage.replace('-', '_')}"


def _label(stage: Stage, row: Conversion, point: Point) -> str:
    felt = "" if point.felt is None else f"<br>felt {point.felt:+.2f}"
    return f"{_safe(stage.title)}<br>{row.entered:,} came{felt}"


def _way(row: Conversion) -> str:
    return f"{row.converted:,} of {row.decided:,}"


def _lost(row: Conversion) -> str:
    why = ", ".join(f"{reason.replace('_', ' ')} {n:,}" for reason, n in row.losses.items())
    return f"{row.lost_here:,} lost<br>{why}"


def _safe(text: str) -> str:
    """Text that cannot end its label or bring in markup."""
    return "".join(f"#{ord(c)};" if c in '"<>&#;`[]{}()|' else c for c in text)
