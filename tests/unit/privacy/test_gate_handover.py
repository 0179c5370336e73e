"""What the gate asks before a task or a note leaves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.core.connector import Note, OutField, Task
from hub.core.settings import DEFAULT_PURPOSES
from hub.privacy.gate import Gate
from hub.privacy.permissions import Permissions

TASK = Task("case-1", "512", "Answer them", "why", datetime(2026, 1, 3, tzinfo=UTC))
DONE = Task("case-1", "512", "over", "", datetime(2026, 1, 3, tzinfo=UTC), done=True)
NOTE = Note("card-1", "812", "what is known")
GATE = Gate(DEFAULT_PURPOSES)


def test_what_may_leave_names_its_decision() -> None:
    """A task under a contract needs nobody's consent."""
    decision = GATE.judge(
        "g1", "crm", [OutField("task", "case", "service")], Permissions((), DEFAULT_PURPOSES, 0)
    )

    released = GATE.hand_over(TASK, decision)

    assert (released.value, released.decision) == (TASK, decision.decision_id)


def test_nothing_leaves_whose_first_part_may_not() -> None:
    """Marketing needs a consent that is not there."""
    parts = [OutField("task", "case", "marketing"), OutField("words", "said", "service")]
    decision = GATE.judge("g1", "crm", parts, Permissions((), DEFAULT_PURPOSES, 0))

    with pytest.raises(PermissionError, match="lets nothing leave"):
        GATE.hand_over(NOTE, decision)


def test_only_a_task_that_is_over_leaves_without_a_decision() -> None:
    """It takes back what a system was handed; a note and open work are something to tell."""
    assert GATE.take_back(DONE).decision == "over"
    with pytest.raises(PermissionError, match="only a task that is over"):
        GATE.take_back(TASK)
    with pytest.raises(PermissionError, match="only a task that is over"):
        GATE.take_back(NOTE)
