"""An unresolved detractor: the one definition, for profile, reports and suppression alike.

Somebody whose latest NPS answer is 0-6, and who was not told what came of it. The answer's case
decides that: while it waits, they wait, however long ago they answered. An answer without a case
that waits counts for 60 days. One whose case is suppressed is judged by the reason: another case
may go on in its place; where nobody may be contacted, or the answer was old when the hub read it,
the customer is as unhappy as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.core.records import Feedback
from hub.store.cases import WAITING, Case
from hub.voc.case_trigger import asks

DAYS: Final = 60
"""Days for which a bad answer counts that nobody is asked to reply to."""

_NOT_TOLD: Final[Mapping[str | None, str]] = {
    "history": "it was old when it was read first, so nobody was asked to reply",
    "no_contact": "they refuse to be contacted",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a customer.

    Args:
        source: Its source key, as text.
        at: When it was given.
        said: What.
        case: The case that it is in; None if it is in none.
    """

    source: str
    at: datetime
    said: Feedback
    case: Case | None


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A bad answer that nobody has resolved.

    Args:
        answer: The answer.
        until: When it stops to count; None if only a word to the customer ends it.
        because: Why it is not resolved.
    """

    answer: Answer
    until: datetime | None
    because: str


def unresolved(answers: Iterable[Answer], now: datetime) -> Unresolved | None:
    """The latest NPS answer if it is a detractor's and unresolved at ``now``.

    Args:
        answers: Of one customer, in any order.
        now: The instant.
    """
    scored = [answer for answer in answers if _fits(answer.said)]
    if not scored:
        return None
    last = max(scored, key=lambda answer: (answer.at, answer.source))
    because = _why(last.case)
    if asks(last.said) != "detractor" or because is None:
        return None
    if last.case is not None and last.case.state in WAITING:
        return Unresolved(last, None, because)
    until = last.at + timedelta(days=DAYS)
    return Unresolved(last, until, because) if now <= until else None


def _fits(said: Feedback) -> bool:
    scale = (said.scale_min, said.scale_max)
    return said.instrument == "nps" and said.score is not None and scale == (0, 10)


def _why(case: Case | None) -> str | None:
    """Why a bad answer is unresolved; None if the customer was told."""
    if case is None:
        return "no case was opened for it"
    if case.state in WAITING:
        return "they wait for a word"
    if case.state == "suppressed":
        return _NOT_TOLD.get(case.reason, "nobody has told them anything")
    return None
