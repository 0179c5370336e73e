"""A risk that became high: since when, and by what, in words that stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from hub.core.clock import from_micros
from hub.core.conversion import from_json
from hub.journeys.event import Event
from hub.store.rises import Rise
from hub.voc.risk import Reason, Risk
from hub.voc.scoring import WEEK, Scorer

WORDS: Final[Mapping[str, str]] = {
    "usage-drop": "uses it much less than before",
    "feature-dropped": "has stopped using a feature",
    "never-settled": "has never settled into using it",
    "overdue-purchase": "an order is overdue",
    "returns-spike": "has brought back several orders",
    "contract-ends": "a contract ends soon and nothing is done to renew it",
    "looked-around": "looked at plans or prices while a contract runs out",
    "failed-payment": "a payment failed",
    "open-issue": "a ticket is unresolved",
    "repeat-contact": "had to ask again and again about one issue",
    "reopened": "a ticket was opened again",
    "low-score": "gave a low score, and nobody has answered",
    "complaint": "wrote of being angry, disappointed or frustrated",
    "negative-tone": "sounds worse than before",
    "competitor-named": "wrote of a competitor",
}
"""What each signal is called where systems are told: without the days that grow by themselves."""

PURPOSE: Final = "analytics"
"""Purpose under which a risk is told, as the profile has it."""

_LOOKED_BACK: Final = 52
"""Weeks after which it is no matter any more how long a risk has been high."""


@dataclass(frozen=True, slots=True)
class Why:
    """One reason of a risk on the day when it became high.

    Args:
        signal: Id of the signal or pattern.
        points: What it added, above 0.
        says: What was seen, in words that name no person and quote nobody.
        records: Source keys of the records behind it.
    """

    signal: str
    points: int
    says: str
    records: tuple[str, ...]


def says(reason: Reason) -> str:
    """A reason in words that stay while it stands."""
    return WORDS.get(reason.signal, reason.text)


def reasons(risk: Risk) -> bytes:
    """What speaks for leaving, heaviest first, as JSON."""
    against = [each for each in risk.reasons if each.points > 0]
    return msgspec.json.encode(
        [Why(each.signal, each.points, says(each), each.evidence) for each in against]
    )


def why(rise: Rise) -> tuple[Why, ...]:
    """The reasons of a rise, heaviest first."""
    return from_json(rise.reasons, tuple[Why, ...])


def lines(rise: Rise) -> Iterator[str]:
    """The rise for whoever is to act on it, one line for each reason."""
    yield f"Risk of leaving on {from_micros(rise.at):%Y-%m-%d}: {rise.points} of 100."
    yield from (f"{each.points:+d} {each.says}" for each in why(rise))


def high_since(events: Sequence[Event], now: datetime, scorer: Scorer) -> datetime:
    """Since when a risk that is high at ``now`` has been high, looked at week by week.

    It tells a customer who fades this month from one who had gone long before the hub read of them.
    """
    since = now
    for weeks in range(1, _LOOKED_BACK + 1):
        before = now - weeks * WEEK
        if scorer.standing(events, before).band != "high":
            break
        since = before
    return since
