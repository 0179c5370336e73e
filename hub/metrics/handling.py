"""Handling time: what an issue cost agents, by their own clocks and no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo

from hub.core.settings import MetricsSection
from hub.metrics.issues import Issue
from hub.metrics.paired import Span, absent, times
from hub.metrics.snapshot import Measured

METRIC = "handling_time"


def overall(
    rows: Sequence[Issue], until: int, zone: tzinfo, given: MetricsSection
) -> Iterator[Measured]:
    """Agents' time per issue, median and 90th percentile; absent where no source tells it.

    Args:
        rows: Every issue.
        until: The end of what is known, microseconds.
        zone: On whose clocks a month begins.
        given: The business's own definitions.
    """
    spans = [
        Span(row.person, row.started_at, row.agent_seconds, row.satisfied, row.scale)
        for row in rows
        if row.agent_seconds is not None
    ]
    if spans:
        detail = {"issues_without_agent_time": len(rows) - len(spans)}
        yield from times(METRIC, "per issue", spans, until, zone, given, detail)
    elif rows:
        why = "no call tells its seconds and [metrics] agent_time names no attribute that does;"
        yield absent(METRIC, "per issue", f"{why} time that went by is not time that was worked")
