"""One store for all in a process: opened when the first needs it, closed behind the last."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub.store.door import Door
from hub.store.engine import Store


class Opened:
    """Opens real stores and remembers which were closed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.told: list[str] = []

    def __call__(self) -> Store:
        store, close = Store.open(self.url), Store.close
        self.told.append("opened")

        def closed() -> None:
            self.told.append("closed")
            close(store)

        store.close = closed  # type: ignore[method-assign]
        return store


@pytest.fixture
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return Opened(f"sqlite:///{tmp_path_factory.mktemp('door')}/hub.db")


def test_nothing_is_opened_until_it_is_needed(opened: Opened) -> None:
    """A command that asks a vendor only needs no database."""
    with Door().ajar(opened):
        pass

    assert opened.told == []


def test_who_is_inside_together_shares_one_store(opened: Opened) -> None:
    """The inner block leaves it open for the outer one."""
    door = Door()
    with door.ajar(opened) as outer:
        with door.ajar(opened) as inner:
            assert inner() is outer()
        assert opened.told == ["opened"]

    assert opened.told == ["opened", "closed"]


def test_a_store_opened_inside_stays_for_those_outside(opened: Opened) -> None:
    """Who opened it does not matter; who leaves last closes it."""
    door = Door()
    with door.ajar(opened) as outer:
        with door.ajar(opened) as inner:
            found = inner()
        assert outer() is found

    assert opened.told == ["opened", "closed"]


def test_the_door_opens_again_after_everybody_left(opened: Opened) -> None:
    """The next run of a long-lived process starts afresh, also after one that failed."""
    door = Door()
    with pytest.raises(ZeroDivisionError), door.ajar(opened) as enter:
        enter()
        raise ZeroDivisionError
    with door.ajar(opened) as enter:
        enter()

    assert opened.told == ["opened", "closed"] * 2


def test_threads_that_enter_at_once_open_one_store(opened: Opened) -> None:
    """Eight connections of one run need the vault at the same moment."""
    door = Door()
    with door.ajar(opened) as enter, ThreadPoolExecutor(8) as pool:
        enters: list[Callable[[], Store]] = [enter] * 8
        found = set(pool.map(lambda way: id(way()), enters))

    assert len(found) == 1
    assert opened.told == ["opened", "closed"]
