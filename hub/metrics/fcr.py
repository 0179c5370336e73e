"""First contact resolution in its three published kinds, which never agree and are never mixed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub.core.settings import MetricsSection
from hub.metrics.interval import wilson
from hub.metrics.issues import FCR, Issue
from hub.metrics.months import DAY
from hub.metrics.paired import absent
from hub.metrics.snapshot import Measured


def overall(rows: Sequence[Issue], until: int, given: MetricsSection) -> Iterator[Measured]:
    """By repeat contact, by the agents' flag, by the customers' answer.

    Args:
        rows: Every issue.
        until: The end of what is known, microseconds; windows that end later are open.
        given: The business's own definitions.
    """
    if rows:
        yield _by_repeat(rows, until, given)
        flagged = [row for row in rows if row.flagged is not None]
        yield _said("agent-flagged", flagged, [row.flagged for row in flagged], given, _NO_FLAG)
        answered = [row for row in rows if row.confirmed is not None]
        said = [row.confirmed for row in answered]
        yield _said("customer-confirmed", answered, said, given, _NO_ANSWER)


_NO_FLAG = "[metrics] fcr_flag names no attribute in which agents say yes or no"
_NO_ANSWER = f"no survey asks it: no answer of the instrument {FCR}, 0 or 1, names a ticket"


def _by_repeat(rows: Sequence[Issue], until: int, given: MetricsSection) -> Measured:
    known = [row for row in rows if row.known]
    window = given.fcr_window * DAY
    decided = [row for row in known if max(row.started_at, row.settled_at) + window <= until]
    first = sum(row.resolved and not (row.repeats or row.reopened) for row in decided)
    detail: dict[str, object] = {
        "window_days": given.fcr_window,
        "windows_open": len(known) - len(decided),
        "repeated": sum(row.repeats > 0 for row in decided),
        "repeated_by_another_channel": sum(row.elsewhere > 0 for row in decided),
        "opened_again_by_the_source": sum(row.reopened > 0 for row in decided),
        "without_solution": sum(not row.resolved for row in decided),
        "thanks_not_counted": sum(row.thanks for row in decided),
        "of_people_unknown": len(rows) - len(known),
    }
    if not decided:
        return Measured("fcr", "repeat-contact", None, detail=detail)
    estimate = wilson(first, len(decided), given.confidence)
    return Measured("fcr", "repeat-contact", estimate, _period(decided), detail=detail)


def _said(
    series: str,
    rows: Sequence[Issue],
    said: Sequence[bool | None],
    given: MetricsSection,
    otherwise: str,
) -> Measured:
    if not rows:
        return absent("fcr", series, otherwise)
    estimate = wilson(sum(each is True for each in said), len(rows), given.confidence)
    return Measured("fcr", series, estimate, _period(rows))


def _period(rows: Sequence[Issue]) -> tuple[int, int]:
    started = [row.started_at for row in rows]
    return min(started), max(started)
