"""What this hub decides about customers by, and who answers for it: patterns and register.

Three things are said of them: who may leave (``risk``), how they fare (``health``), and what
somebody is to do next (``next_action``). None is used unless the register of automated decisions
has its entry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

from hub.core.own_files import own_files
from hub.core.settings import RiskSection
from hub.journeys import kinds
from hub.voc import health, pattern_files, register, reweighing
from hub.voc.pattern_files import Patterns
from hub.voc.register import Entry
from hub.voc.reweighing import Reweighing
from hub.voc.risk import FLOOR, VERSION, kinds_read

NEXT_ACTION: Final = "next_action@2"
"""The rules of the next action; raised whenever they or their order change."""


@dataclass(frozen=True, slots=True)
class Method:
    """How this hub decides.

    Args:
        patterns: The stories that the risk looks for.
        entry: Who answers for the risk.
        fares: Who answers for the health.
        acts: Who answers for the next action.
        floor: Coverage, in percent, below which a risk is unknown.
        model: What the business's own past says that signals are worth; None without it.
    """

    patterns: Patterns
    entry: Entry
    fares: Entry
    acts: Entry
    floor: int = FLOOR
    model: Reweighing | None = None

    @property
    def basis(self) -> str:
        """A digest that is another one when the same past would be judged otherwise."""
        told = repr((VERSION, health.VERSION, NEXT_ACTION, self.patterns, self.floor, self.model))
        return blake2b(told.encode(), digest_size=8).hexdigest()


def method(folder: Path, wanted: RiskSection, data_dir: Path | None = None) -> Method:
    """The method of a hub.

    Args:
        folder: The folder of hub.toml, where relative patterns start.
        wanted: Its ``[risk]``.
        data_dir: Where a trained model lies; beside hub.toml by default.

    Raises:
        ConfigMistakes: With everything that is wrong in the first file that has mistakes.
        ConfigError: If something is decided that has no entry in the register (HUB-235), or not
            the right one (HUB-236), or if the trained model is not the one that it names (HUB-238).
    """
    patterns = pattern_files.read(own_files(folder, wanted.patterns, pattern_files.SHIPPED))
    registers = own_files(folder, wanted.decisions, register.SHIPPED)
    found = _registered(patterns, registers, wanted.floor)
    if wanted.model == "points":
        return found
    path = (data_dir or folder) / reweighing.FILE
    return replace(found, model=reweighing.answered_for(path, VERSION, found.entry.model))


@cache
def shipped() -> Method:
    """The method of a hub that has written none of its own."""
    return _registered(pattern_files.shipped(), [register.SHIPPED], FLOOR)


def _registered(patterns: Patterns, paths: list[Path], floor: int) -> Method:
    reads = kinds_read(patterns)
    return Method(
        patterns,
        register.entry(paths, VERSION, reads),
        register.entry(paths, health.VERSION, health.kinds_read()),
        register.entry(paths, NEXT_ACTION, reads | {kinds.CART}),
        floor,
    )
