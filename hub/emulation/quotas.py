"""How vendors count requests: a window that rolls, and a bucket of points that refills."""

from __future__ import annotations

import math
from collections import deque
from datetime import datetime, timedelta


class Window:
    """At most ``limit`` requests in any ``span``; a refused request is not counted.

    Args:
        limit: Requests.
        span: Length of the window.
    """

    def __init__(self, limit: int, span: timedelta) -> None:
        self.limit = limit
        self.span = span
        self._taken: deque[datetime] = deque()

    def take(self, now: datetime) -> bool:
        """Whether one more request fits; if so, it is counted."""
        fits = self.used(now) < self.limit
        if fits:
            self._taken.append(now)
        return fits

    def used(self, now: datetime) -> int:
        """Requests counted in the window that ends now."""
        while self._taken and now - self._taken[0] >= self.span:
            self._taken.popleft()
        return len(self._taken)

    def remaining(self, now: datetime) -> int:
        """Requests that still fit."""
        return self.limit - self.used(now)

    def resets_in(self, now: datetime) -> float:
        """Seconds until the oldest request leaves the window; 0 when it is empty."""
        if not self.used(now):
            return 0.0
        return (self._taken[0] + self.span - now).total_seconds()


class PointBucket:
    """Points that requests cost and time restores; full at first.

    Args:
        size: Most points that it holds.
        restore_rate: Points per second.
    """

    def __init__(self, size: float, restore_rate: float) -> None:
        self.size = size
        self.restore_rate = restore_rate
        self._level = size
        self._at: datetime | None = None

    def take(self, points: float, now: datetime) -> bool:
        """Whether ``points`` are there; if so, they are gone."""
        fits = points <= self.available(now)
        if fits:
            self._level -= points
        return fits

    def available(self, now: datetime) -> float:
        """Points that are there."""
        if self._at is not None:
            restored = (now - self._at).total_seconds() * self.restore_rate
            self._level = min(self.size, self._level + restored)
        self._at = now
        return self._level

    def wait_for(self, points: float, now: datetime) -> float:
        """Seconds until ``points`` are there; infinite if the bucket never holds so many."""
        if points > self.size:
            return math.inf
        return max(0.0, points - self.available(now)) / self.restore_rate
