"""Withdrawals, written into the other systems that hold the customer, and read back there.

1. Take the lease, so that no other process looks or writes for this system. While the system is
   waited for, the lease is kept. What the ledger says and the system does not know becomes due
   (``hub.push.refusals``).
2. What has no receipt, or was not confirmed, is settled first: the system is asked what it holds.
3. Claim a batch: the refusal still stands and the record is there; the gate releases it; commit.
4. Send. No transaction is open.
5. Receipt: taken, to be tried again, refused, or not held: the system has no place for it. An
   audit leaf with what was taken, and with what will never be.
6. Confirm: a withdrawal is done when the system itself says so. What it does not show yet is asked
   for again by the next run, and then sent again.

Only withdrawals, never opt-ins. One record that a system refuses does not hold up the others; it is
shown by ``hub status`` and tried again a day later. What a system cannot hold is shown there as
well, and asked again when its connector or its settings declare something else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from hub.audit.log import AuditEvent, Scalar
from hub.core.batches import in_batches
from hub.core.boundary import reached
from hub.core.clock import from_micros, to_micros
from hub.core.connector import ConsentChange, RowResult
from hub.core.errors import HubError, StopRun
from hub.core.plugins import guarded
from hub.core.released import Released
from hub.privacy.gate import Gate
from hub.push.disclosure import record_each
from hub.push.judgement import REFUSED
from hub.push.refusals import Refusals
from hub.store import ledger, withdrawals
from hub.store.engine import Store
from hub.store.leases import Lease, leased, writing
from hub.sync.pull import Source

BATCH = 100
"""Withdrawals claimed at once; a connector splits them as its vendor wants."""
_UNCERTAIN = ("claimed", "unconfirmed")
_OUTCOMES = {"pending": "retry"}


@dataclass(slots=True)
class WithdrawalReport:
    """What became of the withdrawals that were due to one connection.

    Args:
        connection: Name in ``hub.toml``.
        counts: Withdrawals by outcome: done, unconfirmed, failed, retry, not_held (the system has
            no place for it), moot; ``waiting`` if the connection only observes or was never
            approved.
        errors: The system's reason to number of records.
        stopped: Why it stopped early, or None.
    """

    connection: str
    counts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    stopped: HubError | None = None


@dataclass(frozen=True, slots=True)
class _Item:
    """One withdrawal, and what to tell the system; None if there is nothing to tell it any more."""

    withdrawal_id: int
    rid: int
    event_id: str
    change: ConsentChange | None


class Withdrawals:
    """Writes withdrawals into one system.

    Args:
        store: The database.
        source: The connection; its connector writes consent.
        refusals: Finds what is due to it.
        gate: Releases what leaves.
        actor: Who asked.
    """

    def __init__(
        self, store: Store, source: Source, refusals: Refusals, gate: Gate, actor: str
    ) -> None:
        self._store = store
        self._source = source
        self._refusals = refusals
        self._gate = gate
        self._actor = actor

    def look(self) -> WithdrawalReport:
        """How many wait, newly due ones included, and how many it cannot hold; nothing is sent."""
        report = WithdrawalReport(self._source.name)
        try:
            with leased(self._store, self._lease_name) as lease:
                self._refusals.look(lease)  # 1
        except StopRun:
            pass  # whoever is at work there looks, too
        counts = {
            "waiting": len(self._ids("pending", "failed", *_UNCERTAIN)),
            "not_held": len(self._ids("not_held")),
        }
        report.counts.update({what: number for what, number in counts.items() if number})
        return report

    def send(self) -> WithdrawalReport:
        """What became of everything that was due. A system's failure is in the report."""
        report = WithdrawalReport(self._source.name)
        try:
            with leased(self._store, self._lease_name) as lease:
                self._refusals.look(lease)  # 1
                self._settle(lease, report)
                for batch in in_batches(self._ids("pending"), BATCH):
                    self._send_batch(batch, lease, report)
        except HubError as err:
            report.stopped = err
        return report

    def _send_batch(self, batch: Sequence[int], lease: Lease, report: WithdrawalReport) -> None:
        claimed = self._claim(batch, lease, report)  # 3
        if not claimed:
            return
        reached("outbox claimed")
        results = self._write([released for _, released in claimed])  # 4
        reached("response received")
        items = [item for item, _ in claimed]
        taken = self._receipt(items, results, lease, report)  # 5
        reached("receipt committed")
        self._confirm(taken, "unconfirmed", lease, report)  # 6

    # 2 ---------------------------------------------------------------------------------------

    def _settle(self, lease: Lease, report: WithdrawalReport) -> None:
        for batch in in_batches(self._ids(*_UNCERTAIN), BATCH):
            with self._store.read() as connection:
                items = self._items(connection, batch)
            gone = [item for item in items if item.change is None]
            with writing(self._store, lease) as (connection, now):
                self._set(connection, gone, "moot", now, report)
            self._confirm([i for i in items if i.change is not None], "pending", lease, report)
        with writing(self._store, lease) as (connection, now):
            withdrawals.retry(connection, self._source.name, now)

    def _confirm(
        self, items: Sequence[_Item], otherwise: str, lease: Lease, report: WithdrawalReport
    ) -> None:
        """Ask the system; what it shows is done, the rest gets the status ``otherwise``."""
        if not items:
            return
        held = self._read_back([item.change for item in items if item.change is not None])
        done = [item for item, shown in zip(items, held, strict=True) if shown]
        rest = [item for item, shown in zip(items, held, strict=True) if not shown]
        with writing(self._store, lease) as (connection, now):
            self._set(connection, done, "done", now, report)
            self._set(connection, rest, otherwise, now, report)
            self._tell(connection, "withdrawal.confirmed", done, now)

    # 3 ---------------------------------------------------------------------------------------

    def _claim(
        self, batch: Sequence[int], lease: Lease, report: WithdrawalReport
    ) -> list[tuple[_Item, Released[ConsentChange]]]:
        claimed = []
        with ledger.held_still(self._store, lease) as (connection, now):
            for item in self._items(connection, batch):
                if item.change is None:
                    self._set(connection, [item], "moot", now, report)
                    continue
                claimed.append((item, self._gate.withdraw(item.change, item.event_id)))
            ids = [item.withdrawal_id for item, _ in claimed]
            withdrawals.claim(connection, ids, now)
        return claimed

    def _items(self, connection: Connection, ids: Sequence[int]) -> list[_Item]:
        """Withdrawals as customer, record and ledger stand at this instant."""
        rows = withdrawals.due(connection, ids)
        now = to_micros(self._store.clock.now())
        people = {row.golden_id for row in rows if row.golden_id is not None}
        said = self._refusals.permissions(connection, people, now)
        addresses = self._refusals.addresses(connection, [row.rid for row in rows])
        items = []
        for row in rows:
            address = addresses.get(row.rid, {}).get(row.point) if row.point else None
            standing = (
                row.alive
                and row.golden_id is not None
                and (row.point is None) == (address is None)
                and said[row.golden_id].of(row.purpose, row.channel, row.point).state in REFUSED
            )
            trace = f"cxhub-w{row.withdrawal_id}"
            change = ConsentChange(
                row.native_id, address, row.purpose, row.channel, "withdraw", trace
            )
            items.append(
                _Item(row.withdrawal_id, row.rid, row.event_id, change if standing else None)
            )
        return items

    # 4 ---------------------------------------------------------------------------------------

    def _write(self, batch: Sequence[Released[ConsentChange]]) -> Mapping[str, RowResult]:
        write = self._source.connector.write_consent
        assert callable(write)  # else this system is not asked
        with guarded(f"{self._source.name}: writing withdrawals"):
            return {result.trace: result for result in write(self._source.ctx, batch)}

    def _read_back(self, changes: Sequence[ConsentChange]) -> Sequence[bool]:
        read_back = self._source.connector.read_back
        if not callable(read_back):
            return [False] * len(changes)
        with guarded(f"{self._source.name}: reading withdrawals back"):
            return list(read_back(self._source.ctx, changes))

    # 5 ---------------------------------------------------------------------------------------

    def _receipt(
        self,
        items: Sequence[_Item],
        results: Mapping[str, RowResult],
        lease: Lease,
        report: WithdrawalReport,
    ) -> list[_Item]:
        """The ones that the system took; about one it does not mention, nothing is known."""
        silence = RowResult("", ok=False, error="the system gave no result", ambiguous=True)
        taken, not_held = [], []
        with writing(self._store, lease) as (connection, now):
            for item in items:
                assert item.change is not None
                result = results.get(item.change.trace, silence)
                if result.ok or result.ambiguous:
                    taken.append(item)
                    self._set(connection, [item], "unconfirmed", now, None, result)
                    continue
                report.errors[result.error] += 1
                self._set(connection, [item], _status(result), now, report, result)
                if result.not_held:
                    not_held.append(item)
            self._tell(connection, "withdrawal.sent", taken, now)
            self._tell(connection, "withdrawal.not_held", not_held, now)
        return taken

    def _tell(self, connection: Connection, kind: str, items: Sequence[_Item], now: int) -> None:
        leaf = AuditEvent(kind, self._actor, from_micros(now), connection=self._source.name)
        record_each(connection, leaf, ((i.rid, _told(i, i.change)) for i in items if i.change))

    # --- the table ---------------------------------------------------------------------------

    def _ids(self, *statuses: str) -> list[int]:
        with self._store.read() as connection:
            return withdrawals.waiting(connection, self._source.name, statuses)

    @staticmethod
    def _set(
        connection: Connection,
        items: Iterable[_Item],
        status: str,
        now: int,
        report: WithdrawalReport | None,
        result: RowResult | None = None,
    ) -> None:
        ids = [item.withdrawal_id for item in items]
        if report is not None and ids:
            report.counts[_OUTCOMES.get(status, status)] += len(ids)
        said = {} if result is None else {"reference": result.reference, "error": result.error}
        withdrawals.settle(connection, ids, status, now, said)

    @property
    def _lease_name(self) -> str:
        return f"withdraw:{self._source.name}"


def _told(item: _Item, change: ConsentChange) -> dict[str, Scalar]:
    return {
        "event": item.event_id,
        "purpose": change.purpose,
        "channel": change.channel,
        "withdrawal": item.withdrawal_id,
    }


def _status(result: RowResult) -> str:
    """Where a withdrawal stands that the system did not take."""
    if result.not_held:
        return "not_held"
    return "pending" if result.retryable else "failed"
