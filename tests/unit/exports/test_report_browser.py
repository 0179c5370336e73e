"""Reports in a real browser: nothing overflows, everything is legible, light and dark.

The page is put into a frame of the width of a phone or of a desk; a script beside the frame
measures what the browser really laid out and painted.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.exports.report.model import (
    Average,
    Bars,
    Beside,
    Block,
    Chart,
    Count,
    Money,
    Number,
    Plain,
    Point,
    Report,
    Section,
    Share,
    Table,
    Words,
)
from hub.exports.report.page import page
from hub.metrics.compare import Difference
from hub.metrics.interval import Estimate
from hub.metrics.snapshot import Worst

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine"),
]

ARABIC = "\u0645\u062d\u0645\u062f \u0639\u0644\u064a"
NAMES = (ARABIC * 5, "\u4eba" * 30, "WAREHOUSE OF MEMPHIS", "nowhere")
HEAD = ("who", "number", "spent", "share", "why")

SCHEMES = {"light": 1, "dark": 0}
"""As the browser counts preferences."""

MEASURE = """
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {
  const page = frame.contentDocument, view = frame.contentWindow;
  page.querySelectorAll("details").forEach((each) => { each.open = true; });
  const all = (wanted, root = page) => [...root.querySelectorAll(wanted)];
  const box = (node) => node.getBoundingClientRect();
  const rgb = (text) => (text.match(/[0-9.]+/g) || []).map(Number);
  const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (c) => 0.2126 * linear(c[0] / 255) + 0.7152 * linear(c[1] / 255)
    + 0.0722 * linear(c[2] / 255);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const c = rgb(view.getComputedStyle(node).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const contrast = (node) => {
    const style = view.getComputedStyle(node);
    const ink = light(rgb(node.tagName === "text" ? style.fill : style.color));
    const under = light(ground(node));
    return (Math.max(ink, under) + 0.05) / (Math.min(ink, under) + 0.05);
  };
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1
    && a.top < b.bottom - 3 && b.top < a.bottom - 3;
  const texts = all("h1,h2,h3,p,td,th,strong,summary,footer,figcaption,text,.value")
    .filter((node) => node.textContent.trim());
  const outside = [], overlapping = [], heights = [];
  for (const svg of all("svg.chart")) {
    const around = box(svg), inside = all("text", svg);
    inside.forEach((node, at) => {
      const own = box(node);
      heights.push(own.height);
      if (own.left < around.left - 1 || own.right > around.right + 1)
        outside.push(node.textContent);
      for (const other of inside.slice(at + 1))
        if (meet(own, box(other)))
          overlapping.push(node.textContent + " / " + other.textContent);
    });
  }
  document.title = JSON.stringify({
    width: page.documentElement.scrollWidth, texts: texts.length, outside, overlapping,
    least: Math.min(...texts.map(contrast)), smallest: Math.min(...heights),
    dark: light(ground(page.body)) < 0.2,
    cut: all(".wide").filter((each) => each.scrollWidth > each.clientWidth + 1).length,
    unnamed: all("svg").filter((svg) => !(svg.getAttribute("aria-labelledby") || "").split(" ")
      .every((id) => id && page.getElementById(id).textContent)).length,
    turned: all("td").filter((each) => each.textContent.includes("\u0645"))
      .map((each) => view.getComputedStyle(each).unicodeBidi),
  });
});
"""


def everything() -> Report:
    """One of each block, with long names, gaps, negatives and missing numbers."""
    some, share = Estimate(-31.4, -42.0, -20.9, 1_234), Estimate(12.0, 5.0, 20.5, 1_234)
    worst = Worst("customers below a quarter of the mean", share)
    beside = Beside(worst, 1_204, (Money(123_456_789, "EUR"), Money(98_765, "JPY")))
    change = Difference(-12.0, -20.0, -4.0, significant=True)
    gaps = tuple(
        Point(f"2026-{at:02}", some if at % 5 else None, 40, share if at % 5 else None)
        for at in range(1, 13)
    )
    money = tuple(
        Point(f"2026-{at:02}", Estimate(9e6 + at * 1e6, 8e6, 4e7, 40), 40) for at in range(1, 13)
    )
    places = tuple((f"a place with a long name {at}", Share(share, 9)) for at in range(4))
    row = (
        "A customer with a rather long name", 1_234_567, Money(123_456_789, "EUR"),
        Share(share, 1_234), "why and what, in a sentence that has to wrap on a phone",
    )  # fmt: skip
    odd = [
        (name, 1, Money(1, "JPY"), Share(None, 2), "why")
        for name in (ARABIC, "<b>Ann</b> & Co", "x" * 120, "")
    ]
    blocks: list[tuple[Block, ...]] = [
        (
            Average(Number("nps", "0-10", some, 1_234, "ok", "2026-10", change), beside),
            Plain(Number("repeat_rate", "EUR", share, 1_234, "provisional", "2026-10")),
            Plain(Number("aov_median", "EUR", None, 3, "insufficient", "2026-10")),
            Count("Value at risk (EUR)", Money(123_456_789_00, "EUR"), "Spent so far."),
        ),
        (
            Chart("nps", "0-10", "NPS by month", gaps, bottom="answers 0-6"),
            Chart("aov_median", "EUR", "Median order value", money),
            Bars("By place", (*places, *((name, Share(share, 9)) for name in NAMES))),
        ),
        (
            Words("A paragraph that is long enough to be wrapped. " * 5),
            Words(f"Signed root {'1c8a9d7d' * 8} of a log."),
            Table("A table", HEAD, (*(row,) * 3, *odd), "Said below."),
            Table("An empty table", ("who",), ()),
        ),
    ]
    sections = tuple(Section(f"Part {at}", each) for at, each in enumerate(blocks, 1))
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return Report("executive", "Everything at once", "2026-10", at, 0.95, 10, sections)


def laid_out(folder: Path, width: int, scheme: str) -> dict[str, Any]:
    """What the browser made of the page."""
    harness = folder / "harness.html"
    harness.write_text(
        '<meta charset="utf-8"><body style="margin:0">'
        f'<iframe style="border:0;width:{width}px;height:900px"></iframe>'
        f'<template data-page="{html.escape(page(everything()))}"></template>'
        f"<script>{MEASURE}"
        "frame.srcdoc = document.querySelector('template').dataset.page;</script>",
        encoding="utf-8",
    )
    assert BROWSER is not None
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        f"--user-data-dir={folder / 'browser'}", "--virtual-time-budget=2000",
        f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
        f"--window-size={max(width, 500)},900", "--dump-dom", harness.as_uri(),
    ]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found = re.search(r"<title>(\{.*?\})</title>", ended.stdout)
    assert found is not None, ended.stderr[-500:]
    told: dict[str, Any] = json.loads(html.unescape(found[1]))
    return told


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [360, 1280], ids=["phone", "desk"])
def test_a_report_is_legible(tmp_path, width, scheme):
    """No sideways scrolling, contrast of 4.5, chart texts that neither shrink, clip nor collide."""
    seen = laid_out(tmp_path, width, scheme)

    assert seen["texts"] > 50
    assert seen["dark"] is (scheme == "dark")
    assert seen["width"] <= width
    assert seen["least"] >= 4.5
    assert seen["smallest"] >= 10
    assert seen["outside"] == []
    assert seen["overlapping"] == []
    assert seen["unnamed"] == 0
    assert seen["cut"] == 0 or width > 360  # on a phone each row is a card: nobody has to swipe
    assert seen["turned"] == ["plaintext"] * len(seen["turned"]) != []


def test_on_paper_every_chart_stands_beside_its_numbers(tmp_path):
    """What is folded away on a screen is printed, in black on white, on few pages."""
    page_file, paper = tmp_path / "report.html", tmp_path / "report.pdf"
    page_file.write_text(page(everything()), encoding="utf-8")
    assert BROWSER is not None
    subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu",
            f"--user-data-dir={tmp_path / 'browser'}", "--blink-settings=preferredColorScheme=0",
            f"--print-to-pdf={paper}", "--no-pdf-header-footer", page_file.as_uri(),
        ],
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip

    pages = len(re.findall(rb"/Type /Page\b", paper.read_bytes()))
    assert 3 <= pages <= 7
