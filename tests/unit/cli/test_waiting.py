"""Waiting for a vendor: as long as it asked for, but no longer than the admin wants."""

from __future__ import annotations

import pytest

from hub.cli.progress import Say, Waiter
from hub.core.clock import ManualClock
from hub.core.errors import Stopping


def test_a_wait_lasts_as_long_as_was_asked(clock: ManualClock) -> None:
    """In small parts, which add up."""
    began = clock.now()

    Waiter(clock, Say(), lambda: None)(301.25, "too many requests")

    assert (clock.now() - began).total_seconds() == 301.25


def test_a_wait_is_left_off_within_a_moment(clock: ManualClock) -> None:
    """Ctrl-C must not have to wait for the vendor's five minutes."""
    began = clock.now()

    def leave() -> None:
        if (clock.now() - began).total_seconds() >= 2:
            raise Stopping("stopped on request")

    with pytest.raises(Stopping):
        Waiter(clock, Say(), leave)(300, "too many requests")

    assert (clock.now() - began).total_seconds() < 3


def test_a_wait_of_no_length_asks_too(clock: ManualClock) -> None:
    """It is how those who wait for another process ask whether to go on."""

    def leave() -> None:
        raise Stopping("stopped on request")

    with pytest.raises(Stopping):
        Waiter(clock, Say(), leave)(0, "another process renews the token")
