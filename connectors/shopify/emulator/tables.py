"""The shop's search index: records of one kind, kept sorted under every order they are asked in.

Connections are slices of those lists, found by bisection, so that a page costs what it returns
however many records there are.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

Entry = tuple[Any, int]
"""Sort value and record number: what a cursor points at."""
Facts = Mapping[str, Any]
"""What search knows of a record, by the names of the search syntax."""


class Kept(Protocol):
    """A record that a table can hold."""

    number: int


R = TypeVar("R", bound=Kept)


class Table(Generic[R]):
    """All records of one kind.

    Args:
        facts: What search knows of a record.
        orders: Sort key to the fact that it sorts by.
        lag: Seconds until search shows a change.
    """

    def __init__(
        self, facts: Callable[[R], Facts], orders: Mapping[str, str], lag: float = 0.0
    ) -> None:
        self.records: dict[int, R] = {}
        self.orders = orders
        self._facts = facts
        self._lag = timedelta(seconds=lag)
        self._sorted: dict[str, list[Entry]] = {fact: [] for fact in orders.values()}
        self._shown: dict[int, Facts] = {}
        self._due: deque[tuple[datetime, int]] = deque()
        self._highest = 0

    def put(self, record: R, now: datetime | None = None) -> None:
        """Keep a new or changed record; without ``now``, search shows it at once."""
        self.records[record.number] = record
        self._highest = max(self._highest, record.number)
        if now is None or not self._lag:
            self._index(record.number)
        else:
            self._due.append((now + self._lag, record.number))

    def remove(self, number: int) -> R:
        """The record, which is gone now."""
        self._forget(number)
        return self.records.pop(number)

    def next_number(self) -> int:
        """A number that no record has had."""
        self._highest += 1
        return self._highest

    def settle(self, now: datetime) -> None:
        """Let search catch up with what is due."""
        while self._due and self._due[0][0] <= now:
            _, number = self._due.popleft()
            if number in self.records:
                self._index(number)

    def lose(self, number: int) -> None:
        """Let search lose sight of a record, until it changes or is found again."""
        self._forget(number)

    def find(self, number: int) -> None:
        """Let search see a record again, as it is now."""
        self._index(number)

    def shown(self, number: int) -> Facts:
        """What search shows of a record, which may lag behind it."""
        return self._shown[number]

    def sorted_by(self, fact: str) -> list[Entry]:
        """Every record that search shows, sorted by a fact that some order sorts by."""
        return self._sorted[fact]

    def sorted_among(self, numbers: Iterable[int], fact: str) -> list[Entry]:
        """Those of some records that search shows, sorted by a fact."""
        shown = ((self._shown.get(number), number) for number in numbers)
        return sorted((facts[fact], number) for facts, number in shown if facts is not None)

    def in_order(self) -> Iterator[R]:
        """Every record by ascending number."""
        return (self.records[number] for number in sorted(self.records))

    def _index(self, number: int) -> None:
        self._forget(number)
        facts = self._facts(self.records[number])
        self._shown[number] = facts
        for fact, entries in self._sorted.items():
            insort(entries, (facts[fact], number))

    def _forget(self, number: int) -> None:
        facts = self._shown.pop(number, None)
        if facts is None:
            return
        for fact, entries in self._sorted.items():
            del entries[bisect_left(entries, (facts[fact], number))]
