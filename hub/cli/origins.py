"""Where each setting's value came from: a line of hub.toml, or the default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from pydantic import BaseModel

from hub.core.hubtoml import HubToml
from hub.core.mistakes import dotted
from hub.core.positions import KeyPath
from hub.core.secrets import MASK, Secret


@dataclass(frozen=True, slots=True)
class Setting:
    """One value in force.

    Args:
        key: Dotted path.
        value: As TOML; a secret is masked, its reference shown in ``origin``.
        origin: ``file:line``, or ``default``.
    """

    key: str
    value: str
    origin: str

    def document(self) -> dict[str, str]:
        """For ``--json``."""
        return asdict(self)


def origins(toml: HubToml) -> list[Setting]:
    """Every setting in force, in the order of the sections."""
    rows = list(_leaves(toml.settings, ()))
    for name, settings in toml.connector_settings.items():
        rows += _leaves(settings, ("connections", name, "settings"))
    return [Setting(dotted(path), _text(value), _origin(toml, path, value)) for path, value in rows]


def _leaves(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, object]]:
    if isinstance(value, BaseModel):
        shown = value.model_dump(mode="json", by_alias=True)
        for name, child in value:
            key = type(value).model_fields[name].alias or name
            nested = isinstance(child, BaseModel | Mapping | Secret)
            yield from _leaves(child if nested else shown[key], (*path, key))
    elif isinstance(value, Mapping):
        for key, child in value.items():
            if path[-1:] != ("settings",):  # a connector's settings are listed from its own model
                yield from _leaves(child, (*path, key))
    elif value is not None:
        yield path, value


def _origin(toml: HubToml, path: KeyPath, value: object) -> str:
    if path not in toml.positions.keys:
        return "default"
    line = f"{toml.path}:{toml.positions.keys[path].line}"
    return f"{line} {value.reference}" if isinstance(value, Secret) else line


def _text(value: object) -> str:
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_text(each) for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
