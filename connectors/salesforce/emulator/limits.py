"""How many requests an org may answer in a day, by named plan.

Source: Salesforce "API Request Limits and Allocations" (read November 2026): 15,000 in a rolling
day for Developer Edition; 100,000 and 1,000 per licence for Enterprise Edition. Over it, requests
are refused with 403 until enough of the day has passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.refusals import request_limit
from connectors.salesforce.emulator.wire import Answer, Call
from hub.emulation.quotas import Window

DAY = timedelta(days=1)
LICENCES = 25

PLANS: Mapping[str, int] = {
    "developer": 15_000,
    "enterprise": 100_000 + 1_000 * LICENCES,
    "unmetered": 10**9,
}
"""Requests in a rolling day; ``unmetered`` is no plan of Salesforce's."""


def allowance(plan: str) -> Window:
    """The day's requests under a plan."""
    return Window(PLANS[plan], DAY)


def admit(org: Org) -> None:
    """Count one request.

    Raises:
        Refusal: 403 when the day's requests are used up; a refused request is not counted.
    """
    if not org.requests.take(org.now()):
        raise request_limit("TotalRequests")


def usage_header(org: Org) -> dict[str, str]:
    """What every answer says about the day's requests."""
    used = org.requests.used(org.now())
    return {"Sforce-Limit-Info": f"api-usage={used}/{org.requests.limit}"}


def list_limits(org: Org, call: Call) -> Answer:
    """What the org allows and what is left of it."""
    api = {"Max": org.requests.limit, "Remaining": org.requests.remaining(org.now())}
    fixed = {"DailyBulkV2QueryJobs": 10_000, "DailyBulkApiBatches": 15_000, "DataStorageMB": 1_024}
    unused = {name: {"Max": most, "Remaining": most} for name, most in fixed.items()}
    return Answer({"DailyApiRequests": api} | unused)


def record_counts(org: Org, call: Call) -> Answer:
    """Live records per object, by the names asked for."""
    names = [name for name in call.query.get("sObjects", "").split(",") if name]
    kinds = [org.kind(name) for name in names]
    counted = ((kind.name, sum(1 for _ in org.table(kind.name).live())) for kind in kinds)
    return Answer({"sObjects": [{"count": n, "name": name} for name, n in counted if n]})
