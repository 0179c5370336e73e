"""Rate limits: a plan per minute over the account, and tighter ones on some endpoints.

Source: Zendesk, "Rate limits" (read November 2026); header names and the figures of the cursor
exports as recorded in answers. A refused request is not counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.zendesk.emulator.refusals import rate_limited
from hub.emulation.quotas import Window

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RatePlan:
    """What an account may ask.

    Args:
        per_minute: Requests to the Support API in any minute.
        exports: Requests to the time-based exports in any minute.
        cursor_exports: Requests to the cursor exports in any minute.
        metered: Whether the endpoints' own limits apply too.
    """

    per_minute: int
    exports: int = 10
    cursor_exports: int = 20
    metered: bool = True


PLANS: Mapping[str, RatePlan] = {
    "team": RatePlan(200),
    "growth": RatePlan(400),
    "professional": RatePlan(400),
    "enterprise": RatePlan(700),
    "high_volume": RatePlan(2500, exports=30, cursor_exports=60),
    "unmetered": RatePlan(10**9, 10**9, 10**9, metered=False),
}
"""Named plans; ``unmetered`` is no plan of Zendesk's, for tests of everything but limits."""


EXPORTS, CURSOR_EXPORTS = "incremental-exports", "incremental-exports-cursor"
WRITE_USER, WRITE_ORGANIZATION = "create-update-user", "update-organization"
ERASE_USER, LIST_TICKETS = "permanent-user-deletion", "tickets-index"
UPDATE_TICKET = "per-ticket-updates"


def _windows(plan: RatePlan) -> Mapping[str, tuple[int, timedelta]]:
    """The endpoints' own limits, by the name that their header carries."""
    if not plan.metered:
        return {}
    return {
        EXPORTS: (plan.exports, MINUTE),
        CURSOR_EXPORTS: (plan.cursor_exports, MINUTE),
        WRITE_USER: (5, MINUTE),
        WRITE_ORGANIZATION: (5, MINUTE),
        LIST_TICKETS: (100, MINUTE),
        ERASE_USER: (700, timedelta(minutes=10)),
        UPDATE_TICKET: (30, timedelta(minutes=10)),
    }


class RateLimiter:
    """Counts requests against a plan."""

    def __init__(self, plan: RatePlan) -> None:
        self._account = Window(plan.per_minute, MINUTE)
        self._limits = _windows(plan)
        self._endpoints: dict[tuple[str, str], Window] = {}

    def admit(self, now: datetime, limit: str = "", key: str = "") -> None:
        """Count one request to the account and, where it has one, to the endpoint's own limit.

        Args:
            now: When it arrives.
            limit: Name of the endpoint's own limit.
            key: What that limit is counted by, such as one user.

        Raises:
            Refusal: 429 that says how long to wait.
        """
        windows = [self._account, *self._own(limit, key)]
        for window in windows:
            if window.remaining(now) <= 0:
                wait = {"Retry-After": str(_reset(window, now))}
                raise rate_limited(self.headers(now, limit, key) | wait)
        for window in windows:
            window.take(now)

    def headers(self, now: datetime, limit: str = "", key: str = "") -> dict[str, str]:
        """The rate headers of an answer given ``now``."""
        account = self._account
        found = {
            "X-Rate-Limit": str(account.limit),
            "X-Rate-Limit-Remaining": str(account.remaining(now)),
            "ratelimit-limit": str(account.limit),
            "ratelimit-remaining": str(account.remaining(now)),
            "ratelimit-reset": str(_reset(account, now)),
        }
        own = {f"zendesk-ratelimit-{limit}": _gauge(w, now) for w in self._own(limit, key)}
        return found | own

    def _own(self, limit: str, key: str) -> list[Window]:
        if limit not in self._limits:
            return []
        window = Window(*self._limits[limit])
        return [self._endpoints.setdefault((limit, key), window)]


def _gauge(window: Window, now: datetime) -> str:
    return f"total={window.limit}; remaining={window.remaining(now)}; resets={_reset(window, now)}"


def _reset(window: Window, now: datetime) -> int:
    return math.ceil(window.resets_in(now))
