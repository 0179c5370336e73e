"""The context card: what an agent needs so that the customer need not repeat themselves.

Five lines, at most 1,000 characters: who, value and risk, what happened last, what is open, and
what to do next and what not.
It is composed from the profile's own fields, so it says nothing that the profile does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from hub.profile.leaf import Field, field, short

LIMIT = 1_000
_MATTER = 80
NO_CONTACT = frozenset({"withdrawn", "denied", "objected"})


def card(profile: Mapping[str, Any], zone: tzinfo = UTC) -> Field:
    """The card of a composed profile, with days as the clocks of ``zone`` tell them."""
    lines = (
        _who(profile, zone),
        _value(profile, zone),
        _last(profile, zone),
        _open(profile),
        f"{_next(profile)}. {_not(profile)}",
    )
    text = "\n".join(line if len(line) <= 190 else line[:187] + "..." for line in lines)
    return field(text[:LIMIT], "hub", None)


def _at(profile: Mapping[str, Any], path: str) -> Any:
    group, name = path.split(".")
    return profile[group][name].get("value")


def _day(instant: str | None, zone: tzinfo) -> str:
    if instant is None:
        return "?"
    return datetime.fromisoformat(instant).astimezone(zone).date().isoformat()


def _who(profile: Mapping[str, Any], zone: tzinfo) -> str:
    doubt = " (sources disagree)" if profile["who"]["name"].get("contested") else ""
    parts = [
        f"{_at(profile, 'who.name') or 'Name unknown'}{doubt}",
        _at(profile, "who.organisation"),
        _at(profile, "relationship.lifecycle"),
        _at(profile, "relationship.tier"),
    ]
    since = _at(profile, "relationship.first_seen")
    if since:
        parts.append(f"since {_day(since, zone)}")
    return "Who: " + ", ".join(str(part) for part in parts if part)


def _value(profile: Mapping[str, Any], zone: tzinfo) -> str:
    return f"Value: {_bought(profile, zone)}; {_risk(profile)}"


def _bought(profile: Mapping[str, Any], zone: tzinfo) -> str:
    orders = _at(profile, "value.orders")
    if not orders:
        return "no orders known"
    last = _day(_at(profile, "value.last_order_at"), zone)
    return (
        f"{orders} order{'s' if orders > 1 else ''}, {_at(profile, 'value.net_spend'):,.2f}"
        f" {_at(profile, 'value.currency')}, last {last}"
    )


def _risk(profile: Mapping[str, Any]) -> str:
    band, reason = _at(profile, "risk.band"), _at(profile, "risk.top_reason")
    if band == "left":
        return "has left"
    return f"risk of leaving {band}" if reason == "none" else f"risk of leaving {band}: {reason}"


def _last(profile: Mapping[str, Any], zone: tzinfo) -> str:
    events: list[tuple[str, str]] = []
    bought = _at(profile, "value.last_order_at")
    if bought:
        events.append((bought, "order"))
    returned = profile["value"]["returns"].get("at")
    if returned:
        events.append((returned, "return"))
    for instrument in ("nps", "csat", "ces"):
        at = _at(profile, f"voice.{instrument}_at")
        if at:
            events.append((at, f"{instrument.upper()} {_at(profile, f'voice.{instrument}'):g}"))
    ticket = profile["service"]["open_tickets"].get("at")
    if ticket:
        events.append((ticket, "support ticket"))
    latest = sorted(events, reverse=True)[:3]
    told = ", ".join(f"{what} {_day(at, zone)}" for at, what in latest)
    return f"Last: {told}" if told else "Last: nothing on record"


def _open(profile: Mapping[str, Any]) -> str:
    parts: list[str] = []
    if count := _at(profile, "service.open_tickets"):
        subject = _at(profile, "service.unresolved")
        about = f": {short(subject, _MATTER)}" if subject else ""
        parts.append(f"{count} ticket{'s' if count > 1 else ''}{about}")
    if waiting := _at(profile, "voice.unanswered"):
        parts.append(f"a case: {waiting} answer{'s' if waiting > 1 else ''} without a reply")
    return "Open: " + ("; ".join(parts) or "nothing")


def _next(profile: Mapping[str, Any]) -> str:
    return f"Next: {short(_at(profile, 'risk.next_action'), _MATTER)}"


def _not(profile: Mapping[str, Any]) -> str:
    warnings: list[str] = []
    if _at(profile, "permission.do_not_contact"):
        warnings.append("processing restricted, do not contact")
    refused = sorted(
        name.replace("_", " by ")
        for name, leaf in profile["permission"].items()
        if leaf.get("value") in NO_CONTACT
    )
    if refused:
        warnings.append("no " + ", no ".join(refused))
    if _at(profile, "risk.recent_return"):
        warnings.append("no offers for what was just returned")
    if _at(profile, "risk.unresolved_detractor"):
        warnings.append("unhappy at the last survey: listen first")
    return "Do not: " + ("; ".join(warnings) if warnings else "nothing special")
