"""The demo's stage: a simulated world, its files on disk, and a HubSpot account on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from hub.app import App, load
from hub.core.clock import ManualClock
from hub.core.connector import Unsupported
from hub.core.errors import ConfigError
from hub.core.ids import IdSource
from hub.core.plugins import load_connector
from hub.core.secrets import Secret
from hub.emulation.server import serve
from hub.emulation.world import World

SYSTEMS = {
    "crm": "hubspot",
    "pos": "pos",
    "loyalty": "loyalty",
    "surveys": "surveys",
    "support": "support",
}
"""Connection of the demo's hub.toml to the world's name of the system."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that plays in the demo.

    Args:
        world: The simulated business; nothing of the hub may look into it but the scoring.
        app: The hub under its demo hub.toml.
        emulator: The HubSpot account.
        clock: Shared by hub and account, so that rate limits are kept without real waiting.
    """

    world: World
    app: App
    emulator: Any
    clock: ManualClock

    @property
    def effects(self) -> int:
        """Changes that the HubSpot account has taken from the hub so far."""
        return len(self.emulator.effects)


@contextmanager
def staged(folder: Path, seed: int, people: int) -> Iterator[Stage]:
    """A stage in ``folder``, torn down when the block ends; files and database stay.

    Raises:
        ConfigError: If the hubspot connector is not installed.
    """
    world = World.build(seed, people=people)
    exports = folder / "files"
    exports.mkdir(parents=True, exist_ok=True)
    world.write_files(exports)
    clock = ManualClock(world.end + timedelta(days=1))
    emulator = _hubspot(clock)
    emulator.seed(world)
    try:
        with serve(emulator) as url:
            settings = emulator.settings(url)
            path = folder / "hub.toml"
            path.write_text(demo_toml(folder, settings), encoding="utf-8")
            yield Stage(world, load(path, clock=clock, ids=IdSource(clock)), emulator, clock)
    finally:
        emulator.close()


def _hubspot(clock: ManualClock) -> Any:  # its own type lives with the plugin
    make = load_connector("hubspot").emulator
    if isinstance(make, Unsupported):
        raise ConfigError(f"the hubspot connector has no emulator: {make.reason}")
    return make(clock)


def demo_toml(folder: Path, settings: dict[str, Any]) -> str:
    """The demo's hub.toml for the exports in ``folder``; secrets go into files beside them.

    Args:
        folder: Where the hub lives; the exports are in its folder ``files``.
        settings: Of the HubSpot connection.
    """
    template = files("hub.cli.demo").joinpath("demo.toml").read_text(encoding="utf-8")
    lines = [f"{name} = {_value(name, value, folder)}" for name, value in settings.items()]
    exports = (folder / "files").resolve().as_posix()
    return template.replace("# <crm>", "\n".join(lines)).replace("<files>", exports)


def _value(name: str, value: Any, folder: Path) -> str:
    if isinstance(value, dict):
        inside = (f"{key} = {_value(key, item, folder)}" for key, item in value.items())
        return "{ " + ", ".join(inside) + " }"
    if isinstance(value, Secret):
        return json.dumps(_reference(folder / name, value.reveal()))
    return json.dumps(value)


def _reference(path: Path, secret: str) -> str:
    """A reference to ``secret``, kept as hub.toml asks: in a file that nobody else may read."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(secret, encoding="utf-8")
    return f"${{file:{path.resolve()}}}"
