"""Time as the hub sees it: injectable, timezone-aware, stored as microseconds of UTC."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import NewType, Protocol

Micros = NewType("Micros", int)
"""Microseconds since 1970-01-01T00:00:00Z."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """The only source of time and of waiting; tests inject one that never sleeps."""

    def now(self) -> datetime:
        """The current instant, timezone-aware, UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait ``seconds``, or move a simulated clock forward by them."""


class Wait(Protocol):
    """Called by the HTTP layer before it waits, so that progress shows why nothing moves."""

    def __call__(self, seconds: float, reason: str) -> None:
        """Wait ``seconds`` because of ``reason``."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current instant, UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        time.sleep(seconds)


class ManualClock:
    """A clock that moves only when told, for tests, the demo and replays.

    >>> clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    >>> clock.sleep(90)
    >>> clock.now().isoformat()
    '2026-01-01T00:01:30+00:00'
    """

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The instant that it was moved to last."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move forward at once."""
        self._now += timedelta(seconds=seconds)


def iso_z(instant: datetime) -> str:
    """RFC 3339 in UTC with milliseconds.

    >>> iso_z(datetime(2026, 11, 1, 9, 30, tzinfo=UTC))
    '2026-11-01T09:30:00.000Z'
    """
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_micros(instant: datetime) -> Micros:
    """Microseconds since the epoch, exact (no float in between).

    Raises:
        ValueError: If ``instant`` has no time zone.
    """
    if instant.tzinfo is None:
        raise ValueError("a naive datetime has no place on the time line; attach its time zone")
    return Micros((instant - _EPOCH) // _MICROSECOND)


def from_micros(micros: int) -> datetime:
    """The UTC instant that ``micros`` stands for."""
    return _EPOCH + timedelta(microseconds=micros)
