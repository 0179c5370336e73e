"""What customers are like before anything happens to them, and which systems know of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from hub.emulation.world.dice import chance, moment_between, pick

FEATURES = ("orders", "schedule", "recipes", "brew guide", "rewards", "machine care")
RHYTHMS = {0.5: 18, 1.0: 25, 2.0: 27, 4.0: 20, 6.0: 10}
"""Log-ins a week, with the weight of customers who come so often."""

BUYS_EVERY = {0: 45, 25: 20, 60: 25, 120: 10}
"""Days between orders beside the subscription; 0 = never."""

TICKETS_A_YEAR = {0.2: 40, 1.0: 40, 3.0: 20}
HIDDEN = {"app": 0.2, "phone": 0.35, "till": 0.15, "desk": 0.05, "shop": 0.1}
"""By connection, the share of customers whom it does not know."""

ON_TERM = 0.3
JOINED_BEFORE = 0.55
SEASONAL = 0.08
SEASON = 4
"""Months in which a seasonal customer is one."""

AWAY = {0: 50, 1: 35, 2: 15}
"""Holidays of two to five weeks without a log-in."""

YEAR = timedelta(days=365)
MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Habits:
    """One customer's ways.

    Args:
        joined: When the subscription began; may lie before the world does.
        term: Whether it runs for a year, and not for a month at a time.
        rhythm: Log-ins a week.
        features: What they use.
        season: Months of the year in which they come; empty = all.
        away: Times without a log-in, from and to.
        tickets: Questions a year.
        buys_every: Days between orders; 0 = never.
        hidden: Connections that do not know them.
    """

    joined: datetime
    term: bool
    rhythm: float
    features: tuple[str, ...]
    season: frozenset[int]
    away: tuple[tuple[datetime, datetime], ...]
    tickets: float
    buys_every: int
    hidden: frozenset[str]

    def is_there(self, now: datetime) -> bool:
        """Whether they are neither on holiday nor out of season."""
        on_holiday = any(left <= now < back for left, back in self.away)
        return not on_holiday and (not self.season or now.month in self.season)

    def term_end(self, after: datetime) -> datetime:
        """The first end of a yearly contract after that instant."""
        end = self.joined + YEAR
        while end <= after:
            end += YEAR
        return end

    def payment_after(self, moment: datetime) -> datetime:
        """The first monthly payment at or after that instant."""
        months = -((self.joined - moment) // MONTH)
        return self.joined + max(1, months) * MONTH


def habits(rng: Random, start: datetime, end: datetime) -> Habits:
    """A customer's ways, drawn."""
    longest = (end - start) * 3 // 4
    first, last = (
        (start - 2 * YEAR, start) if chance(rng, JOINED_BEFORE) else (start, start + longest)
    )
    return Habits(
        joined=moment_between(rng, first, last),
        term=chance(rng, ON_TERM),
        rhythm=pick(rng, RHYTHMS),
        features=tuple(rng.sample(FEATURES, rng.randint(1, len(FEATURES)))),
        season=_season(rng) if chance(rng, SEASONAL) else frozenset(),
        away=tuple(_holiday(rng, start, end) for _ in range(pick(rng, AWAY))),
        tickets=pick(rng, TICKETS_A_YEAR),
        buys_every=pick(rng, BUYS_EVERY),
        hidden=frozenset(name for name, share in HIDDEN.items() if chance(rng, share)),
    )


def _season(rng: Random) -> frozenset[int]:
    first = rng.randrange(12)
    return frozenset((first + month) % 12 + 1 for month in range(SEASON))


def _holiday(rng: Random, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    left = moment_between(rng, start, end)
    return left, left + timedelta(days=rng.randint(14, 35))
