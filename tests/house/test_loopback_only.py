"""The suite itself: what a test may not do."""

from __future__ import annotations

import socket

import pytest


@pytest.mark.parametrize("way", ["connect", "connect_ex"])
def test_a_test_that_reaches_for_the_outside_is_stopped(way: str) -> None:
    """A forgotten base URL fails at once and offline, instead of calling a vendor."""
    with socket.socket() as connection, pytest.raises(PermissionError, match=r"192\.0\.2\.1"):
        getattr(connection, way)(("192.0.2.1", 443))
