"""The thread pool: single flight per name, bounded, and a stop that does not wait for ever."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from hub.executors.embedded import Embedded

PATIENCE = 10.0


class Gate:
    """Work that shows when it began and goes on when it is told to."""

    def __init__(self) -> None:
        self.began = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.done: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def work(self, name: str) -> None:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        self.began.release()
        assert self.go_on.acquire(timeout=PATIENCE)
        with self._lock:
            self.at_once -= 1
            self.done[name] += 1


def test_a_name_that_is_at_work_is_not_begun_a_second_time() -> None:
    """However often its schedule comes round, it is done once more afterwards, not in parallel."""
    gate = Gate()
    executor = Embedded(4, gate.work)

    executor.submit("crm")
    assert gate.began.acquire(timeout=PATIENCE)
    for _ in range(5):
        executor.submit("crm")
    gate.go_on.release()
    assert gate.began.acquire(timeout=PATIENCE)
    gate.go_on.release()

    assert executor.stop(PATIENCE)
    assert (gate.done, gate.most_at_once) == (Counter(crm=2), 1)


def test_names_are_worked_on_side_by_side_up_to_the_number_of_workers() -> None:
    """Further names wait their turn and are not forgotten."""
    gate = Gate()
    executor = Embedded(2, gate.work)

    for name in ("a", "b", "c"):
        executor.submit(name)
    for _ in range(2):
        assert gate.began.acquire(timeout=PATIENCE)
    gate.go_on.release(3)
    assert gate.began.acquire(timeout=PATIENCE)

    assert executor.stop(PATIENCE)
    assert (gate.done, gate.most_at_once) == (Counter("abc"), 2)


def test_a_stopping_executor_begins_nothing_more() -> None:
    """Neither what is asked for afterwards, nor what waited, nor what was asked for again."""
    gate = Gate()
    executor = Embedded(1, gate.work)
    executor.submit("running")
    assert gate.began.acquire(timeout=PATIENCE)
    executor.submit("running")
    executor.submit("waiting")

    ended_at_once = executor.stop(0)
    executor.submit("late")
    gate.go_on.release(4)

    assert not ended_at_once
    assert executor.stop(PATIENCE)
    assert gate.done == Counter(running=1)


def failing_once(then: Callable[[], None]) -> Callable[[str], None]:
    """Work that raises the first time."""
    calls = iter([False, True])

    def work(_: str) -> None:
        if not next(calls):
            raise ZeroDivisionError
        then()

    return work


def test_a_defect_does_not_end_the_schedule_of_a_name(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the next slot is tried."""
    again = threading.Event()
    executor = Embedded(1, failing_once(again.set))

    executor.submit("crm")
    executor.submit("crm")
    while not again.wait(0.01):  # the second may have been merged with the first
        executor.submit("crm")

    assert executor.stop(PATIENCE)
    assert "crm: the scheduler failed" in caplog.text
