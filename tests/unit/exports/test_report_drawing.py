"""Charts: complete without colour, readable in every light, and never markup from data."""

from __future__ import annotations

import re
from importlib.resources import files
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.exports.report.drawing import draw
from hub.exports.report.markup import tag
from hub.exports.report.model import Bars, Chart, Point, Share
from hub.exports.report.ticks import ticks
from hub.metrics.interval import Estimate

SVG = "{http://www.w3.org/2000/svg}"
values = st.floats(-1e9, 1e9, allow_nan=False)


def estimate(value: float) -> Estimate:
    return Estimate(value, value - 5, value + 5, 30)


def drawn(chart: Chart | Bars) -> ElementTree.Element:
    text = draw(chart, "c").text.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return ElementTree.fromstring(text)


@settings(max_examples=50)
@given(values, values)
def test_ticks_enclose_the_values_in_few_equal_steps(one, other):
    """Whatever the range, at most six lines, the first below and the last above it."""
    low, high = sorted((one, other))
    slack = 1e-6 * max(1.0, abs(low), abs(high))

    levels = ticks(low, high)

    assert levels[0] <= low + slack
    assert levels[-1] >= high - slack
    assert 2 <= len(levels) <= 6


def test_a_month_without_data_is_a_gap():
    """The curve is not drawn through months of which nothing is known."""
    told = [estimate(20), estimate(30), None, estimate(40), estimate(50)]
    points = tuple(Point(f"2026-0{at}", each, 30) for at, each in enumerate(told, 1))

    picture = drawn(Chart("repeat_rate", "AUD", "Repeat rate", points))

    assert len(picture.findall(f"{SVG}polyline")) == 2
    assert len(picture.findall(f"{SVG}circle")) == 4


def test_a_chart_says_itself_in_words():
    """Title and description are named by the picture, for those who do not see it."""
    points = (Point("2026-09", estimate(20), 30), Point("2026-10", None, 3))

    picture = drawn(Chart("repeat_rate", "AUD", "Repeat rate", points))

    named = [picture.find(f"{SVG}*[@id='{i}']") for i in picture.get("aria-labelledby", "").split()]
    assert [each.text for each in named if each is not None] == [
        "Repeat rate",
        "1 of 2 parts have enough data. 2026-09: 20.0\u00a0% (15.0\u00a0% to 25.0\u00a0%).",
    ]


def test_an_average_shows_its_worst_part_in_the_drawing():
    """The bars of the share at the bottom stand under the curve, one for each month told."""
    points = (Point("2026-09", estimate(20), 30, estimate(12)), Point("2026-10", None, 3))

    picture = drawn(Chart("nps", "0-10", "NPS", points, bottom="answers 0-6"))

    assert len(picture.findall(f"{SVG}rect[@class='worst']")) == 1
    assert any("answers 0-6" in (text.text or "") for text in picture.findall(f"{SVG}text"))


def test_bars_cut_long_names_and_keep_them_in_the_picture():
    """A name longer than its column is shortened; its bar stays inside the picture."""
    rows = (
        ("a name that is far too long for its column", Share(estimate(90), 30)),
        ("none", Share(None, 3)),
    )

    picture = drawn(Bars("By place", rows))

    [bar] = [rect for rect in picture.findall(f"{SVG}rect") if rect.get("class") == "bar"]
    texts = [text.text or "" for text in picture.findall(f"{SVG}text")]
    assert float(bar.get("x", "")) + float(bar.get("width", "")) <= 440
    assert "a name that is far…" in texts
    assert "insufficient data" in texts


def test_text_never_becomes_markup():
    """Neither as a child nor as an attribute."""
    built = tag("p", '<script>alert("x")</script>', title='"><script>').text

    assert "<script" not in built


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _contrast(one: str, other: str) -> float:
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


STYLE = files("hub.exports.report").joinpath("style.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--(\w+): (#\w{6})", block))
    for block in (STYLE.split("@media")[0], STYLE.split("@media")[1])
)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "card"])
@pytest.mark.parametrize("ink", ["ink", "soft", "worst"])
def test_every_text_stands_out_from_its_ground(colours, ground, ink):
    """At least 4.5 to 1. Source: WCAG 2.2, 1.4.3."""
    assert _contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("shape", "ground"), [("curve", "card"), ("curve", "band"), ("worst", "card")]
)
def test_every_shape_stands_out_from_its_ground(colours, shape, ground):
    """At least 3 to 1: the curve from page and band, the bars from the page. Source: 1.4.11."""
    assert _contrast(colours[shape], colours[ground]) >= 3
