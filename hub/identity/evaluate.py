"""How good the clusters are, against a truth: pairwise and B-cubed precision, recall, F."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Precision, recall and their harmonic mean, each 0..1."""

    precision: float
    recall: float

    @property
    def f(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Clusters held against a truth.

    Args:
        records: Records that have both a cluster and a truth.
        people: True people among them.
        clusters: Clusters among them.
        pairs: Accuracy over pairs of records.
        b_cubed: Accuracy averaged over records. Source: Bagga and Baldwin, 1998.
    """

    records: int
    people: int
    clusters: int
    pairs: Accuracy
    b_cubed: Accuracy


def evaluate(found: Mapping[str, Hashable], truth: Mapping[str, Hashable]) -> Evaluation:
    """The accuracy of ``found`` (source key to cluster) against ``truth`` (source key to person).

    Records that only one side knows are left out.
    """
    common = found.keys() & truth.keys()
    cells = Counter((found[key], truth[key]) for key in common)
    clusters = Counter(found[key] for key in common)
    people = Counter(truth[key] for key in common)
    both = _pairs(cells)
    return Evaluation(
        records=len(common),
        people=len(people),
        clusters=len(clusters),
        pairs=Accuracy(_share(both, _pairs(clusters)), _share(both, _pairs(people))),
        b_cubed=Accuracy(
            _share(sum(n * n / clusters[c] for (c, _), n in cells.items()), len(common)),
            _share(sum(n * n / people[p] for (_, p), n in cells.items()), len(common)),
        ),
    )


def _pairs(sizes: Counter[Hashable] | Counter[tuple[Hashable, Hashable]]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes.values())


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0
