"""What customers answer when asked: after a solved ticket, and twice a year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from hub.core.records import Feedback
from hub.emulation.world.churn.causes import (
    COMPLAINT_UNHEARD,
    PRICE_RISE,
    UNRESOLVED_ISSUE,
    Fate,
    Happening,
)
from hub.emulation.world.churn.habits import Habits
from hub.emulation.world.churn.service import Solution
from hub.emulation.world.churn.told import Book
from hub.emulation.world.commerce import catalogue
from hub.emulation.world.dice import chance, pick
from hub.emulation.world.vocabulary import COMPLAINT, NEUTRAL, PRAISE
from hub.emulation.world.voice import CSAT, NPS, Instrument, spoken

AFTER_TICKET, TWICE_A_YEAR = 0.2, 0.18
"""Who answers; 10 to 30 % do (Switch Labs, "Customer satisfaction analytics")."""

WAVES = (95, 275)
"""Days on which everybody is asked whether they would recommend us."""

COMMENTS = 0.5
CONTENT = {PRAISE: 50, NEUTRAL: 32, COMPLAINT: 18}
CROSS = {PRAISE: 15, NEUTRAL: 30, COMPLAINT: 55}
CROSS_FOR = timedelta(days=60)
MAKES_CROSS = frozenset({UNRESOLVED_ISSUE, COMPLAINT_UNHEARD, PRICE_RISE})


def opinions(
    rng: Random,
    book: Book,
    habits: Habits,
    fate: Fate,
    solved: Sequence[Solution],
    start: datetime,
) -> None:
    """Tells of every answer; who did not answer leaves nothing."""
    for ticket, solved_at in solved:
        at = solved_at + timedelta(hours=rng.randint(2, 60))
        if chance(rng, AFTER_TICKET):
            _answer(rng, book, CSAT, _mood(rng, fate, at), at, ticket)
    for day in WAVES:
        at = start + timedelta(days=day, minutes=rng.randrange(4 * 24 * 60))
        if at > habits.joined and chance(rng, TWICE_A_YEAR):
            _answer(rng, book, NPS, _mood(rng, fate, at), at, None)


def _mood(rng: Random, fate: Fate, at: datetime) -> str:
    return pick(rng, CROSS if any(_rankles(each, at) for each in fate.happenings) else CONTENT)


def _rankles(each: Happening, at: datetime) -> bool:
    """Whether somebody who might leave over it still thinks of it."""
    serious = each.leaves_at is not None or each.cause != PRICE_RISE
    return each.cause in MAKES_CROSS and serious and each.at <= at < each.at + CROSS_FOR


def _answer(
    rng: Random, book: Book, instrument: Instrument, mood: str, at: datetime, ticket: str | None
) -> None:
    said = chance(rng, COMMENTS)
    record = Feedback(
        at=at,
        instrument=instrument.name.lower(),
        party=book.party,
        score=float(rng.choice(instrument.scores[mood])),
        scale_min=float(instrument.scale_min),
        scale_max=float(instrument.scale_max),
        comment=spoken(rng, "en", mood, catalogue()) if said else None,
        ticket=ticket,
        channel="email",
    )
    book.tell(at, book.key("panel", "answers"), record)
