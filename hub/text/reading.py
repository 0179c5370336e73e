"""What texts are read with, and how a text sounds by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hub.text.aspects import Scorer, aspect_phrases
from hub.text.emotions import UNKNOWN as NO_EMOTION
from hub.text.emotions import Emotion, emotions
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


def sentiment_of(text: str, models: Models, *, answer: bool = True) -> Sentiment:
    """The sentiment of ``text`` alone, as :func:`~hub.text.annotation.annotate` tells it."""
    tokens = tokenise(text)
    read = read_as(tokens, identify(tokens), models.assumed)
    return models.scorer(read, answer=answer)(tokens) if tokens else UNSCORED


def emotions_of(text: str, models: Models) -> tuple[Emotion, ...]:
    """The feelings that ``text`` names, as :func:`~hub.text.annotation.annotate` tells them."""
    tokens = tokenise(text)
    read = read_as(tokens, identify(tokens), models.assumed)
    return emotions(tokens) if read in LEXICON_LANGUAGES else NO_EMOTION


def _unscored(_: Sequence[Token]) -> Sentiment:
    return UNSCORED
