"""Finding listed phrases in tokens: the longest at each place, singular and plural alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from hub.text.tokens import Token, tokenise

T = TypeVar("T")


class Match(NamedTuple, Generic[T]):
    """A phrase that was found: tokens ``first`` to before ``end``, and what it stands for."""

    first: int
    end: int
    value: T


class Phrases(Generic[T]):
    """A list of phrases, ready to be looked for.

    Args:
        entries: Phrase and what it stands for; of equal phrases the first one counts.

    >>> places = Phrases([("call centre", "support"), ("centre", "store")])
    >>> [match.value for match in places.find(tokenise("Two call centres, one centre"))]
    ['support', 'store']
    """

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        index: dict[str, dict[tuple[str, ...], T]] = defaultdict(dict)
        for phrase, value in entries:
            forms = tuple(singular(token.form) for token in tokenise(phrase))
            if forms:
                index[forms[0]].setdefault(forms, value)
        self._index = {
            first: sorted(found.items(), key=lambda item: -len(item[0]))
            for first, found in index.items()
        }

    def find(self, tokens: Sequence[Token]) -> Iterator[Match[T]]:
        """Every phrase that occurs, in order, without overlap."""
        forms = tuple(singular(token.form) for token in tokens)
        at = 0
        while at < len(forms):
            for phrase, value in self._index.get(forms[at], ()):
                if forms[at : at + len(phrase)] == phrase:
                    yield Match(at, at + len(phrase), value)
                    at += len(phrase) - 1
                    break
            at += 1


def singular(form: str) -> str:
    """``form`` without a plural *s*; short words and *ss* keep theirs.

    >>> singular("bags"), singular("gas"), singular("glass")
    ('bag', 'gas', 'glass')
    """
    return form[:-1] if len(form) > 3 and form[-1] == "s" and form[-2] != "s" else form
