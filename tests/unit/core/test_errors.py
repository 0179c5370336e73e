"""What every error of the hub has in common."""

from __future__ import annotations

import pytest

from hub.core.errors import HubError


@pytest.mark.parametrize(
    ("quoted", "shown"),
    [
        ("Zoë\nand Ōtepoti", "Zoë\nand Ōtepoti"),
        ("a\0b", r"a\x00b"),
        ("\udc89PNG\x1b[2J", r"\udc89PNG\x1b[2J"),
    ],
    ids=["text", "NUL", "bytes and terminal codes"],
)
def test_a_message_can_be_shown_and_stored_whatever_it_quotes(quoted: str, shown: str) -> None:
    """A binary file's "header" would break the terminal, UTF-8 or PostgreSQL."""
    assert str(HubError(quoted)) == shown
