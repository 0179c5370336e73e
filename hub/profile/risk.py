"""What speaks for the customer leaving, why, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hub.profile.figures import metric_leaf
from hub.profile.leaf import Field, Group, field, short
from hub.profile.next_action import Action
from hub.profile.sources import Sources
from hub.profile.suppression import Flag, leaf
from hub.voc.health import VERSION as HEALTH_VERSION
from hub.voc.health import Health
from hub.voc.method import NEXT_ACTION
from hub.voc.rise import says
from hub.voc.risk import VERSION, Reason
from hub.voc.scoring import Standing

SCORE: Final = f"score:{VERSION}"
HEALTH: Final = f"score:{HEALTH_VERSION}"

MOST: Final = 200
"""Characters of what systems keep in a line of text: of Salesforce's 255, with room to spare."""


def risk(sources: Sources, floor: int, flags: Sequence[Flag], action: Action | None) -> Group:
    """The risk with its reasons, health, the flags, and the next action.

    Args:
        sources: Everything that is known of the customer.
        floor: Coverage, in percent, below which the points are unknown.
        flags: What holds marketing.
        action: What to do next; None for nothing.
    """
    standing = sources.told.standing
    return {
        "churn": metric_leaf(sources, "churn", purpose="analytics"),
        **_health(sources.told.health, standing),
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
    top = short(says(against[0]), MOST) if against else "none"
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
