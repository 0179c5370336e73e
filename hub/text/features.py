"""Texts as numbers: hashed words and word pairs, weighted by TF-IDF, one sparse row per text.

Words are hashed and never kept, so a stored model holds no customer's words; what occurs in one
training text only is dropped, since it says more about that customer than about satisfaction.

Source: Weinberger et al. 2009, Feature Hashing; Salton and Buckley 1988 (sublinear tf, idf, rows
of length one).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from hub.text.tokens import Token, masked

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BUCKETS = 1 << 18
"""Places that words are hashed to; 20,000 features share one with another in 4 % of cases."""
FEWEST_TEXTS = 2
"""Texts that a feature must occur in."""


def buckets(tokens: Sequence[Token]) -> list[int]:
    """The features of a text: one per token, then one per neighbouring pair.

    CRC-32 is the same on every machine and in every process, as Python's own hash is not.
    """
    words = [masked(token.form).encode() for token in tokens]
    single = [crc32(word) % BUCKETS for word in words]
    return single + [crc32(b"%b %b" % pair) % BUCKETS for pair in pairwise(words)]


@dataclass(frozen=True, slots=True)
class Rows:
    """A sparse matrix, entry by entry: ``row[i]``, ``column[i]`` hold ``value[i]``."""

    row: Ints
    column: Ints
    value: Floats
    shape: tuple[int, int]

    def times(self, weights: Floats) -> Floats:
        """The product with a dense matrix, one column per class."""
        return np.stack(
            [
                np.bincount(self.row, self.value * weight[self.column], self.shape[0])
                for weight in weights.T
            ],
            axis=1,
        )

    def transposed_times(self, dense: Floats) -> Floats:
        """The product of the transpose with a dense matrix."""
        return np.stack(
            [
                np.bincount(self.column, self.value * each[self.row], self.shape[1])
                for each in dense.T
            ],
            axis=1,
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each text has each feature: entry ``i`` is text ``row[i]``, ``bucket[i]``."""

    row: Ints
    bucket: Ints
    count: Ints
    texts: int

    def of(self, chosen: NDArray[np.bool_]) -> Counts:
        """The chosen texts only, numbered anew."""
        place = np.cumsum(chosen) - 1
        kept = chosen[self.row]
        return Counts(place[self.row[kept]], self.bucket[kept], self.count[kept], int(chosen.sum()))


def count(texts: Iterable[Sequence[int]]) -> Counts:
    """The features of many texts, each given as its :func:`buckets`."""
    found = [np.unique(np.asarray(text, np.int64), return_counts=True) for text in texts]
    lengths = [len(bucket) for bucket, _ in found]
    empty = [np.zeros(0, np.int64)]
    return Counts(
        np.repeat(np.arange(len(found)), lengths),
        np.concatenate([bucket for bucket, _ in found] or empty),
        np.concatenate([each for _, each in found] or empty),
        len(found),
    )


@dataclass(frozen=True, slots=True)
class Weighting:
    """Which features count, and how rare each is.

    Args:
        bucket: In ascending order.
        idf: ln((1 + texts) / (1 + texts with the feature)) + 1, per bucket.
    """

    bucket: Ints
    idf: Floats

    @classmethod
    def learnt(cls, counts: Counts) -> Weighting:
        """The weighting of these texts: what occurs in fewer than two is dropped."""
        bucket, texts = np.unique(counts.bucket, return_counts=True)
        kept = texts >= FEWEST_TEXTS
        return cls(bucket[kept], np.log((1 + counts.texts) / (1 + texts[kept])) + 1)

    def rows(self, counts: Counts) -> Rows:
        """One row of length one per text; a text without a known feature has an empty row."""
        shape = counts.texts, len(self.bucket)
        if not len(self.bucket):
            nothing = np.zeros(0, np.int64)
            return Rows(nothing, nothing, np.zeros(0), shape)
        column = np.minimum(np.searchsorted(self.bucket, counts.bucket), len(self.bucket) - 1)
        known = self.bucket[column] == counts.bucket
        row, column = counts.row[known], column[known]
        value = (1 + np.log(counts.count[known])) * self.idf[column]
        length = np.sqrt(np.bincount(row, value * value, counts.texts))
        return Rows(row, column, value / length[row], shape)
