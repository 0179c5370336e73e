"""How an event felt to the customer, where it says so, on one scale from -1 to 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from hub.journeys import kinds
from hub.journeys.event import Event
from hub.journeys.score import survey_score
from hub.text.emotions import emotions
from hub.text.language import identify, read_as
from hub.text.reading import Models, sentiment_of
from hub.text.sentiment import LEXICON_LANGUAGES
from hub.text.tokens import tokenise
from hub.text.words import is_answer, words_of

SentimentOf = Callable[[Event], float | None]
"""Tells how an event felt, -1 (bad) to 1 (good); None if it does not say."""
FeelingsOf = Callable[[Event], Sequence[str]]
"""Tells which feelings an event names."""

_WRITTEN: Final = kinds.FEEDBACK | {kinds.TICKET_OPENED, kinds.MESSAGE_IN}
"""Kinds that customers write; a solved ticket is the same text again."""


def no_feelings(_: Event) -> Sequence[str]:
    """Names nothing: for those who go by scores alone."""
    return ()


def score_or_words(models: Models) -> SentimentOf:
    """Tells how an event felt by its score, else by how the customer's own words sound."""

    def felt(event: Event) -> float | None:
        score, said = survey_score(event), _said(event)
        if score is not None or said is None:
            return score
        return sentiment_of(said, models, answer=is_answer(event.record)).polarity

    return felt


def named_feelings(models: Models) -> FeelingsOf:
    """Tells which feelings the customer names, each once; nothing in languages without a list."""

    def named(event: Event) -> Sequence[str]:
        tokens = tokenise(_said(event) or "")
        if read_as(tokens, identify(tokens), models.assumed) not in LEXICON_LANGUAGES:
            return ()
        feelings = dict.fromkeys(emotion.feeling for emotion in emotions(tokens))
        return [feeling for feeling in feelings if feeling != "unknown"]

    return named


def _said(event: Event) -> str | None:
    return words_of(event.record) if event.kind in _WRITTEN else None
