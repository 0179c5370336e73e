"""Scores of a clustering against the truth."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.emulation.scoring import pair_scores

TRUTH = {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "b2": "b", "c1": "c"}


def test_perfect_clusters_score_one() -> None:
    """The truth itself is perfect on every scale."""
    scores = pair_scores([{"a1", "a2", "a3"}, {"b1", "b2"}, {"c1"}], TRUTH)

    assert (scores.precision, scores.recall, scores.f1) == (1, 1, 1)
    assert (scores.b3_precision, scores.b3_recall, scores.b3_f1) == (1, 1, 1)
    assert (scores.true_pairs, scores.predicted_pairs, scores.records) == (4, 4, 6)


def test_nobody_merged_is_precise_and_finds_nothing() -> None:
    """Without clusters every record stands alone: recall 0, B³ recall by hand 3/6."""
    scores = pair_scores([], TRUTH)

    assert (scores.precision, scores.recall, scores.f1) == (1, 0, 0)
    assert scores.b3_recall == pytest.approx(3 / 6)


def test_hand_worked_example() -> None:
    """Clusters {a1 a2 b1} {a3} {b2} {c1}: 1 of 3 predicted and 1 of 4 true pairs is right."""
    scores = pair_scores([{"a1", "a2", "b1"}], TRUTH)

    assert scores.precision == pytest.approx(1 / 3)
    assert scores.recall == pytest.approx(1 / 4)
    assert scores.b3_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 3) / 6)
    assert scores.b3_recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2 + 1) / 6)


@pytest.mark.parametrize(
    ("clusters", "problem"),
    [([{"a1"}, {"a1", "a2"}], "a1 stands in two clusters"), ([{"x9"}], "x9 is not in the truth")],
)
def test_nonsense_is_refused(clusters: list[set[str]], problem: str) -> None:
    """A record in two clusters, or one that nobody made, is an error and no score."""
    with pytest.raises(ValueError, match=problem):
        pair_scores(clusters, TRUTH)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=14))
def test_pairs_equal_brute_force(labels: list[tuple[int, int]]) -> None:
    """Counting by cluster sizes gives what counting every pair gives."""
    truth = {f"r{n}": f"p{person}" for n, (person, _) in enumerate(labels)}
    numbers = sorted({cluster for _, cluster in labels})
    predicted = [{f"r{n}" for n, (_, c) in enumerate(labels) if c == number} for number in numbers]
    pairs = list(combinations(range(len(labels)), 2))
    merged = [(a, b) for a, b in pairs if labels[a][1] == labels[b][1]]
    right = [(a, b) for a, b in merged if labels[a][0] == labels[b][0]]

    scores = pair_scores(predicted, truth)

    assert (scores.predicted_pairs, scores.shared_pairs) == (len(merged), len(right))
    assert 0 <= scores.b3_f1 <= 1
