"""Under which purpose each part of a task is told."""

from __future__ import annotations

import pytest

from hub.core.settings import LoopSection
from hub.push.handover_cases import origin


@pytest.mark.parametrize(
    ("settings", "purposes", "purpose"),
    [
        (LoopSection(), ("service", "analytics"), "analytics"),
        (LoopSection(), ("service",), "service"),
        (LoopSection(use="care"), ("service", "analytics", "care"), "care"),
    ],
    ids=["as the profile", "no analytics", "its own"],
)
def test_a_risk_is_told_under_its_own_purpose(
    settings: LoopSection, purposes: tuple[str, ...], purpose: str
) -> None:
    """That of the profile's risk, where hub.toml has it; the reply's own is another."""
    parts = {each.name: each.purpose for each in origin(settings, purposes).parts}

    assert parts["risk"] == purpose
