"""Sending an approved plan: claimed, gated again, sent, receipted. Effectively once in outcome.

1. Settle what an earlier run left claimed: its outcome is unknown, so read back before any retry.
2. Create the fields that the destination is missing.
3. Claim a batch: rebuild the values, gate them against today's ledger, note what stands there now
   (the pre-image) and a digest of what will be sent; commit. A withdrawal committed before the
   claim is obeyed; no send starts after it.
4. Send. No transaction is open.
5. Receipt: per record done, failed or to be tried again; disclosure and audit leaf with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from sqlalchemy import Connection, select, update

from hub.audit import log
from hub.audit.log import AuditEvent
from hub.core.boundary import reached
from hub.core.clock import from_micros, to_micros
from hub.core.connector import Change, RowResult, Value
from hub.core.errors import HubError
from hub.core.released import Released
from hub.privacy.gate import Gate
from hub.push.destination import Destination
from hub.push.intent import Intent, Intents
from hub.push.plan import remember, same
from hub.store import bulk, pseudonyms
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.leases import Lease, acquire, release, renew
from hub.store.schema import disclosures, outbox, preimages

MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Claimed:
    """One outbox row on its way out."""

    outbox_id: int
    intent: Intent
    released: Released[Change]


@dataclass(slots=True)
class PushReport:
    """What a push did.

    Args:
        plan_id: The plan that was sent.
        destination: ``connection/writer``.
        counts: Records by outcome: written, failed, unchanged, withheld, retry.
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
        lease = acquire(self._store, f"push:{self._destination.key}")
        try:
            self._settle_claimed(plan_id, lease, report)  # 1
            if self._pending(plan_id, 1):
                report.provisioned = self._provision()  # 2
            while batch := self._pending(plan_id, self._destination.writer.batch):
                claimed = self._claim(batch, lease, report)  # 3
                if not claimed:
                    continue
                reached("outbox claimed")
                results = self._write(claimed)  # 4
                report.calls += 1
                reached("response received")
                self._receipt(claimed, results, lease, report)  # 5
                reached("receipt committed")
        except HubError as err:
            report.stopped = err
        finally:
            release(self._store, lease)
        return report

    # 1, 2 ------------------------------------------------------------------------------------

    def _settle_claimed(self, plan_id: str, lease: Lease, report: PushReport) -> None:
        """Rows that a killed run had claimed: done if the system holds the values, else again."""
        while left := self._rows(plan_id, "claimed", self._destination.writer.batch):
            now = to_micros(self._store.clock.now())
            with self._store.read() as connection:
                intents = self._build(connection, left, now)
            current = self._read_current(intents.values())
            results = []
            claimed = []
            for outbox_id, intent in intents.items():
                there = current.get(intent.row.native_id, {})
                arrived = all(same(there.get(n), intent.values[n]) for n in intent.changed)
                change = intent.change(intent.changed, _trace(outbox_id))
                released = self._gate.release(change, intent.decision)
                claimed.append(Claimed(outbox_id, intent, released))
                results.append(RowResult(change.trace, ok=arrived, retryable=True))
            gone = [outbox_id for outbox_id in left if outbox_id not in intents]
            self._close(gone, "withheld", report)
            self._receipt(claimed, results, lease, report)

    def _provision(self) -> tuple[str, ...]:
        provision = self._destination.writer.provision
        if not callable(provision):
            return ()
        return tuple(provision(self._destination.ctx, self._destination.fields))

    # 3 ---------------------------------------------------------------------------------------

    def _claim(self, batch: Sequence[int], lease: Lease, report: PushReport) -> list[Claimed]:
        now = to_micros(self._store.clock.now())
        with self._store.read() as connection:
            before = self._read_current(self._build(connection, batch, now).values())
        claimed: list[Claimed] = []
        with self._store.write() as connection:
            renew(connection, lease, now)
            intents = self._build(connection, batch, now)  # gated under the ledger of this instant
            for outbox_id in batch:
                intent = intents.get(outbox_id)
                there = before.get(intent.row.native_id) if intent else None
                if intent is None or there is None:
                    self._set(connection, [outbox_id], "withheld", now, report)
                    continue
                names = {n for n in intent.changed if not same(there.get(n), intent.values[n])}
                if not names:
                    self._remember(connection, [intent], now)
                    self._set(connection, [outbox_id], "unchanged", now, report)
                    continue
                claimed.append(self._claim_one(connection, outbox_id, intent, names, there, now))
        return claimed

    def _claim_one(
        self,
        connection: Connection,
        outbox_id: int,
        intent: Intent,
        names: Iterable[str],
        there: Mapping[str, Value],
        now: int,
    ) -> Claimed:
        change = intent.change(names, _trace(outbox_id))
        released = self._gate.release(change, intent.decision)
        values = orjson.dumps(dict(released.value.values), option=orjson.OPT_SORT_KEYS)
        kept = {name: there.get(name) for name in released.value.values}
        bulk.insert_new(
            connection, preimages, ("outbox_id", "body"), [(outbox_id, orjson.dumps(kept))]
        )
        connection.execute(
            update(outbox)
            .where(outbox.c.outbox_id == outbox_id)
            .values(
                status="claimed",
                payload=self._keys.payload(values),
                fields=orjson.dumps(sorted(released.value.values)),
                decision=intent.decision.decision_id,
                attempts=outbox.c.attempts + 1,
                updated_at=now,
            )
        )
        return Claimed(outbox_id, intent, released)

    # 4, 5 ------------------------------------------------------------------------------------

    def _write(self, claimed: Sequence[Claimed]) -> list[RowResult]:
        """The system's word on every row; a row it does not mention has failed."""
        writer, ctx = self._destination.writer, self._destination.ctx
        answers = {r.trace: r for r in writer.write(ctx, [item.released for item in claimed])}
        unanswered = "the system gave no result for this record"
        return [
            answers.get(trace, RowResult(trace, ok=False, error=unanswered, ambiguous=True))
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
            self._remember(connection, [item.intent for item in done], now)
            self._disclose(connection, done, now)

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
        again = (result.retryable or result.ambiguous) and attempts < MAX_ATTEMPTS
        status = "pending" if again else "failed"
        self._set(connection, [item.outbox_id], status, now, report, error=result.error)

    def _remember(self, connection: Connection, intents: Sequence[Intent], now: int) -> None:
        writer = self._destination.key
        fields = [
            (intent.row.rid, writer, name, self._intents.digest(intent.values[name]), now)
            for intent in intents
            for name in sorted(intent.changed)
        ]
        rows = [(i.row.rid, writer, i.row.revision, i.decision.policy) for i in intents]
        remember(connection, fields, rows)

    def _disclose(self, connection: Connection, done: Sequence[Claimed], now: int) -> None:
        rows, events = [], []
        names = pseudonyms.of(connection, [item.intent.row.rid for item in done])
        for item in done:
            row, decision = item.intent.row, item.intent.decision
            sent = {
                verdict.field: f"{verdict.purpose}/{verdict.basis}"
                for verdict in decision.verdicts
                if verdict.field in item.released.value.values
            }
            rows.append(
                (item.outbox_id, row.golden_id, row.rid, self._destination.connection,
                 orjson.dumps(sent), decision.decision_id, now)
            )  # fmt: skip
            events.append(
                AuditEvent(
                    kind="release.pushed",
                    actor=self._actor,
                    at=from_micros(now),
                    subject=names[row.rid],
                    connection=self._destination.connection,
                    what={
                        "decision": decision.decision_id,
                        "policy": decision.policy,
                        "ledger": decision.ledger,
                        "fields": ",".join(sorted(sent)),
                        "withheld": ",".join(v.field for v in decision.withheld),
                        "outbox": item.outbox_id,
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

    def _read_current(self, intents: Iterable[Intent]) -> Mapping[str, Mapping[str, Value]]:
        ids = [intent.row.native_id for intent in intents]
        names = [item.name for item in self._destination.fields]
        return self._destination.writer.read(self._destination.ctx, ids, names) if ids else {}

    def _pending(self, plan_id: str, limit: int) -> list[int]:
        return self._rows(plan_id, "pending", limit)

    def _rows(self, plan_id: str, status: str, limit: int) -> list[int]:
        query = select(outbox.c.outbox_id).where(
            outbox.c.plan_id == plan_id, outbox.c.status == status
        )
        with self._store.read() as connection:
            found = connection.execute(query.order_by(outbox.c.outbox_id).limit(limit))
            return list(found.scalars())

    def _close(self, outbox_ids: Sequence[int], status: str, report: PushReport) -> None:
        with self._store.write() as connection:
            now = to_micros(self._store.clock.now())
            self._set(connection, outbox_ids, status, now, report)

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
        outcome = {"done": "written", "pending": "retry"}.get(status, status)
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


def _trace(outbox_id: int) -> str:
    return f"cxhub-{outbox_id}"
