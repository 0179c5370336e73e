"""Labelled tweets that others labelled: the room's claims, on texts it was not written on."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from pathlib import Path
from statistics import fmean

import pytest

from hub.text.emotions import Feeling, emotions
from hub.text.evaluation import quality
from hub.text.features import Ints
from hub.text.model import LABELS
from hub.text.training import Corpus, Pair, Trained, train

SHARED = Path(os.environ.get("CXHUB_SHARED", Path(__file__).parents[4] / "shared"))
TWEETS = SHARED / "datasets" / "text" / "airline_sentiment_min.csv"
EVERY = 8
"""Of eight tweets one is taken; benchmarks/text_sentiment.py takes all."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared,
    pytest.mark.skipif(not TWEETS.exists(), reason="the shared data sets are not here"),
]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """1,830 tweets with sentiment and airline."""
    with TWEETS.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))[::EVERY]


@pytest.fixture(scope="module")
def pairs(rows: list[dict[str, str]]) -> list[Pair]:
    """The tweets as labelled comments."""
    labels = [LABELS[LABELS.index(row["airline_sentiment"])] for row in rows]
    return [Pair(row["text"], label) for row, label in zip(rows, labels, strict=True)]


@pytest.fixture(scope="module")
def corpus(pairs: list[Pair]) -> Corpus:
    """The tweets, counted."""
    return Corpus.of(pairs)


@pytest.fixture(scope="module")
def told(corpus: Corpus) -> Ints:
    """What models say of tweets that they have not seen."""
    return corpus.cross_validated()


def test_the_lexicon_beats_what_a_known_one_was_measured_at(corpus: Corpus):
    """0.577 macro-F1 is a known lexicon with a list of service words (METRICS, section 4)."""
    found = quality(corpus.truth, corpus.by_rival("en"), len(LABELS))

    print(found)
    assert found.macro_f1 > 0.577


def test_a_trained_model_is_promoted_over_the_lexicon(pairs: list[Pair]):
    """On tweets that neither has seen, by an interval that excludes zero."""
    result = train("en", pairs, fewest=100, trained_at="")

    assert isinstance(result, Trained)
    print(result.card.model, result.card.gain)
    assert result.card.promoted
    assert result.card.model.accuracy > 0.75


def test_shares_by_group_are_near_the_labelled_ones(
    rows: list[dict[str, str]], corpus: Corpus, told: Ints
):
    """Negative share per airline: told and labelled differ by a few points on average."""
    groups = defaultdict(list)
    for row, label, guess in zip(rows, corpus.truth == 0, told == 0, strict=True):
        groups[row["airline"]].append((bool(label), bool(guess)))

    off = {
        airline: abs(fmean(label for label, _ in each) - fmean(guess for _, guess in each))
        for airline, each in groups.items()
        if len(each) > 100
    }

    print({airline: round(gap, 3) for airline, gap in off.items()})
    assert len(off) >= 5
    assert fmean(off.values()) < 0.05


@pytest.mark.parametrize(
    ("feelings", "label", "least"),
    [
        ({"angry", "frustrated", "disappointed"}, "negative", 0.85),
        ({"grateful", "delighted"}, "positive", 0.5),
    ],
    ids=["bad feelings", "good feelings"],
)
def test_named_feelings_agree_with_the_labels(
    pairs: list[Pair], corpus: Corpus, feelings: set[Feeling], label: str, least: float
):
    """Tweets that name a feeling are labelled as such far more often than others."""
    named = [
        pair.label == label
        for pair, tokens in zip(pairs, corpus.tokens, strict=True)
        if feelings & {found.feeling for found in emotions(tokens)}
    ]
    base = fmean(pair.label == label for pair in pairs)

    print(f"{label}: {fmean(named):.3f} of {len(named)}, {base:.3f} of all")
    assert fmean(named) >= least > base
