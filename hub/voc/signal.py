"""A signal: one thing in a customer's past that speaks for or against their leaving."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.journeys.event import Event
from hub.voc.past import Past

Group = frozenset[str]
"""Kinds of which the hub must know at least one."""

Known = Mapping[str, datetime]
"""Kinds of event that the hub hears of, with the newest instant of each, over all customers."""
SILENT_AFTER: Final = timedelta(days=30)
"""A kind of which the whole hub has heard nothing for so long: its source has stopped."""

QUARTER: Final = 90.0
MONTH: Final = 28.0


ORDINARY: Final = 1.28
"""Strangeness of one in ten, as a standard normal score: up to there nothing is said."""
STRANGE: Final = 3.09
"""Strangeness of one in a thousand: from there on a symptom counts in full."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a signal shows.

    Args:
        at: Since when it stands; its points fall from here on.
        text: What was seen, in words; names no person.
        events: What it rests on.
        share: How much of the signal's points it is worth, above 0 to 1.
    """

    at: datetime
    text: str
    events: tuple[Event, ...]
    share: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)  # each is itself: comparing fields took a tenth
class Signal:
    """What is looked for, and what it weighs.

    Args:
        id: Name, as in a reason.
        points: Of one fresh finding; below zero if it speaks against leaving.
        cap: Most that all findings together may weigh, with the sign of ``points``.
        half_life: Days in which a finding's points fall to half; None if it stands or falls with
            what it tells, such as a decline that goes on.
        needs: Groups of kinds, one of each of which the hub must know for the signal to be seen.
        silent: Kinds whose absence it reads: worthless where their source has fallen silent.
        find: Finds it.
        involuntary: Whether the customer did not want it, such as a card that expired.
    """

    id: str
    points: float
    cap: float
    half_life: float | None
    needs: tuple[Group, ...]
    find: Callable[[Past], Sequence[Finding]]
    silent: Group = frozenset()
    involuntary: bool = False

    def weight(self, finding: Finding, now: datetime) -> float:
        """Points of one finding at ``now``."""
        fresh = self.points * finding.share
        if self.half_life is None:
            return fresh
        days = (now - finding.at).total_seconds() / 86_400
        return float(fresh * 0.5 ** (max(0.0, days) / self.half_life))


def is_heard(needs: Sequence[Group], silent: Group, known: Known, now: datetime) -> bool:
    """Whether the hub hears of one kind of each group, and still does of those it would miss.

    Args:
        needs: Groups of kinds.
        silent: Kinds whose absence is read.
        known: What the hub hears of.
        now: The instant.
    """
    heard = all(any(kind in known for kind in group) for group in needs)
    fresh = [at for kind, at in known.items() if kind in silent]
    return heard and (not silent or now - max(fresh) <= SILENT_AFTER)


def share_of(strangeness: float) -> float:
    """How much of its points a symptom is worth that chance alone brings so seldom, 0 to 1.

    Who is looked at every week shows one chance in a hundred every other year.

    >>> share_of(1.28), share_of(3.09), round(share_of(2.33), 2)
    (0.0, 1.0, 0.58)
    """
    return min(1.0, max(0.0, (strangeness - ORDINARY) / (STRANGE - ORDINARY)))
