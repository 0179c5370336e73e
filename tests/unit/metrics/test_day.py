"""Which day profiles tell of: today, or the last day of a history that has ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.core.clock import to_micros
from hub.metrics.day import day, today
from hub.store import bulk
from hub.store.engine import Store
from hub.store.schema import facts, order_entries

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
END = datetime(2026, 3, 10, 23, 59, 59, 999_999, tzinfo=UTC)


def put(store: Store, orders: float | None, other: float | None) -> None:
    """The newest order and the newest fact, so many days ago."""
    with store.write() as connection:
        if orders is not None:
            at = to_micros(NOW - timedelta(days=orders))
            columns = ("rid", "line", "stream_id", "order_ref", "at", "currency", "kind",
                       "quantity", "amount_minor", "positive", "cancelled")  # fmt: skip
            row = (1, 0, 1, "r1", at, "AUD", "sale", 1, 100, True, False)
            bulk.insert(connection, order_entries, columns, [row])
        if other is not None:
            at = to_micros(NOW - timedelta(days=other))
            row_of_fact = (2, None, "ticket", at)
            bulk.insert(connection, facts, ("rid", "party_rid", "entity", "at"), [row_of_fact])


@pytest.mark.parametrize(
    ("orders", "other", "back"),
    [(None, None, 0), (3, None, 0), (400, 2, 0), (400, 100, 100), (31, None, 31), (40, -5, 40)],
    ids=["nothing", "live", "old-orders-live-desk", "history", "a-month", "only-the-future"],
)
def test_a_history_is_told_as_of_its_last_day(
    store: Store, orders: float | None, other: float | None, back: int
) -> None:
    """Nothing at all for 30 days: what is planned for the future does not count."""
    put(store, orders, other)

    with store.read() as connection:
        assert today(connection, NOW, UTC) == END - timedelta(days=back)


def test_a_day_ends_on_the_clocks_of_the_business(store: Store) -> None:
    """Ten in the evening in Sydney is the eleventh hour of the day, not of the next one."""
    sydney = ZoneInfo("Australia/Sydney")

    with store.read() as connection:
        found = today(connection, NOW, sydney)

    assert found.isoformat() == "2026-03-10T23:59:59.999999+11:00"
    assert day(NOW + timedelta(hours=5), found).isoformat() == "2026-03-11"
