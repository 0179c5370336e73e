"""What a rule may ask about a customer: fields of the unified profile, each with its type.

A field of which nothing is known has no value in a rule: what is compared with it is neither true
nor false, and such a customer is no member.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

Type: TypeAlias = Literal["text", "number", "boolean", "instant", "texts", "numbers"]
Value: TypeAlias = str | float | bool | datetime | list[str]


_NAMES: Final[Mapping[Type, Mapping[str, str]]] = {
    "text": {
        "who": "golden_id name given_name family_name title email phone address age_band"
        " organisation job_title language owner",
        "relationship": "lifecycle loyalty tier preferred_channel",
        "value": "currency rfm band",
        "service": "unresolved",
        "voice": "verbatim",
        "risk": "churn band health_colour top_reason next_action",
        "suppress": "reason",
        "permission": "summary",
    },
    "number": {
        "relationship": "points",
        "value": "orders net_spend aov clv_historic clv_predicted open_cart returns",
        "rfm": "recency frequency monetary",
        "service": "open_tickets recent_tickets reopens agents first_reply_seconds"
        " resolution_seconds",
        "voice": "nps csat ces sentiment_trend unanswered",
        "risk": "points coverage health",
        "permission": "refusals",
    },
    "boolean": {
        "risk": "recent_return open_complaint in_dispute unresolved_detractor",
        "suppress": "marketing",
        "permission": "do_not_contact restricted",
    },
    "instant": {
        "relationship": "first_seen last_seen",
        "value": "last_order_at",
        "voice": "nps_at csat_at ces_at",
        "suppress": "until",
    },
    "texts": {
        "who": "emails phones source_records",
        "relationship": "channels",
        "risk": "reasons",
    },
}

FIELDS: Final[Mapping[str, Type]] = {
    f"{group}.{name}": kind
    for kind, groups in _NAMES.items()
    for group, names in groups.items()
    for name in names.split()
}
"""Path to type. Beside these, ``permission.PURPOSE_CHANNEL`` is text: the state of each."""

DERIVED: Final[Mapping[str, str]] = {
    "rfm.recency": "Quintile of recency, 1-5; 5 bought last.",
    "rfm.frequency": "Quintile of frequency, 1-5; 1 for one order, whatever the ties say.",
    "rfm.monetary": "Quintile of net spend, 1-5; 5 spent most.",
}
"""Fields of rules that the profile holds in another form."""

WITHOUT: Final = frozenset(
    {
        "relationship.segments",  # a segment does not rest on segments
        "card.text",  # says what other fields say
        "service.promises",
    }
)
"""Fields of the profile that rules do not see."""


def type_of(path: str) -> Type | None:
    """The type of the field under ``path``; None if a rule cannot ask for it.

    >>> type_of("voice.nps"), type_of("permission.marketing_email"), type_of("voice.npss")
    ('number', 'text', None)
    """
    group, _, name = path.partition(".")
    if group == "permission" and "_" in name and path not in FIELDS:
        return "text"
    return FIELDS.get(path)


def facts(profile: Mapping[str, Any], paths: Iterable[str]) -> dict[str, dict[str, Value]]:
    """What is known of ``paths``, by group and name; what is not known is left out.

    >>> facts({"voice": {"nps": {"value": 9.0}, "csat": {"value": None}}}, ["voice.nps"])
    {'voice': {'nps': 9.0}}
    """
    found: dict[str, dict[str, Value]] = {}
    for path in paths:
        group, _, name = path.partition(".")
        known = found.setdefault(group, {})
        value = _score(profile, name) if group == "rfm" else _value(profile, group, name)
        if (fitting := _typed(value, type_of(path))) is not None:
            known[name] = fitting
    return found


def _value(profile: Mapping[str, Any], group: str, name: str) -> object:
    leaf = profile.get(group, {}).get(name)
    return None if leaf is None else leaf.get("value")


def _score(profile: Mapping[str, Any], name: str) -> int | None:
    """One of the three quintiles.

    Quintiles are ranks: of the many who ordered once, ties decide which are called frequent. So
    one order is the lowest frequency, whatever its rank.
    """
    label = _value(profile, "value", "rfm")
    if not isinstance(label, str):
        return None
    if name == "frequency" and _value(profile, "value", "orders") == 1:
        return 1
    return int(label.split("-")[("recency", "frequency", "monetary").index(name)])


def _typed(value: object, wanted: Type | None) -> Value | None:
    """``value`` as a rule sees it; None if it is not of the wanted type."""
    match wanted, value:
        case "boolean", bool():
            return value
        case "number", int() | float() if not isinstance(value, bool):
            return float(value)
        case "text", str():
            return value
        case "instant", str():
            return datetime.fromisoformat(value)
        case "texts", list():
            return [str(each) for each in value]
    return None
