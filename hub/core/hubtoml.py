"""Reading hub.toml: settings, or every mistake in it at once.

1. Read the bytes as UTF-8.
2. Parse; what is not TOML stops here, with the place (duplicates: both places).
3. Validate the hub's own sections.
4. Validate each connection's settings with the model of its connector, and what other sections ask
   of it.
5. Look for literal secrets in every text of the file.
6. Report all that 3-5 found, or hand over the settings.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hub.core.connector import Connector, Unsupported
from hub.core.errors import ConfigError, HubError
from hub.core.expectations import one_of
from hub.core.mistakes import ConfigMistakes, Mistake, dotted, mistakes_in, nearest
from hub.core.positions import KeyPath, Place, Positions
from hub.core.secrets import LITERAL_FIX, REFUSAL, Secret, kind_of_secret
from hub.core.settings import DEFAULT_PURPOSES, Settings

Tree = dict[str, Any]
"""What ``tomllib`` returns."""
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The connectors that are installed.

    Args:
        names: All of them, broken ones included.
        load: Loads one; raises ``HubError`` if its plugin is broken.
    """

    names: Sequence[str]
    load: Callable[[str], Connector]


@dataclass(frozen=True, slots=True)
class HubToml:
    """A hub.toml that was read without a mistake.

    Args:
        path: The file.
        settings: The hub's own sections.
        positions: Where each key stands.
        connectors: Connection name to its connector.
        connector_settings: Connection name to its connector's validated settings.
        broken: Connection name to the reason why its plugin did not load; the others go on.
    """

    path: Path
    settings: Settings
    positions: Positions
    connectors: Mapping[str, Connector]
    connector_settings: Mapping[str, BaseModel]
    broken: Mapping[str, str]

    def secrets(self) -> Iterator[tuple[KeyPath, Secret]]:
        """Every secret reference with its path in the file."""
        yield from _secrets(self.settings, ())
        for name, settings in self.connector_settings.items():
            yield from _secrets(settings, ("connections", name, "settings"))


def read(path: Path, catalogue: Catalogue) -> HubToml:
    """The settings that ``path`` holds.

    Raises:
        ConfigMistakes: With everything that is wrong.
        ConfigError: If the file cannot be read at all.
    """
    text = _text(path)  # 1
    positions = Positions(text)
    tree = _parsed(path, text, positions)  # 2
    reading = _Reading(path.parent.resolve(), tree, positions, catalogue)
    settings = reading.validated(Settings, tree, ())  # 3
    reading.connections()  # 4
    reading.recipients()
    reading.literal_secrets()  # 5
    if reading.mistakes or settings is None:  # 6
        raise ConfigMistakes(path, reading.mistakes)
    return HubToml(path, settings, positions, reading.connectors, reading.settings, reading.broken)


def read_model(path: Path, model: type[M]) -> tuple[M, Positions]:
    """Another TOML file as ``model``, and where everything stands in it.

    Raises:
        ConfigMistakes: With everything that is wrong, told as for hub.toml.
        ConfigError: If the file cannot be read at all.
    """
    text = _text(path)
    positions = Positions(text)
    tree = json.dumps(_parsed(path, text, positions), default=_iso)
    try:
        return model.model_validate_json(tree, strict=True, extra="forbid"), positions
    except ValidationError as err:
        raise ConfigMistakes(path, mistakes_in(err, model, positions)) from err


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError as err:
        raise ConfigError(
            f"{path} does not exist. Create one with: hub init, or name another with --config",
            code="HUB-202",
        ) from err
    except UnicodeDecodeError as err:
        line = err.object[: err.start].count(b"\n") + 1
        column = err.start - err.object.rfind(b"\n", 0, err.start)
        mistake = Mistake(Place(line, column), "not UTF-8", "a file saved as UTF-8")
        raise ConfigMistakes(path, [mistake]) from err
    except OSError as err:
        raise ConfigError(f"cannot read {path}: {err.strerror}.", code="HUB-202") from err


def _parsed(path: Path, text: str, positions: Positions) -> Tree:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        mistakes = _duplicates(positions) or [_syntax_mistake(str(err), text)]
        raise ConfigMistakes(path, mistakes) from err
    except RecursionError as err:
        raise ConfigError(f"{path}: nested too deeply to be settings.", code="HUB-202") from err


def _duplicates(positions: Positions) -> list[Mistake]:
    return [
        Mistake(
            twice.second,
            f"{dotted(twice.path)} stands twice, first at {twice.first}",
            "each key and table once",
            path=twice.path,
        )
        for twice in positions.duplicates
    ]


_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_HINTS = {
    "Invalid value": 'text in quotes, a number, true, false, "[…]" or "{…}"',
    "Invalid statement": "key = value or [table]",
    "Expected '=' after a key": "key = value",
}


def _syntax_mistake(error: str, text: str) -> Mistake:
    at = _AT.search(error)
    end = Place(text.count("\n") + 1, len(text) - text.rfind("\n"))
    place = Place(int(at[1]), int(at[2])) if at and at[1] else end
    reason = _AT.sub("", error)
    hint = next((hint for start, hint in _HINTS.items() if reason.startswith(start)), "")
    return Mistake(place, f"not TOML: {reason[:1].lower()}{reason[1:]}", hint)


@dataclass(slots=True)
class _Reading:
    """One file under validation, and what was found so far."""

    home: Path
    tree: Tree
    positions: Positions
    catalogue: Catalogue
    mistakes: list[Mistake] = field(default_factory=list)
    connectors: dict[str, Connector] = field(default_factory=dict)
    settings: dict[str, BaseModel] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    taskless: dict[str, str] = field(default_factory=dict)

    def validated(self, model: type[M], table: Tree, root: KeyPath) -> M | None:
        """``table`` as ``model``, or None after noting its mistakes."""
        names = {
            "purposes": set(_table(self.tree, "purposes") or DEFAULT_PURPOSES),
            "connections": set(_table(self.tree, "connections")),
            "home": self.home,
        }  # what validators may refer to
        text = json.dumps(table, default=_iso)
        try:
            return model.model_validate_json(text, strict=True, extra="forbid", context=names)
        except ValidationError as err:
            self.mistakes += mistakes_in(err, model, self.positions, root)
            return None

    def connections(self) -> None:
        """Validate every connection's settings with its connector."""
        for name, table in _table(self.tree, "connections").items():
            wanted = table.get("connector") if isinstance(table, dict) else None
            if isinstance(wanted, str) and self._is_installed(name, wanted):
                self._connection(name, wanted, table)

    def _is_installed(self, name: str, connector: str) -> bool:
        names = self.catalogue.names
        if connector in names:
            return True
        path: KeyPath = ("connections", name, "connector")
        what, guess = f'no connector "{connector}" is installed', nearest(connector, names)
        self._add(path, what, one_of(sorted(names)), guess)
        return False

    def _connection(self, name: str, connector_name: str, table: Tree) -> None:
        try:
            connector = self.catalogue.load(connector_name)
            root: KeyPath = ("connections", name, "settings")
            settings = self.validated(connector.config, _table(table, "settings"), root)
            if settings is not None:
                self.connectors[name], self.settings[name] = connector, settings
                self._streams(name, table.get("streams"))
                self._notes(name, _table(table, "push").get("notes"))
                offer = connector.tasks_for(settings)
                if isinstance(offer, Unsupported):
                    self.taskless[name] = offer.reason
        except HubError as err:
            self.broken[name] = str(err)
        except Exception as err:  # noqa: BLE001 - the plugin boundary: validators are foreign code
            self.broken[name] = f"the plugin of {connector_name!r} failed: {type(err).__name__}"

    def _streams(self, name: str, wanted: object) -> None:
        if not isinstance(wanted, list):
            return
        offered = [s.name for s in self.connectors[name].streams_for(self.settings[name])]
        for index, stream in enumerate(wanted):
            if isinstance(stream, str) and stream not in offered:
                path: KeyPath = ("connections", name, "streams", index)
                what, guess = "the connector offers no such stream", nearest(stream, offered)
                self._add(path, what, one_of(offered), guess)

    def _notes(self, name: str, wanted: object) -> None:
        """Refuse to hand notes to a system that does not take them, or without their purpose."""
        if wanted is not True:
            return
        path: KeyPath = ("connections", name, "push", "notes")
        offer = self.connectors[name].notes_for(self.settings[name])
        problem = offer.reason if isinstance(offer, Unsupported) else None
        if "service" not in (_table(self.tree, "purposes") or DEFAULT_PURPOSES):
            problem = problem or 'a card leaves under the purpose "service", which is not there'
        if problem is not None:
            self._add(path, problem, "false, or no such line")

    def recipients(self) -> None:
        """Refuse to hand tasks to a system that does not take them."""
        path: KeyPath = ("loop", "tasks")
        name = _table(self.tree, "loop").get("tasks")
        if isinstance(name, str) and name in self.taskless:
            taking = sorted(self.connectors.keys() - self.taskless.keys())
            wanted = one_of(taking) if taking else "a connection whose system keeps tasks"
            self._add(path, self.taskless[name], wanted)

    def literal_secrets(self) -> None:
        """Refuse texts that look like a secret, wherever they stand.

        This outranks what else is wrong with such a text: the secret has to go first.
        """
        for path, text in _texts(self.tree, ()):
            kind, place = kind_of_secret(text), self.positions.of_value(path)
            here = [m for m in self.mistakes if m.place == place]
            if kind is None or any(m.message.endswith(REFUSAL) for m in here):
                continue
            self.mistakes = [m for m in self.mistakes if m.place != place]
            self._add(path, f"{kind} {REFUSAL}", LITERAL_FIX)

    def _add(self, path: KeyPath, what: str, expected: str, suggestion: str = "") -> None:
        place = self.positions.of_value(path)
        self.mistakes.append(Mistake.at(place, path, what, expected, suggestion))


def _table(tree: Tree, key: str) -> Tree:
    value = tree.get(key)
    return value if isinstance(value, dict) else {}


def _secrets(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, Secret]]:
    if isinstance(value, Secret):
        yield path, value
    elif isinstance(value, BaseModel):
        for name, child in value:
            yield from _secrets(child, (*path, type(value).model_fields[name].alias or name))
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from _secrets(child, (*path, key))
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from _secrets(child, (*path, index))


def _texts(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _texts(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _texts(child, (*path, index))


def _iso(value: date | time) -> str:
    return value.isoformat()
