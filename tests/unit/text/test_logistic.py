"""Logistic regression: the right gradient, the right minimum, the same every time."""

import numpy as np
import pytest

from hub.text.features import Weighting, buckets, count
from hub.text.logistic import fit, minimise, objective, softmax
from hub.text.tokens import tokenise

TEXTS = ["late again", "late and rude", "great staff", "great and kind", "it is blue", "blue again"]
CLASSES = np.array([0, 0, 2, 2, 1, 1])


@pytest.fixture(scope="module")
def rows():
    """Six short texts of three classes."""
    counts = count([buckets(tokenise(text)) for text in TEXTS])
    return Weighting.learnt(counts).rows(counts)


def test_the_gradient_is_that_of_the_loss(rows):
    """Central differences in random directions agree to seven digits."""
    rng = np.random.default_rng(1)
    function = objective(rows, CLASSES, 3, 0.1)
    point = rng.normal(size=(rows.shape[1] + 1) * 3)
    _, gradient = function(point)

    for _ in range(10):
        way, step = rng.normal(size=point.shape), 1e-5
        slope = (function(point + step * way)[0] - function(point - step * way)[0]) / (2 * step)
        assert slope == pytest.approx(float(gradient @ way), rel=1e-6)


def test_the_fit_is_the_minimum(rows):
    """The gradient vanishes there, and every way from it is up."""
    rng = np.random.default_rng(2)
    function = objective(rows, CLASSES, 3, 0.1)

    best = minimise(function, np.zeros((rows.shape[1] + 1) * 3))

    value, gradient = function(best)
    assert np.abs(gradient).max() < 1e-4
    assert all(function(best + 0.01 * rng.normal(size=best.shape))[0] > value for _ in range(20))


def test_a_quadratic_is_solved():
    """Where the answer is known in closed form, it is found."""
    rng = np.random.default_rng(3)
    root = rng.normal(size=(12, 12))
    curved, wanted = root @ root.T + np.eye(12), rng.normal(size=12)

    def bowl(point):
        off = point - wanted
        return float(off @ curved @ off) / 2, curved @ off

    assert minimise(bowl, np.zeros(12)) == pytest.approx(wanted, abs=1e-3)


def test_classes_of_different_size_weigh_the_same():
    """With nothing to go by, each class is as likely, however many texts the majority has."""
    counts = count([[7]] * 12)
    rows = Weighting.learnt(counts).rows(counts)

    fitted = fit(rows, np.array([0] * 9 + [1] * 2 + [2]), 3, 0.01)

    assert fitted.probabilities(rows)[0] == pytest.approx([1 / 3] * 3, abs=1e-3)


def test_sparse_products_are_dense_ones(rows):
    """The two products of the sparse rows are those of the matrix written out."""
    rng = np.random.default_rng(4)
    dense = np.zeros(rows.shape)
    dense[rows.row, rows.column] = rows.value
    weights, errors = rng.normal(size=(rows.shape[1], 3)), rng.normal(size=(rows.shape[0], 3))

    assert rows.times(weights) == pytest.approx(dense @ weights)
    assert rows.transposed_times(errors) == pytest.approx(dense.T @ errors)


def test_rows_have_length_one_and_rare_features_are_dropped(rows):
    """*kind* and *rude* stand in one text each, so nothing is learnt of them."""
    lengths = np.sqrt(np.bincount(rows.row, rows.value**2, rows.shape[0]))

    assert lengths == pytest.approx(np.ones(len(TEXTS)))
    assert rows.shape == (6, 5)  # late, again, great, and, blue


def test_softmax_of_extreme_scores_is_finite():
    """No overflow, whatever the weights."""
    assert softmax(np.array([[1e4, -1e4, 0.0]])).tolist() == [[1.0, 0.0, 0.0]]
