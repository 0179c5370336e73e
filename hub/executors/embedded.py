"""Scheduled runs on threads of this process: as many as ``[schedules].workers``, one per name."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_log = logging.getLogger(__name__)


class Embedded:
    """Threads that do the work of a name, never two at once for the same name.

    Args:
        workers: How many names are worked on at the same time; further ones wait their turn.
        work: Called with the name; what it could not do, it reports itself.
    """

    def __init__(self, workers: int, work: Callable[[str], None]) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="slot")
        self._work = work
        self._changed = threading.Condition()
        self._asked: dict[str, bool] = {}  # name in hand → whether it is to be worked on (again)
        self._stopping = False

    def submit(self, name: str) -> None:
        """Have the work of ``name`` done; if it is in hand, it is done once more afterwards."""
        with self._changed:
            if self._stopping:
                return
            new = name not in self._asked
            self._asked[name] = True
            if new:
                self._pool.submit(self._run, name)

    def stop(self, grace: float) -> bool:
        """Begin nothing more; whether all that was in hand ended within ``grace`` seconds."""
        with self._changed:
            self._stopping = True
            ended = self._changed.wait_for(lambda: not self._asked, timeout=grace)
        self._pool.shutdown(wait=ended)
        return ended

    def _run(self, name: str) -> None:
        while self._is_wanted(name):
            try:
                self._work(name)
            except Exception:  # noqa: BLE001 - nobody is above a thread; its schedule must go on
                _log.exception("%s: the scheduler failed; it goes on with the next slot", name)

    def _is_wanted(self, name: str) -> bool:
        with self._changed:
            wanted = self._asked[name] and not self._stopping
            if wanted:
                self._asked[name] = False
            else:
                del self._asked[name]
                self._changed.notify_all()
            return wanted
