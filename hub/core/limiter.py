"""Whether the next request goes, is slowed, waits, or stops the run for today.

    response headers and body → Meter.read → Gauge → Limiter → Verdict: go · slow · wait · stop

A :class:`Limiter` belongs to one credential, since that is what vendors count by, and is shared by
every thread that uses it. It believes the vendor's own figures before any declared one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Literal

from hub.core.clock import Clock
from hub.core.limits import Gauge, Limits


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the next request may do.

    Args:
        action: ``go`` now; ``slow``: its turn comes in ``seconds``; ``wait`` that long and ask
            again; ``stop`` for today, the budget is renewed in ``seconds``.
        seconds: How long.
        reason: For progress and messages.
    """

    action: Literal["go", "slow", "wait", "stop"]
    seconds: float = 0.0
    reason: str = ""


GO = Verdict("go")


@dataclass(frozen=True, slots=True)
class _Reading:
    """A gauge and when it was read."""

    gauge: Gauge
    at: datetime

    @property
    def until(self) -> datetime:
        return self.at + timedelta(seconds=self.gauge.resets_in)

    def left(self, now: datetime) -> float:
        restored = (now - self.at).total_seconds() * self.gauge.restores
        return self.gauge.remaining + restored


@dataclass(frozen=True, slots=True)
class _Hold:
    """Nothing goes to paths with ``path`` in them before ``until``."""

    until: datetime
    reason: str


class Limiter:
    """The pace of one credential; every method may be called from any thread.

    Args:
        limits: What the vendor allows.
        clock: Source of time.
    """

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = Lock()
        self._readings: dict[str, _Reading] = {}
        self._holds: dict[str, _Hold] = {}
        self._turns: dict[str, datetime] = {}
        self._in_flight: Counter[str] = Counter()

    def ask(self, path: str) -> Verdict:
        """What a request to ``path`` may do; ``go`` and ``slow`` reserve its turn.

        A caller that was told go or slow calls :meth:`done` once the request is over.
        """
        with self._lock:
            now = self._clock.now()
            refusal = self._refusal(path, now)
            if refusal is not None:
                return refusal
            turn = self._turn(path, now)
            self._in_flight[path] += 1
            return turn

    def done(self, path: str) -> None:
        """Take note that a request to ``path`` is over, however it ended."""
        with self._lock:
            self._in_flight -= Counter((path,))

    def learn(self, headers: Mapping[str, str], body: Any) -> None:
        """Take note of what a response says about the budgets."""
        with self._lock:
            now = self._clock.now()
            for meter in self._limits.meters:
                gauge = meter.read(headers, body, now)
                if gauge is not None:
                    self._readings[gauge.name] = _Reading(gauge, now)

    def hold(self, seconds: float, reason: str, path: str = "") -> None:
        """Hold the requests of this credential: the vendor said 429 to the one to ``path``.

        Where the vendor's figures show that only a budget of some paths is spent, the others go on.
        """
        with self._lock:
            now = self._clock.now()
            lane = self._spent_lane(path, now)
            held = self._holds.get(lane)
            until = now + timedelta(seconds=seconds)
            if held is None or until > held.until:
                self._holds[lane] = _Hold(until, reason)

    def renewed_in(self, path: str) -> float | None:
        """Seconds until the tightest spent budget of ``path`` is renewed; None if none is spent."""
        with self._lock:
            refusal = self._refusal(path, self._clock.now())
            return refusal.seconds if refusal is not None else None

    def _refusal(self, path: str, now: datetime) -> Verdict | None:
        held = [h for lane, h in self._holds.items() if lane in path and h.until > now]
        if held:
            last = max(held, key=lambda hold: hold.until)
            return Verdict("wait", (last.until - now).total_seconds(), last.reason)
        spent = [reading for reading in self._live(path, now) if self._is_spent(reading, now)]
        if not spent:
            return None
        tightest = max(spent, key=lambda reading: self._enough_in(reading, now))
        seconds = self._enough_in(tightest, now)
        stop = seconds > self._limits.patience or any(reading.gauge.daily for reading in spent)
        return Verdict("stop" if stop else "wait", seconds, f"{tightest.gauge.name} limit used up")

    def _spent_lane(self, path: str, now: datetime) -> str:
        spent = [r.gauge.path for r in self._live(path, now) if self._is_spent(r, now)]
        return min(spent, key=len, default="")

    def _turn(self, path: str, now: datetime) -> Verdict:
        gaps = {
            lane.match: 1 / lane.per_second for lane in self._limits.lanes if lane.match in path
        }
        gaps[""] = 1 / self._limits.per_second if self._limits.per_second else 0.0
        reason = ""
        for reading in self._live(path, now):
            lane, gap = reading.gauge.path, self._gap(reading, now)
            if gap > gaps.get(lane, 0.0):
                gaps[lane], reason = gap, f"{reading.gauge.name} limit runs low"
        turns = {lane: max(now, self._turns.get(lane, now)) for lane in gaps}
        for lane, gap in gaps.items():
            self._turns[lane] = turns[lane] + timedelta(seconds=gap)
        ahead = (max(turns.values()) - now).total_seconds()
        return Verdict("slow", ahead, reason or "keeping the vendor's pace") if ahead > 0 else GO

    def _gap(self, reading: _Reading, now: datetime) -> float:
        """Seconds between two requests when the budget runs low, else 0."""
        gauge, left = reading.gauge, self._left(reading, now)
        if gauge.daily or gauge.limit is None or left > gauge.limit * self._limits.slow_below:
            return 0.0
        if gauge.restores:
            return gauge.cost / gauge.restores
        return (reading.until - now).total_seconds() / max(left, 1)

    def _live(self, path: str, now: datetime) -> list[_Reading]:
        return [r for r in self._readings.values() if r.until > now and r.gauge.path in path]

    def _is_spent(self, reading: _Reading, now: datetime) -> bool:
        return self._left(reading, now) < reading.gauge.cost

    def _left(self, reading: _Reading, now: datetime) -> float:
        """What is left, less the requests in flight that the vendor had not counted yet."""
        lane = reading.gauge.path
        in_flight = sum(n for path, n in self._in_flight.items() if lane in path)
        return reading.left(now) - in_flight * reading.gauge.cost

    def _enough_in(self, reading: _Reading, now: datetime) -> float:
        """Seconds until the budget has enough for one request more."""
        gauge = reading.gauge
        if gauge.restores:
            seconds = (gauge.cost - self._left(reading, now)) / gauge.restores
            return math.ceil(seconds * 1000) / 1000  # a wait too short for the clock would not end
        return (reading.until - now).total_seconds()


class Limiters:
    """The limiters of a process: connections that share a credential share one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._held: dict[str, Limiter] = {}

    def of(self, credential: str, limits: Limits) -> Limiter:
        """The limiter of ``credential`` (an identifier, never its secret)."""
        with self._lock:
            return self._held.setdefault(credential, Limiter(limits, self._clock))
