"""The hand-over between stages: nothing that was marked is lost, and nothing is done twice."""

from __future__ import annotations

import pytest

from hub.store import dirty
from hub.store.engine import Store


def mark(store: Store, *keys: str, seq: int | None = None) -> int:
    """Marks for the golden stage, in a transaction of their own; returns its number."""
    number = dirty.sequence(store) if seq is None else seq
    with store.write() as connection:
        dirty.mark(connection, "golden", keys, cause="test", seq=number)
    return number


def waiting(store: Store) -> list[str]:
    with store.read() as connection:
        return [found.key for found in dirty.waiting(connection, "golden", 100)]


def test_what_was_done_is_off_the_queue(store: Store) -> None:
    """In key order, up to the limit; the rest waits."""
    mark(store, "c", "a", "b", "a")

    with store.write() as connection:
        marks = dirty.waiting(connection, "golden", 2)
        dirty.done(connection, "golden", marks)

    assert [found.key for found in marks] == ["a", "b"]
    assert waiting(store) == ["c"]


@pytest.mark.parametrize("newer", [True, False], ids=["newer-number", "older-number"])
def test_a_key_that_was_marked_again_meanwhile_stays(store: Store, newer: bool) -> None:
    """Whether the second mark's transaction took its number before or after the first one's."""
    first, second = dirty.sequence(store), dirty.sequence(store)
    mark(store, "a", seq=first if newer else second)
    with store.read() as connection:
        taken = dirty.waiting(connection, "golden", 100)

    mark(store, "a", seq=second if newer else first)
    with store.write() as connection:
        dirty.done(connection, "golden", taken)

    assert waiting(store) == ["a"]


def test_stages_do_not_see_each_others_marks(store: Store) -> None:
    """The same key may wait for several of them."""
    mark(store, "a")
    with store.write() as connection:
        dirty.done(connection, "profile", [dirty.Mark("a", 1)])
        assert dirty.count(connection, "profile") == 0

    assert waiting(store) == ["a"]


def test_a_transaction_that_fails_leaves_its_marks(store: Store) -> None:
    """The queue moves with the work, or not at all."""
    mark(store, "a")
    with pytest.raises(RuntimeError), store.write() as connection:
        dirty.done(connection, "golden", dirty.waiting(connection, "golden", 100))
        raise RuntimeError

    assert waiting(store) == ["a"]
