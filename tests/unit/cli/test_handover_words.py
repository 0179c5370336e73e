"""How tasks on their way are told, for people: by plan, status, run and the case."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from hub.cli.handovers import (
    Standing,
    handover_line,
    plan_words,
    report_lines,
    standing_document,
    standing_lines,
)
from hub.core.errors import RetryLater
from hub.push.handover_look import Look, Proposed
from hub.push.handover_send import HandoverReport
from hub.store.handovers import Handover, Status

ROW = Handover(
    "case-3f", "task", "3f", "crm", 1, "g1", "done", False, b"d", b"d", "task", 1, "x", "5012",
    None, 1, 0, 0, 0,
)  # fmt: skip
PROPOSED = tuple(Proposed(f"case-{n}", str(n), "g1", "512", n == 1) for n in range(3))


def test_a_plan_lists_what_would_be_handed_over() -> None:
    """As many as fit, what is withheld, and who has no record there."""
    look = Look("crm", "task", PROPOSED, {"nowhere": 2}, {"the person objected": 1})

    assert plan_words(look, 2).splitlines() == [
        "crm/tasks: 3 tasks to hand over",
        "  case-0 at record 512: new or changed",
        "  case-1 at record 512: is over",
        "  and 1 more: --all",
        "  1 withheld: the person objected",
        "  2 without a record there",
        'the next run does it if the connection has mode = "sync" and a plan of it was approved',
    ]


@pytest.mark.parametrize(
    ("status", "error", "over", "said"),
    [
        ("done", None, False, "task in crm: there, 5012"),
        ("done", None, True, "task in crm: there, and over, 5012"),
        ("refused", "INVALID", False, "task in crm: refused, 5012 (INVALID)"),
        ("sending", None, False,
         "task in crm: sent, and whether it arrived is not known yet, 5012"),
    ],
)  # fmt: skip
def test_a_case_says_where_its_task_is(
    status: Status, error: str | None, over: bool, said: str
) -> None:
    """With the system's own number, and the reason if it is not there."""
    assert handover_line(replace(ROW, status=status, error=error, over=over)) == said


def test_what_never_left_has_no_number() -> None:
    """The customer is nowhere over there."""
    row = replace(ROW, status="nowhere", reference=None, error="no contacts record there")

    assert handover_line(row) == "task in crm: has nowhere to go (no contacts record there)"


def test_the_status_counts_each_state_with_its_reasons() -> None:
    """For people and for programs alike."""
    found = [Standing("crm/tasks", {"done": 3, "nowhere": 1}, [("nowhere", "no record", 1)])]

    assert list(standing_lines(found)) == ["crm/tasks: 3 done, 1 nowhere", "  1 nowhere: no record"]
    assert standing_document(found)[0]["done"] == 3


def test_a_run_says_what_became_of_the_tasks() -> None:
    """What was created for them, the system's reasons, and why it stopped."""
    report = HandoverReport(
        "crm", "task", Counter(handed=2, refused=1), Counter({"INVALID": 1}), ("cxhub_key",),
        RetryLater("later"),
    )  # fmt: skip

    assert list(report_lines(report)) == [
        "crm/tasks: 2 handed, 1 refused",
        "  created there: cxhub_key",
        "  1 times: INVALID",
        "  stopped HUB-501: later",
    ]
