"""Endpoints about the account itself: details, today's API usage, and what still fits."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from connectors.hubspot.emulator.account import PORTAL_ID, Account
from connectors.hubspot.emulator.catalogue import OBJECT_TYPES
from connectors.hubspot.emulator.property_definitions import MAX_CUSTOM, custom_properties
from connectors.hubspot.emulator.values import stamp
from connectors.hubspot.emulator.wire import Answer, Call

MAX_RECORDS = 15_000_000


def details(account: Account, call: Call) -> Answer:
    """Who this account is."""
    return Answer(
        {
            "portalId": PORTAL_ID,
            "accountType": "STANDARD",
            "timeZone": "UTC",
            "companyCurrency": "AUD",
            "additionalCurrencies": ["GBP", "USD"],
            "utcOffset": "+00:00",
            "utcOffsetMilliseconds": 0,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
    )


def daily_usage(account: Account, call: Call) -> Answer:
    """Requests used today, by the app's plan."""
    now = account.now()
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": account.limiter.plan.daily,
        "currentUsage": account.limiter.used_today,
        "collectedAt": stamp(now),
        "fetchStatus": "SUCCESS",
        "resetsAt": stamp(midnight),
    }
    return Answer({"results": [usage]})


def list_owners(account: Account, call: Call) -> Answer:
    """The account's users, or the one with an address."""
    wanted = call.query.get("email", "").lower()
    found = [
        {"id": owner_id, "email": email, "type": "PERSON", "archived": False}
        for email, owner_id in sorted(account.owners.items())
        if wanted in ("", email)
    ]
    return Answer({"results": found})


def record_limits(account: Account, call: Call) -> Answer:
    """Records used and allowed, by kind."""
    usage = {name: len(table.records) for name, table in account.tables.items()}
    return _limits(usage, MAX_RECORDS)


def custom_property_limits(account: Account, call: Call) -> Answer:
    """Custom properties used and allowed, by kind."""
    usage = {name: len(custom_properties(account, name)) for name in OBJECT_TYPES}
    return _limits(usage, MAX_CUSTOM)


def _limits(usage: dict[str, int], limit: int) -> Answer:
    by_type = [
        {
            "objectTypeId": OBJECT_TYPES[name].type_id,
            "singularLabel": OBJECT_TYPES[name].singular,
            "usage": used,
            "limit": limit,
            "percentage": 100 * used / limit,
        }
        for name, used in usage.items()
    ]
    return Answer({"byObjectType": by_type})
