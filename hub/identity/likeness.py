"""When two values are so alike that one is probably a slip of the other."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_SHORTEST: Final = 4
_LONG: Final = 8


@lru_cache(1 << 17)
def near(a: str, b: str) -> bool:
    """Whether ``a`` and ``b`` differ in one place only: one letter, two when they are long.

    One insertion, deletion, replacement or transposition. Words under four letters are too short
    to tell a slip from another word.

    >>> near("keeton", "keaton"), near("halsoley", "haslsoly"), near("jon", "joe")
    (True, False, False)
    """
    shorter = min(len(a), len(b))
    if shorter < _SHORTEST or abs(len(a) - len(b)) > 2:
        return False
    x, y = _without_common_start(a, b)
    x, y = _without_common_start(x[::-1], y[::-1])
    if x == y[::-1] and len(x) == 2:
        return True
    return max(len(x), len(y)) <= (2 if shorter >= _LONG else 1)


def _without_common_start(a: str, b: str) -> tuple[str, str]:
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
    start = min(len(a), len(b)) if start is None else start
    return a[start:], b[start:]


def near_number(a: str, b: str) -> bool:
    """Whether two numbers of one length differ by one digit or by two neighbours swapped.

    >>> near_number("+61412000001", "+61412000010"), near_number("+61412000001", "+6141200000")
    (True, False)
    """
    if len(a) != len(b):
        return False
    places = [i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]
    if len(places) == 2:
        first, second = places
        return second - first == 1 and a[first] == b[second] and a[second] == b[first]
    return len(places) == 1


def near_date(a: str, b: str) -> bool:
    """Whether two ISO dates differ by one digit, two swapped digits, or day against month.

    >>> near_date("1984-03-12", "1984-12-03"), near_date("1984-03-12", "1984-03-21")
    (True, True)
    >>> near_date("1984-03-12", "1985-04-12")
    False
    """
    month_against_day = a[:4] == b[:4] and a[5:7] == b[8:] and a[8:] == b[5:7]
    return month_against_day or near_number(a, b)


def years_apart(a: str, b: str) -> int:
    """Whole years between two ISO dates' years."""
    return abs(int(a[:4]) - int(b[:4]))
