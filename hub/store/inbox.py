"""The inbox: what vendors pushed, each delivery once, kept until it is in the store.

A delivery is taken in two steps: :func:`accept` makes it durable, so that the vendor may be told
200; :func:`settle` takes it off, in the transaction that stores what it brought. Ids are kept
longer than any vendor repeats a delivery; contents only as long as they wait.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal

import orjson
from sqlalchemy import Connection, delete, func, literal_column, select, text, update

from hub.core.clock import to_micros
from hub.core.connector import Delivery
from hub.store.engine import Store
from hub.store.schema import inbox

KEPT_DAYS = 30
"""Longer than any of the vendors repeats a delivery, which is two days at most."""

Settled = Literal["taken", "unusable"]

_DAY = 86_400 * 1_000_000
_WAITS = inbox.c.status == literal_column("'waiting'")  # a bound value would miss the partial index
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie"})
_INSERT = text(
    "INSERT INTO inbox (connection, event_id, webhook, status, delivery, received_at)"
    " VALUES (:connection, :event_id, :webhook, 'waiting', :delivery, :now) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that waits for its turn."""

    connection: str
    event_id: str
    webhook: str
    delivery: Delivery


def accept(store: Store, name: str, webhook: str, event_id: str, delivery: Delivery) -> bool:
    """Whether the delivery to connection ``name`` is new; if so, it is durable now."""
    now = to_micros(store.clock.now())
    row = {
        "connection": name, "event_id": event_id, "webhook": webhook,
        "delivery": _packed(delivery), "now": now,
    }  # fmt: skip
    with store.write() as connection:
        return connection.execute(_INSERT, row).rowcount == 1


def forget(store: Store, name: str) -> None:
    """Drop the ids of deliveries that nobody repeats any more; what waits stays."""
    long_ago = to_micros(store.clock.now()) - KEPT_DAYS * _DAY
    with store.write() as connection:
        connection.execute(
            delete(inbox).where(
                inbox.c.connection == name,
                inbox.c.status != "waiting",
                inbox.c.received_at < long_ago,
            )
        )


def waiting(connection: Connection, name: str, limit: int) -> list[Waiting]:
    """The next deliveries of connection ``name``, in the order of arrival."""
    query = (
        select(inbox.c.connection, inbox.c.event_id, inbox.c.webhook, inbox.c.delivery)
        .where(inbox.c.connection == name, _WAITS)
        .order_by(inbox.c.received_at, inbox.c.event_id)
        .limit(limit)
    )
    return [Waiting(*row[:3], _unpacked(row[3])) for row in connection.execute(query)]


def settle(
    connection: Connection, item: Waiting, status: Settled, now: int, error: str | None = None
) -> None:
    """Take a delivery off: its id stays, so that it is not taken again; its content goes."""
    connection.execute(
        update(inbox)
        .where(inbox.c.connection == item.connection, inbox.c.event_id == item.event_id)
        .values(status=status, delivery=None, error=error, settled_at=now)
    )


def depths(connection: Connection) -> dict[str, int]:
    """How many deliveries wait, by connection; those without any are left out."""
    query = select(inbox.c.connection, func.count()).where(_WAITS).group_by(inbox.c.connection)
    return {name: number for name, number in connection.execute(query)}  # noqa: C416 - a row is no pair


def _packed(delivery: Delivery) -> bytes:
    """The delivery as bytes, without the credentials that :func:`accept`'s caller looked at."""
    headers = {n: value for n, value in delivery.headers.items() if n not in _CREDENTIALS}
    body = base64.b64encode(delivery.body).decode()
    return orjson.dumps([delivery.method, delivery.url, headers, body])


def _unpacked(packed: bytes) -> Delivery:
    method, url, headers, body = orjson.loads(packed)
    return Delivery(method, url, headers, base64.b64decode(body))
