"""Which files tell something: those that a business wrote, or the one that the hub ships."""

from __future__ import annotations

from pathlib import Path


def own_files(folder: Path, pattern: str, shipped: Path) -> list[Path]:
    """The files that a business wrote; ``shipped`` alone if there are none.

    Args:
        folder: The folder of hub.toml, where a relative pattern starts.
        pattern: A path with wildcards.
        shipped: What applies where a business has written none.
    """
    return written(folder, pattern) or [shipped]


def written(folder: Path, pattern: str) -> list[Path]:
    """The files that ``pattern`` names, by name."""
    path = folder.resolve() / pattern
    return sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
