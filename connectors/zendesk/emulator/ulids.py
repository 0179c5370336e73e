"""Ids of survey responses: 26 letters, of which the first ten tell when the survey was offered.

Source: the ULID specification, github.com/ulid/spec.
"""

from __future__ import annotations

from datetime import datetime

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME, _REST = 10, 16


def ulid(at: datetime, number: int) -> str:
    """The id of something made ``at``, told apart by ``number``.

    >>> from datetime import UTC
    >>> ulid(datetime(2024, 7, 3, 10, 6, tzinfo=UTC), 1)
    '01J1W0XRT00000000000000001'
    """
    millis = round(at.timestamp() * 1000)
    return _encoded(millis, _TIME) + _encoded(number, _REST)


def millis_of(name: str) -> int:
    """Milliseconds since 1970 at which the bearer of the id was made."""
    millis = 0
    for letter in name[:_TIME]:
        millis = millis * 32 + _LETTERS.index(letter)
    return millis


def _encoded(number: int, length: int) -> str:
    letters = []
    for _ in range(length):
        number, rest = divmod(number, 32)
        letters.append(_LETTERS[rest])
    return "".join(reversed(letters))
