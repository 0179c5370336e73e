"""The day that profiles, and ``hub risk``, tell of.

A profile says how things stand at the end of a day, not at the minute in which it was composed: so
it is the same whenever on that day somebody composes it, and everybody's is composed once a day.
Looking for those alone whom time moves would save little: with the day every recency moves, and
the metrics stage looks at everybody for that reason.
"""

from __future__ import annotations

from datetime import date, datetime, tzinfo

from sqlalchemy import Connection, func, select

from hub.core.clock import from_micros, to_micros
from hub.metrics.orders import day_after, is_history
from hub.store.schema import facts, order_entries


def today(connection: Connection, now: datetime, zone: tzinfo) -> datetime:
    """The last microsecond of today on the clocks of ``zone``.

    Where nothing at all has happened for 30 days, the data are a closed history and today is its
    last day, else everybody in an old export would have left.
    """
    at = to_micros(now)
    newest = max(
        (
            int(found)
            for of in (order_entries, facts)
            if (
                found := connection.execute(select(func.max(of.c.at)).where(of.c.at <= at)).scalar()
            )
        ),
        default=at,
    )
    last = day_after(newest if is_history(newest, at) else at, zone) - 1
    return from_micros(last).astimezone(zone)


def day(at: datetime, now: datetime) -> date:
    """The day of an instant on the clocks by which ``now`` is told."""
    return at.astimezone(now.tzinfo).date()
