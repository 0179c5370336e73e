"""What a text speaks of without praising it: the themes that customers are counted by."""

from __future__ import annotations

from typing import Final

from hub.text.aspects import aspects
from hub.text.keyphrases import keyphrases
from hub.text.language import identify, read_as
from hub.text.reading import Models
from hub.text.tokens import clauses, tokenise

VERSION: Final = "topics@1"


def topics(text: str, models: Models, *, answer: bool = True) -> frozenset[str]:
    """The aspects that a text speaks of, and its phrases of two words or more.

    Praise is no theme: aspects that are praised are left out, and so are the phrases of clauses
    that praise. What nobody can tell the tone of counts: trouble is often told without a word of
    feeling.

    Args:
        text: As the customer wrote it.
        models: What to read it with.
        answer: Whether it is an answer or a review, as models are trained and tested on.

    >>> sorted(topics("Great quality, but the return label was missing.", Models()))
    ['return label', 'returns']
    """
    tokens = tokenise(text)
    if not tokens:
        return frozenset()
    language = read_as(tokens, identify(tokens), models.assumed)
    score = models.scorer(language, answer=answer)
    whole = score(tokens)
    found = aspects(text, tokens, models.aspects, score, whole)
    named = {aspect.name for aspect in found if aspect.label != "positive"}
    rest = [
        token
        for clause in clauses(text, tokens)
        if score(clause).label != "positive"
        for token in clause
    ]
    return frozenset(named | {each for each in keyphrases(text, rest, language) if " " in each})
