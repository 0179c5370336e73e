"""How close predicted clusters come to the truth: pairwise and B³ precision, recall and F1."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from math import comb

from hub.emulation.world import World


@dataclass(frozen=True, slots=True)
class PairScores:
    """Quality of a clustering of source records, each score in 0..1.

    A pair is two records put together. Pairwise scores weigh a person by the square of their
    records, B³ weighs every record alike; a clustering is good when both are.

    Source: Bagga, Baldwin, "Entity-based cross-document coreferencing using the vector space
    model", 1998 (B³); Menestrina, Whang, Garcia-Molina, "Evaluating entity resolution results",
    2010 (pairs).
    """

    precision: float
    recall: float
    f1: float
    b3_precision: float
    b3_recall: float
    b3_f1: float
    true_pairs: int
    predicted_pairs: int
    shared_pairs: int
    records: int


def pair_scores(predicted: Iterable[Collection[str]], truth: Mapping[str, str]) -> PairScores:
    """Scores of the predicted clusters against ``truth`` (record key to person id).

    A record that no cluster names stands alone. An empty prediction of pairs is perfectly precise.

    >>> scores = pair_scores([{"a", "b"}], {"a": "ann", "b": "ann", "c": "ann"})
    >>> scores.precision, round(scores.recall, 3), scores.f1
    (1.0, 0.333, 0.5)

    Raises:
        ValueError: If a predicted record is unknown to the truth or stands in two clusters.
    """
    cluster_of = _cluster_by_record(predicted, truth)
    together = Counter((cluster_of[record], truth[record]) for record in truth)
    clusters = Counter(cluster_of.values())
    people = Counter(truth.values())
    shared = sum(comb(size, 2) for size in together.values())
    in_clusters = sum(comb(size, 2) for size in clusters.values())
    in_truth = sum(comb(size, 2) for size in people.values())
    precision, recall = _share(shared, in_clusters), _share(shared, in_truth)
    b3_precision = _share(sum(n * n / clusters[c] for (c, _), n in together.items()), len(truth))
    b3_recall = _share(sum(n * n / people[p] for (_, p), n in together.items()), len(truth))
    return PairScores(
        precision=precision,
        recall=recall,
        f1=_harmonic(precision, recall),
        b3_precision=b3_precision,
        b3_recall=b3_recall,
        b3_f1=_harmonic(b3_precision, b3_recall),
        true_pairs=in_truth,
        predicted_pairs=in_clusters,
        shared_pairs=shared,
        records=len(truth),
    )


def exact_email_clusters(world: World) -> list[set[str]]:
    """What a naive merge would do: records with the same lower-cased e-mail are one person."""
    by_email: defaultdict[str, set[str]] = defaultdict(set)
    for record in world.records:
        if record.email:
            by_email[record.email.strip().lower()].add(record.key)
    return list(by_email.values())


def exact_email_baseline(world: World) -> PairScores:
    """Scores of ``exact_email_clusters``: the figure that identity resolution has to beat."""
    return pair_scores(exact_email_clusters(world), world.truth())


def _cluster_by_record(
    predicted: Iterable[Collection[str]], truth: Mapping[str, str]
) -> dict[str, int]:
    """The cluster number of every record of the truth, singletons included."""
    cluster_of: dict[str, int] = {}
    for number, cluster in enumerate(predicted):
        for record in cluster:
            if record not in truth or record in cluster_of:
                problem = "stands in two clusters" if record in truth else "is not in the truth"
                raise ValueError(
                    f"record {record} {problem}; score one clustering of known records"
                )
            cluster_of[record] = number
    for alone, record in enumerate(truth):
        cluster_of.setdefault(record, -1 - alone)
    return cluster_of


def _share(part: float, whole: int) -> float:
    """``part`` of ``whole``; 1 when there was nothing to get wrong."""
    return part / whole if whole else 1.0


def _harmonic(precision: float, recall: float) -> float:
    """F1 of the two; 0 when both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
