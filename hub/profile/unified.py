"""``unified_profile_v1``: one documented, versioned shape that every door shows.

Each leaf is a field: value, source (source key or ``metric:id@version``), time, confidence and the
purpose under which it may be used. A field without data says so; it is never left out, so that a
reader can tell "nothing known" from "not part of this version".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from hub.core.clock import from_micros
from hub.core.money import exponent
from hub.core.records import Cart, Feedback, LoyaltyEntry, Ticket, one_line
from hub.profile.sources import Fact, Number, Sources
from hub.profile.tone import LATEST, trend
from hub.text.annotation import Models

VERSION = "unified_profile_v1"

Field = dict[str, Any]
Group = dict[str, Field]
R = TypeVar("R")

LEXICON_ONLY = Models()
DORMANT_DAYS = 90
RECENT_RETURN_DAYS = 14
RECENT_TICKET_DAYS = 30
FEEDBACK_DAYS = 60
OPEN_STATES = frozenset({"new", "open", "pending", "on_hold"})

LATER = "not computed by this version"
"""Status of fields that the shape has and a later version of the hub fills."""


def field(
    value: object,
    source: str | None,
    at: datetime | None,
    *,
    purpose: str = "service",
    confidence: float | None = None,
) -> Field:
    """A leaf of the profile."""
    return {
        "value": value,
        "source": source,
        "at": None if at is None else at.isoformat(),
        "confidence": confidence,
        "purpose": purpose,
    }


def no_data(status: str = "no data") -> Field:
    """A leaf that says that, or why, nothing is known."""
    return {"value": None, "status": status}


def compose(sources: Sources, now: datetime, models: Models = LEXICON_ONLY) -> dict[str, object]:
    """The profile without its card; ``hub.profile.card`` adds that from what stands here.

    Args:
        sources: Everything that is known of the customer.
        now: The instant that ages and days are counted to.
        models: What their texts are read with.
    """
    return {
        "version": VERSION,
        "golden_id": sources.golden_id,
        "who": _who(sources, now),
        "relationship": _relationship(sources, now),
        "value": _value(sources),
        "service": _service(sources, now),
        "voice": _voice(sources, models),
        "risk": _risk(sources, now),
        "permission": _permission(sources),
    }


# --- who -------------------------------------------------------------------------------------


def _who(sources: Sources, now: datetime) -> Group:
    golden = sources.golden
    names = ("given_name", "family_name", "title", "organisation", "job_title", "language", "owner")
    group = {name: _survived(golden, name) for name in names}
    group["golden_id"] = field(sources.golden_id, "hub", None)
    group["name"] = _name(golden)
    group["email"] = _survived(golden, "email")
    group["phone"] = _survived(golden, "phone")
    group["address"] = _address(golden)
    group["emails"] = _all(golden, "emails")
    group["phones"] = _all(golden, "phones")
    group["age_band"] = _age_band(_survived(golden, "birth_date"), now)
    group["source_records"] = field(list(golden.get("members", [])), "hub", None)
    return group


def _survived(golden: Mapping[str, Any], name: str) -> Field:
    kept = golden.get("fields", {}).get(name)
    if kept is None:
        return no_data()
    leaf = {
        "value": kept["value"],
        "source": kept["source"],
        "at": kept.get("at"),
        "confidence": kept.get("agreement"),
        "purpose": "service",
    }
    return {**leaf, "contested": True} if kept.get("contested") else leaf


def _name(golden: Mapping[str, Any]) -> Field:
    """Given and family name, no surer than the less sure of the two."""
    parts = [_survived(golden, name) for name in ("given_name", "family_name")]
    known = [part for part in parts if part["value"]]
    if known:
        doubts = {"contested": True} if any("contested" in part for part in known) else {}
        shares = [part["confidence"] for part in known if part["confidence"] is not None]
        value = " ".join(str(part["value"]) for part in known)
        return {**known[0], "value": value, "confidence": min(shares, default=None), **doubts}
    for name in ("full_name", "name"):
        whole = _survived(golden, name)
        if whole["value"]:
            return whole
    return no_data()


def _address(golden: Mapping[str, Any]) -> Field:
    kept = _survived(golden, "address")
    return kept if kept["value"] is None else {**kept, "value": one_line(kept["value"])}


def _all(golden: Mapping[str, Any], name: str) -> Field:
    entries = golden.get(name, [])
    if not entries:
        return no_data()
    return field([entry["value"] for entry in entries], entries[0]["source"], None)


def _age_band(birth: Field, now: datetime) -> Field:
    """Ten-year band: the birth date itself stays inside (S4-05)."""
    if not birth["value"]:
        return no_data()
    born = date.fromisoformat(str(birth["value"]))
    age = now.year - born.year - ((now.month, now.day) < (born.month, born.day))
    low = age // 10 * 10
    return {**birth, "value": f"{low}-{low + 9}"}


# --- relationship ----------------------------------------------------------------------------


def _relationship(sources: Sources, now: datetime) -> Group:
    last_order = _instant(sources, "last_order")
    seen = [fact.at for fact in sources.facts]
    seen += [at for at in (sources.first_order_at, last_order) if at is not None]
    loyalty = _latest(sources.facts, LoyaltyEntry, lambda entry: entry.tier is not None)
    balance = _latest(sources.facts, LoyaltyEntry, lambda entry: entry.balance is not None)
    channels = list(dict.fromkeys([*sources.channels, *_contact_channels(sources.facts)]))
    return {
        "lifecycle": _lifecycle(sources, last_order, now),
        "loyalty": _loyalty(sources),
        "segments": no_data(LATER),
        "tier": field(loyalty[1].tier, *loyalty[0]) if loyalty else no_data(),
        "points": field(balance[1].balance, *balance[0]) if balance else no_data(),
        "first_seen": field(min(seen).isoformat(), "hub", min(seen)) if seen else no_data(),
        "last_seen": field(max(seen).isoformat(), "hub", max(seen)) if seen else no_data(),
        "channels": field(channels, "hub", None) if channels else no_data(),
        "preferred_channel": field(channels[0], "hub", None) if channels else no_data(),
    }


def _lifecycle(sources: Sources, last_order: datetime | None, now: datetime) -> Field:
    """Lead (never bought) · new (one order) · active · dormant (> 90 days) · churned (horizon)."""
    churn, orders = _number(sources, "churn"), _number(sources, "orders")
    if orders is None or last_order is None:
        return field("lead", "hub", None)
    source = f"metric:{orders.definition}"
    if churn is not None and churn.label == "churned":
        return field("churned", f"metric:{churn.definition}", last_order)
    if now - last_order > timedelta(days=DORMANT_DAYS):
        return field("dormant", source, last_order)
    return field("new" if orders.value == 1 else "active", source, last_order)


def _loyalty(sources: Sources) -> Field:
    """Retained · repeat (two or more orders) · advocate (repeat and promoter)."""
    orders, nps = _number(sources, "orders"), _number(sources, "nps")
    if orders is None or orders.value is None:
        return no_data()
    source = f"metric:{orders.definition}"
    if orders.value < 2:
        return field("retained", source, orders.at)
    promoter = nps is not None and nps.value is not None and nps.value >= 9
    return field("advocate" if promoter else "repeat", source, orders.at)


# --- value, service, voice -------------------------------------------------------------------


def _value(sources: Sources) -> Group:
    money = _number(sources, "net_spend")
    cart = _latest(sources.facts, Cart, lambda cart: cart.completed_at is None)
    last = _instant(sources, "last_order")
    return {
        "orders": _metric(sources, "orders", whole=True),
        "net_spend": _metric(sources, "net_spend", minor=True),
        "currency": field(money.series, f"metric:{money.definition}", None) if money else no_data(),
        "aov": _metric(sources, "aov", minor=True),
        "last_order_at": {**_metric(sources, "last_order"), "value": last and last.isoformat()},
        "rfm": _metric(sources, "rfm", purpose="analytics"),
        "clv_historic": _metric(sources, "clv_historic", minor=True, purpose="analytics"),
        "clv_predicted": _metric(sources, "clv_predicted", minor=True, purpose="analytics"),
        "open_cart": field(cart[1].total_minor, *cart[0]) if cart else no_data(),
        "returns": field(sources.returns, "hub", sources.last_return_at),
    }


def _service(sources: Sources, now: datetime) -> Group:
    tickets = [(f, f.record) for f in sources.facts if isinstance(f.record, Ticket)]
    if not tickets:
        names = ("open_tickets", "recent_tickets", "reopens", "agents", "first_reply_seconds",
                 "resolution_seconds", "unresolved")  # fmt: skip
        return {name: no_data() for name in names} | {"promises": no_data(LATER)}
    last_fact, last = tickets[-1]
    where = (last_fact.source, last_fact.at)
    opened = [(f, t) for f, t in tickets if t.status in OPEN_STATES]
    recent = sum(now - f.at <= timedelta(days=RECENT_TICKET_DAYS) for f, _ in tickets)
    agents = {t.assignee for _, t in tickets if t.assignee}
    unresolved = field(opened[0][1].subject, opened[0][0].source, opened[0][0].at) if opened else (
        field(None, *where)
    )  # fmt: skip
    return {
        "open_tickets": field(len(opened), *where),
        "recent_tickets": field(recent, *where),
        "reopens": field(sum(t.reopens or 0 for _, t in tickets), *where),
        "agents": field(
            max([len(agents), *(t.assignee_stations or 0 for _, t in tickets)]), *where
        ),
        "first_reply_seconds": field(last.first_reply_seconds, *where),
        "resolution_seconds": field(last.full_resolution_seconds, *where),
        "unresolved": unresolved,
        "promises": no_data(LATER),
    }


def _voice(sources: Sources, models: Models) -> Group:
    group: Group = {}
    for instrument in ("nps", "csat", "ces"):
        answer = _last_answer(sources, instrument)
        if answer is None or _number(sources, instrument) is None:
            group[instrument] = group[f"{instrument}_at"] = no_data()
            continue
        (source, at), feedback = answer
        group[instrument] = field(feedback.score, source, at, purpose="analytics")
        group[f"{instrument}_at"] = field(at.isoformat(), source, at, purpose="analytics")
    comment = _latest(sources.facts, Feedback, lambda f: bool(f.comment))
    group["verbatim"] = (
        field(comment[1].comment, *comment[0], purpose="analytics") if comment else no_data()
    )
    group["sentiment_trend"] = _trend(sources, models)
    group["unanswered"] = no_data(LATER)
    return group


def _trend(sources: Sources, models: Models) -> Field:
    moved = trend(sources.facts, models)
    if moved is None:
        return no_data(f"insufficient data: fewer than {2 * LATEST} texts that can be read")
    return field(round(moved.change, 2), moved.method, moved.at, purpose="analytics")


# --- risk and permission ---------------------------------------------------------------------


def _risk(sources: Sources, now: datetime) -> Group:
    churn = _metric(sources, "churn", purpose="analytics")
    returned = sources.last_return_at
    recent = returned is not None and now - returned <= timedelta(days=RECENT_RETURN_DAYS)
    complaint = next(
        (
            f
            for f in sources.facts
            if isinstance(f.record, Ticket) and f.record.status in OPEN_STATES
        ),
        None,
    )
    return {
        "churn": churn,
        "health": no_data(LATER),
        "reasons": no_data(LATER),
        "recent_return": field(recent, "hub", returned),
        "open_complaint": field(
            complaint is not None,
            *((complaint.source, complaint.at) if complaint else ("hub", None)),
        ),
        "unresolved_detractor": _detractor(sources, now),
        "in_dispute": no_data(LATER),
        "next_action": no_data(LATER),
    }


def _detractor(sources: Sources, now: datetime) -> Field:
    answer = _last_answer(sources, "nps")
    if answer is None:
        return no_data()
    (source, at), feedback = answer
    low = (feedback.score or 0) <= 6 and feedback.scale_max == 10
    return field(low and now - at <= timedelta(days=FEEDBACK_DAYS), source, at, purpose="analytics")


def _permission(sources: Sources) -> Group:
    group: Group = {}
    words: list[str] = []
    refused = 0
    for purpose, section in sorted(sources.permissions.purposes.items()):
        for channel in section.channels:
            answer = sources.permissions.widest(purpose, channel)
            group[f"{purpose}_{channel}"] = field(
                answer.state, f"consent:{answer.because}" if answer.because else "hub", None
            )
            refused += answer.state in ("withdrawn", "denied", "objected")
            if answer.state != "unknown":
                words.append(f"{purpose}/{channel} {answer.state}")
    restricted = any(leaf["value"] == "restricted" for leaf in group.values())
    group["summary"] = field("; ".join(words) or "nothing on record", "hub", None)
    group["do_not_contact"] = field(restricted, "hub", None)
    group["restricted"] = field(restricted, "hub", None)
    group["refusals"] = field(refused, "hub", None)
    return group


# --- reading the sources ---------------------------------------------------------------------


def _number(sources: Sources, metric: str) -> Number | None:
    """The customer's value; of several currencies the one for the currency they spent most in.

    Orders are counted over all currencies, the latest order is the latest of any, and who still
    buys in one currency has not churned.
    """
    found = {number.series: number for number in sources.numbers if number.metric == metric}
    if not found:
        return None
    if metric == "last_order":
        return max(found.values(), key=lambda number: number.value or 0)
    if metric == "churn":
        return min(found.values(), key=lambda number: (number.label == "churned", number.series))
    chosen = found.get(_currency(sources)) or found[min(found)]
    if metric == "orders":
        return replace(chosen, value=sum(number.value or 0 for number in found.values()))
    return chosen


def _currency(sources: Sources) -> str:
    spent = [number for number in sources.numbers if number.metric == "net_spend"]
    most = max(spent, key=lambda n: (major_units(n.value or 0, n.series), n.series), default=None)
    return "" if most is None else most.series


def _metric(
    sources: Sources,
    metric: str,
    *,
    minor: bool = False,
    whole: bool = False,
    purpose: str = "service",
) -> Field:
    number = _number(sources, metric)
    if number is None:
        return no_data()
    value: object = number.label if number.value is None else number.value
    if minor and number.value is not None:
        value = major_units(number.value, number.series)
    elif whole and number.value is not None:
        value = int(number.value)
    leaf = field(value, f"metric:{number.definition}", number.at, purpose=purpose)
    return leaf if number.status == "ok" else {**leaf, "status": number.status}


def _instant(sources: Sources, metric: str) -> datetime | None:
    number = _number(sources, metric)
    return None if number is None or number.value is None else from_micros(int(number.value))


def _latest(
    facts: Iterable[Fact], kind: type[R], fits: Callable[[R], bool]
) -> tuple[tuple[str, datetime], R] | None:
    found = None
    for fact in facts:
        if isinstance(fact.record, kind) and fits(fact.record):
            found = ((fact.source, fact.at), fact.record)
    return found


def _last_answer(sources: Sources, instrument: str) -> tuple[tuple[str, datetime], Feedback] | None:
    return _latest(
        sources.facts, Feedback, lambda f: f.instrument == instrument and f.score is not None
    )


def _contact_channels(facts: Iterable[Fact]) -> list[str]:
    channels = (getattr(fact.record, "channel", None) for fact in facts)
    return sorted({channel for channel in channels if channel})


def major_units(minor: float, currency: str) -> float:
    """Minor units as a number people read, such as 12.34.

    >>> major_units(1234.4, "GBP"), major_units(1234, "JPY")
    (12.34, 1234.0)
    """
    places = exponent(currency)
    return round(minor / float(10**places), places)
