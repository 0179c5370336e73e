"""Order, invoice and booking numbers in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_CODE = r"[A-Z]{0,6}-?\d[A-Z0-9]*(?:-[A-Z0-9]+)*"
_NUMBER = re.compile(
    rf"""\b(?:order|invoice|receipt|booking|reservation|reference|ref|case|ticket)s?\b
         (?:\s+(?:number|num|no|nr|id|is|was))*[\s.:]*\#?\s*(?P<named>{_CODE})(?![\w.,]*\d)
       | (?<![\w&])\#\s?(?P<marked>{_CODE})(?!\w)""",
    re.VERBOSE | re.IGNORECASE,
)
SHORTEST = 3
"""Characters below which a number is a quantity or a place in a list."""


def find(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and number, upper case, of what is called an order or marked with ``#``.

    >>> [number for _, _, number in find("Order no. so-10023 and #1001, both of order 2 items")]
    ['SO-10023', '1001']
    """
    for match in _NUMBER.finditer(text):
        group = "named" if match["named"] else "marked"
        if len(match[group]) >= SHORTEST:
            yield match.start(group), match.end(group), match[group].upper()
