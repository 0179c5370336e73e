"""Risk of leaving: points that add up, each with its reason in words and the records behind it.

1. Every signal and pattern is looked for in the customer's past (:mod:`hub.voc.past`).
2. Each finding weighs its points, less with age; all findings of a signal together at most its cap.
3. The points are the sum, 0 to 100; what speaks for staying is subtracted.
4. Coverage says how much of what could be seen this hub can see. Below the floor the points are
   unknown, which is not low.

Nothing is fitted: the weights are a judgement, written down (:data:`SIGNALS` and the pattern
files), and every reason says what it added. A business may let its own past correct them
(:mod:`hub.voc.learning`), where that is shown to be better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from hub.journeys import kinds
from hub.journeys.event import Event
from hub.journeys.threads import CONVERSATION
from hub.voc import contract_signals, service_signals, use_signals
from hub.voc.matching import matches
from hub.voc.past import OUTBOUND, PLAIN_READING, UTC_ZONE, Past, Reading, sources
from hub.voc.pattern import Pattern
from hub.voc.pattern_files import Patterns, shipped
from hub.voc.reweighing import Reweighing
from hub.voc.signal import Finding, Known, Signal, is_heard
from hub.voc.tide import Tide

VERSION: Final = "risk@3"
"""Definition and version; raised whenever signals or weights change."""

SIGNALS: Final = (*use_signals.SIGNALS, *contract_signals.SIGNALS, *service_signals.SIGNALS)

FLOOR: Final = 30
"""Coverage, in percent, below which the points are unknown."""

Band = Literal["low", "medium", "high", "unknown"]
# From 40: no known world has more than a tenth of who stays there ever in a year (decision 20).
_BANDS: Final[tuple[tuple[Band, int], ...]] = (("high", 40), ("medium", 25), ("low", 0))
_MARGIN: Final = 5
"""Points that a score has to fall below a band before it leaves it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the points are what they are.

    Args:
        signal: Id of the signal or pattern.
        points: What it adds, -100..100.
        text: What was seen, in words.
        evidence: Source keys of the records that it rests on: connection/stream/id.
        since: Since when it stands.
        involuntary: Whether the customer did not want it, such as a card that expired.
    """

    signal: str
    points: int
    text: str
    evidence: tuple[str, ...]
    since: datetime
    involuntary: bool = False


@dataclass(frozen=True, slots=True)
class Risk:
    """The risk of one customer at one instant.

    Args:
        points: 0..100; None if coverage is below the floor.
        reasons: Heaviest first; told even where the points are unknown.
        coverage: Percent of the points at stake that this hub can see, 0..100.
        unseen: Ids of the signals and patterns that it cannot see.
        at: The instant.
    """

    points: int | None
    reasons: tuple[Reason, ...]
    coverage: int
    unseen: tuple[str, ...]
    at: datetime

    @property
    def involuntary(self) -> bool:
        """Whether most of the risk is not of the customer's own will."""
        against = [reason for reason in self.reasons if reason.points > 0]
        unwilled = sum(reason.points for reason in against if reason.involuntary)
        return 2 * unwilled > sum(reason.points for reason in against)


def assess(
    events: Sequence[Event],
    now: datetime,
    *,
    known: Known | None = None,
    patterns: Patterns | None = None,
    zone: ZoneInfo = UTC_ZONE,
    reading: Reading = PLAIN_READING,
    floor: int = FLOOR,
    tide: Tide | None = None,
    model: Reweighing | None = None,
) -> Risk:
    """The risk that a customer leaves, from their timeline alone.

    A look into the past is as true as the records: an event after ``now`` is not seen, but a source
    that keeps only the latest state of a ticket tells it as it stands today.

    Args:
        events: The customer's timeline, in order; it may go beyond ``now``.
        now: The instant.
        known: What the whole hub hears of (:func:`hub.voc.known.heard`); by default, what this
            customer's own events show, so that somebody of whom little is known is unknown.
        patterns: Patterns to look for; by default those that the hub ships.
        zone: On whose clocks days begin and weekends fall.
        reading: What texts are read with.
        floor: Coverage, in percent, below which the points are unknown.
        tide: What customers do in the same weeks beside what they used to; by default, as always.
        model: What the business's own past says that each signal is worth; without one, its points.

    Raises:
        ValueError: If ``now`` names no time zone.
    """
    past = Past.at(now, events, zone, reading, 1.0 if tide is None else tide(now))
    heard = dict.fromkeys(past.by_kind, past.now) if known is None else known
    sees = sight(shipped() if patterns is None else patterns, heard, past.now)
    return judge(past, sees, floor, model)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a hub can see at one instant, whoever the customer is.

    Args:
        seen: Signals and patterns that it can see.
        coverage: Percent of the points at stake that these are.
        unseen: Ids of the others.
    """

    seen: tuple[Signal, ...]
    coverage: int
    unseen: tuple[str, ...]


def sight(patterns: Patterns, known: Known, now: datetime) -> Sight:
    """What a hub that hears of ``known`` can see at ``now``."""
    every = [*SIGNALS, *map(_as_signal, patterns)]
    seen = tuple(s for s in every if is_heard(s.needs, s.silent, known, now))
    unseen = tuple(signal.id for signal in every if signal not in seen)
    return Sight(seen, _coverage(seen, every), unseen)


def judge(past: Past, sees: Sight, floor: int, model: Reweighing | None) -> Risk:
    """The risk that a past tells; :func:`assess` says what the arguments are."""
    found = [reason for each in sees.seen if (reason := _reason(each, past, model)) is not None]
    total = min(100, max(0, sum(reason.points for reason in found)))
    return Risk(
        total if sees.coverage >= floor else None,
        tuple(sorted(found, key=lambda reason: (-abs(reason.points), reason.signal))),
        sees.coverage,
        sees.unseen,
        past.now,
    )


def band(points: int | None, previous: Band | None = None) -> Band:
    """The band of a score, which it leaves downwards only by a margin, so that it does not flap.

    >>> band(42), band(38), band(38, previous="high"), band(34, previous="high"), band(None)
    ('high', 'medium', 'high', 'medium', 'unknown')
    """
    if points is None:
        return "unknown"
    return next(
        name for name, low in _BANDS if points >= low - _MARGIN * (name == previous and low > 0)
    )


def changes(before: Risk, after: Risk) -> dict[str, int]:
    """What each signal added or took away between two assessments; those that stayed left out."""
    then = {reason.signal: reason.points for reason in before.reasons}
    today = {reason.signal: reason.points for reason in after.reasons}
    moved = {name: today.get(name, 0) - then.get(name, 0) for name in sorted({*then, *today})}
    return {name: by for name, by in moved.items() if by}


def kinds_read(patterns: Patterns) -> frozenset[str]:
    """Every kind of event that the score looks at: what its entry in the register has to name."""
    every = [*SIGNALS, *map(_as_signal, patterns)]
    named = frozenset().union(*(group for signal in every for group in signal.needs))
    return named | OUTBOUND | CONVERSATION | _MENDING


_MENDING: Final = frozenset({kinds.DEAL_OPENED, kinds.DEAL_WON, kinds.PAYMENT})


def _reason(signal: Signal, past: Past, model: Reweighing | None) -> Reason | None:
    """What the findings of a signal add together, told by the heaviest; None if nothing."""
    weighed = sorted(
        ((signal.weight(finding, past.now), finding) for finding in signal.find(past)),
        key=lambda pair: (-abs(pair[0]), pair[1].at, pair[1].text),
    )
    total = sum(weight for weight, _ in weighed)
    points = round(max(total, signal.cap) if signal.cap < 0 else min(total, signal.cap))
    if model is not None:
        points = round(points * model.of(signal.id))
    if not points:
        return None
    events = (event for _, finding in weighed for event in finding.events)
    first = weighed[0][1]
    more = f", and {len(weighed) - 1} more" if len(weighed) > 1 else ""
    text, evidence = first.text + more, sources(events)
    return Reason(signal.id, points, text, evidence, first.at, signal.involuntary)


def _as_signal(pattern: Pattern) -> Signal:
    def find(past: Past) -> list[Finding]:
        found = matches(pattern, past)[-1:]  # the latest holds the events of those before
        return [Finding(match.since, pattern.says, match.events) for match in found]

    happens = [part for part in (pattern.first, pattern.then) if part is not None]
    misses = [part for part in (pattern.none, pattern.fewer) if part is not None]
    # Who is never asked answers nothing either: missing feedback needs no source of it.
    missed = [group for part in misses if (group := frozenset(part.kinds) - kinds.FEEDBACK)]
    return Signal(
        pattern.id,
        pattern.points,
        pattern.points,
        pattern.half_life / 86_400,
        (*(frozenset(part.kinds) for part in happens), *missed),
        find,
        frozenset().union(*missed),
    )


def _coverage(seen: Sequence[Signal], every: Sequence[Signal]) -> int:
    against = [signal for signal in every if signal.points > 0]
    at_stake = sum(signal.cap for signal in against)
    return round(100 * sum(s.cap for s in against if s in seen) / at_stake)
