"""Timelines as they were known on a day: what a replay of the past shows to whoever judges it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from hub.emulation.world.churn import Told
from hub.journeys.timeline import Event, events_of, in_order, together


def as_known(
    told: Sequence[Told], looks: Iterable[datetime]
) -> Iterator[tuple[datetime, list[Event]]]:
    """The timeline at each look, from the versions of records that were told up to then.

    Args:
        told: Versions of one customer's records, in order of time.
        looks: Instants, in order.
    """
    versions, said = iter(told), defaultdict[str, list[Event]](list)
    waiting = next(versions, None)
    for now in looks:
        while waiting is not None and waiting.at <= now:
            said[waiting.source] = events_of(waiting.source, waiting.record)
            waiting = next(versions, None)
        yield now, in_order(together(event for events in said.values() for event in events))
