"""The instants that a command line names, and those that its documents tell."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from hub.core.clock import from_micros, to_micros


def instant(text: str | None, zone: ZoneInfo) -> datetime | None:
    """The instant that ``text`` names, on the clocks of ``zone`` if it names no zone itself.

    Raises:
        BadParameter: If it is no time in ISO 8601.
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as err:
        raise click.BadParameter(f'"{text}" is not a time such as 2026-05-01T09:30') from err
    return found if found.tzinfo else found.replace(tzinfo=zone)


def micros(text: str | None, zone: ZoneInfo, now: int) -> int:
    """As :func:`instant`, in microseconds of UTC; ``now`` if no instant is named."""
    found = instant(text, zone)
    return now if found is None else to_micros(found)


def iso(micros: int | None, timespec: str = "auto") -> str | None:
    """An instant of the store, which counts microseconds of UTC, in ISO 8601.

    >>> iso(1_766_620_800_000_000), iso(None)
    ('2025-12-25T00:00:00+00:00', None)
    """
    return None if micros is None else from_micros(micros).isoformat(timespec=timespec)


def to_the_second(micros: int | None) -> str | None:
    """As :func:`iso`, without what is below a second."""
    return iso(micros, "seconds")
