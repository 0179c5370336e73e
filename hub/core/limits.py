"""Rate limits as a connector declares them, and what a vendor's answers say of them.

    HeaderMeter   x-left: 90, x-max: 100               one header per figure
    PairMeter     x-info: usage=101/15000              used and limit in one header
    FieldsMeter   x-exports: total=10; remaining=9     a budget of its own for some paths
    CostMeter     {"extensions": {"cost": …}}          points that time restores, in the body

A meter reads a :class:`Gauge`; what is done about it decides :mod:`hub.core.limiter`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import reduce
from typing import Any, Literal, Protocol

LONGEST_WINDOW = 86_400.0
"""Seconds after which any budget is looked at again, whatever a header seems to say."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """What one response says about one budget.

    Args:
        name: Budget, as an admin would call it, such as ``10 seconds`` or ``daily``.
        remaining: Requests (or points) left.
        limit: All of the budget, or None when the vendor does not say.
        resets_in: Seconds until it is renewed.
        daily: Whether running out means stopping for today rather than waiting.
        path: Text that occurs in the path of each request that it counts; empty: every request.
        cost: What one request takes.
        restores: What comes back each second; 0 when all of it comes back at once.
    """

    name: str
    remaining: float
    limit: float | None
    resets_in: float
    daily: bool = False
    path: str = ""
    cost: float = 1.0
    restores: float = 0.0


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
            value -= now.timestamp()
        elif self.unit == "milliseconds":
            value /= 1000
        return min(max(0.0, value), LONGEST_WINDOW)


@dataclass(frozen=True, slots=True)
class PairMeter:
    """A budget that one header reports as used and limit: ``api-usage=101/15000``.

    Args:
        name: Budget, as an admin would call it.
        header: The header.
        key: What stands before the pair, where the header holds several; empty takes the first.
        window: Seconds until the limiter believes in a renewal.
        daily: Whether running out means stopping for today.
    """

    name: str
    header: str
    key: str = ""
    window: float = 3600.0
    daily: bool = False

    def read(self, headers: Mapping[str, str], body: Any, now: datetime) -> Gauge | None:
        """The gauge, or None when the header is absent or holds no such pair.

        >>> meter = PairMeter("daily", "info", key="api-usage", daily=True)
        >>> at = datetime(2026, 11, 1, tzinfo=UTC)
        >>> meter.read({"info": "per-app-api-usage=1/9, api-usage=101/15000"}, None, at).remaining
        14899.0
        """
        label = rf"(?<![\w-]){re.escape(self.key)}=" if self.key else ""
        found = re.search(label + r"(\d+)/(\d+)", headers.get(self.header, ""))
        if found is None:
            return None
        used, limit = float(found[1]), float(found[2])
        return Gauge(self.name, limit - used, limit, self.window, self.daily)


@dataclass(frozen=True, slots=True)
class FieldsMeter:
    """A budget that one header reports in named fields: ``total=10; remaining=9; resets=60``.

    Args:
        name: Budget, as an admin would call it.
        header: The header.
        path: Text that occurs in the path of each request that it counts; empty: every request.
        remaining: Field that holds what is left.
        limit: Field that holds the whole budget.
        resets: Field that holds the seconds until it is renewed.
        window: Seconds until renewal where the vendor does not say.
    """

    name: str
    header: str
    path: str = ""
    remaining: str = "remaining"
    limit: str = "total"
    resets: str = "resets"
    window: float = 60.0

    def read(self, headers: Mapping[str, str], body: Any, now: datetime) -> Gauge | None:
        """The gauge, or None when the header is absent or does not say what is left."""
        fields = dict(_FIELD.findall(headers.get(self.header, "")))
        remaining = _number(fields.get(self.remaining))
        if remaining is None:
            return None
        resets = _number(fields.get(self.resets))
        limit = _number(fields.get(self.limit))
        resets_in = self.window if resets is None else max(0.0, resets)
        return Gauge(self.name, remaining, limit, resets_in, path=self.path)


_FIELD = re.compile(r"([\w-]+)\s*=\s*([^;,\s]+)")


@dataclass(frozen=True, slots=True)
class CostMeter:
    """A budget of points that GraphQL answers report, and that time restores.

    A request is taken to cost what the one before it cost: the queries of a stream are alike.

    Args:
        name: Budget, as an admin would call it.
        path: Where the answer's body holds the cost: ``requestedQueryCost`` and
            ``throttleStatus`` with ``maximumAvailable``, ``currentlyAvailable`` and
            ``restoreRate`` (points a second).
    """

    name: str
    path: str = "extensions.cost"

    def read(self, headers: Mapping[str, str], body: Any, now: datetime) -> Gauge | None:
        """The gauge, or None when the body reports no cost."""
        match reduce(_member, self.path.split("."), body):
            case {
                "requestedQueryCost": int() | float() as asked,
                "throttleStatus": {
                    "maximumAvailable": int() | float() as most,
                    "currentlyAvailable": int() | float() as left,
                    "restoreRate": int() | float() as rate,
                },
            } if rate > 0:
                full_in = max(0.0, most - left) / rate
                return Gauge(self.name, left, most, full_in, cost=asked, restores=rate)
        return None


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


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and abs(number) < float("inf") else None
