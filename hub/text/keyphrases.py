"""What a text is about, in its own words.

Source: Rose, Engel, Cramer and Cowley 2010, Rapid Automatic Keyword Extraction: candidates are
runs of words between function words and punctuation; a word scores degree over frequency, a
candidate the sum of its words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from hub.text.stopwords import STOP_WORDS
from hub.text.tokens import Token, clauses, is_word

LONGEST = 4
"""Words of a phrase; longer runs are sentences without function words."""
_EVERY_LANGUAGE: Final = frozenset().union(*STOP_WORDS.values())


def keyphrases(text: str, tokens: Sequence[Token], language: str, most: int = 5) -> tuple[str, ...]:
    """Up to ``most`` phrases of ``text``, best first; equal ones stand once.

    Numbers, addresses and handles part phrases and are in none: they name people and orders.

    >>> from hub.text.tokens import tokenise
    >>> text = "The coffee machine leaks and the coffee machine is new."
    >>> keyphrases(text, tokenise(text), "en", most=1)
    ('coffee machine leaks',)
    """
    stop_words = STOP_WORDS.get(language, _EVERY_LANGUAGE)
    found = list(_candidates(text, tokens, stop_words))
    degree: Counter[str] = Counter()
    for phrase in found:
        degree.update(dict.fromkeys(phrase, len(phrase)))
    frequency = Counter(word for phrase in found for word in phrase)
    scores = {
        phrase: sum(degree[word] / frequency[word] for word in phrase)
        for phrase in found
        if len(phrase) <= LONGEST and len(phrase[0]) > 1
    }
    ranked = sorted(scores, key=lambda phrase: -scores[phrase])  # stable: first come, first told
    return tuple(" ".join(phrase) for phrase in ranked[:most])


def _candidates(
    text: str, tokens: Sequence[Token], stop_words: frozenset[str]
) -> Iterator[tuple[str, ...]]:
    for clause in clauses(text, tokens):
        run: list[str] = []
        for token in clause:
            if is_word(token) and token.form not in stop_words:
                run.append(token.form)
            elif run:
                yield tuple(run)
                run = []
        if run:
            yield tuple(run)
