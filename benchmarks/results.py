"""``benchmarks/RESULTS.md``: one section per benchmark, each with its day, machine and load."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")

_TITLE = """# Measured

Two shared cores: figures move by a fifth from run to run, and more when the machine is busy, so
only ratios of figures taken in one run count. Every benchmark checks that the work was done.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one benchmark found.

    Args:
        what: One sentence: what was done.
        columns: Head of the table.
        rows: The table.
        notes: What follows from it, and what was checked.
    """

    what: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]

    def as_markdown(self, name: str, load: float) -> str:
        """The section of benchmark ``name``; ``load`` is the machine's before it began."""
        day = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
        where = f"{os.cpu_count()} shared cores, Python {platform.python_version()}"
        head = [f"## {name}", "", self.what, ""]
        head += [
            f"`python -m benchmarks {name}`, {day} UTC, {where}, load average {load:.1f} before.",
            "",
        ]
        table = [self.columns, ["---"] * len(self.columns), *self.rows]
        lines = ["| " + " | ".join(row) + " |" for row in table]
        return "\n".join([*head, *lines, "", *(f"- {note}" for note in self.notes), ""])


def write(name: str, section: str, order: Sequence[str]) -> None:
    """Replace the section of ``name`` in RESULTS.md, sections in the order of ``order``."""
    old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else _TITLE
    title, *sections = old.split("\n## ")
    kept = {text.split("\n", 1)[0]: "## " + text.rstrip() + "\n" for text in sections}
    kept[name] = section
    known = [kept.pop(each) for each in order if each in kept]
    text = "\n".join([title.rstrip() + "\n", *known, *kept.values()])
    RESULTS.write_text(text, encoding="utf-8")
