"""The inbox: what vendors pushed, each delivery once, kept until it is in the store.

A delivery is taken in two steps: :func:`accept` makes it durable, so that the vendor may be told
200; :func:`settle` takes it off, in the transaction that stores what it brought. One that cannot be
used now is put off with :func:`postpone`. Ids are kept longer than any vendor repeats a delivery;
contents only as long as they wait.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    delete,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)

from hub.core.clock import to_micros
from hub.core.connector import Delivery
from hub.store import bulk
from hub.store.engine import Store
from hub.store.schema import inbox

KEPT_DAYS = 30
"""Longer than any of the vendors repeats a delivery, which is two days at most."""

Settled = Literal["taken", "unusable"]

_DAY = 86_400 * 1_000_000
_WAITS = inbox.c.status == literal_column("'waiting'")  # a bound value would miss the partial index
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie"})
_INSERT = text(
    "INSERT INTO inbox (connection, event_id, webhook, status, delivery, received_at, attempts)"
    " VALUES (:connection, :event_id, :webhook, 'waiting', :delivery, :now, 0)"
    " ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that waits for its turn, and how often it could not be used so far."""

    connection: str
    event_id: str
    webhook: str
    delivery: Delivery
    attempts: int = 0


def accept(store: Store, name: str, webhook: str, event_id: str, delivery: Delivery) -> bool:
    """Whether the delivery to connection ``name`` is new; if so, it is durable now."""
    now = to_micros(store.clock.now())
    row = {
        "connection": name, "event_id": event_id, "webhook": webhook,
        "delivery": packed(delivery), "now": now,
    }  # fmt: skip
    with store.write() as connection:
        return connection.execute(_INSERT, row).rowcount == 1


def long_ago(now: int) -> int:
    """The instant before which nothing about a delivery is of use any more, microseconds."""
    return now - KEPT_DAYS * _DAY


def forget(connection: Connection, name: str, now: int) -> None:
    """Drop the ids of deliveries that nobody repeats any more; what waits stays."""
    connection.execute(
        delete(inbox).where(
            inbox.c.connection == name,
            inbox.c.status != "waiting",
            inbox.c.received_at < long_ago(now),
        )
    )


def waiting(connection: Connection, name: str, limit: int, now: int) -> list[Waiting]:
    """The next deliveries of connection ``name`` whose time has come, in the order of arrival."""
    columns = (inbox.c.connection, inbox.c.event_id, inbox.c.webhook, inbox.c.delivery)
    query = (
        select(*columns, inbox.c.attempts)
        .where(inbox.c.connection == name, _WAITS, _due(now))
        .order_by(inbox.c.received_at, inbox.c.event_id)
        .limit(limit)
    )
    return [Waiting(*row[:3], unpacked(row[3]), row[4]) for row in connection.execute(query)]


def postpone(connection: Connection, item: Waiting, until: int, error: str) -> None:
    """Leave a delivery alone until ``until``, microseconds; those behind it go on."""
    connection.execute(
        update(inbox)
        .where(inbox.c.connection == item.connection, inbox.c.event_id == item.event_id)
        .values(attempts=item.attempts + 1, not_before=until, error=error)
    )


def settle(
    connection: Connection, item: Waiting, status: Settled, now: int, error: str | None = None
) -> None:
    """Take a delivery off: its id stays, so that it is not taken again; its content goes."""
    connection.execute(
        update(inbox)
        .where(inbox.c.connection == item.connection, inbox.c.event_id == item.event_id)
        .values(status=status, delivery=None, error=error, settled_at=now)
    )


def put_back(connection: Connection, items: Sequence[Waiting], now: int) -> None:
    """Have deliveries wait again that had been taken off, also if their ids are forgotten."""
    columns = (
        "connection", "event_id", "webhook", "status", "delivery", "attempts", "received_at",
    )  # fmt: skip
    rows = [
        (item.connection, item.event_id, item.webhook, "waiting", packed(item.delivery),
         item.attempts, now)
        for item in items
    ]  # fmt: skip
    bulk.upsert(
        connection, inbox, columns, rows, key=("connection", "event_id"), keep=("received_at",)
    )


def depths(connection: Connection, due: int | None = None) -> dict[str, int]:
    """How many deliveries wait, by connection; those without any are left out.

    Args:
        connection: The database.
        due: Count only those whose time has come by then, microseconds.
    """
    ready = _WAITS if due is None else _WAITS & _due(due)
    query = select(inbox.c.connection, func.count()).where(ready).group_by(inbox.c.connection)
    return {name: number for name, number in connection.execute(query)}  # noqa: C416 - a row is no pair


def packed(delivery: Delivery) -> bytes:
    """The delivery as JSON, without the credentials that :func:`accept`'s caller looked at."""
    headers = {n: value for n, value in delivery.headers.items() if n not in _CREDENTIALS}
    told = {"method": delivery.method, "url": delivery.url, "headers": headers}
    try:
        body: dict[str, str] = {"body": delivery.body.decode()}
    except UnicodeDecodeError:
        body = {"base64": base64.b64encode(delivery.body).decode()}
    return orjson.dumps(told | body)


def unpacked(content: bytes) -> Delivery:
    """The delivery that was packed, byte for byte."""
    told: dict[str, Any] = orjson.loads(content)
    coded = told.get("base64")
    body = told["body"].encode() if coded is None else base64.b64decode(coded)
    return Delivery(told["method"], told["url"], told["headers"], body)


def _due(now: int) -> ColumnElement[bool]:
    return or_(inbox.c.not_before.is_(None), inbox.c.not_before <= now)
