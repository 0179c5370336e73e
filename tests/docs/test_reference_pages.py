"""The reference pages say what the code says."""

from __future__ import annotations

import pytest

from docs.generate import PAGES, REFERENCE


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    """A command, setting, contract name, error or capability that changes changes its page."""
    written = (REFERENCE / name).read_text(encoding="utf-8")

    assert written == PAGES[name](), "run: make docs"
