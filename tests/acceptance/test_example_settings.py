"""The hub.toml at the root is what it says: working, complete, without a secret."""

from pathlib import Path

import pytest

import hub
from hub.app import load
from hub.core.settings import DEFAULT_PURPOSES, Settings

ROOT = Path(hub.__file__).parents[1]


def test_example_loads_with_its_connector_and_needs_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stranger's first ``hub check`` succeeds in an empty environment."""
    monkeypatch.chdir(ROOT)

    app = load(ROOT / "hub.toml")

    assert app.toml.broken == {}
    assert list(app.toml.connector_settings) == ["store"]
    assert list(app.toml.secrets()) == []
    assert app.settings.connections["store"].mode == "observe"


def test_example_purposes_are_the_default_ones() -> None:
    """What the example teaches is what ``hub init`` writes."""
    assert load(ROOT / "hub.toml").settings.purposes == DEFAULT_PURPOSES


def test_example_mentions_every_section() -> None:
    """A section that the example does not show is one that admins do not find."""
    text = (ROOT / "hub.toml").read_text("utf-8")

    absent = {name for name in Settings.model_fields if f"[{name}" not in text} - {"schedules"}

    assert absent == set()
