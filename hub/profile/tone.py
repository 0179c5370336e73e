"""How a customer's tone moved: their latest texts against those before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Final

from hub.profile.sources import Fact
from hub.text.reading import Models, sentiment_of
from hub.text.words import is_answer, words_of

LATEST: Final = 3
"""Texts that count as the latest; as many must stand before them."""
MOST: Final = 12
"""Texts that are looked at, newest first."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A change of tone.

    Args:
        change: Mean polarity of the latest texts minus that of those before, -2..2.
        method: What read the texts, with version.
        at: Instant of the latest text.
    """

    change: float
    method: str
    at: datetime


def trend(facts: Sequence[Fact], models: Models) -> Trend | None:
    """The change of tone of one customer; None if too few texts can be read.

    Args:
        facts: Oldest first.
        models: What to read texts with.
    """
    written = [(fact, words_of(fact.record)) for fact in reversed(facts)]
    texts = [(fact, words) for fact, words in written if words is not None][:MOST]
    if len(texts) < 2 * LATEST:
        return None  # as for nearly everybody: nothing is read in vain
    read = [
        (fact.at, sentiment_of(words, models, answer=is_answer(fact.record)))
        for fact, words in texts
    ]
    told = [(at, s.polarity, s.method) for at, s in read if s.polarity is not None]
    if len(told) < 2 * LATEST:
        return None
    polarities = [polarity for _, polarity, _ in told]
    change = fmean(polarities[:LATEST]) - fmean(polarities[LATEST:])
    return Trend(change, ", ".join(sorted({method for *_, method in told})), told[0][0])
