"""A plugin that misbehaves is named and left out; the others load."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent

import pytest

from hub.core.errors import ConfigError
from hub.core.plugins import BrokenPlugin, available, installed, load_connector

GOOD = """
    from pydantic import BaseModel
    from hub.core.connector import Connector
    from hub.core.hookspecs import hookimpl

    class Settings(BaseModel):
        pass

    @hookimpl
    def hub_connector():
        return Connector(
            name={name!r},
            summary="a test system",
            config=Settings,
            streams=(),
            check=lambda ctx: (),
        )
"""

BROKEN = {
    "raises": ("raise ValueError('no such model')", "ValueError: no such model"),
    "exits": ("import sys; sys.exit('bye')", "SystemExit: bye"),
    "syntax": ("def :", "SyntaxError"),
    "missing_import": ("import a_package_that_is_not_there", "ModuleNotFoundError"),
    "no_hook": ("x = 1", "implements no hub_connector hook"),
    "garbage": (
        """
        from hub.core.hookspecs import hookimpl

        @hookimpl
        def hub_connector():
            return {"name": "garbage"}
        """,
        "returned dict, not a Connector",
    ),
    "nothing": (
        """
        from hub.core.hookspecs import hookimpl

        @hookimpl
        def hub_connector():
            return None
        """,
        "returned NoneType, not a Connector",
    ),
    "hook_raises": (
        """
        from hub.core.hookspecs import hookimpl

        @hookimpl
        def hub_connector():
            raise RuntimeError("boom")
        """,
        "RuntimeError: boom",
    ),
    "hook_signature": (
        """
        from hub.core.hookspecs import hookimpl

        @hookimpl
        def hub_connector(shop):
            return shop
        """,
        "shop",
    ),
    "unknown_hook": (
        """
        from hub.core.hookspecs import hookimpl

        @hookimpl
        def hub_conector():
            return None
        """,
        "hub_conector",
    ),
    "newer": (
        GOOD.format(name="newer").replace('summary="a', 'api=2, summary="a'),
        "speaks HUB_API 2, this hub 1: upgrade cxhub",
    ),
    "renamed": (GOOD.format(name="other"), "calls itself 'other', its entry point 'renamed'"),
    "stream_list": (
        GOOD.format(name="stream_list").replace("streams=()", "streams=[3]"),
        "streams is not a tuple of Stream",
    ),
    "no_config": (
        GOOD.format(name="no_config").replace("config=Settings", "config=dict"),
        "config is not a pydantic model",
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that modules are imported from, and forgotten after the test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


def plugin(folder: Path, name: str, source: str) -> EntryPoint:
    (folder / f"plug_{name}.py").write_text(dedent(source), encoding="utf-8")
    return EntryPoint(name, f"plug_{name}", "hub.connectors")


def test_a_sound_plugin_hands_over_its_connector(folder: Path) -> None:
    """The ordinary way: entry point, module, hook, connector."""
    points = [plugin(folder, "acme", GOOD.format(name="acme"))]

    connector = load_connector("acme", points)

    assert (connector.name, connector.summary) == ("acme", "a test system")


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_named_with_its_fault(folder: Path, name: str) -> None:
    """Whatever foreign code does at load, the error names the plugin and says what is wrong."""
    source, expected = BROKEN[name]
    points = [plugin(folder, name, source)]

    with pytest.raises(BrokenPlugin) as caught:
        load_connector(name, points)

    assert f"plugin {name!r}" in str(caught.value)
    assert expected in str(caught.value)


def test_broken_plugins_do_not_hide_the_sound_one(folder: Path) -> None:
    """The list holds every plugin, each with its own state."""
    points = [plugin(folder, name, source) for name, (source, _) in BROKEN.items()]
    points.append(plugin(folder, "acme", GOOD.format(name="acme")))

    states = {info.name: info.state for info in available(points)}

    assert states.pop("acme") == "ok"
    assert set(states.values()) == {"broken"}
    assert set(states) == set(BROKEN)


def test_only_the_plugin_that_is_named_runs(folder: Path) -> None:
    """Code of a plugin that no connection uses is never imported."""
    points = [
        plugin(folder, "acme", GOOD.format(name="acme")),
        plugin(folder, "bystander", GOOD.format(name="bystander")),
    ]

    load_connector("acme", points)

    assert installed(points) == ["acme", "bystander"]
    assert "plug_bystander" not in sys.modules


def test_two_claims_to_one_name_are_both_refused(folder: Path) -> None:
    """Which of two packages would win is nobody's guess."""
    first = plugin(folder, "acme", GOOD.format(name="acme"))
    points = [first, EntryPoint("acme", "plug_other", "hub.connectors")]

    with pytest.raises(BrokenPlugin, match="both claim the connector name 'acme'"):
        load_connector("acme", points)

    assert [info.state for info in available(points)] == ["duplicate", "duplicate"]


def test_an_unknown_connector_gets_the_nearest_name(folder: Path) -> None:
    """A typing error in hub.toml is met with a suggestion."""
    points = [plugin(folder, "zendesk", GOOD.format(name="zendesk"))]

    with pytest.raises(ConfigError, match="Did you mean 'zendesk'"):
        load_connector("zendsk", points)


def test_a_keyboard_interrupt_is_not_taken_for_a_broken_plugin(folder: Path) -> None:
    """Ctrl-C while a plugin loads stops the command."""
    points = [plugin(folder, "slow", "raise KeyboardInterrupt")]

    with pytest.raises(KeyboardInterrupt):
        load_connector("slow", points)
