"""How this hub scores risk, once for all who tell of it: the profile, ``hub risk``, post-mortems.

A standing is a customer's risk with its band. The band is held steady by what the same timeline
said a week earlier, not by what was stored last: so a profile that nobody looked at for a month
says the same as one that was composed every day, and the same as ``hub risk show``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from hub.journeys.event import Event
from hub.text.phrases import Phrases
from hub.text.reading import Models
from hub.voc.health import Colour, Health, colour, health
from hub.voc.method import Method
from hub.voc.past import UTC_ZONE, Past, Reading
from hub.voc.postmortem import HORIZON_DAYS, How, departure
from hub.voc.remedy import Weigh
from hub.voc.risk import FLOOR, Band, Risk, Sight, assess, band, judge, sight
from hub.voc.signal import Known
from hub.voc.tide import Tide

WEEK: Final = timedelta(days=7)
_BANDS: Final[tuple[Band, ...]] = ("low", "medium", "high")
_COLOURS: Final[tuple[Colour, ...]] = ("red", "amber", "green")

Fares = Callable[[Sequence[Event], datetime], Health]
"""Assesses the health of a timeline at an instant."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's risk at one instant.

    Args:
        risk: Points with their reasons.
        band: Of the points, held steady; ``left`` for who has left already.
        left: When and how they left; None for who has not.
        newest: Instant of the newest event that it rests on; None without any.
    """

    risk: Risk
    band: Band | Literal["left"]
    left: tuple[datetime, How] | None
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores customers as this hub does.

    Args:
        weigh: How risk is assessed.
        horizon_days: Days without an order after which one without a contract has left.
        floor: Coverage, in percent, below which the points are unknown.
        fares: How health is assessed.
    """

    weigh: Weigh = assess
    horizon_days: int = HORIZON_DAYS
    floor: int = FLOOR
    fares: Fares = health

    def standing(self, events: Sequence[Event], now: datetime) -> Standing:
        """Where a customer stands at ``now``, from their timeline in order."""
        found = self.weigh(events, now)
        left = departure(events, now, self.horizon_days)
        held = steady_band(found, lambda: self.weigh(events, now - WEEK))
        newest = next((event.at for event in reversed(events) if event.at <= now), None)
        return Standing(found, held if left is None else "left", left, newest)

    def health(self, events: Sequence[Event], now: datetime) -> Health:
        """How a customer fares at ``now``, in the colour that follows on that of a week before."""
        found = self.fares(events, now)
        if len({colour(found.points, last) for last in _COLOURS}) == 1:
            return found
        before = self.fares(events, now - WEEK)
        return replace(found, colour=colour(found.points, before.colour))


def steady_band(found: Risk, before: Callable[[], Risk]) -> Band:
    """The band of a risk; ``before``, a week ago, is only asked where it can matter."""
    possible = {band(found.points, previous) for previous in _BANDS}
    return possible.pop() if len(possible) == 1 else band(found.points, band(before().points))


def weighing(
    by: Method,
    known: Known,
    *,
    models: Models,
    competitors: Sequence[str] = (),
    zone: ZoneInfo = UTC_ZONE,
    tide: Tide | None = None,
) -> Weigh:
    """The assessment with everything that this hub knows.

    Args:
        by: Patterns, floor and trained model.
        known: What the whole hub hears of (:func:`hub.voc.known.known_kinds`): asked once per run.
        models: What texts are read with.
        competitors: Names to look for in them.
        zone: On whose clocks days begin and weekends fall.
        tide: What everybody does in the same weeks (:func:`hub.voc.own_past.own_tide`).
    """
    reading = Reading(models, Phrases((name, name) for name in competitors))

    @lru_cache(maxsize=1_024)
    def sees(now: datetime) -> Sight:  # of everybody the same
        return sight(by.patterns, known, now)

    def weigh(events: Sequence[Event], now: datetime) -> Risk:
        past = Past.at(now, events, zone, reading, 1.0 if tide is None else tide(now))
        return judge(past, sees(past.now), by.floor, by.model)

    return weigh
