"""The hub.toml of ``hub quickstart``: what the connector proposes for each file, put together."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hub.cli.pasting import setting_lines
from hub.core.errors import ConfigError, HubError
from hub.core.secrets import Secret

NO_CURRENCY = "XXX"
"""ISO 4217: no currency; for amounts whose file names none and neither did the admin."""

_NEEDS_CURRENCY = "NEEDED: currency:"
_OF_ZONE = "set timezone"  # it is an option of the command
_NEEDED = re.compile("NEEDED: [\\w, ]+: ")


@dataclass(frozen=True, slots=True)
class Guessed:
    """Settings for one file.

    Args:
        file: The file.
        stream: Name of its stream.
        settings: As the connector proposes them.
        checks: What a person should check, in the connector's words.
        people: Settings of a stream of the customers that its lines name, where they do.
    """

    file: Path
    stream: str
    settings: dict[str, Any]
    checks: tuple[str, ...]
    people: Mapping[str, Any] | None = None

    @property
    def entity(self) -> str:
        """What each line is."""
        return str(self.settings["entity"])


def guessed(files: Sequence[Path], currency: str | None, time_zone: str) -> list[Guessed]:
    """Settings for every file, for a business in ``time_zone``.

    Raises:
        ConfigError: If a file says too little about itself; all such files are named.
    """
    found: list[Guessed] = []
    refused: list[str] = []
    for file in files:
        try:
            each = _guessed(file.resolve(), currency, [each.stream for each in found])
            if "timezone" in each.settings:
                each.settings["timezone"] = time_zone
        except HubError as err:
            said = str(err)
            refused.append(said if said.startswith(file.name) else f"{file.name}: {said}")
        else:
            found.append(each)
    if refused:
        raise ConfigError("\n".join(refused), code="HUB-226")
    return _joined(found)


def _guessed(file: Path, currency: str | None, taken: Sequence[str]) -> Guessed:
    from hub.cli.connectors import proposal

    text = proposal(file)
    notes = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    needed = [n for n in notes if n.startswith("NEEDED") and not n.startswith(_NEEDS_CURRENCY)]
    if needed:
        said = " ".join(_NEEDED.sub("", each) for each in needed)
        raise ConfigError(f"{said} Then run the command again.")
    streams = tomllib.loads(text)["connections"]["files"]["settings"]["streams"]
    (stream, settings), *beside = streams.items()
    constants = settings.get("constants", {})
    if any(note.startswith(_NEEDS_CURRENCY) for note in notes):
        settings["constants"] = {"currency": NO_CURRENCY} | constants
    if currency and "currency" in settings.get("constants", {}):
        settings["constants"]["currency"] = currency
    name = stream if stream not in taken else f"{stream}_{len(taken) + 1}"
    told = [n for n in notes if n.startswith(("CHECK", "Not mapped")) and _OF_ZONE not in n]
    checks = tuple(note.removeprefix("CHECK: ") for note in told)
    people = dict(beside).get(f"{stream}_customers")
    party = settings["columns"].get("party")
    if people is not None and isinstance(party, dict):
        party["stream"] = f"{name}_customers"
    return Guessed(file, name, settings, checks, people)


def _joined(found: Sequence[Guessed]) -> list[Guessed]:
    """Ids and names of customers lead to one stream of customers.

    That is the file of customers, if one of the files is that; else those whom the first file names
    beside its sales or answers. Who is named by e-mail or phone is found by that.
    """
    lists = [each for each in found if each.entity == "person"]
    if len(lists) > 1:
        return list(found)
    home = lists[0].stream if lists else ""
    joined = []
    for each in found:
        party = _party(each)
        if party is None or party.get("by", "id") != "id":
            joined.append(each)
            continue
        if lists:
            _keyed_alike(lists[0], party["column"])
        people = None if home else each.people
        home = home or (party["stream"] if each.people else "")
        each.settings["columns"]["party"] = party | ({"stream": home} if home else {})
        joined.append(replace(each, people=people))
    return joined


def _party(each: Guessed) -> dict[str, Any] | None:
    spec = each.settings["columns"].get("party")
    return {"column": spec} if isinstance(spec, str) else spec


def _keyed_alike(customers: Guessed, column: str) -> None:
    """Customers are told apart by the column that sales name them by, if they have one like it."""
    held = [each for each in customers.settings["columns"].values() if isinstance(each, str)]
    same = [each for each in held if each.casefold() == column.casefold()]
    if same:
        customers.settings["key"] = same


def settings_text(found: Sequence[Guessed], *, name: str, time_zone: str) -> str:
    """The hub.toml; it only reads."""
    folder = Path(os.path.commonpath([each.file.parent for each in found]))
    lines = [
        "# Guessed by hub quickstart; correct what is wrong and go on with: hub run",
        "[hub]",
        f"name = {json.dumps(name)}",
        f"time_zone = {json.dumps(time_zone)}",
        "",
        "[connections.files]",
        'connector = "csv"',
        "[connections.files.settings]",
        f"folder = {json.dumps(str(folder))}",
    ]
    for each in found:
        where = each.file.relative_to(folder).as_posix()
        if re.search(r"[*?\[\]]", where):
            raise ConfigError(f"{where}: rename the file, its name reads as a pattern")
        streams: dict[str, Mapping[str, Any]] = {each.stream: each.settings}
        if each.people is not None:
            streams[f"{each.stream}_customers"] = each.people
        for stream, settings in streams.items():
            lines += [f"\n[connections.files.settings.streams.{stream}]"]
            lines += setting_lines({**settings, "files": where}, _no_secret)
    return "\n".join(lines) + "\n"


def _no_secret(key: str, _: Secret) -> str:
    raise AssertionError(f"{key}: settings for files hold no secret")
