"""First reply time: how long customers wait to hear from a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import tzinfo
from statistics import median

from hub.core.settings import MetricsSection
from hub.metrics.hours import elapsed, working
from hub.metrics.paired import Span, absent, times
from hub.metrics.snapshot import Measured
from hub.metrics.tickets import Handled

METRIC = "first_reply_time"

Clock = Callable[[int, int], float]
"""Seconds that count between two instants."""


def overall(
    rows: Sequence[Handled], until: int, zone: tzinfo, given: MetricsSection
) -> Iterator[Measured]:
    """First waits by calendar and business hours, waits after a re-opening, and the source's own.

    Args:
        rows: Every ticket.
        until: The end of what is known, microseconds; open waits last until then.
        zone: On whose clocks days and months begin.
        given: The business's own definitions.
    """
    written = [row for row in rows if row.written]
    hours = given.business_hours
    if written:
        yield from _own(written, "calendar", elapsed, until, zone, given)
        if hours is None:
            yield absent(METRIC, "business", "[metrics] business_hours names no opening hours")
        else:
            yield from _own(written, "business", working(hours, zone), until, zone, given)
    elif rows:
        yield absent(METRIC, "calendar", "no connection with tickets brings their messages")
    measured = [
        _span(row, row.opened_at, row.reply_seconds)
        for row in rows
        if row.reply_seconds is not None
    ]
    if measured:
        yield from times(METRIC, "of the source", measured, until, zone, given, {})


def _own(
    rows: Sequence[Handled],
    name: str,
    clock: Clock,
    until: int,
    zone: tzinfo,
    given: MetricsSection,
) -> Iterator[Measured]:
    first = [
        _span(row, row.opened_at, clock(row.opened_at, row.replied_at))
        for row in rows
        if row.replied_at is not None
    ]
    waiting = [row.opened_at for row in rows if _waits(row)]
    yield from times(
        METRIC, name, first, until, zone, given,
        {**_open(waiting, until, clock), "solved_without_a_reply": _silent(rows),
         "opened_by_agents": sum(row.own_words for row in rows)},
    )  # fmt: skip
    again = [
        _span(row, row.reopened_at, clock(row.reopened_at, row.answered_at))
        for row in rows
        if row.reopened_at is not None and row.answered_at is not None
    ]
    waiting = [
        row.reopened_at for row in rows if row.reopened_at is not None and row.answered_at is None
    ]
    if again or waiting:
        counts = _open(waiting, until, clock)
        yield from times(METRIC, f"{name} re-opened", again, until, zone, given, counts)


def _waits(row: Handled) -> bool:
    """Whether nobody has replied to the ticket, and nobody solved it instead."""
    return row.replied_at is None and row.unsolved and row.reopened_at is None


def _silent(rows: Iterable[Handled]) -> int:
    return sum(row.replied_at is None and not _waits(row) for row in rows)


def _open(since: Sequence[int], until: int, clock: Clock) -> dict[str, object]:
    """How many wait for an answer, and for how long by now: no part of the time that is told."""
    ages = [clock(at, until) for at in since if at <= until]
    if not ages:
        return {"unanswered": 0}
    return {
        "unanswered": len(ages),
        "unanswered_median_seconds": round(median(ages)),
        "unanswered_oldest_seconds": round(max(ages)),
    }


def _span(row: Handled, at: int, seconds: float) -> Span:
    return Span(row.person, at, seconds, row.satisfied, row.scale)
