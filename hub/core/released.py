"""``Released[T]``: the only form in which a value leaves the hub.

A writer's signature takes ``Released[T]``, so a plain value does not type-check there; and only the
privacy gate holds the key that makes one, so a value that nobody released does not exist at run
time either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T", covariant=True)


class ReleaseKey:
    """What the gate shows to release a value. There is one, made by :func:`claim_release_key`."""

    __slots__ = ()


_keys: list[ReleaseKey] = []


def claim_release_key(owner: str) -> ReleaseKey:
    """The key, for ``hub.privacy.gate`` alone.

    Raises:
        PermissionError: If any other module asks.
    """
    if owner != "hub.privacy.gate":
        raise PermissionError(f"{owner} may not release values; go through hub.privacy.gate")
    if not _keys:
        _keys.append(ReleaseKey())
    return _keys[0]


@dataclass(frozen=True, slots=True)
class Released(Generic[T]):
    """A value that passed the gate, with the decision that let it through.

    Args:
        value: What may leave.
        decision: Id of the recorded gate decision; disclosure log and receipts point at it.
        key: Proof that the gate made this.

    Raises:
        PermissionError: If ``key`` is not the gate's.
    """

    value: T
    decision: str
    key: ReleaseKey

    def __post_init__(self) -> None:
        if not any(self.key is held for held in _keys):
            raise PermissionError("only hub.privacy.gate releases values")

    def __repr__(self) -> str:
        return f"Released(decision={self.decision!r})"
