"""An unresolved detractor: the latest NPS answer, and what its case says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.core.records import Feedback
from hub.store.cases import Case
from hub.voc.detractor import Answer, unresolved

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CASE = Case(
    "c1", 1, 1, "detractor", "care", "open", None, None, None, 0, 0, 0, None, None, None, None, 1
)


def answer(score: float, days: float, case: Case | None = CASE, instrument: str = "nps") -> Answer:
    at = NOW - timedelta(days=days)
    said = Feedback(at=at, instrument=instrument, score=score, scale_min=0, scale_max=10)
    return Answer(f"surveys/answers/{days:g}", at, said, case)


@pytest.mark.parametrize(
    ("case", "because"),
    [
        (CASE, "they wait for a word"),
        (replace(CASE, state="assigned"), "they wait for a word"),
        (replace(CASE, state="informed"), None),
        (replace(CASE, state="closed", reason="resolved"), None),
        (replace(CASE, state="closed", reason="declined"), None),
        (
            replace(CASE, state="suppressed", reason="history"),
            "it was old when it was read first, so nobody was asked to reply",
        ),
        (
            replace(CASE, state="suppressed", reason="no_contact"),
            "they refuse to be contacted",
        ),
        (replace(CASE, state="suppressed", reason="joined"), "nobody has told them anything"),
        (None, "no case was opened for it"),
    ],
    ids=lambda value: getattr(value, "state", "case") if value else "none",
)
def test_the_case_decides_whether_it_is_resolved(case: Case | None, because: str | None) -> None:
    """Told or closed is resolved, declined with an explanation too; nothing else is."""
    found = unresolved([answer(3, 5, case)], NOW)

    assert (found.because if found else None) == because


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([answer(6, 60, None)], True),
        ([answer(6, 60.01, None)], False),
        ([answer(6, 400)], True),
        ([answer(7, 1)], False),
        ([answer(2, 9), answer(9, 1)], False),
        ([answer(9, 9), answer(2, 1)], True),
        ([answer(2, 9), answer(9, 1, instrument="rating")], True),
        ([], False),
    ],
    ids=[
        "sixty",
        "past-sixty",
        "still-waiting",
        "passive",
        "better-since",
        "worse-since",
        "other-question",
        "none",
    ],
)
def test_the_latest_answer_counts_until_somebody_tells(
    answers: list[Answer], expected: bool
) -> None:
    """Or for sixty days where no case waits; to the question of NPS alone, in whatever order."""
    for told in (answers, answers[::-1]):
        assert (unresolved(told, NOW) is not None) is expected


def test_an_answer_on_another_scale_is_no_nps_answer() -> None:
    """A 3 of 5 is neither a detractor nor does it hide one."""
    five = answer(3, 1)
    other = replace(five, said=Feedback(at=five.at, instrument="nps", score=3, scale_max=5))

    assert unresolved([other], NOW) is None
    assert unresolved([answer(2, 2), other], NOW) is not None
