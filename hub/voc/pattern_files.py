"""Pattern files: those that stand next to hub.toml, or the ones that the hub ships."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from hub.core.hubtoml import read_model
from hub.core.mistakes import ConfigMistakes, Mistake
from hub.core.positions import KeyPath
from hub.journeys.files import matching
from hub.voc.pattern import Pattern, PatternFile

SHIPPED = Path(str(files("hub.voc") / "patterns.toml"))
"""The patterns that apply where a business has written none."""

Patterns = tuple[Pattern, ...]


@cache
def shipped() -> Patterns:
    """The patterns of the hub itself."""
    return read([SHIPPED])


def read_all(folder: Path, pattern: str) -> Patterns:
    """Every pattern in the files that ``pattern`` names; the shipped ones if there are none.

    Args:
        folder: The folder of hub.toml, where a relative pattern starts.
        pattern: As in ``[risk] patterns``.

    Raises:
        ConfigError: As :func:`read`.
    """
    return read(matching(folder.resolve() / pattern) or [SHIPPED])


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
                message = f'patterns[{at}].id: another pattern is called "{pattern.id}", too'
                place = positions.of_value(where)
                raise ConfigMistakes(path, [Mistake(place, message, "another name", path=where)])
            found[pattern.id] = pattern
    return tuple(found.values())
