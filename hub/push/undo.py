"""``hub push undo``: put back what stood there before a push, record by record.

A value that somebody changed since is left alone and reported: undo restores the hub's own writes,
not other people's work. The destination goes back to asking before it is written to. What the
system refuses to take back stays as it is, and the same undo can be run again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from sqlalchemy import Connection, delete, select, update

from hub.audit.log import AuditEvent
from hub.core.clock import from_micros, to_micros
from hub.core.connector import Change, Value
from hub.core.errors import NotFound
from hub.privacy.gate import Gate
from hub.push.destination import Destination
from hub.push.disclosure import record_each
from hub.push.intent import Intents
from hub.store.engine import Store
from hub.store.leases import Lease, leased, writing
from hub.store.schema import (
    connection_state,
    outbox,
    plans,
    preimages,
    pushed_fields,
    pushed_rows,
    source_records,
)


@dataclass(slots=True)
class UndoReport:
    """What an undo did: records restored, kept (changed since by somebody else), failed, gone."""

    plan_id: str
    counts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Written:
    """One record that the push wrote, with what stood there before."""

    outbox_id: int
    rid: int
    native_id: str
    before: Mapping[str, Value]


class Undo:
    """Takes back pushes to one destination.

    Args:
        store: The database.
        destination: Where the push went.
        intents: Recognises the hub's own values.
        gate: Releases the old values back to the system they came from.
        actor: Who asked.
    """

    def __init__(
        self, store: Store, destination: Destination, intents: Intents, gate: Gate, actor: str
    ) -> None:
        self._store = store
        self._destination = destination
        self._intents = intents
        self._gate = gate
        self._actor = actor

    def undo(self, plan_id: str) -> UndoReport:
        """What became of every record that the plan had written.

        Raises:
            NotFound: If there is no such plan, or nothing of it was sent.
        """
        report = UndoReport(plan_id)
        if not self._written(plan_id, after=0):
            raise NotFound(f"plan {plan_id} has written nothing that could be undone")
        with leased(self._store, self._destination.lease_name) as lease:
            self._withdraw_approval()
            after = 0
            while batch := self._written(plan_id, after):
                after = batch[-1].outbox_id
                self._restore(batch, lease, report)
        if not report.counts["failed"]:
            self._finish(plan_id)
        return report

    def _finish(self, plan_id: str) -> None:
        """Close the plan, and what of it was never sent."""
        with self._store.write() as connection:
            connection.execute(
                update(plans).where(plans.c.plan_id == plan_id).values(status="undone")
            )
            connection.execute(
                update(outbox)
                .where(outbox.c.plan_id == plan_id, outbox.c.status == "pending")
                .values(status="undone", updated_at=to_micros(self._store.clock.now()))
            )

    def _restore(self, batch: Sequence[Written], lease: Lease, report: UndoReport) -> None:
        names = {name for item in batch for name in item.before}
        current = self._destination.read([item.native_id for item in batch], names)
        ours = self._ours(batch)
        changes: dict[int, Change] = {}
        outcome: dict[int, str] = {}
        for item in batch:
            there = current.get(item.native_id)
            if there is None:
                outcome[item.outbox_id] = "gone"
                continue
            digests = ours.get(item.rid, {})
            mine = {
                name: value
                for name, value in item.before.items()
                if self._intents.recognises(there.get(name), digests.get(name))
            }
            outcome[item.outbox_id] = "restored" if mine else "kept"
            if mine:
                trace = f"cxhub-undo-{item.outbox_id}"
                changes[item.outbox_id] = Change(item.native_id, mine, trace)
        released = [self._gate.restore(change) for change in changes.values()]
        results = self._destination.write(released) if released else {}
        for outbox_id, change in changes.items():
            result = results.get(change.trace)
            if result is None or not result.ok:
                outcome[outbox_id] = "failed"
                report.errors[result.error if result else "no result for this record"] += 1
        self._close(batch, outcome, lease)
        report.counts.update(outcome.values())

    def _close(self, batch: Sequence[Written], outcome: Mapping[int, str], lease: Lease) -> None:
        with writing(self._store, lease) as (connection, now):
            for item in batch:
                if outcome[item.outbox_id] == "failed":
                    continue
                self._forget(connection, item)
                connection.execute(
                    update(outbox)
                    .where(outbox.c.outbox_id == item.outbox_id)
                    .values(status="undone", updated_at=now)
                )
            leaf = AuditEvent(
                "release.undone",
                self._actor,
                from_micros(now),
                connection=self._destination.connection,
            )
            record_each(
                connection,
                leaf,
                [
                    (item.rid, {"outbox": item.outbox_id, "outcome": outcome[item.outbox_id]})
                    for item in batch
                ],
            )

    def _forget(self, connection: Connection, item: Written) -> None:
        for table in (pushed_fields, pushed_rows):
            connection.execute(
                delete(table).where(
                    table.c.rid == item.rid, table.c.writer == self._destination.key
                )
            )

    def _withdraw_approval(self) -> None:
        with self._store.write() as connection:
            connection.execute(
                update(connection_state)
                .where(connection_state.c.connection == self._destination.key)
                .values(approved_plan=None, approved_at=None, approved_by=None)
            )

    def _written(self, plan_id: str, after: int) -> list[Written]:
        query = (
            select(outbox.c.outbox_id, outbox.c.rid, source_records.c.source_id, preimages.c.body)
            .join(preimages, preimages.c.outbox_id == outbox.c.outbox_id)
            .join(source_records, source_records.c.rid == outbox.c.rid)
            .where(
                outbox.c.plan_id == plan_id,
                outbox.c.writer == self._destination.key,
                outbox.c.status == "done",
                outbox.c.outbox_id > after,
            )
            .order_by(outbox.c.outbox_id)
            .limit(self._destination.writer.batch)
        )
        with self._store.read() as connection:
            return [
                Written(row.outbox_id, row.rid, row.source_id, orjson.loads(row.body))
                for row in connection.execute(query)
            ]

    def _ours(self, batch: Sequence[Written]) -> dict[int, dict[str, bytes]]:
        with self._store.read() as connection:
            return self._intents.written(connection, [item.rid for item in batch])
