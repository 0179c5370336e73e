"""Sentiment by a model of the business's own (score, comment) answers.

A model is numbers in NumPy's own format, read without pickle: loading one runs no code.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final, get_args

import numpy as np

from hub.text.features import Floats, Ints, Weighting, buckets
from hub.text.logistic import Coefficients, softmax
from hub.text.sentiment import Label, Sentiment, Span
from hub.text.tokens import Token

VERSION: Final = 1
"""Raised whenever features, labels or their meaning change; older models are no longer read."""
LABELS: Final[tuple[Label, ...]] = get_args(Label)[:3]
"""Negative, neutral, positive: classes 0, 1, 2."""
_MOST_EVIDENCE = 5


@dataclass(frozen=True)
class TextModel:
    """A trained scorer of one language.

    Args:
        language: ISO 639-1 code.
        classes: Indices into :data:`LABELS` that the training texts had, ascending.
        weighting: Which features count.
        coefficients: One column per class.
    """

    language: str
    classes: tuple[int, ...]
    weighting: Weighting
    coefficients: Coefficients

    @cached_property
    def body(self) -> bytes:
        """The model as stored; equal models are equal bytes."""
        with io.BytesIO() as file:
            np.savez_compressed(
                file,
                allow_pickle=False,
                version=np.array(VERSION),
                language=np.array(self.language),
                classes=np.array(self.classes),
                bucket=self.weighting.bucket.astype(np.uint32),
                idf=self.weighting.idf.astype(np.float32),
                weights=self.coefficients.weights.astype(np.float32),
                bias=self.coefficients.bias,
            )
            return file.getvalue()

    @cached_property
    def model_id(self) -> str:
        """16 hex digits of the SHA-256 of the stored model."""
        return sha256(self.body).hexdigest()[:16]

    @cached_property
    def method(self) -> str:
        """Names this very model wherever a value of its goes."""
        return f"model:{self.language}:{self.model_id}@{VERSION}"

    @classmethod
    def read(cls, body: bytes) -> TextModel:
        """The model that :attr:`body` wrote.

        Raises:
            ValueError: If it is not a model of this version.
        """
        with np.load(io.BytesIO(body), allow_pickle=False) as held:
            if held["version"] != VERSION:
                raise ValueError(f"a text model of version {held['version']}, not {VERSION}")
            return cls(
                str(held["language"]),
                tuple(held["classes"].tolist()),
                Weighting(held["bucket"].astype(np.int64), held["idf"].astype(np.float64)),
                Coefficients(held["weights"].astype(np.float64), held["bias"]),
            )

    @cached_property
    def _columns(self) -> Mapping[int, int]:
        return {bucket: at for at, bucket in enumerate(self.weighting.bucket.tolist())}

    def __call__(self, tokens: Sequence[Token]) -> Sentiment:
        """The sentiment of a text in the model's language.

        Polarity is the probability of positive minus that of negative.
        """
        features = [self._columns.get(bucket, -1) for bucket in buckets(tokens)]
        counts = Counter(column for column in features if column >= 0)
        column = np.fromiter(counts, np.int64, len(counts))
        value = self._values(counts, column)
        weights = self.coefficients.weights[column]
        chance = softmax((value @ weights + self.coefficients.bias)[None])[0]
        by_class = dict(zip(self.classes, chance.tolist(), strict=True))
        polarity = by_class.get(2, 0.0) - by_class.get(0, 0.0)
        label = LABELS[self.classes[int(chance.argmax())]]
        pull = value * (weights[:, -1] - weights[:, 0])
        shares = {at: float(each) / counts[at] for at, each in zip(counts, pull, strict=True)}
        return Sentiment(
            polarity, label, "tested", self.method, _evidence(tokens, features, shares)
        )

    def _values(self, counts: Counter[int], column: Ints) -> Floats:
        times = np.fromiter(counts.values(), np.float64, len(counts))
        value = (1 + np.log(times)) * self.weighting.idf[column]
        return value / (np.linalg.norm(value) or 1.0)


def _evidence(
    tokens: Sequence[Token], features: Sequence[int], shares: Mapping[int, float]
) -> tuple[Span, ...]:
    """The tokens that pulled most; a pair's pull is shared by its two."""
    size, pulls = len(tokens), [0.0] * len(tokens)
    for at, feature in enumerate(features):
        share = shares.get(feature, 0.0)
        if at < size:
            pulls[at] += share
        else:
            pulls[at - size] += share / 2
            pulls[at - size + 1] += share / 2
    strongest = sorted(range(size), key=lambda at: -abs(pulls[at]))[:_MOST_EVIDENCE]
    return tuple(Span(tokens[at].start, tokens[at].end, pulls[at]) for at in strongest if pulls[at])
