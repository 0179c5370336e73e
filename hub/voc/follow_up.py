"""The task that a case asks for, in words: why, what the customer said, until when.

Pure functions of what is known. Without a part that the gate keeps back the text goes without it;
without any, it says only that the case is over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from hub.core.clock import from_micros
from hub.core.connector import Task
from hub.core.records import Feedback, Ticket
from hub.store.cases import WAITING, Case
from hub.voc.case_trigger import HIGH_RISK

CASE, WORDS, USE, RISK = "task", "words", "use", "risk"
"""Parts of a task: the case itself, the customer's own words, what they use, why they may leave."""

_RULES: Final[Mapping[str, str]] = {
    "detractor": "would not recommend us",
    "low_satisfaction": "was not satisfied",
    "high_effort": "found it hard to get something done",
    "reopened_ticket": "came back with something that was called solved",
    "passed_around": "was passed from hand to hand and has no solution",
    "high_risk": "may leave",
}
"""Rule of a case, in words that go on after "a customer"."""
_DAY = "%Y-%m-%d"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A case with what a task tells of it.

    Args:
        case: The case.
        said: The answers and tickets in it, oldest first.
        use: How the customer uses what they have, one line each.
        risk: Why they may leave, one line each.
    """

    case: Case
    said: Sequence[Feedback | Ticket] = ()
    use: Sequence[str] = ()
    risk: Sequence[str] = ()


def key_of(case: Case) -> str:
    """The name that the task of a case has in every system."""
    return f"case-{case.case_id}"


def task(follow_up: FollowUp, native_id: str, parts: Collection[str]) -> Task:
    """The task.

    Args:
        follow_up: What it is about.
        native_id: The customer's record in the system.
        parts: What may leave; without ``CASE`` it says only that the case is over.
    """
    case = follow_up.case
    due = from_micros(case.due_at)
    done = case.state not in WAITING
    if CASE not in parts:
        subject, lines = f"Case {case.case_id} is over", ["There is nothing to do any more."]
    else:
        what = "Speak to" if case.rule == HIGH_RISK else "Answer"
        subject = f"{what} a customer who {_reason(case)}"
        lines = [*_lines(follow_up, parts)]
    return Task(
        key_of(case), native_id, subject, "\n".join(lines), due, owner=_owner(case), done=done
    )


def _lines(follow_up: FollowUp, parts: Collection[str]) -> Iterator[str]:
    case = follow_up.case
    yield f"Why: the customer {_reason(case)} (rule {case.rule}), {_day(case.at)}."
    yield f"With: {', '.join(filter(None, (case.team, case.owner)))}."
    if case.state in WAITING:
        yield f"They are to be told something by {from_micros(case.due_at):%Y-%m-%d %H:%M} UTC."
    elif case.informed_at is not None:
        yield f"They were told on {_day(case.informed_at)}."
    else:
        yield "There is nothing to do any more."
    if WORDS in parts:
        yield from (_said(each) for each in follow_up.said)
    if RISK in parts:
        yield from follow_up.risk
    if USE in parts:
        yield from follow_up.use
    yield f"All of it: hub cases show {case.case_id}"


def _reason(case: Case) -> str:
    return _RULES.get(case.rule, f"waits for a word ({case.rule})")


def _said(record: Feedback | Ticket) -> str:
    if isinstance(record, Ticket):
        return f"{record.at:{_DAY}} ticket{handled(record)}" + (
            f": {record.subject}" if record.subject else ""
        )
    score = "" if record.score is None else f" {record.score:g}"
    scale = "" if record.scale_max is None else f" of {record.scale_max:g}"
    words = f': "{record.comment}"' if record.comment else ""
    return f"{record.at:{_DAY}} {record.instrument}{score}{scale}{words}"


def handled(ticket: Ticket) -> str:
    """What speaks against how a ticket was handled, each part after a comma."""
    again, hands = ticket.reopens or 0, ticket.assignee_stations or 0
    told = f", opened {again} times again" if again else ""
    return told + (f", {hands} had it in hand" if hands > 1 else "")


def _owner(case: Case) -> str | None:
    """Who is to do it, if that is an address."""
    return next((name for name in (case.owner, case.team) if name and "@" in name), None)


def _day(micros: int) -> str:
    return f"{from_micros(micros):{_DAY}}"
