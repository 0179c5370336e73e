"""The front door: one text in, everything about it out, the same every time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.text.annotation import annotate
from hub.text.aspects import aspect_phrases
from hub.text.entities import catalogue
from hub.text.reading import Models, sentiment_of
from hub.text.sentiment import LEXICON
from hub.text.tokens import tokenise
from hub.text.training import Trained, train
from tests.unit.text.conftest import TODAY
from tests.unit.text.test_training_text import hotel_answers

READ_WITH = Models()


def test_one_text_with_everything(shop):
    """Language, sentiment with its method, aspects, feelings, entities, keyphrases."""
    text = (
        "I am disappointed: the Merino Throw for $89 arrived torn, but the staff at your store"
        " was very friendly."
    )

    told = annotate(text, Models(), shop, TODAY)

    assert told.language == "en"
    assert told.sentiment.method == LEXICON
    assert {(found.name, found.label) for found in told.aspects} >= {
        ("staff", "positive"),
        ("store", "positive"),
    }
    assert [text[found.start : found.end] for found in told.emotions] == ["disappointed"]
    assert [(found.kind, found.value) for found in told.entities] == [
        ("product", "Merino Throw"),
        ("money", "8900 AUD"),
    ]
    assert "arrived torn" in told.keyphrases


@settings(max_examples=50)
@given(st.text(max_size=300))
def test_any_text_has_an_annotation_and_only_one(text):
    """No text stops the pipeline, and a second look says the same."""
    known = catalogue([])

    told = annotate(text, READ_WITH, known, TODAY)

    assert annotate(text, READ_WITH, known, TODAY) == told
    assert sentiment_of(text, READ_WITH) == told.sentiment


def test_an_own_aspect_adds_and_replaces(shop):
    """A hotel speaks of rooms; where it says what *staff* means, the default is gone."""
    own = Models(aspects=aspect_phrases({"room": ["room", "bed"], "staff": ["concierge"]}))

    told = annotate("dirty room, kind concierge, rude waiter, slow delivery", own, shop)

    assert [(found.name, found.label) for found in told.aspects] == [
        ("room", "negative"),
        ("staff", "positive"),
        ("delivery", "negative"),
    ]
    assert not annotate("the staff", own, shop).aspects


def test_feelings_of_another_language_are_unknown(shop):
    """The list of feelings is English; nothing is said about German texts."""
    told = annotate("Ich bin nicht happy mit dem Paket und der Service ist es auch", Models(), shop)

    assert (told.language, [found.feeling for found in told.emotions]) == ("de", ["unknown"])


@pytest.mark.parametrize("secret", ["4111 1111 1111 1111", "ada@example.org", "@ada_l"])
def test_no_keyphrase_holds_what_names_a_person(shop, secret):
    """Numbers, addresses and handles part phrases; they never are one."""
    told = annotate(f"stolen card {secret} blocked account", Models(), shop)

    assert told.keyphrases == ("stolen card", "blocked account")


@pytest.mark.parametrize(
    ("language", "answer", "confidence", "method"),
    [
        ("en", True, "tested", "model:"),
        ("en", False, "low", "lexicon:"),
        ("fr", True, "tested", "model:"),
        ("fr", False, "low", "model:"),
        ("de", True, "none", "none"),
    ],
)
def test_a_model_is_trusted_with_what_it_was_tested_on(language, answer, confidence, method):
    """It learnt from answers: tickets are read by the lexicon, or by it with low confidence."""
    trained = train("en", hotel_answers(40), fewest=100, trained_at="")
    assert isinstance(trained, Trained)
    models = Models({"en": trained.model, "fr": trained.model})

    told = models.scorer(language, answer=answer)(tokenise("The pool was mouldy"))

    assert told.confidence == confidence
    assert told.method.startswith(method)
