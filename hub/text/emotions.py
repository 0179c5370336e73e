"""Which feeling a text names, and where; "unknown" when it names none.

Tags follow words that name a feeling, in English. They say what is written, not what the writer
felt: irony is not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from hub.text.lexicon import NEGATIONS
from hub.text.phrases import Match, Phrases
from hub.text.tokens import Token

Feeling = Literal[
    "angry", "anxious", "confused", "delighted", "disappointed", "frustrated", "grateful",
    "relieved", "unknown",
]  # fmt: skip

VERSION: Final = "emotions:en@1"
_REACH = 2

_NAMED: Final[dict[Feeling, str]] = {
    "angry": """angry, appalled, disgusted, disgusting, fuming, furious, hate, how dare,
        infuriating, livid, outraged, outrageous, raging, seething, unacceptable, 😡, 😠, 🤬""",
    "anxious": """afraid, anxious, concerned, desperate, fear, frightened, nervous, panic,
        panicking, scared, stressed, stressful, worried, worry, worrying""",
    "confused": """baffled, can't work out, confused, confusing, don't understand,
        makes no sense, no idea, puzzled, puzzling, unclear, 😕""",
    "delighted": """amazing, delighted, delightful, ecstatic, excited, happy, love, loved, loving,
        made my day, over the moon, overjoyed, pleased, thrilled, so happy, 😍, 🥰, ❤""",
    "disappointed": """disappointed, disappointing, disappointment, expected better,
        expected more, gutted, let down, not happy, not impressed, regret, sad, saddened, unhappy,
        unimpressed, upset, 😞, 😔, 😢""",
    "frustrated": """again and again, annoyed, annoying, every single time, exasperated, fed up,
        frustrated, frustrating, frustration, getting nowhere, going in circles, gave up,
        had enough, irritated, irritating, sick of, thanks for nothing, tired of,
        wasting my time, waste of time, 🙄, 😤""",
    "grateful": """appreciate, appreciated, grateful, many thanks, thank, thank you, thankful,
        thanks, thx""",
    "relieved": """at last, finally fixed, finally resolved, finally solved, peace of mind,
        relief, relieved, weight off""",
}  # fmt: skip
_NOT_MEANT: Final = ("thanks in advance", "thank you in advance", "no thanks", "no thank you")
"""Courtesies; found first, and told as nothing."""

_PHRASES: Final[Phrases[Feeling | None]] = Phrases(
    [
        *((phrase, None) for phrase in _NOT_MEANT),
        *(
            (phrase, feeling)
            for feeling, phrases in _NAMED.items()
            for phrase in phrases.split(",")
        ),
    ]
)


@dataclass(frozen=True, slots=True)
class Emotion:
    """A feeling and the characters ``start`` to before ``end`` that name it; unknown has none."""

    feeling: Feeling
    start: int
    end: int


UNKNOWN: Final = (Emotion("unknown", 0, 0),)


def emotions(tokens: Sequence[Token]) -> tuple[Emotion, ...]:
    """Every feeling that an English text names, in order; a negated one is not named.

    >>> from hub.text.tokens import tokenise
    >>> [emotion.feeling for emotion in emotions(tokenise("Fed up. I'm not happy, I'm worried!"))]
    ['frustrated', 'disappointed', 'anxious']
    >>> [emotion.feeling for emotion in emotions(tokenise("When do you open?"))]
    ['unknown']
    """
    found = [
        Emotion(match.value, tokens[match.first].start, tokens[match.end - 1].end)
        for match in _PHRASES.find(tokens)
        if match.value is not None and not _negated(tokens, match)
    ]
    return tuple(found) or UNKNOWN


def _negated(tokens: Sequence[Token], match: Match[Feeling | None]) -> bool:
    before = tokens[max(0, match.first - _REACH) : match.first]
    return any(token.form in NEGATIONS for token in before)
