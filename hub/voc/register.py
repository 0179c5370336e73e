"""The register of automated decisions: no score is used that nobody answers for.

An entry says what a score reads, what is decided with it, whether it decides alone or helps a
person, and who answers for it. A score without an entry, or one that reads more than its entry
says, is refused.

Source: GDPR Art. 22 and 15(1)(h); Privacy Act 1988 (Cth) APP 1.7-1.9 (automated decisions).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from hub.core.errors import ConfigError
from hub.core.hubtoml import read_model
from hub.core.settings import Identifier, Section
from hub.journeys.definition import Text
from hub.voc.pattern import Kinds

SHIPPED: Final = Path(__file__).with_name("decisions.toml")
"""The register that applies where a business has written none."""


class Entry(Section):
    """One score, and what is done with it."""

    score: Identifier
    """Name of the score."""
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    """Version of the score that the entry was written for."""
    inputs: Kinds
    """Kinds of event that it may read."""
    decision: Text
    """What is decided with it."""
    role: Literal["sole", "assisting"]
    """Whether it decides alone, or helps a person who does."""
    owner: Text
    """Who answers for it."""
    model: Annotated[str, Field(pattern="^[0-9a-f]{16}$")] | None = None
    """The trained model that they answer for, as hub risk model names it; none without one."""


class Register(Section):
    """One file of entries."""

    decisions: Annotated[tuple[Entry, ...], Field(min_length=1)]
    """The entries."""


def entry(paths: Iterable[Path], score: str, reads: Iterable[str]) -> Entry:
    """The entry of a score, such as ``risk@1``, in the files of the register.

    Args:
        paths: The files.
        score: Name and version.
        reads: Kinds of event that the score reads.

    Raises:
        ConfigError: If the score has no entry (HUB-235), or one of another version, or one that
            does not name everything that it reads (HUB-236); or if a file cannot be read.
    """
    name, _, version = score.partition("@")
    known = [found for path in paths for found in read_model(path, Register)[0].decisions]
    of_score = [found for found in known if found.score == name]
    if not of_score:
        raise ConfigError(
            f"the score {score} has no entry in the register of automated decisions, so it is not"
            f" used. Add one with score, version, inputs, decision, role and owner: see {SHIPPED}",
            code="HUB-235",
        )
    found = next((each for each in of_score if each.version == int(version)), None)
    if found is None:
        written = ", ".join(str(each.version) for each in of_score)
        raise ConfigError(
            f"the register of automated decisions knows version {written} of the score {name}; this"
            f" hub computes version {version}. Read what changed and write an entry for it",
            code="HUB-236",
        )
    missing = sorted(set(reads) - set(found.inputs))
    if missing:
        raise ConfigError(
            f"the score {score} reads more than its entry in the register of automated decisions"
            f" says: {', '.join(missing)}. Add these to its inputs, or drop what reads them",
            code="HUB-236",
        )
    return found
