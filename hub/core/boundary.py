"""Named points between two durable steps: where a crash is most interesting.

The fault harness installs a listener that kills the process at one of them; in production nothing
listens. ``docs/reference/boundaries.md`` lists what holds when the process dies at each. The
moment between a request's effect and its response is the emulator's to choose, not ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

Boundary = Literal[
    "page fetched",
    "page committed",
    "leaf sequenced",
    "component committed",
    "party committed",
    "metrics committed",
    "risk committed",
    "cases committed",
    "themes committed",
    "profile committed",
    "plan written",
    "outbox claimed",
    "response received",
    "receipt committed",
    "handover claimed",
    "handover answered",
    "handover committed",
    "checkpoint pruned",
]
BOUNDARIES: tuple[Boundary, ...] = get_args(Boundary)

_listener: Callable[[Boundary], None] | None = None


def listen(listener: Callable[[Boundary], None] | None) -> None:
    """Installs what is called at every boundary; None removes it."""
    global _listener
    _listener = listener


def reached(boundary: Boundary) -> None:
    """Marks that the step before ``boundary`` is over and the next has not begun."""
    if _listener is not None:
        _listener(boundary)
