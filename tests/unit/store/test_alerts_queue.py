"""Alerts on their way, on both databases."""

from __future__ import annotations

from hub.store import alerts
from hub.store.alerts import Alert
from hub.store.engine import Store


def test_what_is_on_its_way_is_known_by_route_until_it_arrived(store: Store) -> None:
    """Oldest first, what was refused last; handed over twice it is there once."""
    found = [Alert(f"c/{number}", number, b"{}") for number in (3, 1, 2)]

    with store.write() as connection:
        for _ in range(2):
            alerts.hand_over(connection, "webhooks.a", found)
        alerts.hand_over(connection, "emails.b", found[:1])
        alerts.failed(connection, "webhooks.a", ["c/1"], "refused", refused=True)
        alerts.failed(connection, "webhooks.a", ["c/2"], "out of reach", refused=False)
        alerts.put_together(connection, "emails.b", ["c/3"], "m1")

    with store.read() as connection:
        due = [(a.event, a.attempts) for a in alerts.due(connection, "webhooks.a")]
        assert due == [("c/2", 0), ("c/3", 0), ("c/1", 1)]
        assert [a.batch for a in alerts.due(connection, "emails.b")] == ["m1"]
        assert alerts.waiting(connection) == {
            "emails.b": (1, None),
            "webhooks.a": (3, "refused"),
        }


def test_what_arrived_is_on_its_way_no_more(store: Store) -> None:
    """To that route; and nothing is on its way to one that is gone."""
    found = [Alert("c/1", 1, b"{}"), Alert("c/2", 2, b"{}")]

    with store.write() as connection:
        for route in ("webhooks.a", "webhooks.b"):
            alerts.hand_over(connection, route, found)
        alerts.arrived(connection, "webhooks.a", ["c/1"])
        alerts.forget_all_but(connection, ["webhooks.a"])

    with store.read() as connection:
        assert [a.event for a in alerts.due(connection, "webhooks.a")] == ["c/2"]
        assert alerts.due(connection, "webhooks.b") == []
