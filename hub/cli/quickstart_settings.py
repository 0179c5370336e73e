"""The hub.toml of ``hub quickstart``: what the connector proposes for each file, put together."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.cli.pasting import setting_lines
from hub.core.errors import ConfigError, HubError
from hub.core.secrets import Secret

NO_CURRENCY = "XXX"
"""ISO 4217: no currency; for amounts whose file names none and neither did the admin."""

_NEEDS_CURRENCY = "NEEDED: currency"


@dataclass(frozen=True, slots=True)
class Guessed:
    """Settings for one file.

    Args:
        file: The file.
        stream: Name of its stream.
        settings: As the connector proposes them.
        checks: What a person should check, in the connector's words.
    """

    file: Path
    stream: str
    settings: Mapping[str, Any]
    checks: tuple[str, ...]

    @property
    def entity(self) -> str:
        """What each line is."""
        return str(self.settings["entity"])


def guessed(files: Sequence[Path], currency: str | None) -> list[Guessed]:
    """Settings for every file.

    Raises:
        ConfigError: If a file says too little about itself; all such files are named.
    """
    found: list[Guessed] = []
    refused: list[str] = []
    for file in files:
        try:
            each = _guessed(file.resolve(), currency, [each.stream for each in found])
        except HubError as err:
            refused.append(f"{file.name}: {str(err).removeprefix(f'{file.name} ')}")
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
        raise ConfigError(f"{' '.join(needed)} Start from: hub connectors read {file.name} --guess")
    [(stream, settings)] = tomllib.loads(text)["connections"]["files"]["settings"][
        "streams"
    ].items()
    if any(note.startswith(_NEEDS_CURRENCY) for note in notes):
        constants = settings.get("constants", {})
        settings["constants"] = constants | {"currency": currency or NO_CURRENCY}
    name = stream if stream not in taken else f"{stream}_{len(taken) + 1}"
    checks = tuple(n for n in notes if n.startswith(("CHECK", "Not mapped", "Times without")))
    return Guessed(file, name, settings, checks)


def _joined(found: Sequence[Guessed]) -> list[Guessed]:
    """Ids of customers lead to the file of customers, if one of the files is that."""
    people = [each.stream for each in found if each.entity == "person"]
    if len(people) == 1:
        for each in found:
            party = each.settings["columns"].get("party")
            if isinstance(party, str):
                each.settings["columns"]["party"] = {"column": party, "stream": people[0]}
            elif isinstance(party, dict) and party.get("by", "id") == "id":
                party["stream"] = people[0]
    return list(found)


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
        lines += [f"\n[connections.files.settings.streams.{each.stream}]"]
        lines += setting_lines({**each.settings, "files": where}, _no_secret)
    return "\n".join(lines) + "\n"


def _no_secret(key: str, _: Secret) -> str:
    raise AssertionError(f"{key}: settings for files hold no secret")
