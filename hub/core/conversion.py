"""Plain values into declared types, from many threads at once.

msgspec keeps what it learns about a type on the type itself, before it is through: a second thread
that meets the type just then crashes the whole process (msgspec 0.22.0). So every type is learnt
once, by one thread at a time; afterwards nobody waits.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_learning = Lock()
_learnt: set[Any] = set()


def convert(value: object, kind: type[T], *, strict: bool = True) -> T:
    """``value`` as a ``kind``.

    Args:
        value: What JSON or a database gave: dicts, lists, texts, numbers.
        kind: A struct, or a type that is made of structs.
        strict: Whether ``"1"`` is no number.

    Raises:
        msgspec.ValidationError: If it does not fit; the message names the path.

    >>> convert([1, 2], tuple[int, ...])
    (1, 2)
    """
    _learn(kind)
    return msgspec.convert(value, kind, strict=strict)


def from_json(data: bytes | str, kind: type[T]) -> T:
    """The JSON of ``data`` as a ``kind``.

    Raises:
        msgspec.DecodeError: If it is no JSON.
        msgspec.ValidationError: If it does not fit; the message names the path.

    >>> from_json(b"[1, 2]", tuple[int, ...])
    (1, 2)
    """
    _learn(kind)
    return msgspec.json.decode(data, type=kind)


def _learn(kind: Any) -> None:
    if kind not in _learnt:
        with _learning:
            msgspec.json.Decoder(kind)
            _learnt.add(kind)
