"""What goes into one request, where a system takes so many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_batches(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    """``items`` in the order given, ``size`` at a time.

    >>> list(in_batches("abcde", 2))
    ['ab', 'cd', 'e']
    """
    return (items[start : start + size] for start in range(0, len(items), size))
