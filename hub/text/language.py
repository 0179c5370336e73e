"""Which language a text is in, or that nobody can tell.

A text votes with its function words; a word that several languages share counts a share for each.
Short texts carry too few of them: general detectors call "Refund pls" Danish or German, so here
the answer is "unknown" (METRICS, section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hub.text.stopwords import STOP_WORDS
from hub.text.tokens import Token, is_word

UNKNOWN: Final = "unknown"

FEWEST_VOTES = 1.5
"""Votes below which a text is too short to tell."""
LEAST_SHARE = 0.15
"""Of the words, how many must vote for the winner."""
LEAD = 1.4
"""How many times the votes of the runner-up the winner has."""
SHORT = 8
"""Words up to which a text may be read in the language that the business assumes."""

_VOTE = 420
"""One vote, in whole parts that any number of languages up to seven can share."""


def _votes(word: str) -> tuple[tuple[str, int], ...]:
    languages = [language for language, words in STOP_WORDS.items() if word in words]
    return tuple((language, _VOTE // len(languages)) for language in languages)


_VOTES: Final = {word: _votes(word) for word in frozenset().union(*STOP_WORDS.values())}


def identify(tokens: Sequence[Token]) -> str:
    """ISO 639-1 code of the language, or ``unknown``.

    >>> from hub.text.tokens import tokenise
    >>> identify(tokenise("Das Paket ist noch nicht da und niemand antwortet mir"))
    'de'
    >>> identify(tokenise("Refund pls"))
    'unknown'
    """
    votes = dict.fromkeys(STOP_WORDS, 0)
    for token in tokens:
        for language, share in _VOTES.get(token.form, ()):
            votes[language] += share
    (most, best), (next_most, _) = sorted(((n, each) for each, n in votes.items()), reverse=True)[
        :2
    ]
    words = sum(map(is_word, tokens))
    least = max(FEWEST_VOTES * _VOTE, LEAST_SHARE * words * _VOTE, LEAD * next_most)
    return best if most >= least else UNKNOWN


def read_as(tokens: Sequence[Token], identified: str, assumed: str) -> str:
    """The language to read a text in: ``assumed`` if it is only too short to tell.

    A long text in no known language stays ``unknown``: reading it with another language's words
    would find what is not there.
    """
    if identified != UNKNOWN:
        return identified
    words = [token.form for token in tokens if is_word(token)]
    latin = all(ord(letter) < 0x250 for word in words for letter in word)
    return assumed if len(words) <= SHORT and latin else UNKNOWN
