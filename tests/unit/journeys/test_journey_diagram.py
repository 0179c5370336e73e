"""The diagram says what the numbers say, and no title can break it."""

from __future__ import annotations

from hub.core.records import Feedback
from hub.journeys.curve import curve
from hub.journeys.definition import Journey
from hub.journeys.diagram import diagram
from hub.journeys.funnel import funnel
from tests.unit.journeys.traces import ALWAYS, day, journey, trace


def drawn(of: Journey, *people) -> list[str]:
    points = {point.stage: point for point in curve(of, people, ALWAYS)}
    return diagram(of, funnel(of, people, ALWAYS), points).splitlines()


def test_stages_ways_and_losses_are_drawn():
    """Two stages, one went on, one was lost in silence after a bad answer."""
    bad = Feedback(at=day(1), instrument="csat", score=1, scale_min=1, scale_max=5)

    lines = drawn(journey("ab"), trace("a0 b1", who="1"), trace("a0", bad, who="2"))

    assert lines == [
        "flowchart LR",
        '  s_a["A<br>2 came<br>felt -1.00"]',
        '  s_b["B<br>1 came"]',
        '  s_a -->|"1 of 2"| s_b',
        '  s_a -.-> s_a_lost(["1 lost<br>dissatisfied 1"])',
        "  style s_a fill:#f8d7da,stroke:#b02a37,color:#58151c",
    ]


def test_a_title_cannot_break_out_of_its_box():
    """What people write in a map is text, not markup."""
    plain = journey("ab")
    nasty = plain.stages[0].model_copy(update={"title": 'A"] --> x["<script>'})

    lines = drawn(plain.model_copy(update={"stages": (nasty, plain.stages[1])}), trace("a0"))

    assert lines[1].count('"') == 2
    assert "<script>" not in lines[1]
