"""How a customer sounds: the result that every scorer gives, and the scorer by lexicon.

1. Grade the words and phrases of the lexicon, each as its degree word says.
2. A negation turns the grades in its reach and halves them. Where it reaches none, it counts
   itself: in service texts "has not arrived" means that something expected did not happen.
3. After *but*, what follows counts for more, as the writer means it to.
4. The sum, squeezed into -1..1, is the polarity.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from hub.text.lexicon import (
    DEGREES,
    NEGATIONS,
    PHRASE_STARTS,
    PHRASES,
    PLAIN_NEGATIONS,
    WORDS,
)
from hub.text.tokens import Token

Label = Literal["negative", "neutral", "positive", "unknown"]
Confidence = Literal["none", "low", "tested"]

LEXICON: Final = "lexicon:en@1"
"""Method and version; raised whenever words or rules change."""
LEXICON_LANGUAGES: Final = frozenset({"en"})

NEUTRAL_BAND = 0.05
"""Polarities up to this far from zero are neutral."""
_REACH = 3
"""Tokens that a negation turns."""
_TURNED = -0.5
_UNMET = -0.5
_BEFORE_BUT, _AFTER_BUT = 0.6, 1.3
_SQUEEZE = 8.0
"""Σ grades at which polarity passes ½ is about √(8/3)."""


@dataclass(frozen=True, slots=True)
class Span:
    """A place in the text, characters ``start`` to before ``end``, and what it contributed."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Sentiment:
    """How a text sounds.

    Args:
        polarity: -1 (negative) to 1 (positive); None if unknown.
        label: The polarity in a word.
        confidence: ``low`` for the lexicon; ``tested`` for a model that beat it on the business's
            own answers, as its card says; ``none`` if unknown.
        method: What found it, with version: goes wherever the value goes.
        evidence: Where in the text it rests, strongest first.
    """

    polarity: float | None
    label: Label
    confidence: Confidence
    method: str
    evidence: tuple[Span, ...] = ()


UNSCORED: Final = Sentiment(None, "unknown", "none", "none")
"""What is said of a text that nothing here can read."""


def by_lexicon(tokens: Sequence[Token]) -> Sentiment:
    """The sentiment of an English text by graded words; low confidence.

    >>> from hub.text.tokens import tokenise
    >>> by_lexicon(tokenise("Very friendly staff, thank you!")).label
    'positive'
    >>> by_lexicon(tokenise("My parcel has not arrived.")).label
    'negative'
    >>> by_lexicon(tokenise("Please tell me your opening hours")).label
    'neutral'
    """
    spans = _graded(tokens)
    total = math.fsum(span.weight for span in spans)
    polarity = total / math.sqrt(total * total + _SQUEEZE)
    strongest = sorted(spans, key=lambda span: (-abs(span.weight), span.start))
    return Sentiment(polarity, label_of(polarity), "low", LEXICON, tuple(strongest))


def label_of(polarity: float) -> Label:
    """The word for a polarity."""
    if abs(polarity) <= NEUTRAL_BAND:
        return "neutral"
    return "positive" if polarity > 0 else "negative"


def _graded(tokens: Sequence[Token]) -> list[Span]:
    forms = [token.form for token in tokens]
    hits = list(_hits(forms))
    in_phrase = {at + step for at, length, _ in hits for step in range(length)}
    negations = [at for at, f in enumerate(forms) if f in NEGATIONS and at not in in_phrase]
    but = max((at for at, form in enumerate(forms) if form == "but"), default=None)
    spans, used = [], set()
    for at, length, grade in hits:
        turning = [negation for negation in negations if 0 < at - negation <= _REACH]
        used.update(turning)
        weight = grade * DEGREES.get(forms[at - 1], 1.0) if at else grade
        weight *= _TURNED if turning else 1.0
        weight *= 1.0 if but is None else _AFTER_BUT if at > but else _BEFORE_BUT
        spans.append(Span(tokens[at].start, tokens[at + length - 1].end, weight))
    unmet = [at for at in negations if at not in used and forms[at] not in PLAIN_NEGATIONS]
    return spans + [Span(tokens[at].start, tokens[at].end, _UNMET) for at in unmet]


def _hits(forms: Sequence[str]) -> Iterator[tuple[int, int, float]]:
    """Place, length in tokens and grade of everything graded, phrases before words."""
    at = 0
    while at < len(forms):
        length, grade = _grade(forms, at)
        if grade:
            yield at, length, grade
        at += length


def _grade(forms: Sequence[str], at: int) -> tuple[int, float]:
    if forms[at] in PHRASE_STARTS:
        for length in (3, 2):
            phrase = tuple(forms[at : at + length])
            if phrase in PHRASES:
                return len(phrase), PHRASES[phrase]
    return 1, WORDS.get(forms[at], 0.0)
