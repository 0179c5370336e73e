"""Deliveries that could not be used: tried again, then kept, and the way back for them.

    the vendor refuses to complete it, or is away   5 tries over a day; meanwhile it waits
    still refused, or nobody can understand it      quarantine, with its content, for 30 days
    hub quarantine replay                           back into the inbox, for one more try

A delivery is in the inbox or in quarantine, never in both, so that its content lives once. After 30
days nobody needs it: polling has brought what it spoke of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, delete, select

from hub.core.clock import from_micros, to_micros
from hub.store import inbox, quarantine
from hub.store.engine import Store
from hub.store.inbox import Waiting
from hub.store.keys import Keys
from hub.store.quarantine import BadRow
from hub.store.records import IdPool, chunks, stream_id
from hub.store.schema import quarantine as rows
from hub.store.schema import streams

PAUSES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=15),
    timedelta(hours=3),
    timedelta(hours=20),
)
"""Between one try and the next; after the last one the delivery goes into quarantine."""
TRIES: Final = len(PAUSES) + 1
PREFIX: Final = "webhook:"
"""Begins the name under which a webhook's deliveries are in quarantine; no stream has a colon."""


class Unusable:
    """The deliveries of one connection that could not be used.

    Args:
        store: The database.
        keys: Recognises a delivery that is there already.
        name: The connection.
        run: Run id under which they are put there.
    """

    def __init__(self, store: Store, keys: Keys, name: str, run: str) -> None:
        self._store = store
        self._keys = keys
        self._name = name
        self._run = run
        self._qids = IdPool(store, "quarantine")
        self._streams = IdPool(store, "streams")

    def prepare(self) -> None:
        """Hold the row ids that one delivery needs; call it outside of a transaction."""
        self._qids.ensure(1)
        self._streams.ensure(1)

    def put_off(self, connection: Connection, item: Waiting, why: str, now: int) -> str | None:
        """When ``item`` is tried again, as text; None if it has had all its tries."""
        if item.attempts >= len(PAUSES):
            return None
        again = from_micros(now) + PAUSES[item.attempts]
        inbox.postpone(connection, item, to_micros(again), why)
        return again.isoformat(timespec="seconds")

    def keep(self, connection: Connection, item: Waiting, reason: str, why: str, now: int) -> None:
        """Move ``item`` from the inbox into quarantine."""
        stream = stream_id(connection, self._name, PREFIX + item.webhook, "delivery", self._streams)
        content = inbox.packed(item.delivery)
        digest = self._keys.fingerprint(f"{item.event_id}\0".encode() + content)
        bad = BadRow(digest, item.event_id, reason, why, content, item.event_id)
        quarantine.keep(connection, stream, [bad], self._qids, self._run, now)
        inbox.settle(connection, item, "unusable", now, why)

    def give_back(self, connection: Connection, webhook: str, now: int) -> list[str]:
        """Move the webhook's deliveries back into the inbox, for one try; returns their ids."""
        opened = self._opened(connection, webhook)
        inbox.put_back(connection, [item for _, item in opened], now)
        for chunk in chunks([qid for qid, _ in opened]):
            connection.execute(delete(rows).where(rows.c.qid.in_(chunk)))
        return [item.event_id for _, item in opened]

    def forget(self, connection: Connection, now: int) -> None:
        """Drop what has been in quarantine for longer than anybody needs it."""
        ours = (streams.c.connection == self._name, streams.c.stream.startswith(PREFIX))
        old = select(streams.c.stream_id).where(*ours)
        connection.execute(
            delete(rows).where(rows.c.stream_id.in_(old), rows.c.first_at < inbox.long_ago(now))
        )

    def still_there(self, connection: Connection, webhook: str, event_ids: Sequence[str]) -> int:
        """How many of ``event_ids`` are in quarantine."""
        there = {item.event_id for _, item in self._opened(connection, webhook)}
        return sum(event_id in there for event_id in event_ids)

    def _opened(self, connection: Connection, webhook: str) -> list[tuple[int, Waiting]]:
        """Row id and delivery of those that wait in quarantine, oldest first."""
        query = (
            select(rows.c.qid, rows.c.source_id, rows.c.raw)
            .join(streams, streams.c.stream_id == rows.c.stream_id)
            .where(streams.c.connection == self._name, streams.c.stream == PREFIX + webhook)
            .order_by(rows.c.first_at, rows.c.qid)
        )
        return [
            (qid, Waiting(self._name, event_id, webhook, inbox.unpacked(raw), len(PAUSES)))
            for qid, event_id, raw in connection.execute(query)
        ]
