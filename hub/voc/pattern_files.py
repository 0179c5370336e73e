"""Pattern files: those that stand next to hub.toml, or the ones that the hub ships."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from hub.core.hubtoml import read_model
from hub.core.mistakes import ConfigMistakes, Mistake
from hub.core.positions import KeyPath
from hub.voc.pattern import Pattern, PatternFile

SHIPPED = Path(str(files("hub.voc") / "patterns.toml"))
"""The patterns that apply where a business has written none."""

Patterns = tuple[Pattern, ...]


@cache
def shipped() -> Patterns:
    """The patterns of the hub itself."""
    return read([SHIPPED])


def read(paths: Sequence[Path]) -> Patterns:
    """Every pattern of the files, in their order.

    Raises:
        ConfigMistakes: With everything that is wrong in the first file that has mistakes, or the
            second pattern of one name.
        ConfigError: If a file cannot be read.
    """
    found: dict[str, Pattern] = {}
    for path in paths:
        read_file, positions = read_model(path, PatternFile)
        for at, pattern in enumerate(read_file.patterns):
            if pattern.id in found:
                where: KeyPath = ("patterns", at, "id")
                what = f'another pattern is called "{pattern.id}", too'
                twice = Mistake.at(positions.of_value(where), where, what, "another name")
                raise ConfigMistakes(path, [twice])
            found[pattern.id] = pattern
    return tuple(found.values())
