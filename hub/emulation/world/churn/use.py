"""How customers use the app: log-ins and features, day by day, thinned by what happens to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from hub.core.records import Interaction
from hub.emulation.world.churn.causes import (
    NOT_ADOPTED,
    ONE_OFF_NEED,
    PRICE_RISE,
    TERM_END,
    Fate,
    Happening,
)
from hub.emulation.world.churn.habits import Habits
from hub.emulation.world.churn.told import Book
from hub.emulation.world.dice import chance

DAY = timedelta(days=1)
BURST = timedelta(days=12)
CURIOUS = timedelta(days=14)
"""How long a newcomer looks around."""

LOOKS_AT_PLANS = {"leaver": 0.4, "anybody": 0.12}
"""Who looks at the page of plans: before leaving for money, and once a year for no reason."""


@dataclass(frozen=True, slots=True)
class Appetite:
    """How much less (or more) one customer comes than they are used to, on any day."""

    habits: Habits
    happenings: Sequence[Happening]

    def on(self, day: datetime) -> float:
        """Log-ins of that day relative to the habit."""
        if not self.habits.is_there(day):
            return 0.05 if self.habits.season else 0.0
        level = 2.0 if day < self.habits.joined + CURIOUS else 1.0
        for each in self.happenings:
            if day >= each.at:
                level *= self._left_by(each, day)
        return level

    def _left_by(self, each: Happening, day: datetime) -> float:
        """What one happening leaves of the appetite."""
        since = day - each.at
        if each.cause == NOT_ADOPTED:
            return self._never_began(each, since)
        if each.cause == ONE_OFF_NEED:
            return self._burst(each, since)
        if each.leaves_at is None:
            return 0.35 if each.fades and 5 * DAY <= since < 30 * DAY else 1.0
        return _fading(each.at, each.leaves_at, day) if each.fades else 1.0

    def _never_began(self, each: Happening, since: timedelta) -> float:
        """Little from the third week on; who leaves comes less and less."""
        little = 1.0 if since < CURIOUS else 0.3
        if each.leaves_at is None:
            return little
        return little * _fading(each.at + CURIOUS, each.leaves_at, each.at + since)

    def _burst(self, each: Happening, since: timedelta) -> float:
        """Nearly every day, then nothing; who stays comes back after weeks."""
        if since < BURST:
            return 6.5 / self.habits.rhythm
        return 0.03 if each.leaves_at is not None or since < 4 * BURST else 1.0


def _fading(first: datetime, last: datetime, day: datetime) -> float:
    """From 1 to nearly nothing within the first two thirds of the time that is left."""
    return max(0.04, 1 - 1.5 * ((day - first) / max(last - first, DAY)))


def use(
    rng: Random, book: Book, habits: Habits, fate: Fate, start: datetime, end: datetime
) -> Appetite:
    """Tells of every log-in and what was done in it; returns the appetite behind them."""
    appetite = Appetite(habits, fate.happenings)
    shy = any(each.cause == NOT_ADOPTED for each in fate.happenings)
    features = habits.features[: 1 if shy else None]
    day = max(start, habits.joined)
    while day < end:
        if chance(rng, min(0.97, habits.rhythm / 7 * appetite.on(day))):
            _session(rng, book, day + timedelta(minutes=rng.randrange(24 * 60)), features)
        day += DAY
    _looks_at_plans(rng, book, fate, max(start, habits.joined), end)
    return appetite


def _session(rng: Random, book: Book, at: datetime, features: Sequence[str]) -> None:
    book.tell(at, book.key("app", "log_ins"), Interaction(at=at, kind="login", party=book.party))
    for minutes in range(rng.randrange(3)):
        used_at = at + timedelta(minutes=1 + minutes)
        record = Interaction(
            at=used_at, kind="feature", party=book.party, subject=rng.choice(features)
        )
        book.tell(used_at, book.key("app", "usage"), record)


def _looks_at_plans(rng: Random, book: Book, fate: Fate, first: datetime, end: datetime) -> None:
    looks = []
    if chance(rng, LOOKS_AT_PLANS["anybody"]):
        looks.append(first + (end - first) * rng.random())
    over_money = fate.cause in (PRICE_RISE, TERM_END)
    if fate.left_at and over_money and chance(rng, LOOKS_AT_PLANS["leaver"]):
        looks.append(fate.left_at - timedelta(days=rng.randint(2, 40)))
    for at in looks:
        record = Interaction(at=at, kind="page_view", party=book.party, subject="plans")
        book.tell(at, book.key("app", "pages"), record)
