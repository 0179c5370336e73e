"""Sending an approved plan: claimed, gated again, sent, receipted. Effectively once in outcome.

1. Settle what is claimed without a receipt: its outcome is unknown, so read back before any retry.
   A write that arrived is disclosed, whatever the ledger says by now.
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

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

import orjson
from sqlalchemy import Connection, select, update

from hub.audit import log
from hub.audit.log import AuditEvent, Scalar
from hub.core.boundary import reached
from hub.core.clock import from_micros, to_micros
from hub.core.connector import Change, RowResult, Value
from hub.core.errors import HubError
from hub.core.released import Released
from hub.privacy.gate import Gate
from hub.push.destination import Destination
from hub.push.intent import Intent, Intents
from hub.push.plan import same
from hub.store import bulk, ledger, pseudonyms
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.leases import Lease, leased, renew
from hub.store.schema import disclosures, outbox, preimages, source_records

MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Claimed:
    """One outbox row on its way out; ``held`` are wanted fields that need no write."""

    outbox_id: int
    intent: Intent
    released: Released[Change]
    held: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unsettled:
    """One outbox row that was claimed and has no receipt.

    Args:
        names: Fields that were sent, or were about to be.
        before: What stood there before.
    """

    outbox_id: int
    rid: int
    golden_id: str
    native_id: str
    decision: str
    attempts: int
    names: frozenset[str]
    before: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Disclosed:
    """Fields of one person that a system has now, and the decision that let them go."""

    outbox_id: int
    rid: int
    golden_id: str
    decision: str
    names: frozenset[str]
    what: Mapping[str, Scalar]


@dataclass(slots=True)
class PushReport:
    """What a push did.

    Args:
        plan_id: The plan that was sent.
        destination: ``connection/writer``.
        counts: Records by outcome: written, failed, unchanged, withheld, retry, unanswered.
        calls: Write calls to the vendor.
        errors: Vendor's reason to number of records.
        provisioned: Fields that were created.
        stopped: Why it stopped early, or None.
    """

    plan_id: str
    destination: str
    counts: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    provisioned: tuple[str, ...] = ()
    stopped: HubError | None = None

    def add(self, other: PushReport) -> None:
        """Add what another push to the same destination did."""
        self.counts += other.counts
        self.calls += other.calls
        self.errors += other.errors
        self.provisioned += other.provisioned
        self.stopped = self.stopped or other.stopped


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
        self._actor = actor

    def send(self, plan_id: str) -> PushReport:
        """What became of every record of the plan. A vendor's failure is in the report.

        Raises:
            StopRun: If another process is writing to this destination.
        """
        report = PushReport(plan_id, self._destination.key)
        with leased(self._store, self._destination.lease_name) as lease:
            try:
                self._settle(plan_id, lease, report)  # 1
                if self._pending(plan_id):
                    report.provisioned = self._destination.provision()  # 2
                while batch := self._pending(plan_id):
                    self._send_batch(batch, lease, report)
                    self._settle(plan_id, lease, report)
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
            self._settle(plan_id, lease, PushReport(plan_id, self._destination.key))

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

    # 1 ---------------------------------------------------------------------------------------

    def _settle(self, plan_id: str, lease: Lease, report: PushReport) -> None:
        while left := self._unsettled(plan_id):
            names = {name for item in left for name in item.names}
            current = self._destination.read([item.native_id for item in left], names)
            now = to_micros(self._store.clock.now())
            with self._store.write() as connection:
                renew(connection, lease, now)
                intents = self._build(connection, [item.outbox_id for item in left], now)
                for item in left:
                    there, intent = current.get(item.native_id), intents.get(item.outbox_id)
                    self._settle_one(connection, item, there, intent, now, report)

    def _settle_one(
        self,
        connection: Connection,
        item: Unsettled,
        there: Mapping[str, Value] | None,
        intent: Intent | None,
        now: int,
        report: PushReport,
    ) -> None:
        if there is None:
            self._set(connection, [item.outbox_id], "withheld", now, report)
        elif all(same(there.get(name), item.before.get(name)) for name in item.names):
            status = "pending" if item.attempts < MAX_ATTEMPTS else "failed"
            self._set(connection, [item.outbox_id], status, now, report, error="no effect seen")
        else:
            self._set(connection, [item.outbox_id], "done", now, report)
            self._remember_arrived(connection, item, there, intent, now)
            allowed = intent.decision.allowed if intent else frozenset()
            overtaken = ",".join(sorted(item.names - allowed))  # sent before they were forbidden
            self._disclose(
                connection,
                [
                    Disclosed(
                        item.outbox_id, item.rid, item.golden_id, item.decision, item.names,
                        {"settled": True, "overtaken": overtaken},
                    )
                ],
                now,
            )  # fmt: skip

    def _remember_arrived(
        self,
        connection: Connection,
        item: Unsettled,
        there: Mapping[str, Value],
        intent: Intent | None,
        now: int,
    ) -> None:
        """What stands there is the hub's; it may be an older value than is wanted by now."""
        digest, key = self._intents.digest, self._destination.key
        rows = [(item.rid, key, n, digest(there.get(n)), now) for n in sorted(item.names)]
        self._intents.remember_fields(connection, rows)
        if intent is not None:
            held = {n for n in item.names if same(there.get(n), intent.values.get(n))}
            self._intents.remember(connection, [(intent, held)], now)

    # 3 ---------------------------------------------------------------------------------------

    def _claim(self, batch: Sequence[int], lease: Lease, report: PushReport) -> list[Claimed]:
        now = to_micros(self._store.clock.now())
        with self._store.read() as connection:
            native_ids = [i.row.native_id for i in self._build(connection, batch, now).values()]
        before = self._destination.read(native_ids) if native_ids else {}
        claimed: list[Claimed] = []
        with self._store.write() as connection:
            ledger.hold_still(connection)
            renew(connection, lease, now)
            planned = self._planned(connection, batch)
            intents = self._build(connection, batch, now)  # gated under the ledger of this instant
            for outbox_id in batch:
                intent = intents.get(outbox_id)
                there = before.get(intent.row.native_id) if intent else None
                if intent is None or there is None:
                    self._set(connection, [outbox_id], "withheld", now, report)
                    continue
                held = {n for n in intent.changed if same(there.get(n), intent.values[n])}
                names = (intent.changed - held) & planned[outbox_id]
                if not names:
                    self._intents.remember(connection, [(intent, held)], now)
                    self._set(connection, [outbox_id], "unchanged", now, report)
                    continue
                released = self._claim_one(connection, outbox_id, intent, names, held, there, now)
                claimed.append(Claimed(outbox_id, intent, released, frozenset(held)))
        return claimed

    def _claim_one(
        self,
        connection: Connection,
        outbox_id: int,
        intent: Intent,
        names: Iterable[str],
        held: Set[str],
        there: Mapping[str, Value],
        now: int,
    ) -> Released[Change]:
        change = intent.change(names, f"cxhub-{outbox_id}")
        released = self._gate.release(change, intent.decision)
        values = orjson.dumps(dict(released.value.values), option=orjson.OPT_SORT_KEYS)
        kept = (outbox_id, orjson.dumps({n: there.get(n) for n in change.values}))
        # What a first attempt found counts; a retry writes the same fields or fewer.
        bulk.insert_new(connection, preimages, ("outbox_id", "body"), [kept])
        connection.execute(
            update(outbox)
            .where(outbox.c.outbox_id == outbox_id)
            .values(
                status="claimed",
                payload=self._keys.payload(values),
                rests_on=self._intents.rests_on(intent, held | change.values.keys()),
                fields=orjson.dumps(sorted(released.value.values)),
                decision=intent.decision.decision_id,
                attempts=outbox.c.attempts + 1,
                updated_at=now,
            )
        )
        return released

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
        now = to_micros(self._store.clock.now())
        done = [item for item, r in zip(claimed, results, strict=True) if r.ok]
        with self._store.write() as connection:
            renew(connection, lease, now)
            for item, result in zip(claimed, results, strict=True):
                self._note(connection, item, result, now, report)
            held = [(item.intent, item.held | item.released.value.values.keys()) for item in done]
            self._intents.remember(connection, held, now)
            self._disclose(connection, [_disclosed(item) for item in done], now)

    def _note(
        self,
        connection: Connection,
        item: Claimed,
        result: RowResult,
        now: int,
        report: PushReport,
    ) -> None:
        if result.ok:
            self._set(connection, [item.outbox_id], "done", now, report, result.reference)
            return
        if result.error:
            report.errors[result.error] += 1
        attempts = connection.execute(
            select(outbox.c.attempts).where(outbox.c.outbox_id == item.outbox_id)
        ).scalar_one()
        status = _status(result, attempts)
        self._set(connection, [item.outbox_id], status, now, report, error=result.error)

    def _disclose(self, connection: Connection, done: Sequence[Disclosed], now: int) -> None:
        terms = {field.name: self._gate.terms(field) for field in self._destination.fields}
        names = pseudonyms.of(connection, [item.rid for item in done])
        rows, events = [], []
        for item in done:
            sent = {name: terms.get(name, "") for name in sorted(item.names)}
            rows.append(
                (item.outbox_id, item.golden_id, item.rid, self._destination.connection,
                 orjson.dumps(sent), item.decision, now)
            )  # fmt: skip
            events.append(
                AuditEvent(
                    kind="release.pushed",
                    actor=self._actor,
                    at=from_micros(now),
                    subject=names[item.rid],
                    connection=self._destination.connection,
                    what={
                        "decision": item.decision,
                        "fields": ",".join(sent),
                        "outbox": item.outbox_id,
                        **item.what,
                    },
                )
            )
        columns = ("outbox_id", "golden_id", "rid", "connection", "fields", "decision", "at")
        bulk.insert_new(connection, disclosures, columns, rows)
        log.record_many(connection, events)

    # --- the outbox --------------------------------------------------------------------------

    def _build(
        self, connection: Connection, outbox_ids: Sequence[int], now: int
    ) -> dict[int, Intent]:
        query = select(outbox.c.outbox_id, outbox.c.rid).where(outbox.c.outbox_id.in_(outbox_ids))
        rids = {row.outbox_id: row.rid for row in connection.execute(query)}
        rows = self._intents.rows(connection, list(rids.values()))
        live = [outbox_id for outbox_id in outbox_ids if rids[outbox_id] in rows]
        intents = self._intents.build(connection, [rows[rids[o]] for o in live], now)
        return dict(zip(live, intents, strict=True))

    def _planned(
        self, connection: Connection, outbox_ids: Sequence[int]
    ) -> dict[int, frozenset[str]]:
        """The fields of each row that were approved."""
        query = select(outbox.c.outbox_id, outbox.c.fields)
        rows = connection.execute(query.where(outbox.c.outbox_id.in_(outbox_ids)))
        return {outbox_id: frozenset(orjson.loads(names)) for outbox_id, names in rows}

    def _pending(self, plan_id: str) -> list[int]:
        query = select(outbox.c.outbox_id).where(
            outbox.c.plan_id == plan_id, outbox.c.status == "pending"
        )
        limit = self._destination.writer.batch
        with self._store.read() as connection:
            found = connection.execute(query.order_by(outbox.c.outbox_id).limit(limit))
            return list(found.scalars())

    def _unsettled(self, plan_id: str) -> list[Unsettled]:
        query = (
            select(
                outbox.c.outbox_id,
                outbox.c.rid,
                outbox.c.golden_id,
                source_records.c.source_id,
                outbox.c.decision,
                outbox.c.attempts,
                outbox.c.fields,
                preimages.c.body,
            )
            .join(source_records, source_records.c.rid == outbox.c.rid)
            .join(preimages, preimages.c.outbox_id == outbox.c.outbox_id)
            .where(outbox.c.plan_id == plan_id, outbox.c.status == "claimed")
            .order_by(outbox.c.outbox_id)
            .limit(self._destination.writer.batch)
        )
        with self._store.read() as connection:
            return [
                Unsettled(*row[:6], frozenset(orjson.loads(row[6])), orjson.loads(row[7]))
                for row in connection.execute(query)
            ]

    @staticmethod
    def _set(
        connection: Connection,
        outbox_ids: Sequence[int],
        status: str,
        now: int,
        report: PushReport,
        reference: str = "",
        error: str = "",
    ) -> None:
        outcome = _OUTCOMES.get(status, status)
        report.counts[outcome] += len(outbox_ids)
        connection.execute(
            update(outbox)
            .where(outbox.c.outbox_id.in_(outbox_ids))
            .values(
                status="done" if status == "unchanged" else status,
                reference=reference or None,
                error=error or None,
                updated_at=now,
            )
        )


_OUTCOMES = {
    "done": "written", "pending": "retry", "claimed": "unanswered", "refused": "failed",
}  # fmt: skip


def _status(result: RowResult, attempts: int) -> str:
    """Where a record stands that the system did not take, or said nothing about."""
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
