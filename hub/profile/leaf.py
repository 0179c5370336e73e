"""A leaf of the profile: a value with its source, or the reason why there is none."""

from __future__ import annotations

from datetime import datetime
from typing import Any

Field = dict[str, Any]
Group = dict[str, Field]

LATER = "not computed by this version"
"""Status of fields that the shape has and a later version of the hub fills."""


def field(
    value: object,
    source: str | None,
    at: datetime | None,
    *,
    purpose: str = "service",
    confidence: float | None = None,
) -> Field:
    """A leaf of the profile."""
    return {
        "value": value,
        "source": source,
        "at": None if at is None else at.isoformat(),
        "confidence": confidence,
        "purpose": purpose,
    }


def no_data(status: str = "no data") -> Field:
    """A leaf that says that, or why, nothing is known."""
    return {"value": None, "status": status}


def short(text: str, most: int) -> str:
    """The text on one line of at most ``most`` characters.

    >>> short("Parcel has   not arrived", 16)
    'Parcel has no...'
    """
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3] + "..."
