"""Tokens: where they are, and what is hidden of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.text.tokens import clauses, masked, tokenise


@settings(max_examples=50)
@given(st.text(max_size=200))
def test_tokens_lie_in_the_text_in_order(text):
    """Whatever a customer types, each token is a piece of it, after the one before."""
    tokens = tokenise(text)

    ends = [0, *(token.end for token in tokens)]
    assert all(token.start >= end for token, end in zip(tokens, ends, strict=False))
    assert all(text[token.start : token.end] for token in tokens)


@given(st.text(alphabet="ab .,!\nbut", max_size=60))
def test_clauses_hold_every_token_once(text):
    """Cutting loses and doubles nothing."""
    tokens = tokenise(text)

    assert [token for clause in clauses(text, tokens) for token in clause] == tokens


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("DON’T", ["don't"]),
        ("see www.example.org/a?b=c now", ["see", "<link>", "now"]),
        ("ada@example.org wrote", ["<link>", "wrote"]),
        ("@ada :-( 👍", ["<name>", ":-(", "👍"]),
        ("price: 12", ["price", "12"]),
    ],
)
def test_forms(text, forms):
    """Apostrophes are straight, addresses and handles are stood in for, faces stay."""
    assert [token.form for token in tokenise(text)] == forms


@pytest.mark.parametrize("form", ["85123a", "0412345678", "4111"])
def test_numbers_are_masked(form):
    """A number may be a card, a phone or an order: a model learns that there was one."""
    assert masked(form) == "<number>"


@pytest.mark.parametrize("text", ["a" * 100_000, "a+" * 50_000, "@a" * 50_000, "1,234" * 20_000])
def test_a_text_without_spaces_is_read_in_one_pass(text):
    """A pasted attachment takes as long as its length, not its square (it would take minutes)."""
    assert tokenise(text)
