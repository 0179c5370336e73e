"""What is read from the customers of a hub as a whole: its own past, and the tide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Final

from sqlalchemy import Connection, select

from hub.journeys.timeline import batches_of
from hub.store.schema import golden_records
from hub.voc.learning import Snapshot, snapshots
from hub.voc.remedy import Weigh
from hub.voc.tide import Tide, tide, uses

MOST: Final = 5_000
"""Customers that are learnt from: each costs some thirty assessments."""
TIDE_OF: Final = 300
"""Customers that the tide is read from."""


def own_past(
    connection: Connection, now: datetime, horizon_days: int, weigh: Mapping[datetime, Weigh]
) -> Iterator[Snapshot]:
    """Snapshots of the hub's customers, or of a sample of them that is the same each time.

    Args:
        connection: The hub's.
        now: Until when outcomes are known.
        horizon_days: Days without an order after which one without a contract has left.
        weigh: For each day that is looked at, how risk is assessed with what the hub heard of then.
    """
    for timelines in batches_of(connection, sample(connection, MOST)):
        for golden_id, events in timelines.items():
            yield from snapshots(
                golden_id, events, now, horizon_days, lambda told, at: weigh[at](told, at)
            )


def own_tide(connection: Connection) -> Tide:
    """The tide that a sample of the hub's customers tells."""
    told = batches_of(connection, sample(connection, TIDE_OF))
    return tide(uses(events) for timelines in told for events in timelines.values())


def sample(connection: Connection, most: int) -> list[str]:
    """Golden ids of at most so many customers, the same ones each time."""
    ids = connection.execute(select(golden_records.c.golden_id)).scalars()
    return sorted(ids, key=lambda each: blake2b(each.encode(), digest_size=8).digest())[:most]
