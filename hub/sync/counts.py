"""What became of the rows that a run read: every one of them, exactly once."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields


@dataclass(slots=True)
class Counts:
    """Row counts of a page, stream or run. ``read = stored + unchanged + … + skipped`` always.

    ``deleted`` and ``events`` are counted apart: they are effects, not rows that were read.
    """

    read: int = 0
    stored: int = 0
    unchanged: int = 0
    quarantined: int = 0
    suppressed: int = 0
    skipped: int = 0
    deleted: int = 0
    events: int = 0

    def add(self, other: Counts) -> None:
        """Add the counts of another page or stream."""
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))

    @property
    def balanced(self) -> bool:
        """Whether every row that was read is accounted for (invariant 2)."""
        return self.read == (
            self.stored + self.unchanged + self.quarantined + self.suppressed + self.skipped
        )

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)
