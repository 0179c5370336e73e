"""Sending an approved plan: claimed, gated again, sent, receipted. Effectively once in outcome.

1. Settle what is claimed without a receipt: its outcome is unknown, so read back before any retry
   (``hub.push.settling``).
2. Create the fields that the destination is missing.
3. Claim a batch: rebuild the planned fields, gate them against today's ledger, note what stands
   there now (the pre-image) and a digest of what will be sent; commit. The ledger is held still
   until that commit: a withdrawal before it is obeyed, and no send starts after it.
4. Send. No transaction is open.
5. Receipt: per record done, failed, refused for good (``hub.push.refused``) or to be tried again;
   disclosure and audit leaf with it. A record that the system said nothing about stays claimed, for
   step 1. The lease is kept while the system is waited for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import orjson

from hub.audit.log import Scalar
from hub.core.boundary import reached
from hub.core.connector import Change, RowResult, Value
from hub.core.errors import HubError
from hub.core.released import Released
from hub.privacy.gate import Gate
from hub.push.destination import Destination
from hub.push.disclosure import Disclosed, Register
from hub.push.intent import Intent, Intents
from hub.push.plan import same
from hub.push.report import PushReport
from hub.push.settling import MAX_ATTEMPTS, Settler, live, rebuilt
from hub.store import ledger, outbox
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.leases import Lease, leased, writing
from hub.store.outbox import Claim, Outcome


@dataclass(frozen=True, slots=True)
class Claimed:
    """One outbox row on its way out; ``held`` are wanted fields that need no write."""

    outbox_id: int
    intent: Intent
    released: Released[Change]
    held: frozenset[str]
    noted: Claim


class Sender:
    """Sends plans to one destination.

    Args:
        store: The database.
        destination: Where to.
        intents: Builds what is written.
        gate: Releases it.
        keys: Keyed hashes of this installation.
        actor: Who approved.
    """

    def __init__(
        self,
        store: Store,
        destination: Destination,
        intents: Intents,
        gate: Gate,
        keys: Keys,
        actor: str,
    ) -> None:
        self._store = store
        self._destination = destination
        self._intents = intents
        self._gate = gate
        self._keys = keys
        self._register = Register(
            destination.connection, "release.pushed", "fields", destination.fields, gate, actor
        )
        self._settler = Settler(store, destination, intents, self._register)

    def send(self, plan_id: str) -> PushReport:
        """What became of every record of the plan. A vendor's failure is in the report.

        Raises:
            StopRun: If another process is writing to this destination.
        """
        report = PushReport(plan_id, self._destination.key)
        with leased(self._store, self._destination.lease_name) as lease:
            try:
                self._settler.settle(plan_id, lease, report)  # 1
                if self._pending(plan_id):
                    report.provisioned = self._destination.provision()  # 2
                while batch := self._pending(plan_id):
                    self._send_batch(batch, lease, report)
                    self._settler.settle(plan_id, lease, report)
            except HubError as err:
                report.stopped = err
        return report

    def settle(self, plan_id: str) -> None:
        """Find out what became of every record that has no receipt; nothing is sent.

        Raises:
            StopRun: If another process is writing to this destination.
            HubError: If the system cannot be read.
        """
        with leased(self._store, self._destination.lease_name) as lease:
            self._settler.settle(plan_id, lease, PushReport(plan_id, self._destination.key))

    def _send_batch(self, batch: Sequence[int], lease: Lease, report: PushReport) -> None:
        claimed = self._claim(batch, lease, report)  # 3
        if not claimed:
            return
        reached("outbox claimed")
        results = self._write(claimed)  # 4
        report.calls += 1
        reached("response received")
        self._receipt(claimed, results, lease, report)  # 5
        reached("receipt committed")

    # 3 ---------------------------------------------------------------------------------------

    def _claim(self, batch: Sequence[int], lease: Lease, report: PushReport) -> list[Claimed]:
        before = self._standing(batch)
        claimed: list[Claimed] = []
        over: dict[int, Outcome] = {}
        with ledger.held_still(self._store, lease) as (connection, now):
            planned = outbox.planned(connection, batch)
            # Gated under the ledger of this instant.
            intents = rebuilt(connection, self._intents, batch, now)
            for outbox_id in batch:
                intent = intents.get(outbox_id)
                there = before.get(intent.row.native_id) if intent else None
                if intent is None or there is None:
                    over[outbox_id] = Outcome("withheld")
                    report.note("withheld")
                    continue
                held = frozenset(n for n in intent.changed if same(there.get(n), intent.values[n]))
                names = (intent.changed - held) & planned[outbox_id]
                if names:
                    claimed.append(self._claimed(outbox_id, intent, names, held, there))
                else:
                    self._intents.remember(connection, [(intent, held)], now)
                    over[outbox_id] = Outcome("done")
                    report.note("unchanged")
            outbox.settle(connection, over, now)
            outbox.claim(connection, {item.outbox_id: item.noted for item in claimed}, now)
        return claimed

    def _standing(self, batch: Sequence[int]) -> Mapping[str, Mapping[str, Value]]:
        """What stands at the destination now, by native id; what may change, the claim judges."""
        with self._store.read() as connection:
            rows = live(connection, self._intents, batch).values()
        native_ids = [row.native_id for row in rows]
        return self._destination.read(native_ids) if native_ids else {}

    def _claimed(
        self,
        outbox_id: int,
        intent: Intent,
        names: Set[str],
        held: frozenset[str],
        there: Mapping[str, Value],
    ) -> Claimed:
        change = intent.change(names, f"cxhub-{outbox_id}")
        released = self._gate.release(change, intent.decision)
        sent = dict(released.value.values)
        noted = Claim(
            payload=self._keys.payload(orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)),
            rests_on=self._intents.rests_on(intent, held | change.values.keys()),
            names=sorted(sent),
            decision=intent.decision.decision_id,
            before={name: there.get(name) for name in change.values},
        )
        return Claimed(outbox_id, intent, released, held, noted)

    def _pending(self, plan_id: str) -> list[int]:
        with self._store.read() as connection:
            return outbox.pending(connection, plan_id, self._destination.writer.batch)

    # 4, 5 ------------------------------------------------------------------------------------

    def _write(self, claimed: Sequence[Claimed]) -> list[RowResult]:
        """The system's word on every row; about one it does not mention, nothing is known."""
        answers = self._destination.write([item.released for item in claimed])
        silence = "the system gave no result for this record"
        return [
            answers.get(trace, RowResult(trace, ok=False, error=silence, ambiguous=True))
            for trace in (item.released.value.trace for item in claimed)
        ]

    def _receipt(
        self,
        claimed: Sequence[Claimed],
        results: Sequence[RowResult],
        lease: Lease,
        report: PushReport,
    ) -> None:
        done = [item for item, r in zip(claimed, results, strict=True) if r.ok]
        numbers = [item.outbox_id for item in claimed]
        with writing(self._store, lease) as (connection, now):
            tried = outbox.attempts(connection, numbers)
            outcomes = {
                number: _outcome(result, tried[number])
                for number, result in zip(numbers, results, strict=True)
            }
            outbox.settle(connection, outcomes, now)
            held = [(item.intent, item.held | item.released.value.values.keys()) for item in done]
            self._intents.remember(connection, held, now)
            self._register.add(connection, [_disclosed(item) for item in done], now)
        for outcome in outcomes.values():
            report.note(outcome.status)
        report.errors.update(each.error for each in outcomes.values() if each.error)


def _outcome(result: RowResult, attempts: int) -> Outcome:
    """What became of a record by the system's word on it."""
    status = _status(result, attempts)
    if result.ok:
        return Outcome(status, reference=result.reference)
    return Outcome(status, error=result.error)


def _status(result: RowResult, attempts: int) -> str:
    if result.ok:
        return "done"
    if result.ambiguous:
        return "claimed"
    if not result.retryable:
        return "refused"
    return "pending" if attempts < MAX_ATTEMPTS else "failed"


def _disclosed(item: Claimed) -> Disclosed:
    decision, row = item.intent.decision, item.intent.row
    what: dict[str, Scalar] = {
        "policy": decision.policy,
        "ledger": decision.ledger,
        "withheld": ",".join(verdict.field for verdict in decision.withheld),
    }
    names = frozenset(item.released.value.values)
    return Disclosed(item.outbox_id, row.rid, row.golden_id, decision.decision_id, names, what)
