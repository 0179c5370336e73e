"""The package that ``hub connectors new`` writes: a working connector to change step by step."""

from __future__ import annotations

import keyword
import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from hub.core.errors import ConfigError

_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")
_TEMPLATE = ".txt"
"""Ending of the template files: no tool takes them for code of the hub."""


def write_package(name: str, folder: Path) -> list[Path]:
    """The files written: a package ``hub_<name>`` of its own, in ``folder``.

    Args:
        name: Connector name, as admins will write it in hub.toml.
        folder: A folder that does not exist yet, or is empty.

    Raises:
        ConfigError: If the name cannot be one, or the folder holds something.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ConfigError(
            f'"{name}" cannot name a connector: use lower-case letters, digits and _, '
            "starting with a letter",
            code="HUB-222",
        )
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty; name another with --to", code="HUB-223")
    root = resources.files("hub.cli") / "scaffold"
    return [_write(name, folder, *found) for found in _templates(root, "")]


def _templates(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    """Path and text of every template."""
    found: list[tuple[str, str]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            found += _templates(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(_TEMPLATE):
            found.append((prefix + entry.name.removesuffix(_TEMPLATE), entry.read_text("utf-8")))
    return found


def _write(name: str, folder: Path, path: str, text: str) -> Path:
    target = folder / _named(path, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_named(text, name), encoding="utf-8")
    return target


def _named(text: str, name: str) -> str:
    title = name.replace("_", " ").title()
    return text.replace("acme", name).replace("ACME", name.upper()).replace("Acme", title)
