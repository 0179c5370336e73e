"""Proposed settings for a file, and how they stand in ``hub.toml``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Toml = str | bool | int | tuple[str, ...] | dict[str, Any]
"""A setting; tables nest."""


@dataclass(frozen=True, slots=True)
class Part:
    """Settings of one stream.

    Args:
        settings: Columns apart.
        columns: Field to column.
        suffix: What is added to the name of the file's own stream.
    """

    settings: Mapping[str, Toml]
    columns: Mapping[str, Toml]
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Settings for one file.

    Args:
        file: The file.
        parts: One for its lines, and perhaps one for the customers that they name.
        notes: What to check or to add before it works.
    """

    file: Path
    parts: tuple[Part, ...]
    notes: tuple[str, ...]

    @property
    def settings(self) -> Mapping[str, Toml]:
        """The settings for its lines, columns apart."""
        return self.parts[0].settings

    @property
    def columns(self) -> Mapping[str, Toml]:
        """Field to column of its lines."""
        return self.parts[0].columns

    def as_toml(self, connection: str = "files") -> str:
        """The proposal as it goes into ``hub.toml``."""
        table = f"connections.{connection}.settings"
        lines = [
            f"[connections.{connection}]",
            'connector = "csv"',
            "",
            f"[{table}]",
            f"folder = {toml_text(str(self.file.parent))}",
            "",
            *(f"# {' '.join(note.split())}" for note in self.notes),  # a header may hold line ends
        ]
        for part in self.parts:
            where = f"{table}.streams.{stream_name(self.file)}{part.suffix}"
            lines += [f"[{where}]", *_lines(part.settings), ""]
            lines += [f"[{where}.columns]", *_lines(part.columns)]
        return "\n".join(lines) + "\n"


def _lines(settings: Mapping[str, Toml]) -> list[str]:
    return [f"{name} = {toml_text(value)}" for name, value in settings.items()]


def stream_name(file: Path) -> str:
    """What the stream of a file is called.

    >>> stream_name(Path("Sales 2025.csv"))
    'sales'
    """
    name = re.sub(r"\W+", "_", file.name.split(".")[0].casefold(), flags=re.ASCII)
    return name.strip("_0123456789") or "lines"


def toml_text(value: Toml) -> str:
    """A setting as TOML.

    >>> toml_text({"a b": ("x", 1)})
    '{ "a b" = ["x", 1] }'
    """
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key_text(k)} = {toml_text(v)}" for k, v in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(toml_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key_text(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key, re.ASCII) else json.dumps(key, ensure_ascii=False)
