"""Health: how well things stand with a customer, from everything that can be seen of them.

1. Each part scores 0 to 100 by itself: use, purchases, service, voice, contract.
2. Health is their mean by weight, over the parts that can be seen of this customer.
3. A part that rests on something old weighs less, by half with every half-life.
4. Coverage is the weight that is left, of all. Below the floor health is unknown, never green.
5. A customer gets better only by a margin, so that the colour does not flap; worse, at once.

Risk asks whether somebody may leave, and adds up what speaks for it; health asks how they fare, and
can be good. Nothing is fitted: weights are a judgement, written down in :data:`PARTS`.

Source: weighted health of customer success (METRICS "Health": Σ wᵢsᵢ / Σ wᵢ over what is seen).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from hub.journeys import kinds
from hub.journeys.event import Event
from hub.journeys.score import survey_score
from hub.journeys.threads import CONVERSATION
from hub.voc.contract_signals import contract_ends, failed_payment, running
from hub.voc.past import IN_USE, UTC_ZONE, Past, sources
from hub.voc.service_signals import open_issue, reopened
from hub.voc.signal import MONTH, QUARTER, Group, Known, is_heard
from hub.voc.use_signals import overdue_purchase

VERSION: Final = "health@1"
"""Definition and version; raised whenever parts or weights change."""
FLOOR: Final = 50
"""Coverage, in percent, below which health is unknown."""

Colour = Literal["green", "amber", "red", "unknown"]
_COLOURS: Final[tuple[tuple[Colour, int], ...]] = (("green", 70), ("amber", 40), ("red", 0))
_MARGIN: Final = 5
"""Points above its border that a customer needs to enter a better colour."""
_FEWEST_USES: Final = 4
"""Mean uses in four weeks before, below which nothing is said of use."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one part stands.

    Args:
        part: Id of the part.
        score: 0, as bad as can be, to 100.
        weight: What it weighs today, by its age.
        text: What was seen, in words.
        evidence: Source keys of the records that it rests on; empty if it rests on none.
        at: Instant of the newest thing that it rests on.
    """

    part: str
    score: int
    weight: float
    text: str
    evidence: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """The health of one customer at one instant.

    Args:
        points: 0..100; None if coverage is below the floor.
        colour: Green from 70, amber from 40, else red; unknown without points.
        reasons: How each part stands, the one that costs most first; told even where the points
            are unknown.
        coverage: Percent of the weight of all parts that is seen of this customer, 0..100.
        unseen: Ids of the parts that are not.
        at: The instant.
    """

    points: int | None
    colour: Colour
    reasons: tuple[Standing, ...]
    coverage: int
    unseen: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """What a part sees: its score, why, and since when that has been known."""

    score: float
    text: str
    events: Sequence[Event]
    at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """What health is made of.

    Args:
        id: Its name.
        weight: Of all parts' 100.
        half_life: Days after which what it rests on weighs half; None if it is true today.
        needs: Groups of kinds, one of each of which the hub must hear of.
        silent: Kinds whose absence it reads.
        see: What it sees of a customer; None if nothing can be said.
    """

    id: str
    weight: int
    half_life: float | None
    needs: tuple[Group, ...]
    silent: Group
    see: Callable[[Past], Seen | None]


def health(
    events: Sequence[Event],
    now: datetime,
    *,
    known: Known | None = None,
    zone: ZoneInfo = UTC_ZONE,
    floor: int = FLOOR,
    previous: Colour | None = None,
) -> Health:
    """The health of a customer, from their timeline alone.

    Args:
        events: The customer's timeline, in order; it may go beyond ``now``.
        now: The instant.
        known: What the whole hub hears of (:func:`hub.voc.known.known_kinds`); by default, what
            this customer's own events show.
        zone: On whose clocks days begin.
        floor: Coverage, in percent, below which health is unknown.
        previous: The colour at the last look, for the margin; None if there was none.

    Raises:
        ValueError: If ``now`` names no time zone.
    """
    past = Past.at(now, events, zone)
    heard = dict.fromkeys(past.by_kind, past.now) if known is None else known
    standings = [
        standing
        for part in PARTS
        if past.events and is_heard(part.needs, part.silent, heard, past.now)
        for standing in _standing(part, past)
    ]
    weight = sum(each.weight for each in standings)
    coverage = round(100 * weight / sum(part.weight for part in PARTS))
    points = None
    if coverage >= floor:
        points = round(sum(each.score * each.weight for each in standings) / weight)
    named = {each.part for each in standings}
    return Health(
        points,
        colour(points, previous),
        tuple(sorted(standings, key=lambda each: (-each.weight * (100 - each.score), each.part))),
        coverage,
        tuple(part.id for part in PARTS if part.id not in named),
        past.now,
    )


def colour(points: int | None, previous: Colour | None = None) -> Colour:
    """The colour of points; better than the last one only by a margin.

    >>> colour(72), colour(72, previous="amber"), colour(75, previous="amber"), colour(69)
    ('green', 'amber', 'green', 'amber')
    """
    if points is None:
        return "unknown"
    names = [name for name, _ in _COLOURS]
    last = names.index(previous) if previous in names else 0
    return next(
        name
        for rank, (name, low) in enumerate(_COLOURS)
        if points >= low + _MARGIN * (rank < last and low > 0)
    )


def kinds_read() -> frozenset[str]:
    """Every kind of event that health looks at."""
    groups = [group for part in PARTS for group in part.needs]
    return frozenset().union(*groups, CONVERSATION, _CONTRACTS)


def _standing(part: Part, past: Past) -> list[Standing]:
    seen = part.see(past)
    if seen is None:
        return []
    aged = 1.0 if part.half_life is None else 0.5 ** (past.age(seen.at) / part.half_life)
    evidence = sources(seen.events)
    return [Standing(part.id, round(seen.score), part.weight * aged, seen.text, evidence, seen.at)]


def _use(past: Past) -> Seen | None:
    """Use in four weeks beside the mean of the three spans before; as much or more is 100."""
    events = past.of(IN_USE, days=4 * MONTH)
    latest = [event for event in events if past.age(event.at) < MONTH]
    usual = (len(events) - len(latest)) / 3
    if usual < _FEWEST_USES:
        return None
    text = f"used {len(latest)} times in four weeks, usually {usual:.0f}"
    return Seen(100 * min(1.0, len(latest) / usual), text, events, past.now)


def _purchases(past: Past) -> Seen | None:
    """100 while within the customer's own rhythm, less the longer they are late by it."""
    orders = past.of({kinds.ORDER})
    if len({order.at.astimezone(past.zone).date() for order in orders}) < 3:
        return None
    late = overdue_purchase(past)
    if not late:
        return Seen(100, "buys in their own rhythm", orders[-3:], past.now)
    return Seen(100 * (1 - late[0].share), late[0].text, late[0].events, past.now)


def _service(past: Past) -> Seen:
    """100 while no ticket waits; an open one costs up to 50, one opened again 25 more."""
    waiting, again = open_issue(past), reopened(past)
    recent = [each for each in again if past.age(each.at) <= MONTH]
    cost = sum(50 * each.share for each in waiting) + 25 * len(recent)
    found = [*waiting, *recent]
    text = found[0].text if found else "no ticket waits"
    events = [event for each in found for event in each.events]
    return Seen(max(0.0, 100 - cost), text, events, past.now)


def _voice(past: Past) -> Seen | None:
    """The newest score that the customer gave, from the worst to the best of its scale."""
    scored = [
        (event, score)
        for event in past.of(kinds.FEEDBACK)
        if (score := survey_score(event)) is not None
    ]
    if not scored:
        return None
    event, score = scored[-1]
    days = past.age(event.at)
    text = f"the newest score given is {50 * (1 + score):.0f} of 100, {days:.0f} days ago"
    return Seen(50 * (1 + score), text, (event,), event.at)


def _contract(past: Past) -> Seen | None:
    """0 after a payment that failed, 50 for an end without renewal, 100 for one that runs."""
    failed, ending = failed_payment(past), contract_ends(past)
    for findings, score in ((failed, 0), (ending, 50)):
        if findings:
            return Seen(score, findings[-1].text, findings[-1].events, past.now)
    contracts = running(past)
    return Seen(100, "a contract runs", contracts, past.now) if contracts else None


_USES, _ORDERS = frozenset(IN_USE), frozenset({kinds.ORDER})
_CONTRACTS = frozenset(
    {
        kinds.SUBSCRIPTION_ENDED,
        kinds.PAYMENT,
        kinds.PAYMENT_FAILED,
        kinds.DEAL_OPENED,
        kinds.DEAL_WON,
    }
)
_NONE: Final[Group] = frozenset()

PARTS: Final = (
    Part("use", 30, None, (_USES,), _USES, _use),
    Part("service", 25, None, (frozenset({kinds.TICKET_OPENED}),), _NONE, _service),
    Part("purchases", 20, None, (_ORDERS,), _ORDERS, _purchases),
    Part("voice", 15, QUARTER, (frozenset(kinds.FEEDBACK),), _NONE, _voice),
    Part("contract", 10, None, (frozenset({kinds.SUBSCRIPTION_STARTED}),), _NONE, _contract),
)
