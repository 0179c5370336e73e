"""The suite itself: what a test may not do."""

from __future__ import annotations

import socket

import pytest


def test_a_test_that_reaches_for_the_outside_is_stopped() -> None:
    """A forgotten base URL fails at once and offline, instead of calling a vendor."""
    with socket.socket() as connection, pytest.raises(PermissionError, match=r"192\.0\.2\.1"):
        connection.connect(("192.0.2.1", 443))
