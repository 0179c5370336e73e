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
    table = _table(truth, told, np.ones(len(truth)), number)
    negative = table[0].sum()
    return Quality(
        accuracy=float(np.trace(table) / table.sum()),
        macro_f1=_macro_f1(table),
        recall_negative=float(table[0, 0] / negative) if negative else 0.0,
    )


def difference(
    truth: Ints, told: Ints, rival: Ints, groups: Sequence[str], number: int
) -> Difference:
    """How much better ``told`` is than ``rival``, by a bootstrap over groups of equal texts.

    Source: Efron and Tibshirani 1993, chapter 13 (percentile interval); both methods are scored
    on the same resample, so what is hard for both cancels out.
    """
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    rng = np.random.default_rng(_SEED)
    drawn = np.empty(RESAMPLES)
    for at in range(RESAMPLES):
        times = np.bincount(rng.integers(0, group.max() + 1, group.max() + 1))
        weight = np.pad(times, (0, group.max() + 1 - len(times)))[group].astype(float)
        drawn[at] = _gap(truth, told, rival, weight, number)
    low, high = np.quantile(drawn, [0.025, 0.975])
    value = _gap(truth, told, rival, np.ones(len(truth)), number)
    return Difference(value, float(low), float(high))


def _gap(truth: Ints, told: Ints, rival: Ints, weight: Floats, number: int) -> float:
    ours, theirs = (_macro_f1(_table(truth, each, weight, number)) for each in (told, rival))
    return ours - theirs


def _table(truth: Ints, told: Ints, weight: Floats, number: int) -> Floats:
    """Weight by true label (row) and told label (column)."""
    cells = np.bincount(truth * number + told, weight, number * number)
    return np.asarray(cells.reshape(number, number))


def _macro_f1(table: Floats) -> float:
    both = table.sum(axis=0) + table.sum(axis=1)
    occurs = table.sum(axis=1) > 0
    return float(np.mean(2 * np.diag(table)[occurs] / both[occurs]))
