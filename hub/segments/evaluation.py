"""Who is in which segment today.

1. Rules are evaluated on what the profile says.
2. For segments entered by an event, the timelines of those are read of whom the rule is true.
3. Of the segments of an exclusive group the first that fits counts, in the order of the files.

The answer rests on the profile, the timeline, the lists and the day, and on nothing else: so it
does not matter when a customer was looked at, or with whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from sqlalchemy import Connection, select

from hub.core.clock import from_micros
from hub.journeys.event import Event
from hub.journeys.timeline import load
from hub.metrics.orders import reference_date
from hub.segments.defined import Defined, Segments
from hub.segments.definition import Occasion
from hub.segments.rule import Day, Known, day_of, known
from hub.store.records import chunks
from hub.store.schema import golden_ids

Profile = Mapping[str, Any]
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Ground:
    """What the segments are evaluated on, beside the customers.

    Args:
        segments: All of them.
        day: Ages are counted to it.
        listed: For each static segment, the records and the living customers on its list.
    """

    segments: Segments
    day: Day
    listed: Mapping[str, frozenset[str]] = field(default_factory=dict)


def ground(connection: Connection, segments: Segments, now: int, zone: tzinfo) -> Ground:
    """The ground of today, former ids on a list read as the customers who answer for them.

    Args:
        connection: The database.
        segments: All of them.
        now: Microseconds; a closed history is looked at from its own last day, as metrics are.
        zone: On whose clocks a day begins.
    """
    today = from_micros(min(now, reference_date(connection, now, zone) - 1))
    static = (each for each in segments.defined if each.segment.kind == "static")
    listed = {
        each.id: frozenset([*each.listed, *former(connection, set(each.listed)).values()])
        for each in static
    }
    return Ground(segments, day_of(today, zone), listed)


def everyone(
    connection: Connection, profiles: Mapping[str, Profile], on: Ground
) -> dict[str, list[str]]:
    """The segments of each golden id, in the order of the files."""
    seen = {who: known(each, on.segments.paths, on.day) for who, each in profiles.items()}
    timelines = load(connection, [who for who, each in seen.items() if _needs_events(each, on)])
    return {
        who: _chosen(named(who, profile), seen[who], on, timelines.get(who, ()))
        for who, profile in profiles.items()
    }


def of(golden_id: str, profile: Profile, on: Ground, events: Sequence[Event] = ()) -> list[str]:
    """The segments of one customer, in the order of the files.

    Args:
        golden_id: Who.
        profile: Their unified profile.
        on: What the segments are evaluated on.
        events: Their timeline; needed for segments that are entered by an event.
    """
    seen = known(profile, on.segments.paths, on.day)
    return _chosen(named(golden_id, profile), seen, on, events)


def _chosen(names: frozenset[str], seen: Known, on: Ground, events: Sequence[Event]) -> list[str]:
    found: list[str] = []
    taken: set[str] = set()
    for each in on.segments.defined:
        group = each.segment.exclusive_group
        if group not in taken and _fits(each, names, seen, on, events):
            found.append(each.id)
            taken |= {group} if group is not None else set()
    return found


def named(golden_id: str, profile: Profile) -> frozenset[str]:
    """What a list may call a customer: golden id, and source key of each of their records."""
    return frozenset([golden_id, *profile["who"]["source_records"]["value"]])


def _fits(
    each: Defined, names: frozenset[str], seen: Known, on: Ground, events: Sequence[Event]
) -> bool:
    """Whether a customer fits a segment, whatever else they fit."""
    if each.segment.kind == "static":
        return not names.isdisjoint(on.listed[each.id])
    if each.rule is not None and not each.rule.holds(seen):
        return False
    occasion = each.segment.event
    return occasion is None or len(decisive(occasion, events, on.day)) >= occasion.at_least


def decisive(occasion: Occasion, events: Iterable[Event], day: Day) -> list[Event]:
    """The events of a timeline that let a customer in."""
    days = occasion.within // DAY
    return [e for e in events if occasion.fits(e) and 0 <= day.since(e.at) <= days]


def _needs_events(seen: Known, on: Ground) -> bool:
    waiting = (each for each in on.segments.defined if each.segment.event is not None)
    return any(each.rule is None or each.rule.holds(seen) for each in waiting)


def former(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """Those of ``names`` that are ids which were merged away, with the id that answers today."""
    found: dict[str, str] = {}
    for chunk in chunks(sorted(names)):
        query = select(golden_ids.c.golden_id, golden_ids.c.redirect_to).where(
            golden_ids.c.golden_id.in_(chunk), golden_ids.c.status == "merged"
        )
        found.update((row.golden_id, row.redirect_to) for row in connection.execute(query))
    return found
