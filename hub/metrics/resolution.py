"""Full resolution time: creation to the last solve, whatever happened in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from hub.core.settings import MetricsSection
from hub.metrics.hours import elapsed
from hub.metrics.paired import Span, absent, times
from hub.metrics.snapshot import Measured
from hub.metrics.tickets import Handled

METRIC = "full_resolution_time"


def overall(
    rows: Sequence[Handled], until: int, zone: tzinfo, given: MetricsSection
) -> Iterator[Measured]:
    """Calendar time, and of it the time that the customer waited for the company.

    Args:
        rows: Every ticket.
        until: The end of what is known, microseconds.
        zone: On whose clocks a month begins.
        given: The business's own definitions.
    """
    if not rows:
        return
    solved = [row for row in rows if not row.unsolved and row.solved_at is not None]
    detail = {
        "unsolved": sum(row.unsolved for row in rows),
        "opened_again": sum(bool(row.reopens) for row in solved),
        "solved_at_unknown": sum(not row.unsolved and row.solved_at is None for row in rows),
    }
    spans = [_span(row, elapsed(row.opened_at, row.solved_at)) for row in solved if row.solved_at]
    yield from times(METRIC, "calendar", spans, until, zone, given, detail)
    waits = [_span(row, row.wait_seconds) for row in solved if row.wait_seconds is not None]
    if waits:
        yield from times(METRIC, "waiting for us", waits, until, zone, given, {})
    else:
        yield absent(METRIC, "waiting for us", "no source tells how long customers waited")
    yield absent(METRIC, "on hold", "no connector brings the time that tickets were on hold")


def _span(row: Handled, seconds: float) -> Span:
    return Span(row.person, row.opened_at, seconds, row.satisfied, row.scale)
