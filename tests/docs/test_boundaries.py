"""docs/reference/boundaries.md and the code name the same boundaries."""

from __future__ import annotations

import re
from pathlib import Path

from hub.core.boundary import BOUNDARIES

ROOT = Path(__file__).parents[2]


def test_every_boundary_is_documented_and_no_other() -> None:
    """One row each, and one for the moment that only the other side knows."""
    page = (ROOT / "docs/reference/boundaries.md").read_text(encoding="utf-8")

    rows = set(re.findall(r"^\| ([a-z ]+) \| .* \| .* \| .* \|$", page, flags=re.MULTILINE))

    assert rows == {*BOUNDARIES, "request sent"}


def test_every_boundary_is_passed_somewhere() -> None:
    """A name that no code reaches could be killed at by no test."""
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "hub").rglob("*.py"))

    passed = set(re.findall(r'\breached\("([a-z ]+)"\)', code))

    assert passed == set(BOUNDARIES)
