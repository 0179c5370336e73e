"""Why marketing is held: what just happened to a customer that makes any offer a mistake.

Four flags, each with its reason and the instant until which it stands; without one it stands until
somebody resolves what it is about. Any of them holds marketing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.core.records import Ticket
from hub.metrics.day import day
from hub.profile.leaf import Field, Group, field, no_data
from hub.profile.sources import Sources
from hub.voc.detractor import unresolved

RETURN_DAYS: Final = 14
"""Days after a return in which nobody is offered anything."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One reason to hold marketing, raised or not.

    Args:
        name: Such as ``recent_return``.
        reason: Why it is raised, in words; None if it is not.
        source: Source key of what it rests on; ``hub`` if on nothing.
        at: Since when.
        until: Until when; None if that is not known.
    """

    name: str
    reason: str | None = None
    source: str = "hub"
    at: datetime | None = None
    until: datetime | None = None


def flags(sources: Sources, now: datetime) -> tuple[Flag, ...]:
    """The four flags of a customer at ``now``."""
    return (
        _recent_return(sources, now),
        _open_complaint(sources, now),
        _in_dispute(sources, now),
        _unresolved_detractor(sources, now),
    )


def reasons(raised: Sequence[Flag]) -> list[str]:
    """Why marketing is held; empty if it is not."""
    return [flag.reason for flag in raised if flag.reason is not None]


def leaf(flag: Flag) -> Field:
    """The flag as a leaf, with its reason and its end."""
    until = None if flag.until is None else flag.until.isoformat()
    told = field(flag.reason is not None, flag.source, flag.at)
    return told | {"reason": flag.reason, "until": until if flag.reason else None}


def suppress(found: Sequence[Flag]) -> Group:
    """Whether marketing is held, why, and until when."""
    raised = [flag for flag in found if flag.reason is not None]
    since = max((flag.at for flag in raised if flag.at is not None), default=None)
    return {
        "marketing": field(bool(raised), "hub", since),
        "reason": field("; ".join(reasons(raised)) or "none", "hub", since),
        "until": _until(raised),
    }


def _until(raised: Sequence[Flag]) -> Field:
    if not raised:
        return no_data("nothing is held")
    ends = [flag.until for flag in raised if flag.until is not None]
    if len(ends) < len(raised):
        return no_data("until it is resolved")
    return field(max(ends).isoformat(), "hub", None)


def _recent_return(sources: Sources, now: datetime) -> Flag:
    last, source, back = sources.last_return_at, "hub", sources.told.returned
    if back is not None and (last is None or back.at >= last):
        last, source = back.at, back.source
    if last is None:
        return Flag("recent_return")
    until = last + timedelta(days=RETURN_DAYS)
    why = f"something came back on {day(last, now)}" if now <= until else None
    return Flag("recent_return", why, source, last, until)


def _open_complaint(sources: Sources, now: datetime) -> Flag:
    for fact in sources.facts:
        if isinstance(fact.record, Ticket) and fact.record.is_unsolved:
            why = f"a ticket is open since {day(fact.at, now)}"
            return Flag("open_complaint", why, fact.source, fact.at)
    return Flag("open_complaint")


def _in_dispute(sources: Sources, now: datetime) -> Flag:
    found = sources.told.dispute
    if found is None:
        return Flag("in_dispute")
    why = f"{found.what} of {day(found.at, now)} speaks of a dispute"
    return Flag("in_dispute", why, found.source, found.at)


def _unresolved_detractor(sources: Sources, now: datetime) -> Flag:
    found = unresolved(sources.answers, now)
    if found is None:
        return Flag("unresolved_detractor")
    answer = found.answer
    why = f"NPS {answer.said.score:g} on {day(answer.at, now)}: {found.because}"
    return Flag("unresolved_detractor", why, answer.source, answer.at, found.until)
