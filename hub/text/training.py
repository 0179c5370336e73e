"""A model of the business's own answers, and whether it may be used.

1. Comments of one language, labelled by the score their writers gave.
2. Equal comments go into one fold. For each fold a model is fitted on the others and tells the
   labels of this one, beside the method in use today.
3. The model of all comments is promoted only if its macro-F1 on unseen comments is higher by an
   interval that excludes zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import msgspec
import numpy as np

from hub.text.evaluation import FOLDS, Difference, Quality, difference, folds, quality
from hub.text.features import Counts, Ints, Weighting, buckets, count
from hub.text.logistic import Coefficients, fit
from hub.text.model import LABELS, VERSION, TextModel
from hub.text.sentiment import LEXICON, LEXICON_LANGUAGES, Label, by_lexicon
from hub.text.tokens import Token, tokenise

STRENGTH = 4.0
"""Penalty = 1 / (STRENGTH · texts): the inverse strength of the usual implementations."""
BY_LOT: Final = "labels by lot"
_SEED = 20_260_102
FEWEST_OF_A_LABEL = 20
"""Comments of each label below which there is nothing to compare."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A comment and how its writer's own score labels it."""

    comment: str = field(repr=False)
    label: Label


class Card(msgspec.Struct, frozen=True):
    """What is known of a model: kept with it, shown with it.

    Args:
        language: ISO 639-1 code.
        version: Of features and labels.
        n: Comments, and in ``labels`` how many of each label.
        labels: Label to number of comments.
        folds: Of the cross-validation.
        model: Quality on unseen comments.
        rival: Name of the method to beat: the lexicon, or labels by lot where there is none.
        rival_quality: Its quality on the same comments.
        gain: Macro-F1 of the model minus the rival's.
        snapshot: SHA-256 of the sorted training pairs.
        trained_at: ISO 8601, UTC.
        promoted: Whether the model beats its rival.
    """

    language: str
    version: int
    n: int
    labels: dict[str, int]
    folds: int
    model: Quality
    rival: str
    rival_quality: Quality
    gain: Difference
    snapshot: str
    trained_at: str
    promoted: bool


@dataclass(frozen=True, slots=True)
class Trained:
    """A model with its card."""

    model: TextModel
    card: Card


@dataclass(frozen=True, slots=True)
class TooFew:
    """Why there is no model of a language: insufficient data."""

    language: str
    labels: dict[str, int]
    reason: str


def train(
    language: str, pairs: Sequence[Pair], *, fewest: int, trained_at: str
) -> Trained | TooFew:
    """The model of ``pairs``, which are in ``language``, or why there is none.

    Args:
        language: ISO 639-1 code.
        pairs: In any order: the result does not depend on it.
        fewest: Comments below which none is trained.
        trained_at: ISO 8601, for the card.
    """
    pairs = sorted(pairs, key=lambda pair: (pair.comment, pair.label))
    labels = dict(Counter[str](pair.label for pair in pairs))
    reason = _missing(labels, fewest)
    if reason:
        return TooFew(language, labels, reason)
    held = Corpus.of(pairs)
    told, rival = held.cross_validated(), held.by_rival(language)
    gain = difference(held.truth, told, rival, held.groups, len(LABELS))
    card = Card(
        language=language,
        version=VERSION,
        n=len(pairs),
        labels=labels,
        folds=FOLDS,
        model=quality(held.truth, told, len(LABELS)),
        rival=LEXICON if language in LEXICON_LANGUAGES else BY_LOT,
        rival_quality=quality(held.truth, rival, len(LABELS)),
        gain=gain,
        snapshot=snapshot(pairs),
        trained_at=trained_at,
        promoted=gain.low > 0,
    )
    return Trained(held.model(language), card)


def snapshot(pairs: Iterable[Pair]) -> str:
    """SHA-256 of what was trained on, whatever its order: the same comments, the same hash."""
    lines = sorted(f"{pair.label}\0{pair.comment}\n" for pair in pairs)
    return sha256("".join(lines).encode()).hexdigest()


def _missing(labels: dict[str, int], fewest: int) -> str | None:
    n = sum(labels.values())
    if n < fewest:
        return f"{n} comments with a score, {fewest} are needed"
    for label in ("negative", "positive"):
        if labels.get(label, 0) < FEWEST_OF_A_LABEL:
            return f"{labels.get(label, 0)} {label} comments, {FEWEST_OF_A_LABEL} are needed"
    return None


@dataclass(frozen=True, slots=True, repr=False)
class Corpus:
    """Labelled texts, counted once and fitted many times.

    Args:
        tokens: Of each text.
        truth: Class of each text, an index into ``LABELS``.
        groups: Texts with equal words share one.
        counts: Features of each text.
    """

    tokens: Sequence[Sequence[Token]]
    truth: Ints
    groups: Sequence[str]
    counts: Counts

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> Corpus:
        """The corpus of labelled comments."""
        tokens = [tokenise(pair.comment) for pair in pairs]
        return cls(
            tokens,
            np.array([LABELS.index(pair.label) for pair in pairs], np.int64),
            [" ".join(token.form for token in each) for each in tokens],
            count(map(buckets, tokens)),
        )

    def cross_validated(self) -> Ints:
        """The class that is told of each text by a model that has not seen it."""
        told, fold = np.empty_like(self.truth), folds(self.groups)
        for number in range(FOLDS):
            unseen = fold == number
            classes, weighting, coefficients = self._fitted(~unseen)
            chance = coefficients.probabilities(weighting.rows(self.counts.of(unseen)))
            told[unseen] = classes[chance.argmax(axis=1)]
        return told

    def by_rival(self, language: str) -> Ints:
        """The class that today's method tells: the lexicon's, or one by lot without a lexicon.

        The lots are as many of each label as there are. Always telling the commonest label would
        be an easier rival: on macro-F1 even a model of noise beats it.
        """
        if language not in LEXICON_LANGUAGES:
            return np.random.default_rng(_SEED).permutation(self.truth)
        return np.array([LABELS.index(by_lexicon(each).label) for each in self.tokens], np.int64)

    def model(self, language: str) -> TextModel:
        """The model of all texts, through its stored form, so that it tells what it will tell."""
        classes, weighting, coefficients = self._fitted(np.ones(len(self.truth), np.bool_))
        exact = TextModel(language, tuple(classes.tolist()), weighting, coefficients)
        return TextModel.read(exact.body)

    def _fitted(self, chosen: np.typing.NDArray[np.bool_]) -> tuple[Ints, Weighting, Coefficients]:
        counts = self.counts.of(chosen)
        classes, truth = np.unique(self.truth[chosen], return_inverse=True)
        weighting = Weighting.learnt(counts)
        penalty = 1 / (STRENGTH * counts.texts)
        return classes, weighting, fit(weighting.rows(counts), truth, len(classes), penalty)
