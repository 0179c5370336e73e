"""A signal: one thing in a customer's past that speaks for or against their leaving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.journeys.event import Event
from hub.voc.past import Past

Group = frozenset[str]
"""Kinds of which the hub must know at least one."""

QUARTER: Final = 90.0
MONTH: Final = 28.0


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
