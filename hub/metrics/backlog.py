"""Backlog: what waits for a solution, with a balance that comes out to the ticket.

    B(t2) = B(t1) + created + reopened - solved

A movement changes one ticket once: solving what is solved, or opening what is open, moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Literal

from hub.metrics.interval import Estimate
from hub.metrics.months import begin, label, month_of
from hub.metrics.snapshot import Measured
from hub.metrics.tickets import Handled

MONTHS = 12
"""How many complete months are told."""

_RANK = {"created": 0, "reopened": 1, "solved": 2, "removed": 3}


@dataclass(frozen=True, slots=True)
class Movement:
    """Something that happened to a ticket; ``removed`` takes it out of all history."""

    ticket: int
    at: int
    kind: Literal["created", "reopened", "solved", "removed"]


@dataclass(frozen=True, slots=True)
class Balance:
    """Tickets unsolved before and after a period, and what moved after its begin, up to its end."""

    before: int
    created: int
    reopened: int
    solved: int
    after: int


def unsolved(movements: Iterable[Movement], at: int) -> int:
    """How many tickets wait for a solution at an instant."""
    last: dict[int, str] = {}
    for each in _effective(movements):
        if each.at <= at:
            last[each.ticket] = each.kind
    return sum(kind != "solved" for kind in last.values())


def balance(movements: Iterable[Movement], start: int, end: int) -> Balance:
    """The backlog at both ends, each counted on its own, and the movements between them."""
    told = list(_effective(movements))
    kinds = [each.kind for each in told if start < each.at <= end]
    counts = {kind: kinds.count(kind) for kind in ("created", "reopened", "solved")}
    return Balance(unsolved(told, start), after=unsolved(told, end), **counts)


def _effective(movements: Iterable[Movement]) -> Iterator[Movement]:
    """The movements that change anything, in order, of tickets that were not removed."""
    told = list(movements)
    removed = {each.ticket for each in told if each.kind == "removed"}
    state: dict[int, str] = {}
    for each in sorted(told, key=lambda each: (each.at, _RANK[each.kind], each.ticket)):
        before = state.get(each.ticket)
        begins = before is None and each.kind == "created"
        ends = before in ("created", "reopened") and each.kind == "solved"
        again = before == "solved" and each.kind == "reopened"
        if each.ticket not in removed and (begins or ends or again):
            state[each.ticket] = each.kind
            yield each


def movements(rows: Sequence[Handled]) -> Iterator[Movement]:
    """What is known to have happened to tickets; one solved at no known instant did not move."""
    for number, row in enumerate(rows):
        if not row.unsolved and row.solved_at is None:
            continue
        yield Movement(number, row.opened_at, "created")
        if row.solved_at is not None:
            yield Movement(number, max(row.solved_at, row.opened_at), "solved")
        if row.reopened_at is not None:
            yield Movement(number, row.reopened_at, "reopened")


def overall(rows: Sequence[Handled], until: int, zone: tzinfo) -> Iterator[Measured]:
    """The backlog now and at the end of each complete month, with its balance since the begin."""
    if not rows:
        return
    told = list(movements(rows))
    running, first = month_of(until, zone), month_of(min(row.opened_at for row in rows), zone)
    undated = sum(not row.unsolved and row.solved_at is None for row in rows)
    for month in range(max(first, running - MONTHS), running + 1):
        start, end = begin(month, zone) - 1, min(begin(month + 1, zone) - 1, until)
        found = balance(told, start, end)
        n = sum(each.kind == "created" and each.at <= end for each in told)
        yield Measured(
            "backlog", "now" if month == running else label(month),
            Estimate(found.after, None, None, n), (start + 1, end),
            detail={**asdict(found), "solved_at_unknown": undated},
        )  # fmt: skip
