"""Handing over: tasks and notes, which a system is given to keep.

Unlike a change they make something new, so each has a key by which it is found again: whatever
happens on the way, it stands there once.
"""

# ruff: noqa: RUF009 - Unsupported is frozen: a default that all may share

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from hub.core.contract.context import Configured, Context, Unsupported
from hub.core.contract.writing import RowResult
from hub.core.released import Released


@dataclass(frozen=True, slots=True)
class Task:
    """Work for a person about one customer, in the system that this person works in.

    Args:
        key: The hub's own name for it: lower-case letters, digits and ``-``, at most 64. The system
            keeps it, so that the task is found again and never stands there twice.
        native_id: The customer's record there.
        subject: One line.
        body: Why, and what is known; plain text.
        due_at: Until when it is to be done.
        owner: E-mail of who is to do it; None leaves that to the system.
        done: Whether the work is over. A task that is written again takes its new state.
    """

    key: str
    native_id: str
    subject: str
    body: str
    due_at: datetime
    owner: str | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """What staff are to know at a record, such as a ticket; the customer never sees it.

    Args:
        key: As of a :class:`Task`.
        native_id: The record there.
        body: Plain text.
    """

    key: str
    native_id: str
    body: str


Item = TypeVar("Item", Task, Note)


@dataclass(frozen=True, slots=True)
class Creator(Generic[Item]):
    """A kind of item that a system can be handed, each of which then stands there once.

    Args:
        stream: Stream whose records the items belong to; their source ids are the native ids.
        batch: Most items per call of ``write`` and ``find``.
        write: Creates them; one whose key is there already is updated. One bad item never sinks the
            others. ``RowResult.trace`` is the item's key, ``reference`` its native id.
        find: Native ids, by key, of those that are there: asked before anything whose outcome is
            unknown is sent again.
        provision: Creates what the system needs to keep the keys; returns the names it created.
    """

    stream: str
    batch: int
    write: Callable[[Context, Sequence[Released[Item]]], Sequence[RowResult]]
    find: Callable[[Context, Sequence[Item]], Mapping[str, str]]
    provision: Callable[[Context], Sequence[str]] | Unsupported = Unsupported(
        "the system keeps keys as it is"
    )


Offer = Creator[Item] | Unsupported
Offered = Configured[Offer[Item]]
"""What a system can be handed, or a function of the settings where they decide."""
