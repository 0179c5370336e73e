"""Fifty traces labelled by hand: which steps were skipped, repeated, out of order, too slow."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.journeys.conformance import VERDICTS, conformance, deviations, ordered
from hub.journeys.passage import steps
from tests.unit.journeys.traces import ALWAYS, day, journey, people, trace

TARGET = journey("aBcd", within={"c": "3d", "d": "10d"}, repeats="c")
"""B may be left out; c is due within 3 days and may be repeated, d within 10 days."""

LABELLED = [
    # as designed
    ("a0 c1 d2", 100, ""),
    ("a0 b1 c2 d3", 100, ""),
    ("a0 c3 d13", 100, ""),
    ("a0 b2 c4 d5", 100, ""),
    ("a0 c0 d0", 100, ""),
    ("a0 a1 a2 c3 d4", 100, ""),
    ("a0 c1 c2 c3 d4", 100, ""),
    ("a0 c1 d2 c3", 100, ""),
    ("", 100, ""),
    # still on the way
    ("a0", 2, ""),
    ("a0", 3, ""),
    ("a0 b2", 4, ""),
    ("a0 c1", 11, ""),
    # too slow
    ("a0 c4 d5", 100, "c too-slow"),
    ("a0 b1 c5 d6", 100, "c too-slow"),
    ("a0 c1 d12", 100, "d too-slow"),
    ("a0 a5 c6 d7", 100, "c too-slow"),
    ("a0 c4 d15", 100, "c too-slow, d too-slow"),
    ("a0", 100, "c too-slow"),
    ("a0", 4, "c too-slow"),
    ("a0 b1", 100, "c too-slow"),
    ("a0 b2", 6, "c too-slow"),
    ("a0 c1", 100, "d too-slow"),
    ("a0 c1", 12, "d too-slow"),
    ("a0 c1 d50", 20, "d too-slow"),
    # skipped
    ("a0 d1", 100, "c skipped"),
    ("a0 b1 d2", 100, "c skipped"),
    ("a0 d11", 100, "c skipped, d too-slow"),
    ("c0 d1", 100, "a skipped"),
    ("c0", 1, "a skipped"),
    ("d0", 100, "a skipped, c skipped"),
    ("b0 c1 d2", 100, "a skipped"),
    ("b0 d1", 100, "a skipped, c skipped"),
    ("b0", 1, "a skipped"),
    ("b0", 9, "a skipped, c too-slow"),
    # repeated
    ("a0 c1 a2 d3", 100, "a repeated"),
    ("a0 c1 a2 c3 d4", 100, "a repeated"),
    ("a0 c1 d2 c3 d4", 100, "d repeated"),
    ("a0 b1 a2 b3 c4 d5", 100, "a repeated, b repeated"),
    ("a0 c1 d2 a3", 100, "a repeated"),
    ("a0 b0.5 a1 c2 d3", 100, "a repeated"),
    ("a0 b1 c2 b3 d13.5", 100, "b repeated, d too-slow"),
    # in the wrong order
    ("c0 a1 d2", 100, "a wrong-order"),
    ("a0 d1 c2", 100, "c wrong-order"),
    ("a0 d1 c5", 100, "c too-slow, c wrong-order"),
    ("d0 c1 a2", 100, "a wrong-order, c wrong-order"),
    ("b0 a1 c2 d3", 100, "a wrong-order"),
    ("a0 c1 b2 d3", 100, "b wrong-order"),
    ("c0 d1 a2 b3", 100, "a wrong-order, b wrong-order"),
    ("a0 c1 d2 a3 b4", 100, "a repeated, b wrong-order"),
]


def test_the_table_has_fifty_traces():
    """None was left out, and every verdict is among them."""
    assert len({(text, now) for text, now, _ in LABELLED}) == 50
    assert {word for *_, label in LABELLED for word in label.replace(",", "").split()} >= {
        *VERDICTS
    }


@pytest.mark.parametrize(("text", "now", "label"), LABELLED)
def test_the_verdict_is_that_of_the_label(text, now, label):
    """Stage and verdict of every deviation, and no other."""
    found = deviations(TARGET, steps(TARGET, trace(text), day(now)), day(now))

    told = ", ".join(f"{TARGET.stages[each.stage].id} {each.verdict}" for each in found)
    assert told == label


def test_a_stage_without_a_place_in_the_order_is_never_wrong():
    """Help may be asked for before, between and after; nobody repeats a stage by asking."""
    target = journey("abh", within={"b": "3d"}, anytime="h")
    walked = steps(target, trace("h0 a1 h2 a3 h4 b4 h5"), ALWAYS)

    assert deviations(target, ordered(target, walked), ALWAYS) == []


def test_everybody_who_entered_is_counted():
    """Customers by stage and verdict, and how many journeys go as designed."""
    found = conformance(TARGET, people("a0 c1 d2", "a0 c4 d5", "a0 c5 d6", "c0 d1", ""), day(100))

    assert (found.people, found.conforming) == (4, 1)
    assert found.counts == {("c", "too-slow"): 2, ("a", "skipped"): 1}


@settings(max_examples=50)
@given(st.integers(0, 3), st.integers(0, 10), st.booleans())
def test_a_journey_within_its_limits_conforms(to_c, to_d, optional):
    """Whatever the pace, as long as every step is in order and in time."""
    middle = f"b{to_c / 2}" if optional else ""
    text = f"a0 {middle} c{to_c} d{to_c + to_d}"

    assert deviations(TARGET, steps(TARGET, trace(text), day(100)), day(100)) == []
