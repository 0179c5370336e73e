"""The demo's stage: a simulated world, its files on disk, and its vendors' accounts on loopback."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from hub.app import App, load
from hub.cli.pasting import setting_lines
from hub.core.clock import ManualClock
from hub.core.connector import Unsupported
from hub.core.errors import ConfigError
from hub.core.ids import IdSource
from hub.core.plugins import load_connector
from hub.emulation.server import serve
from hub.emulation.world import World

ACCOUNTS = {"crm": "hubspot", "sales": "salesforce", "desk": "zendesk", "shop": "shopify"}
"""Connection of the demo's hub.toml to the vendor whose account an emulator plays."""

EXPORTS = ("pos", "loyalty")
"""Systems without an API: connections of the csv connector, by the world's names."""

EVERY_EXPORT = (*EXPORTS, "surveys", "support")
"""All systems whose files the world can write."""

SYSTEMS = {**ACCOUNTS, **{name: name for name in EVERY_EXPORT}}
"""Connection of the demo's hub.toml to the world's name of the system."""

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that plays in the demo.

    Args:
        world: The simulated business; nothing of the hub may look into it but the scoring.
        app: The hub under its demo hub.toml.
        emulators: The accounts by connection.
        clock: Shared by hub and accounts, so that rate limits are kept without real waiting.
    """

    world: World
    app: App
    emulators: Mapping[str, Any]
    clock: ManualClock

    @property
    def effects(self) -> dict[str, int]:
        """Changes that each account has taken from the hub so far, by connection."""
        return {name: len(emulator.effects) for name, emulator in self.emulators.items()}


@contextmanager
def staged(folder: Path, seed: int, people: int) -> Iterator[Stage]:
    """A stage in ``folder``, torn down when the block ends; files and database stay.

    Raises:
        ConfigError: If a connector that plays is not installed.
    """
    world = World.build(seed, people=people, systems=(*ACCOUNTS.values(), *EXPORTS))
    exports = folder / "files"
    exports.mkdir(parents=True, exist_ok=True)
    world.write_files(exports)
    clock = ManualClock(world.end + timedelta(days=1))
    emulators = {name: _emulator(vendor, clock) for name, vendor in ACCOUNTS.items()}
    with ExitStack() as stack:
        settings = {}
        for name, emulator in emulators.items():
            emulator.seed(world)
            settings[name] = emulator.settings(stack.enter_context(serve(emulator)))
        path = folder / "hub.toml"
        path.write_text(demo_toml(folder, settings), encoding="utf-8")
        yield Stage(world, load(path, clock=clock, ids=IdSource(clock)), emulators, clock)


def _emulator(vendor: str, clock: ManualClock) -> Any:  # its own type lives with the plugin
    make = load_connector(vendor).emulator
    if isinstance(make, Unsupported):
        raise ConfigError(f"the {vendor} connector has no emulator: {make.reason}")
    return make(clock)


# --- hub.toml --------------------------------------------------------------------------------


def demo_toml(
    folder: Path, accounts: Mapping[str, Settings], exports: Iterable[str] = EXPORTS
) -> str:
    """A hub.toml for a simulated business; secrets go into files of mode 600 in ``folder``.

    Args:
        folder: Where the hub lives; the exports are in its folder ``files``.
        accounts: Connector settings of each account, by connection.
        exports: Systems whose exports are read.
    """
    here = files("hub.cli.demo")
    place = (folder / "files").resolve().as_posix()
    parts = [here.joinpath("demo.toml").read_text(encoding="utf-8")]
    parts += [_account(name, settings, folder) for name, settings in accounts.items()]
    if "crm" in accounts:
        parts.append(here.joinpath("loop.toml").read_text(encoding="utf-8"))
    for name in exports:
        part = here.joinpath("connections", f"{name}.toml").read_text(encoding="utf-8")
        parts.append(part.replace("<files>", place))
    return "\n".join(parts)


def _account(name: str, settings: Settings, folder: Path) -> str:
    lines = [
        f"[connections.{name}]",
        f'connector = "{ACCOUNTS[name]}"',
        'mode = "sync"',
        f"[connections.{name}.settings]",
    ]
    secrets = folder / "secrets" / name
    lines += setting_lines(settings, lambda key, secret: _reference(secrets / key, secret.reveal()))
    return "\n".join(lines) + "\n"


def _reference(path: Path, secret: str) -> str:
    """A reference to ``secret``, kept as hub.toml asks: in a file that nobody else may read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(secret, encoding="utf-8")
    return f"${{file:{path.resolve()}}}"
