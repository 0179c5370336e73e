"""Rate limits per plan: a rolling ten seconds, a second of searches, a day.

Source: HubSpot "API usage guidelines and limits" (read November 2026) for the plans; recorded
response headers for their names. Search answers carry no rate headers, and a 429 of these limits
carries no ``Retry-After``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from connectors.hubspot.emulator.refusals import rate_limited
from hub.emulation.quotas import Window


@dataclass(frozen=True, slots=True)
class RatePlan:
    """What one app may ask.

    Args:
        burst: Requests in any ten seconds.
        daily: Requests from midnight to midnight, UTC.
        searches: Search requests in any second, over the whole account.
    """

    burst: int
    daily: int
    searches: int = 5


PLANS: dict[str, RatePlan] = {
    "private_free": RatePlan(burst=100, daily=250_000),
    "private_pro": RatePlan(burst=190, daily=650_000),
    "private_enterprise": RatePlan(burst=190, daily=1_000_000),
    "private_limit_increase": RatePlan(burst=250, daily=2_000_000),
    "oauth": RatePlan(burst=110, daily=1_000_000),
    "unmetered": RatePlan(burst=10**9, daily=10**9, searches=10**9),
}
"""Named plans; ``unmetered`` is no plan of HubSpot's, for tests of everything but limits."""

INTERVAL = timedelta(seconds=10)
SECOND = timedelta(seconds=1)


class RateLimiter:
    """Counts requests against a plan."""

    def __init__(self, plan: RatePlan) -> None:
        self.plan = plan
        self.today: date = date.min
        self.used_today = 0
        self._recent = Window(plan.burst, INTERVAL)
        self._last_second = Window(plan.burst, SECOND)
        self._searches = Window(plan.searches, SECOND)

    def admit(self, now: datetime, *, search: bool) -> None:
        """Count one request.

        Raises:
            Refusal: 429 with the policy that is used up; a refused request is not counted.
        """
        self._start_day(now)
        if self.used_today >= self.plan.daily:
            raise rate_limited("DAILY")
        if not self._recent.remaining(now):
            raise rate_limited("TEN_SECONDLY_ROLLING")
        if search and not self._searches.take(now):
            raise rate_limited("SECONDLY")
        self.used_today += 1
        self._recent.take(now)
        self._last_second.take(now)

    def headers(self, now: datetime) -> dict[str, str]:
        """The rate headers of an answer given ``now``."""
        self._start_day(now)
        secondly = self.plan.burst // 10
        last_second = self._last_second.used(now)
        return {
            "x-hubspot-ratelimit-max": str(self.plan.burst),
            "x-hubspot-ratelimit-remaining": str(self._recent.remaining(now)),
            "x-hubspot-ratelimit-interval-milliseconds": "10000",
            "x-hubspot-ratelimit-secondly": str(secondly),
            "x-hubspot-ratelimit-secondly-remaining": str(max(0, secondly - last_second)),
            "x-hubspot-ratelimit-daily": str(self.plan.daily),
            "x-hubspot-ratelimit-daily-remaining": str(max(0, self.plan.daily - self.used_today)),
        }

    def _start_day(self, now: datetime) -> None:
        if now.date() != self.today:
            self.today, self.used_today = now.date(), 0
