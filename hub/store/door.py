"""One open store for all in this process that need one at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.store.engine import Store


class Door:
    """Opens a store for the first who goes through, and closes it behind the last.

    Two stores on one SQLite file would wait for each other in its busy loop; one has a queue.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._store: Store | None = None

    @contextmanager
    def ajar(self, open_store: Callable[[], Store]) -> Iterator[Callable[[], Store]]:
        """A way to the store, valid in this block; nothing is opened until it is taken."""
        with self._lock:
            self._inside += 1

        def enter() -> Store:
            with self._lock:
                if self._store is None:
                    self._store = open_store()
                return self._store

        try:
            yield enter
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside and self._store is not None:
                    self._store.close()
                    self._store = None
