"""Alerts in the store: what is on its way to which route."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from hub.store import bulk
from hub.store.records import chunks
from hub.store.schema import alerts


@dataclass(frozen=True, slots=True)
class Alert:
    """One event on its way to one route.

    Args:
        event: Its name, the same however often it is sent.
        at: When it happened, microseconds of UTC.
        body: What is sent.
        attempts: How often the route has refused it.
        batch: The message that it travels in, once one was begun.
    """

    event: str
    at: int
    body: bytes
    attempts: int = 0
    batch: str | None = None


def hand_over(connection: Connection, route: str, found: Iterable[Alert]) -> None:
    """Put events on their way to a route."""
    rows = [(route, each.event, each.at, each.body, 0) for each in found]
    bulk.insert_new(connection, alerts, ("route", "event", "at", "body", "attempts"), rows)


def due(connection: Connection, route: str) -> list[Alert]:
    """What is on its way to a route: what was refused least comes first, then the oldest."""
    query = select(*(alerts.c[name] for name in ("event", "at", "body", "attempts", "batch")))
    chosen = query.where(alerts.c.route == route)
    rows = connection.execute(chosen.order_by(alerts.c.attempts, alerts.c.at, alerts.c.event))
    return [Alert(row.event, row.at, bytes(row.body), row.attempts, row.batch) for row in rows]


def put_together(connection: Connection, route: str, events: Sequence[str], batch: str) -> None:
    """These events travel in one message from now on, however often it is sent."""
    for chunk in chunks(events):
        connection.execute(update(alerts).where(_of(route, chunk)).values(batch=batch))


def arrived(connection: Connection, route: str, events: Sequence[str]) -> None:
    """The route has them."""
    for chunk in chunks(events):
        connection.execute(delete(alerts).where(_of(route, chunk)))


def failed(
    connection: Connection, route: str, events: Sequence[str], error: str, *, refused: bool
) -> None:
    """The route does not have them; they stay on their way.

    Args:
        connection: Inside a transaction.
        route: Which.
        events: Which.
        error: Why.
        refused: Whether it would not take these very events; else it would not take any.
    """
    attempts = alerts.c.attempts + int(refused)
    for chunk in chunks(events):
        connection.execute(
            update(alerts).where(_of(route, chunk)).values(attempts=attempts, error=error)
        )


def forget_all_but(connection: Connection, routes: Collection[str]) -> None:
    """Nothing is on its way to a route that is gone."""
    connection.execute(delete(alerts).where(alerts.c.route.not_in(sorted(routes))))


def waiting(connection: Connection) -> dict[str, tuple[int, str | None]]:
    """By route, how many events are on their way, and why the last attempt failed."""
    query = select(alerts.c.route, func.count(), func.max(alerts.c.error)).group_by(alerts.c.route)
    rows = connection.execute(query.order_by(alerts.c.route))
    return {route: (number, error) for route, number, error in rows}


def _of(route: str, events: Sequence[str]) -> ColumnElement[bool]:
    return and_(alerts.c.route == route, alerts.c.event.in_(events))
