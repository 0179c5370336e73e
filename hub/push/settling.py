"""Claimed without a receipt: what became of it is read off the system before anything is resent.

A write that arrived is disclosed, whatever the ledger says by now; one that did not is to be sent
again, a few times; a record that is gone is let go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from hub.audit.log import Scalar
from hub.core.connector import Value
from hub.push.destination import Destination
from hub.push.disclosure import Disclosed, Register
from hub.push.intent import Intent, Intents, Row
from hub.push.plan import same
from hub.push.report import PushReport
from hub.store import outbox
from hub.store.engine import Store
from hub.store.leases import Lease, writing
from hub.store.outbox import Outcome, Unsettled

MAX_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Settler:
    """Settles the open claims of one destination.

    Args:
        store: The database.
        destination: Where they were sent.
        intents: Builds what was meant.
        register: Of what was disclosed.
    """

    store: Store
    destination: Destination
    intents: Intents
    register: Register

    def settle(self, plan_id: str, lease: Lease, report: PushReport) -> None:
        """Find out what became of every record of the plan that has no receipt.

        Raises:
            HubError: If the system cannot be read.
        """
        while left := self._unsettled(plan_id):
            names = {name for item in left for name in item.names}
            current = self.destination.read([item.native_id for item in left], names)
            with writing(self.store, lease) as (connection, now):
                meant = rebuilt(connection, self.intents, [item.outbox_id for item in left], now)
                outcomes = {
                    item.outbox_id: self._settle_one(
                        connection,
                        item,
                        current.get(item.native_id),
                        meant.get(item.outbox_id),
                        now,
                    )
                    for item in left
                }
                outbox.settle(connection, outcomes, now)
            for outcome in outcomes.values():
                report.note(outcome.status)

    def _unsettled(self, plan_id: str) -> list[Unsettled]:
        with self.store.read() as connection:
            return outbox.unsettled(connection, plan_id, self.destination.writer.batch)

    def _settle_one(
        self,
        connection: Connection,
        item: Unsettled,
        there: Mapping[str, Value] | None,
        intent: Intent | None,
        now: int,
    ) -> Outcome:
        """What became of a record, by what stands there now."""
        if there is None:
            return Outcome("withheld")
        if all(same(there.get(name), item.before.get(name)) for name in item.names):
            status = "pending" if item.attempts < MAX_ATTEMPTS else "failed"
            return Outcome(status, error="no effect seen")
        self._remember(connection, item, there, intent, now)
        allowed = intent.decision.allowed if intent else frozenset()
        overtaken = ",".join(sorted(item.names - allowed))  # sent before they were forbidden
        what: dict[str, Scalar] = {"settled": True, "overtaken": overtaken}
        told = Disclosed(item.outbox_id, item.rid, item.golden_id, item.decision, item.names, what)
        self.register.add(connection, [told], now)
        return Outcome("done")

    def _remember(
        self,
        connection: Connection,
        item: Unsettled,
        there: Mapping[str, Value],
        intent: Intent | None,
        now: int,
    ) -> None:
        """What stands there is the hub's; it may be an older value than is wanted by now."""
        digest, key = self.intents.digest, self.destination.key
        rows = [(item.rid, key, n, digest(there.get(n)), now) for n in sorted(item.names)]
        self.intents.remember_fields(connection, rows)
        if intent is not None:
            held = {n for n in item.names if same(there.get(n), intent.values.get(n))}
            self.intents.remember(connection, [(intent, held)], now)


def rebuilt(
    connection: Connection, intents: Intents, outbox_ids: Sequence[int], now: int
) -> dict[int, Intent]:
    """What rows of the outbox mean today, by the ledger of today; without records that are gone."""
    rows = live(connection, intents, outbox_ids)
    found = intents.build(connection, list(rows.values()), now)
    return dict(zip(rows, found, strict=True))


def live(connection: Connection, intents: Intents, outbox_ids: Sequence[int]) -> dict[int, Row]:
    """The records that rows of the outbox are about, without those that are gone."""
    rids = outbox.records(connection, outbox_ids)
    rows = intents.rows(connection, list(rids.values()))
    return {each: rows[rids[each]] for each in outbox_ids if rids[each] in rows}
