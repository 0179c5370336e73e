"""The front door of the room: everything that is told about one text.

Pure: the same text, models and catalogue give the same annotation, here and on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hub.text.aspects import Aspect, aspects
from hub.text.emotions import UNKNOWN as NO_EMOTION
from hub.text.emotions import Emotion, emotions
from hub.text.entities import Catalogue, Entity, entities
from hub.text.keyphrases import keyphrases
from hub.text.language import identify, read_as
from hub.text.reading import Models
from hub.text.sentiment import LEXICON_LANGUAGES, UNSCORED, Sentiment
from hub.text.tokens import tokenise


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is told about one text; every place in it is counted in characters.

    Args:
        language: ISO 639-1 code, or ``unknown``; what is unknown because it is short may still be
            read in the assumed language.
        sentiment: Of the whole text, with method and confidence.
        aspects: Aspect × polarity, clause by clause.
        emotions: Feelings named; one ``unknown`` if none.
        entities: Products, competitors, money, dates, order numbers.
        keyphrases: Best first.
    """

    language: str
    sentiment: Sentiment
    aspects: tuple[Aspect, ...]
    emotions: tuple[Emotion, ...]
    entities: tuple[Entity, ...]
    keyphrases: tuple[str, ...]


def annotate(
    text: str,
    models: Models,
    catalogue: Catalogue,
    today: date | None = None,
    *,
    answer: bool = True,
) -> Annotation:
    """What ``text`` says, by whom it is found, and where.

    Args:
        text: As the customer wrote it.
        models: What to read it with.
        catalogue: What the business sells, and its competitors.
        today: The day it was written, on the business's calendar.
        answer: Whether it is an answer or a review, as models are trained and tested on.
    """
    tokens = tokenise(text)
    language = identify(tokens)
    read = read_as(tokens, language, models.assumed)
    score = models.scorer(read, answer=answer)
    whole = score(tokens) if tokens else UNSCORED
    return Annotation(
        language,
        whole,
        aspects(text, tokens, models.aspects, score, whole),
        emotions(tokens) if read in LEXICON_LANGUAGES else NO_EMOTION,
        entities(text, tokens, catalogue, today),
        keyphrases(text, tokens, read),
    )
