"""Stopping on request: a first SIGINT or SIGTERM is a wish, a second one ends the process.

The second one waits for no thread: whatever is durable stays, the rest is rolled back by the
database, and the process's leases are free at once, as after a kill.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Never

from hub.core.errors import EXIT_INTERRUPTED, Stopping

_TOLD = b"\nstopping after the page in hand; once more stops at once\n"
_ENDED = b"\ninterrupted at once; what was committed stays, the next run goes on there\n"
_SHOW_CURSOR = b"\x1b[?25h"
"""A progress bar hides it."""


@contextmanager
def first_signal(tell: Callable[[int], None]) -> Iterator[None]:
    """Hands the first SIGTERM or SIGINT to ``tell``; a second one ends the process at once."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}

    def first(number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, _end)
        tell(number)

    for each in before:
        signal.signal(each, first)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _end(_number: int, _frame: FrameType | None) -> Never:
    """Leave without unwinding: an exception would first wait for every thread pool."""
    os.write(2, (_SHOW_CURSOR if os.isatty(2) else b"") + _ENDED)
    os._exit(EXIT_INTERRUPTED)


@contextmanager
def leaving_off() -> Iterator[Callable[[], None]]:
    """A function for the work to call between two steps: it raises if the admin wants to stop.

    Raises:
        KeyboardInterrupt: At the end of a block that was left off.
    """
    wanted = threading.Event()

    def tell(_number: int) -> None:
        wanted.set()
        os.write(2, _TOLD)  # not a print: the signal may have come in the middle of one

    def leave() -> None:
        if wanted.is_set():
            raise Stopping("stopped on request; the next run goes on from the checkpoint")

    with first_signal(tell), suppress(Stopping):
        yield leave
    if wanted.is_set():
        raise KeyboardInterrupt
