"""Rate limits: what a vendor's headers say, and whether the next request goes, waits or stops.

    response headers → Meter.read → Gauge → Limiter → Verdict: go · slow · wait · stop

A :class:`Limiter` belongs to one credential, since that is what vendors count by, and is shared by
every thread that uses it. It believes the vendor's own headers before any declared figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, Literal, Protocol

from hub.core.clock import Clock


@dataclass(frozen=True, slots=True)
class Gauge:
    """What one response says about one budget.

    Args:
        name: Budget, as an admin would call it, such as ``10 seconds`` or ``daily``.
        remaining: Requests (or points) left.
        limit: All of the budget, or None when the vendor does not say.
        resets_in: Seconds until it is renewed.
        daily: Whether running out means stopping for today rather than waiting.
    """

    name: str
    remaining: float
    limit: float | None
    resets_in: float
    daily: bool = False


class Meter(Protocol):
    """Reads a gauge from a response; None when the response does not carry it."""

    def read(self, headers: Mapping[str, str], body: Any, now: datetime) -> Gauge | None:
        """The gauge as of ``now``; ``body`` is the parsed JSON."""


@dataclass(frozen=True, slots=True)
class HeaderMeter:
    """A budget that plain numeric headers report.

    Args:
        name: Budget, as an admin would call it.
        remaining: Header that holds what is left.
        limit: Header that holds the whole budget.
        resets: Header that says when the budget is renewed.
        unit: How to read ``resets``.
        window: Seconds until renewal where the vendor sends no ``resets`` header.
        daily: Whether running out means stopping for today.
    """

    name: str
    remaining: str
    limit: str = ""
    resets: str = ""
    unit: Literal["seconds", "milliseconds", "epoch"] = "seconds"
    window: float = 60.0
    daily: bool = False

    def read(self, headers: Mapping[str, str], body: Any, now: datetime) -> Gauge | None:
        """The gauge, or None when the header is absent or no number."""
        remaining = _number(headers.get(self.remaining))
        if remaining is None:
            return None
        limit = _number(headers.get(self.limit)) if self.limit else None
        resets_in = self._resets_in(_number(headers.get(self.resets)), now)
        return Gauge(self.name, remaining, limit, resets_in, self.daily)

    def _resets_in(self, value: float | None, now: datetime) -> float:
        if value is None:
            return self.window
        if self.unit == "epoch":
            return max(0.0, value - now.timestamp())
        return max(0.0, value / 1000 if self.unit == "milliseconds" else value)


@dataclass(frozen=True, slots=True)
class Lane:
    """A tighter pace for some paths, such as a vendor's search endpoint.

    Args:
        match: Text that occurs in the path of each request of the lane.
        per_second: Requests per second in this lane.
    """

    match: str
    per_second: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What a vendor allows one credential.

    Args:
        per_second: Pace that is never exceeded; None leaves the pace to the vendor's headers.
        parallel: Most requests in flight.
        lanes: Tighter paces for some paths.
        meters: Where responses report what is left.
        slow_below: Share of a budget below which requests are spread over the rest of its window.
        patience: Longest wait in seconds; a vendor that asks for more has spent the day's budget.
    """

    per_second: float | None = None
    parallel: int = 8
    lanes: tuple[Lane, ...] = ()
    meters: tuple[Meter, ...] = ()
    slow_below: float = 0.1
    patience: float = 300.0


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
class _Known:
    gauge: Gauge
    until: datetime


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
        self._known: dict[str, _Known] = {}
        self._turns: dict[str, datetime] = {}
        self._held = Verdict("wait")
        self._held_until = datetime.min.replace(tzinfo=UTC)
        self._in_flight = 0

    def ask(self, path: str) -> Verdict:
        """What a request to ``path`` may do; ``go`` and ``slow`` reserve its turn.

        A caller that was told go or slow calls :meth:`done` once the request is over.
        """
        with self._lock:
            now = self._clock.now()
            refusal = self._refusal(now)
            if refusal is not None:
                return refusal
            turn = self._turn(path, now)
            self._in_flight += 1
            return turn

    def done(self) -> None:
        """Take note that a request is over, however it ended."""
        with self._lock:
            self._in_flight -= 1

    def learn(self, headers: Mapping[str, str], body: Any) -> None:
        """Take note of what a response says about the budgets."""
        with self._lock:
            now = self._clock.now()
            for meter in self._limits.meters:
                gauge = meter.read(headers, body, now)
                if gauge is not None:
                    until = now + timedelta(seconds=gauge.resets_in)
                    self._known[gauge.name] = _Known(gauge, until)

    def hold(self, seconds: float, reason: str) -> None:
        """Hold every request of this credential: the vendor said 429 to one of them."""
        with self._lock:
            until = self._clock.now() + timedelta(seconds=seconds)
            if until > self._held_until:
                self._held_until, self._held = until, Verdict("wait", seconds, reason)

    def renewed_in(self) -> float | None:
        """Seconds until the tightest spent budget is renewed, or None if none is known spent."""
        with self._lock:
            refusal = self._refusal(self._clock.now())
            return refusal.seconds if refusal is not None else None

    def _refusal(self, now: datetime) -> Verdict | None:
        if now < self._held_until:
            left = (self._held_until - now).total_seconds()
            return Verdict("wait", left, self._held.reason)
        spent = [known for known in self._live(now) if self._left(known) < 1]
        if not spent:
            return None
        last = max(spent, key=lambda known: known.until)
        left = (last.until - now).total_seconds()
        stop = left > self._limits.patience or any(known.gauge.daily for known in spent)
        reason = f"{last.gauge.name} limit used up"
        return Verdict("stop" if stop else "wait", left, reason)

    def _turn(self, path: str, now: datetime) -> Verdict:
        paces = {lane.match: 1 / lane.per_second for lane in self._limits.lanes}
        gaps = {match: gap for match, gap in paces.items() if match in path}
        gaps[""], reason = self._gap(now)
        turns = {match: max(now, self._turns.get(match, now)) for match in gaps}
        for match, gap in gaps.items():
            self._turns[match] = turns[match] + timedelta(seconds=gap)
        ahead = (max(turns.values()) - now).total_seconds()
        return Verdict("slow", ahead, reason or "keeping the vendor's pace") if ahead > 0 else GO

    def _gap(self, now: datetime) -> tuple[float, str]:
        """Seconds between two requests, and why, when a budget runs low."""
        gap, reason = (1 / self._limits.per_second if self._limits.per_second else 0.0), ""
        for known in self._live(now):
            left, limit = self._left(known), known.gauge.limit
            if known.gauge.daily or limit is None or left > limit * self._limits.slow_below:
                continue
            spread = (known.until - now).total_seconds() / max(left, 1)
            if spread > gap:
                gap, reason = spread, f"{known.gauge.name} limit runs low"
        return gap, reason

    def _live(self, now: datetime) -> list[_Known]:
        return [known for known in self._known.values() if known.until > now]

    def _left(self, known: _Known) -> float:
        """What is left, less the requests in flight that the vendor had not counted yet."""
        return known.gauge.remaining - self._in_flight


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


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that ``Retry-After`` asks for: None when absent or unreadable, never negative.

    >>> retry_after({"retry-after": "2.5"}, datetime(2026, 11, 1, tzinfo=UTC))
    2.5
    >>> at = "Sun, 01 Nov 2026 00:00:30 GMT"
    >>> retry_after({"retry-after": at}, datetime(2026, 11, 1, tzinfo=UTC))
    30.0

    Source: RFC 9110, 10.2.3 (delay in seconds or HTTP date); some vendors send fractions.
    """
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return max(0.0, seconds)
    try:
        instant = parsedate_to_datetime(value)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return max(0.0, (instant - now).total_seconds())


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and abs(number) < float("inf") else None
