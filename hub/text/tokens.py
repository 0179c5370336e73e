"""Words of a text with their places.

One tokeniser serves every part of the room, so that evidence always points into the same text.
Offsets count characters of the text as given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
      (?:https?://|www\.)\S+ | [^\s@]{1,64}@[^\s@]{1,255}\.\w+   # an address
    | @\w+                                              # a name in social media
    | [^\W_]+(?:['’][^\W\d_]+)*                         # a word, isn't it
    | [:;=]-?[)(D/|P] | <3                              # a face made of signs
    | [\u2600-\u27bf\U0001f300-\U0001faff]              # a pictured one
    | [!?]+
    """,
    re.VERBOSE,
)
_CLAUSE_ENDS = re.compile(r"[.,;:!?\n()\[\]–—/]")
_JOINING = frozenset({"but", "and", "however", "although", "though", "whereas", "while", "yet"})

LINK, NAME, NUMBER = "<link>", "<name>", "<number>"
"""Stand-ins for what must not be learnt: addresses, people's handles, numbers."""


class Token(NamedTuple):
    """A word, number, mark or face; ``form`` is lower-case with straight apostrophes."""

    form: str
    start: int
    end: int


def tokenise(text: str) -> list[Token]:
    """The tokens of ``text`` in order.

    >>> [token.form for token in tokenise("It’s late, AGAIN! :( write to me@example.org")]
    ["it's", 'late', 'again', '!', ':(', 'write', 'to', '<link>']
    """
    return [Token(_form(m.group()), m.start(), m.end()) for m in _TOKEN.finditer(text)]


def _form(found: str) -> str:
    if found.isalpha():
        return found.lower()
    if found[0] == "@":
        return NAME
    if "@" in found or "://" in found or found.startswith("www."):
        return LINK
    return found.lower().replace("’", "'")


def masked(form: str) -> str:
    """``form`` with numbers and what contains them made alike, since they identify people.

    >>> masked("85123a"), masked("late")
    ('<number>', 'late')
    """
    return form if form.isalpha() or not any(map(str.isdigit, form)) else NUMBER


def is_word(token: Token) -> bool:
    """Whether the token is made of letters: no number, mark, face or stand-in."""
    return token.form.replace("'", "").isalpha()


def clauses(text: str, tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The tokens in runs that state one thing: cut at punctuation and at words such as *but*.

    >>> text = "Slow delivery, but the staff was kind."
    >>> [[token.form for token in clause] for clause in clauses(text, tokenise(text))]
    [['slow', 'delivery'], ['but', 'the', 'staff', 'was', 'kind']]
    """
    start = 0
    for at in range(1, len(tokens)):
        gap = text[tokens[at - 1].end : tokens[at].start]
        if tokens[at].form in _JOINING or _CLAUSE_ENDS.search(gap):
            yield tokens[start:at]
            start = at
    if tokens:
        yield tokens[start:]
