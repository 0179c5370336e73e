"""How well labels are told: folds that share no text, macro-F1, intervals of differences."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import msgspec
import numpy as np

from hub.text.features import Floats, Ints

FOLDS = 5
RESAMPLES = 2_000
_SEED = 20_260_101


class Quality(msgspec.Struct, frozen=True):
    """How well one method told the labels of texts that it had not seen.

    Args:
        accuracy: Share of right labels.
        macro_f1: Mean F1 of the labels that occur.
        recall_negative: Share of the negative ones that were told as such.
    """

    accuracy: float
    macro_f1: float
    recall_negative: float


class Difference(msgspec.Struct, frozen=True):
    """Macro-F1 of one method minus that of another, with its 95 % interval."""

    value: float
    low: float
    high: float


def folds(groups: Sequence[str]) -> Ints:
    """The fold of each text; texts of one group share one, whatever the order.

    >>> fold = folds(["same words", "other words", "same words"])
    >>> bool(fold[0] == fold[2])
    True
    """
    numbers = {
        group: int.from_bytes(blake2b(group.encode(), digest_size=8).digest()) % FOLDS
        for group in set(groups)
    }
    return np.array([numbers[group] for group in groups], np.int64)


def quality(truth: Ints, told: Ints, number: int) -> Quality:
    """The quality of labels 0 to ``number`` - 1; label 0 is the negative one."""
    table = np.bincount(truth * number + told, minlength=number**2).reshape(number, number)
    negative = table[0].sum()
    return Quality(
        accuracy=float(np.trace(table) / table.sum()),
        macro_f1=float(_macro_f1(table)),
        recall_negative=float(table[0, 0] / negative) if negative else 0.0,
    )


def difference(
    truth: Ints, told: Ints, rival: Ints, groups: Sequence[str], number: int
) -> Difference:
    """How much better ``told`` is than ``rival``, by a bootstrap over groups of equal texts.

    Groups that both methods treat alike are alike to the resampling: drawing groups is drawing
    how many of each such kind there are, which is a multinomial draw.

    Source: Efron and Tibshirani 1993, chapter 13 (percentile interval); both methods are scored
    on the same resample, so what is hard for both cancels out.
    """
    tables = _tables_by_group(truth, told, rival, groups, number)
    kinds, times = np.unique(tables, axis=0, return_counts=True)
    rng = np.random.default_rng(_SEED)
    drawn = rng.multinomial(len(tables), times / len(tables), RESAMPLES) @ kinds
    low, high = np.quantile(_gap(drawn, number), [0.025, 0.975])
    value = _gap(tables.sum(axis=0)[None], number)[0]
    return Difference(float(value), float(low), float(high))


def _tables_by_group(
    truth: Ints, told: Ints, rival: Ints, groups: Sequence[str], number: int
) -> Ints:
    """One row per group: how many of its texts are in each cell of both tables, side by side."""
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    cells = number**2
    place = 2 * cells * group + number * truth
    filled = np.concatenate([place + told, place + cells + rival])
    size = int(group.max()) + 1
    return np.bincount(filled, minlength=2 * cells * size).reshape(size, 2 * cells)


def _gap(tables: Ints, number: int) -> Floats:
    """Macro-F1 of the first table of each row minus that of the second."""
    pairs = tables.reshape(-1, 2, number, number)
    return _macro_f1(pairs[:, 0]) - _macro_f1(pairs[:, 1])


def _macro_f1(tables: Ints) -> Floats:
    """Of tables whose rows are true labels; what a table has none of does not count in it."""
    true, told = tables.sum(axis=-1), tables.sum(axis=-2)
    f1 = 2 * np.diagonal(tables, axis1=-2, axis2=-1) / np.maximum(true + told, 1)
    occurs = true > 0
    return np.asarray((f1 * occurs).sum(axis=-1) / occurs.sum(axis=-1))
