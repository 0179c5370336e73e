"""Charts as SVG, made here: value, interval band, and the share at the bottom below an average.

Colours come from the page's style, so one drawing serves light, dark and paper. Nothing is told by
colour alone: the band is a shape, missing months are gaps, and the table beside holds every number.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.core.money import exponent
from hub.exports.report.markup import Html, tag
from hub.exports.report.model import Bars, Chart, Point
from hub.exports.report.ticks import ticks
from hub.exports.report.words import interval_text, share_text, value_text
from hub.metrics.interval import Estimate

WIDTH = 440
_LEFT, _RIGHT, _TOP, _PLOT = 50, 14, 10, 150
_BOTTOM_PANEL, _LABELS, _ROW = 44, 26, 30
_NAME = 168
_CHARACTERS = 20


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to places, along one axis."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def draw(chart: Chart | Bars, name: str) -> Html:
    """The chart; ``name`` makes the ids of its title and description unique on the page."""
    height, shapes = _bars(chart) if isinstance(chart, Bars) else _line(chart)
    return tag(
        "svg",
        tag("title", chart.title, id=f"{name}-title"),
        tag("desc", describe(chart), id=f"{name}-desc"),
        *shapes,
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        class_="chart",
    )


def describe(chart: Chart | Bars) -> str:
    """The chart in a sentence, for those who do not see it."""
    if isinstance(chart, Bars):
        return "; ".join(f"{label}: {share_text(share)}" for label, share in chart.rows) + "."
    told = [(p.label, p.estimate) for p in chart.points if p.estimate is not None]
    if not told:
        return "Insufficient data in every part."
    parts = [
        f"{label}: {value_text(each.value, chart.unit, chart.currency)}"
        f" ({interval_text(each, chart.unit, chart.currency)})"
        for label, each in (told if len(told) <= 3 else (told[0], told[-1]))
    ]
    return f"{len(told)} of {len(chart.points)} parts have enough data. {'; '.join(parts)}."


# --- over time -------------------------------------------------------------------------------


def _line(chart: Chart) -> tuple[int, list[Html]]:
    levels = _levels(chart)
    floor = _TOP + _PLOT
    down = _Scale(levels[0], levels[-1], floor, _TOP)
    places = _places(len(chart.points))
    shapes = [*_grid(levels, down, chart)]
    for run in _runs(chart.points):
        shapes += _stretch(run, places, down)
    height = floor
    if chart.bottom:
        shapes += _worst(chart, places, floor)
        height += _BOTTOM_PANEL
    shapes += _labels(chart.points, places, height)
    if not any(point.estimate for point in chart.points):
        middle = (_LEFT + WIDTH - _RIGHT) / 2
        shapes.append(_text("insufficient data", middle, _TOP + _PLOT / 2, "middle"))
    return height + _LABELS, shapes


def _levels(chart: Chart) -> list[float]:
    told = [point.estimate for point in chart.points if point.estimate is not None]
    ends = [end for each in told for end in (each.value, each.low, each.high) if end is not None]
    low, high = min(ends, default=0.0), max(ends, default=100.0)
    if chart.unit == "percent" or (chart.unit == "money" and low > 0):
        low = 0.0  # a share or an amount without its zero exaggerates
    return ticks(low, high)


def _places(number: int) -> list[float]:
    wide = (WIDTH - _LEFT - _RIGHT) / max(1, number)
    return [round(_LEFT + wide * (at + 0.5), 1) for at in range(number)]


def _grid(levels: Sequence[float], down: _Scale, chart: Chart) -> Iterator[Html]:
    for level in levels:
        y = down.at(level)
        yield tag("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, class_="grid")
        yield _text(_axis_text(level, chart), _LEFT - 6, y + 4, "end")


def _axis_text(level: float, chart: Chart) -> str:
    if chart.unit == "money":
        level /= 10 ** exponent(chart.currency)
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e4, "k")):
        if abs(level) >= size:
            return f"{level / (1e3 if letter == 'k' else size):g}{letter}"
    return f"{level:,.10g}".replace("-", "−") + ("%" if chart.unit == "percent" else "")


def _runs(points: Sequence[Point]) -> Iterator[list[tuple[int, Estimate]]]:
    """Unbroken stretches of points that have a value."""
    run: list[tuple[int, Estimate]] = []
    for at, point in enumerate(points):
        if point.estimate is None:
            if run:
                yield run
            run = []
        else:
            run.append((at, point.estimate))
    if run:
        yield run


def _stretch(
    run: Sequence[tuple[int, Estimate]], places: Sequence[float], down: _Scale
) -> Iterator[Html]:
    line = [(places[at], down.at(each.value)) for at, each in run]
    edges = [
        (places[at], down.at(each.value if end is None else end))
        for side, order in (("high", run), ("low", run[::-1]))
        for at, each in order
        for end in [each.high if side == "high" else each.low]
    ]
    if len(run) == 1:  # a band of one point has no width: a whisker
        (x, top), (_, foot) = edges
        yield tag("line", x1=x, x2=x, y1=top, y2=foot, class_="whisker")
    else:
        yield tag("polygon", points=_pairs(edges), class_="band")
        yield tag("polyline", points=_pairs(line), class_="line")
    for x, y in line:
        yield tag("circle", cx=x, cy=y, r=3, class_="dot")


def _worst(chart: Chart, places: Sequence[float], floor: float) -> Iterator[Html]:
    """Bars of the share at the bottom, under the curve of the average."""
    foot, tall = floor + _BOTTOM_PANEL, _BOTTOM_PANEL - 18
    shares = [point.bottom.value for point in chart.points if point.bottom is not None]
    up = _Scale(0.0, max([*shares, 10.0]), foot, foot - tall)
    yield _text(f"{chart.bottom}, % of each", _LEFT, floor + 13, "start")
    width = min(14.0, (WIDTH - _LEFT - _RIGHT) / max(1, len(places)) * 0.6)
    for place, point in zip(places, chart.points, strict=True):
        if point.bottom is not None:
            top = up.at(point.bottom.value)
            yield tag(
                "rect", x=round(place - width / 2, 1), y=top, width=width,
                height=round(foot - top, 1), class_="worst",
            )  # fmt: skip
    yield tag("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=foot, y2=foot, class_="axis")


def _labels(points: Sequence[Point], places: Sequence[float], height: float) -> Iterator[Html]:
    """As many labels as fit, the newest always."""
    every = math.ceil(len(points) * 64 / (WIDTH - _LEFT - _RIGHT))
    for at, (point, place) in enumerate(zip(points, places, strict=True)):
        if (len(points) - 1 - at) % max(1, every) == 0:
            yield _text(point.label, place, height + 19, "middle")


# --- by category -----------------------------------------------------------------------------


def _bars(chart: Bars) -> tuple[int, list[Html]]:
    told = [share.estimate for _, share in chart.rows if share.estimate is not None]
    levels = ticks(0.0, max((each.high or each.value for each in told), default=100.0))
    along = _Scale(0.0, levels[-1], _NAME + 8, WIDTH - _RIGHT - 10)
    shapes: list[Html] = []
    height = _TOP + _ROW * len(chart.rows)
    for level in levels:
        x = along.at(level)
        shapes.append(tag("line", x1=x, x2=x, y1=_TOP, y2=height, class_="grid"))
        shapes.append(_text(f"{level:g}%", x, height + 19, "middle"))
    for at, (label, share) in enumerate(chart.rows):
        shapes += _bar(label, share.estimate, along, _TOP + _ROW * at + _ROW / 2)
    return height + _LABELS, shapes


def _bar(label: str, each: Estimate | None, along: _Scale, y: float) -> Iterator[Html]:
    yield _text(_short(label), _NAME, y + 4, "end")
    zero = along.at(0.0)
    if each is None:
        yield _text("insufficient data", zero + 6, y + 4, "start")
        return
    wide = round(along.at(each.value) - zero, 1)
    yield tag("rect", x=zero, y=y - 9, width=wide, height=11, class_="bar")
    if each.low is not None and each.high is not None:
        low, high, under = along.at(each.low), along.at(each.high), y + 7  # seen in every light
        yield tag("line", x1=low, x2=high, y1=under, y2=under, class_="whisker")
        for x in (low, high):
            yield tag("line", x1=x, x2=x, y1=under - 3, y2=under + 3, class_="whisker")


def _short(label: str) -> str:
    """As much of a label as has room, by the usual width of its letters.

    >>> _short("a place"), _short("a place with a very long name"), _short("人" * 20)
    ('a place', 'a place with a very…', '人人人人人人人人人…')
    """
    room = float(_CHARACTERS)
    for at, letter in enumerate(label):
        room -= _width(letter)
        if room < (1 if at + 1 < len(label) else 0):
            return label[:at].rstrip() + "…"
    return label


def _width(letter: str) -> float:
    """In small Latin letters."""
    if unicodedata.east_asian_width(letter) in "WF":
        return 2.0
    return 1.5 if letter.isupper() or letter > "\u02ff" else 1.0


# --- pieces ----------------------------------------------------------------------------------


def _text(words: str, x: float, y: float, anchor: str) -> Html:
    return tag("text", words, x=round(x, 1), y=round(y, 1), text_anchor=anchor)


def _pairs(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
