"""The lexicon: what it grades, what it turns, and what it does not claim."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.text.annotation import annotate
from hub.text.entities import catalogue
from hub.text.lexicon import NEGATIONS, PHRASES, WORDS
from hub.text.reading import Models
from hub.text.sentiment import LEXICON, by_lexicon
from hub.text.tokens import tokenise


def polarity(text: str) -> float:
    found = by_lexicon(tokenise(text)).polarity
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Excellent, thank you!", "positive"),
        ("It broke after a day and nobody replies", "negative"),
        ("Please fix the date on my booking, effective immediately", "neutral"),
        ("Not bad", "positive"),
        ("not good at all", "negative"),
        ("My order has not arrived", "negative"),
        ("no problem", "positive"),
        ("I can't wait to try it", "positive"),
        ("on hold again", "negative"),
        ("👎", "negative"),
        ("table 42", "neutral"),
    ],
)
def test_labels(text, label):
    """Words, phrases, negations and faces as customers use them of a service."""
    assert by_lexicon(tokenise(text)).label == label


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ("helpful", "very helpful"),
        ("late", "slightly late"),
        ("good", "excellent"),
        ("nice but slow", "nice"),
        ("nice but slow", "slow but nice"),
    ],
)
def test_degree_and_order_count(worse, better):
    """More praise is more, less blame is better, and after *but* comes what is meant."""
    assert polarity(worse) < polarity(better)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(sorted(WORDS) + sorted(NEGATIONS)), max_size=30))
def test_polarity_is_bounded_and_evidence_adds_up(words):
    """-1..1 always, zero exactly when nothing speaks, and its sign is that of the evidence."""
    found = by_lexicon(tokenise(" ".join(words)))

    total = sum(span.weight for span in found.evidence)
    assert found.polarity is not None
    assert -1 < found.polarity < 1
    assert (found.polarity > 1e-9) == (total > 1e-9)
    assert (found.method, found.confidence) == (LEXICON, "low")


def test_every_entry_can_be_found():
    """An entry that the tokeniser never makes would stand there for nothing."""
    entries = {*WORDS, *NEGATIONS, *(word for phrase in PHRASES for word in phrase)}

    made = {entry: [token.form for token in tokenise(entry.upper())] for entry in entries}
    assert {entry: forms for entry, forms in made.items() if forms != [entry]} == {}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Das Paket ist nicht gut und der Service ist schlecht", "de"),
        ("Twój produkt jest naprawdę bardzo dobry, dziękuję wam serdecznie", "unknown"),
        ("", "unknown"),
    ],
)
def test_without_a_lexicon_or_model_there_is_no_number(text, language):
    """English words found in another language would be made up."""
    told = annotate(text, Models(), catalogue([]))

    assert told.language == language
    assert (told.sentiment.polarity, told.sentiment.label) == (None, "unknown")
    assert (told.sentiment.confidence, told.sentiment.method) == ("none", "none")
