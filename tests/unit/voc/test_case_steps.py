"""Which step a case may take in which state, and what it looks like after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hub.core.errors import HubError
from hub.store.cases import Case, State, Step
from hub.voc import case_steps
from hub.voc.case_steps import Doer

HOUR = 3_600_000_000
ASKED, NOW = 1_000 * HOUR, 1_010 * HOUR
KIM = Doer("os:kim", NOW)
OPEN = Case(
    "c1", 7, 1, "detractor", "care", "open", None, None, None, ASKED, ASKED, ASKED + 48 * HOUR,
    None, None, None, None, 1,
)  # fmt: skip
VERBS: dict[str, Callable[[Case], Step]] = {
    "assign": lambda case: case_steps.assign(case, "Kim", KIM),
    "inform": lambda case: case_steps.inform(case, "mail-1", NOW, KIM),
    "close": lambda case: case_steps.close(case, KIM),
    "decline": lambda case: case_steps.decline(case, "mail-1", NOW, KIM),
}
LEADS: dict[tuple[State, str], State] = {
    ("open", "assign"): "assigned", ("open", "inform"): "informed", ("open", "decline"): "closed",
    ("assigned", "assign"): "assigned", ("assigned", "inform"): "informed",
    ("assigned", "decline"): "closed", ("informed", "close"): "closed",
}  # fmt: skip
"""The whole state machine: every other step is refused."""


def case_in(state: State) -> Case:
    told = state in ("informed", "closed")
    return replace(OPEN, state=state, informed_at=NOW if told else None, reason=None)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", ["open", "assigned", "informed", "closed", "suppressed"])
def test_the_state_machine(state: State, verb: str) -> None:
    """Seven steps lead somewhere; the other thirteen are refused with what to do next."""
    case = case_in(state)
    wanted = LEADS.get((state, verb))
    if wanted is None:
        with pytest.raises(HubError, match="hub cases") as err:
            VERBS[verb](case)
        assert err.value.code == "HUB-160"
        return

    step = VERBS[verb](case)

    assert (step.case.state, step.case.steps, step.at) == (wanted, case.steps + 1, NOW)


@pytest.mark.parametrize(
    "verbs", [("inform", "close"), ("assign", "inform", "close"), ("decline",)]
)
def test_whatever_way_a_case_is_closed_the_customer_was_told(verbs: tuple[str, ...]) -> None:
    """Instant and reference stand in every closed case, and how it ended."""
    case = OPEN
    for verb in verbs:
        case = VERBS[verb](case).case

    assert (case.state, case.informed_at, case.message, case.settled_at) == (
        "closed", NOW, "mail-1", NOW,
    )  # fmt: skip
    assert case.reason == ("declined" if verbs == ("decline",) else "resolved")


@pytest.mark.parametrize("at", [ASKED - 1, NOW + 1])
def test_a_word_before_the_answer_or_after_now_is_refused(at: int) -> None:
    """By a microsecond on either side."""
    with pytest.raises(HubError, match="cannot have been told"):
        case_steps.inform(OPEN, "mail-1", at, KIM)


def test_nobody_is_no_owner() -> None:
    """An empty name would look like a case that somebody has."""
    with pytest.raises(HubError, match="an owner is needed"):
        case_steps.assign(OPEN, "  ", KIM)
