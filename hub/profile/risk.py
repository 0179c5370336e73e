"""What speaks for the customer leaving, why, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from hub.profile.figures import metric_leaf
from hub.profile.leaf import Field, Group, field, short
from hub.profile.next_action import Action
from hub.profile.sources import Sources
from hub.profile.suppression import Flag, leaf
from hub.voc.health import VERSION as HEALTH_VERSION
from hub.voc.health import Health
from hub.voc.method import NEXT_ACTION
from hub.voc.risk import VERSION, Reason
from hub.voc.scoring import Standing

SCORE: Final = f"score:{VERSION}"
HEALTH: Final = f"score:{HEALTH_VERSION}"

WORDS: Final[Mapping[str, str]] = {
    "usage-drop": "uses it much less than before",
    "feature-dropped": "has stopped using a feature",
    "never-settled": "has never settled into using it",
    "overdue-purchase": "an order is overdue",
    "returns-spike": "has brought back several orders",
    "contract-ends": "a contract ends soon and nothing is done to renew it",
    "looked-around": "looked at plans or prices while a contract runs out",
    "failed-payment": "a payment failed",
    "open-issue": "a ticket is unresolved",
    "repeat-contact": "had to ask again and again about one issue",
    "reopened": "a ticket was opened again",
    "low-score": "gave a low score, and nobody has answered",
    "complaint": "wrote of being angry, disappointed or frustrated",
    "negative-tone": "sounds worse than before",
    "competitor-named": "wrote of a competitor",
}
"""What each signal is called where systems are told: without the days that grow by themselves."""

MOST: Final = 200
"""Characters of what systems keep in a line of text: of Salesforce's 255, with room to spare."""


def risk(
    sources: Sources,
    standing: Standing,
    fares: Health,
    floor: int,
    flags: Sequence[Flag],
    action: Action | None,
) -> Group:
    """The risk with its reasons, health, the flags, and the next action.

    Args:
        sources: Everything that is known of the customer.
        standing: Where they stand.
        fares: Their health.
        floor: Coverage, in percent, below which the points are unknown.
        flags: What holds marketing.
        action: What to do next; None for nothing.
    """
    return {
        "churn": metric_leaf(sources, "churn", purpose="analytics"),
        **_health(fares, standing),
        **_score(standing, floor),
        **{flag.name: leaf(flag) for flag in flags},
        "next_action": _next(action),
    }


def _health(fares: Health, standing: Standing) -> Group:
    points = field(fares.points, HEALTH, standing.newest, purpose="analytics")
    parts = [
        {"part": each.part, "score": each.score, "text": each.text, "records": list(each.evidence)}
        for each in fares.reasons
    ]
    low = {} if fares.points is not None else {"status": f"unknown: coverage {fares.coverage} %"}
    return {
        "health": points | {"parts": parts} | low,
        "health_colour": field(fares.colour, HEALTH, standing.newest, purpose="analytics"),
    }


def _score(standing: Standing, floor: int) -> Group:
    found = standing.risk
    # As of the newest event: the day itself would make every profile another one each morning.
    at = standing.newest
    low = f"unknown: coverage {found.coverage} %, below {floor} %"
    against = [reason for reason in found.reasons if reason.points > 0]
    top = short(WORDS.get(against[0].signal, against[0].text), MOST) if against else "none"
    points = field(found.points, SCORE, at, purpose="analytics")
    told = field([r.text for r in found.reasons], SCORE, at, purpose="analytics")
    return {
        "points": points if found.points is not None else {**points, "status": low},
        "band": field(standing.band, SCORE, at, purpose="analytics"),
        "coverage": field(found.coverage, SCORE, at, purpose="analytics"),
        "reasons": told | {"evidence": [_evidence(reason) for reason in found.reasons]},
        "top_reason": field(top, SCORE, at, purpose="analytics"),
    }


def _evidence(reason: Reason) -> dict[str, object]:
    return {
        "signal": reason.signal,
        "points": reason.points,
        "since": reason.since.isoformat(),
        "records": list(reason.evidence),
    }


def _next(action: Action | None) -> Field:
    source = f"decision:{NEXT_ACTION}"
    if action is None:
        return field("none", source, None) | {"reason": "there is nothing to do", "evidence": []}
    told = field(short(action.text, MOST), source, None)
    return told | {"reason": action.reason, "evidence": list(action.evidence)}
