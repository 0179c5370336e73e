"""Training: from answers to a model that has to win before it is used."""

import io
import random

import numpy as np
import pytest

from hub.text.evaluation import difference, folds, quality
from hub.text.features import buckets, count
from hub.text.model import LABELS, TextModel
from hub.text.sentiment import Label
from hub.text.tokens import tokenise
from hub.text.training import Pair, TooFew, Trained, snapshot, train

THINGS = ("room", "breakfast", "bed", "pool", "view", "desk", "lift", "garden", "hall", "bar")
SAYINGS: dict[Label, tuple[str, ...]] = {
    # Words that the lexicon does not grade: what they mean is in the answers alone.
    "negative": ("damp", "mouldy", "creaking", "cramped"),
    "neutral": ("upstairs", "blue", "round", "wooden"),
    "positive": ("airy", "sunlit", "plush", "quiet"),
}


def hotel_answers(per_label: int, seed: int = 1, noise: float = 0.0) -> list[Pair]:
    """Comments of guests, in English; a share ``noise`` has somebody else's label."""
    chance = random.Random(seed)
    pairs = []
    for label, sayings in SAYINGS.items():
        for _ in range(per_label):
            first, second = chance.sample(THINGS, 2)
            comment = (
                f"The {first} was {chance.choice(sayings)} and the {second} was"
                f" {chance.choice(sayings)} on day {chance.randrange(30)}"
            )
            told = chance.choice(LABELS) if chance.random() < noise else label
            pairs.append(Pair(comment, told))
    return pairs


@pytest.fixture(scope="module")
def trained() -> Trained:
    """A model of 240 answers that the lexicon cannot read."""
    result = train("en", hotel_answers(80), fewest=100, trained_at="2026-01-01T00:00:00Z")
    assert isinstance(result, Trained)
    return result


def test_a_model_that_wins_is_promoted(trained):
    """The business's own words are learnt; the lexicon knows none of them."""
    card = trained.card

    assert card.promoted
    assert card.gain.low > 0
    assert card.model.macro_f1 > 0.9 > 0.3 > card.rival_quality.macro_f1
    assert (card.n, card.labels) == (240, {"negative": 80, "neutral": 80, "positive": 80})


def test_a_model_that_learns_nothing_is_not_promoted():
    """Where scores and words have nothing to do with each other, the lexicon stays."""
    chance = random.Random(5)
    pairs = [
        Pair(f"{chance.choice(THINGS)} {chance.choice(THINGS)} excellent", "positive")
        if at % 2
        else Pair(f"{chance.choice(THINGS)} {chance.choice(THINGS)} awful", "negative")
        for at in range(200)
    ]

    result = train("en", pairs, fewest=100, trained_at="")

    assert isinstance(result, Trained)
    assert result.card.rival_quality.accuracy == 1.0
    assert not result.card.promoted


def test_noise_alone_is_not_promoted():
    """Labels by lot: no interval excludes zero, for any of four draws."""
    results = [
        train("fr", hotel_answers(40, seed, noise=1.0), fewest=100, trained_at="")
        for seed in range(4)
    ]

    cards = [result.card for result in results if isinstance(result, Trained)]
    assert len(cards) == 4
    assert max(card.model.accuracy for card in cards) < 0.5
    assert not any(card.promoted for card in cards)


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        ([], "0 comments with a score, 100 are needed"),
        (hotel_answers(20), "60 comments with a score, 100 are needed"),
        ([p for p in hotel_answers(80) if p.label != "negative"], "0 negative comments, 20"),
    ],
    ids=["none", "few", "one-sided"],
)
def test_too_few_answers_are_insufficient_data(pairs, why):
    """Below the least there is no model and no number, but the count."""
    result = train("en", pairs, fewest=100, trained_at="")

    assert isinstance(result, TooFew)
    assert result.reason.startswith(why)


def test_the_order_of_answers_does_not_matter(trained):
    """Equal answers give equal bytes, card and all, in whatever order they are read."""
    pairs = hotel_answers(80)
    random.Random(9).shuffle(pairs)

    again = train("en", pairs, fewest=100, trained_at=trained.card.trained_at)

    assert isinstance(again, Trained)
    assert again.model.body == trained.model.body
    assert again.card == trained.card


def test_the_snapshot_changes_with_any_answer():
    """A card names exactly what was trained on."""
    pairs = hotel_answers(5)

    assert snapshot(pairs) == snapshot(reversed(pairs))
    assert snapshot(pairs) != snapshot(pairs[1:])
    assert snapshot(pairs) != snapshot([*pairs[1:], Pair(pairs[0].comment, "neutral")])


def test_equal_comments_share_a_fold():
    """What was seen in training is not what is tested on, however often it was written."""
    groups = [f"words {at % 40}" for at in range(400)]

    fold = folds(groups)

    assert all(len(set(fold[[g == group for g in groups]])) == 1 for group in set(groups))
    assert set(fold) == {0, 1, 2, 3, 4}


def test_copies_of_noise_are_not_learnt_by_heart():
    """One comment, 50 times with one label, teaches nothing about other comments."""
    lines = [f"{thing} number{at}" for at, thing in enumerate(THINGS)]
    pairs = [Pair(line, LABELS[0] if at % 2 else LABELS[2]) for at, line in enumerate(lines)] * 50

    result = train("fr", pairs, fewest=100, trained_at="")

    assert isinstance(result, Trained)
    assert not result.card.promoted


def test_a_stored_model_tells_the_same(trained):
    """What goes into the database comes out of it, number by number."""
    tokens = tokenise("The pool was mouldy and the bed was plush")

    read = TextModel.read(trained.model.body)

    assert read(tokens) == trained.model(tokens)
    assert (read.model_id, read.body) == (trained.model.model_id, trained.model.body)


def test_a_model_says_what_it_is_and_what_it_rests_on(trained):
    """Method with the model's hash, tested confidence, and the words that pulled."""
    text = "The pool was mouldy"

    told = trained.model(tokenise(text))

    assert told.label == "negative"
    assert told.polarity is not None
    assert -1 <= told.polarity < -0.3
    assert (told.confidence, told.method) == ("tested", f"model:en:{trained.model.model_id}@1")
    strongest = told.evidence[0]
    assert text[strongest.start : strongest.end] == "mouldy"
    assert strongest.weight < 0


def test_single_scores_are_those_of_the_fit(trained):
    """One text at a time and all at once are the same arithmetic."""
    texts = [pair.comment for pair in hotel_answers(10, seed=8)]
    rows = trained.model.weighting.rows(count([buckets(tokenise(text)) for text in texts]))
    chance = trained.model.coefficients.probabilities(rows)

    alone = [trained.model(tokenise(text)).polarity for text in texts]
    assert alone == pytest.approx((chance[:, 2] - chance[:, 0]).tolist())


def test_a_text_without_known_words_has_the_polarity_of_nothing(trained):
    """No word, no pull: classes weigh the same, so it is near zero, with no evidence."""
    told = trained.model(tokenise("zzz qqq"))

    assert told.evidence == ()
    assert told.polarity == pytest.approx(0.0, abs=0.2)


def test_a_stored_model_holds_no_words(trained):
    """Neither a rare word nor a common one, nor a name, can be read from the bytes."""
    with np.load(io.BytesIO(trained.model.body), allow_pickle=False) as held:
        kinds = {name: held[name].dtype.kind for name in held.files}

    assert {name for name, kind in kinds.items() if kind not in "uif"} == {"language"}


def test_a_pickle_is_refused():
    """A model from the database is data: what would run code when read is not read."""
    file = io.BytesIO()
    np.savez(file, version=np.array([print], dtype=object))

    with pytest.raises(ValueError, match="allow_pickle"):
        TextModel.read(file.getvalue())


def test_another_version_is_refused():
    """A model of features that are made no more would tell nonsense."""
    file = io.BytesIO()
    np.savez(file, version=np.array(0))

    with pytest.raises(ValueError, match="version 0, not 1"):
        TextModel.read(file.getvalue())


def test_quality_of_a_known_table():
    """Ten texts counted by hand: accuracy 7/10, F1 of 2/3, 2/3 and 4/5."""
    truth = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
    told = np.array([0, 0, 0, 1, 1, 1, 0, 2, 2, 0])

    found = quality(truth, told, 3)

    assert found.accuracy == pytest.approx(0.7)
    assert found.recall_negative == pytest.approx(3 / 4)
    assert found.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 4 / 5) / 3)


def test_the_interval_of_a_difference_covers_it():
    """In 60 draws with a true difference of zero, few intervals exclude it."""
    rng = np.random.default_rng(11)
    excluded = 0
    for _ in range(60):
        truth = rng.integers(0, 3, 120)
        one, other = (np.where(rng.random(120) < 0.7, truth, rng.integers(0, 3, 120)) for _ in "ab")
        found = difference(truth, one, other, [str(at) for at in range(120)], 3)
        assert found.low <= found.value <= found.high
        excluded += found.low > 0 or found.high < 0

    assert excluded <= 8
