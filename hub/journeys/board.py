"""The board of pain points: what to mend first, by what it costs customers and what it takes.

The impact is computed, not voted on: customers whose journey ended at the stage, for the reason
that the pain point shows as. The work is what staff wrote in the map.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hub.journeys.definition import Journey, Pain
from hub.journeys.funnel import Funnel

HIGH_IMPACT: Final = 0.2
"""Share of all lost customers from which a pain point is one of the few that matter."""

LITTLE_WORK: Final = 2
"""Work of a pain point, 1 to 5, up to which mending it is quick."""

Quadrant = Literal["quick win", "big bet", "fill-in", "leave"]


@dataclass(frozen=True, slots=True)
class Item:
    """One pain point on the board.

    Args:
        stage: Id of its stage.
        what: The pain point.
        lost: Customers whose journey ended there for that reason.
        share: Their share of all lost customers; None if nobody was lost.
        work: Work to mend it, 1 to 5.
        quadrant: Where it stands: impact high or low, work little or much.
    """

    stage: str
    what: str
    lost: int
    share: float | None
    work: int
    quadrant: Quadrant


def board(journey: Journey, measured: Funnel) -> list[Item]:
    """The map's pain points, those that cost most customers per work first."""
    losses = {row.stage: row.losses for row in measured.stages}
    items = [
        _item(stage.id, pain, _lost(losses[stage.id], pain.reason), measured.lost)
        for stage in journey.stages
        for pain in stage.pains
    ]
    return sorted(items, key=lambda item: (-item.lost / item.work, item.work, item.what))


def _item(stage: str, pain: Pain, lost: int, all_lost: int) -> Item:
    share = lost / all_lost if all_lost else None
    quadrant = _quadrant(high=(share or 0) >= HIGH_IMPACT, quick=pain.work <= LITTLE_WORK)
    return Item(stage, pain.what, lost, share, pain.work, quadrant)


def _lost(losses: Mapping[str, int], reason: str | None) -> int:
    return sum(losses.values()) if reason is None else losses.get(reason, 0)


def _quadrant(*, high: bool, quick: bool) -> Quadrant:
    if high:
        return "quick win" if quick else "big bet"
    return "fill-in" if quick else "leave"
