"""The instant that a command line names."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click


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
