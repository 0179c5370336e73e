"""The front door of the room: everything that is told about one text.

Pure: the same text, models and catalogue give the same annotation, here and on any machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from hub.text.aspects import Aspect, Scorer, aspect_phrases, aspects
from hub.text.emotions import UNKNOWN as NO_EMOTION
from hub.text.emotions import Emotion, emotions
from hub.text.entities import Catalogue, Entity, entities
from hub.text.keyphrases import keyphrases
from hub.text.language import identify, read_as
from hub.text.phrases import Phrases
from hub.text.sentiment import LEXICON, LEXICON_LANGUAGES, UNSCORED, Sentiment, by_lexicon
from hub.text.tokens import Token, tokenise

if TYPE_CHECKING:
    from hub.text.model import TextModel


@dataclass(frozen=True, slots=True)
class Models:
    """What texts are read with.

    Args:
        by_language: Promoted models; where there is none, the lexicon of the language serves.
        assumed: Language of texts too short to tell, or ``unknown``.
        aspects: Terms of the aspects in use.
    """

    by_language: Mapping[str, TextModel] = field(default_factory=dict)
    assumed: str = "en"
    aspects: Phrases[str] = field(default_factory=lambda: aspect_phrases({}))

    def scorer(self, language: str, *, answer: bool) -> Scorer:
        """What scores texts of ``language``: its model, its lexicon, or nothing.

        A model was tested on answers and reviews. Tickets and messages are other texts, mostly of
        trouble: the lexicon reads them, or where there is none the model, with low confidence.
        """
        model = self.by_language.get(language)
        if language in LEXICON_LANGUAGES and not (model and answer):
            return by_lexicon
        if model is None:
            return _unscored
        return model if answer else lambda tokens: replace(model(tokens), confidence="low")

    @property
    def methods(self) -> str:
        """Everything that a sentiment depends on beside its text: when it changes, so may they."""
        names = sorted(model.method for model in self.by_language.values())
        return " ".join([self.assumed, LEXICON, *names])


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


def sentiment_of(text: str, models: Models, *, answer: bool = True) -> Sentiment:
    """The sentiment of ``text`` alone, as :func:`annotate` tells it."""
    tokens = tokenise(text)
    read = read_as(tokens, identify(tokens), models.assumed)
    return models.scorer(read, answer=answer)(tokens) if tokens else UNSCORED


def emotions_of(text: str, models: Models) -> tuple[Emotion, ...]:
    """The feelings that ``text`` names, as :func:`annotate` tells them."""
    tokens = tokenise(text)
    read = read_as(tokens, identify(tokens), models.assumed)
    return emotions(tokens) if read in LEXICON_LANGUAGES else NO_EMOTION


def _unscored(_: Sequence[Token]) -> Sentiment:
    return UNSCORED
