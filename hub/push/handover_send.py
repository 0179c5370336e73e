"""Handing tasks and notes to a system: claimed, gated, sent, receipted; each stands there once.

1. Settle what is sending without a receipt: its outcome is unknown, so the system is asked whether
   the item is there before anything is sent again. An item that was to be made and is there, is
   done; any other is wanted again.
2. Look: what is wanted by now, on which record, and whether it may leave.
3. Create what the system needs to keep the keys.
4. Claim a batch: judge each item again, against today's ledger, note a digest of what will be sent;
   commit. The ledger is held still until then: no send starts after a withdrawal.
5. Send. No transaction is open.
6. Receipt: done, wanted (tried by the next run), refused; disclosure and audit leaf with it. What
   the system said nothing about goes on sending, for step 1.

A run sends an item once at most. Two processes do not: whoever works for a connection holds its
lease, and keeps it while the system is waited for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Generic

from sqlalchemy import Connection, select

from hub.core.batches import in_batches
from hub.core.boundary import reached
from hub.core.connector import Item, RowResult
from hub.core.errors import HubError, StopRun
from hub.core.released import Released
from hub.push.disclosure import Disclosed, Register
from hub.push.handover_look import Judge, Judged, Look
from hub.store import handovers, ledger
from hub.store.handovers import Handover
from hub.store.leases import Lease, leased, writing
from hub.store.schema import source_records


@dataclass(slots=True)
class HandoverReport:
    """What became of what a connection was to be handed.

    Args:
        connection: Name in ``hub.toml``.
        kind: Task or note.
        counts: Items by outcome: handed, retry, refused, unanswered; and those that stay: nowhere
            (the customer has no record there), withheld, waiting (the connection only observes).
        errors: The system's reason to number of items.
        provisioned: What was created there to keep the keys.
        stopped: Why it stopped early, or None.
    """

    connection: str
    kind: str
    counts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    provisioned: tuple[str, ...] = ()
    stopped: HubError | None = None


@dataclass(frozen=True, slots=True)
class HandoverSender(Generic[Item]):
    """Hands items of one origin to one recipient.

    Args:
        judge: Says what is wanted, and whether it may leave.
        actor: Who asked.
    """

    judge: Judge[Item]
    actor: str

    def look(self) -> Look | None:
        """What would be handed over; nothing is sent. None if another process is at work there."""
        judge = self.judge
        try:
            with leased(judge.store, judge.recipient.lease_name) as lease:
                return self._look(lease)
        except StopRun:
            return None

    def wait(self) -> HandoverReport:
        """How many wait for a connection that only observes; nothing is sent."""
        report = HandoverReport(self.judge.recipient.name, self._kind)
        look = self.look()
        if look is not None and look.proposed:
            report.counts["waiting"] = len(look.proposed)
        self._count(report)
        return report

    def send(self) -> HandoverReport:
        """What became of everything that was wanted. A system's failure is in the report."""
        judge = self.judge
        report = HandoverReport(judge.recipient.name, judge.origin.sort.kind)
        try:
            with leased(judge.store, judge.recipient.lease_name) as lease:
                self._settle(lease, report)  # 1
                look = self._look(lease)  # 2
                keys = [each.key for each in look.proposed]
                if keys:
                    report.provisioned = judge.recipient.provision()  # 3
                for batch in in_batches(keys, judge.recipient.creator.batch):
                    self._send(batch, lease, report)
                self._settle(lease, report)
        except HubError as err:
            report.stopped = err
        self._count(report)
        return report

    def _look(self, lease: Lease) -> Look:
        with writing(self.judge.store, lease) as (connection, _):
            return self.judge.look(connection)

    def _send(self, keys: Sequence[str], lease: Lease, report: HandoverReport) -> None:
        claimed = self._claim(keys, lease)  # 4
        if not claimed:
            return
        reached("handover claimed")
        answers = self.judge.recipient.write([released for _, released in claimed])  # 5
        reached("handover answered")
        self._receipt([each for each, _ in claimed], answers, lease, report)  # 6
        reached("handover committed")

    # 1 ---------------------------------------------------------------------------------------

    def _settle(self, lease: Lease, report: HandoverReport) -> None:
        judge, recipient = self.judge, self.judge.recipient
        with judge.store.read() as connection:
            left = handovers.not_over(connection, self._kind, recipient.name, "sending")
            native_ids = _native_ids(connection, left)
        if not left:
            return
        there = recipient.find(
            [judge.origin.sort.bare(row.key, native_ids[row.rid or 0]) for row in left]
        )
        with writing(judge.store, lease) as (connection, now):
            settled = [_settled(row, there.get(row.key), now) for row in left]
            handovers.write(connection, settled)
            done = [row for row in settled if row.status == "done"]
            self._tell(connection, done, now)
        report.counts["handed"] += len(done)

    # 4 ---------------------------------------------------------------------------------------

    def _claim(
        self, keys: Sequence[str], lease: Lease
    ) -> list[tuple[Judged[Item], Released[Item]]]:
        judge = self.judge
        numbers = iter(judge.store.allocate("outbox", len(keys)))
        claimed = []
        with ledger.held_still(judge.store, lease) as (connection, now):
            for each in judge.again(connection, keys):
                if each.row.status != "wanted" or each.item is None:
                    continue
                released = judge.release(each)
                parts = sorted(each.decision.allowed) if each.decision else []
                row = replace(
                    each.row, status="sending", sent=judge.digest(each.item),
                    parts=",".join(parts) or None, outbox_id=next(numbers),
                    decision=released.decision, attempts=each.row.attempts + 1, over=False,
                    sent_at=now, updated_at=now,
                )  # fmt: skip
                claimed.append((replace(each, row=row), released))
            handovers.write(connection, [each.row for each, _ in claimed])
        return claimed

    # 6 ---------------------------------------------------------------------------------------

    def _receipt(
        self,
        claimed: Sequence[Judged[Item]],
        answers: dict[str, RowResult],
        lease: Lease,
        report: HandoverReport,
    ) -> None:
        silence = RowResult("", ok=False, ambiguous=True)
        with writing(self.judge.store, lease) as (connection, now):
            rows = []
            for each in claimed:
                result = answers.get(each.row.key, silence)
                row = _after(each.row, result, each.wanted.over, now)
                rows.append(row)
                report.counts[_OUTCOMES[row.status]] += 1
                if result.error:
                    report.errors[result.error] += 1
            handovers.write(connection, rows)
            self._tell(connection, [row for row in rows if row.status == "done"], now)

    def _tell(self, connection: Connection, done: Sequence[Handover], now: int) -> None:
        judge = self.judge
        register = Register(
            judge.recipient.name, f"{self._kind}.handed", "parts", judge.origin.parts, judge.gate,
            self.actor,
        )  # fmt: skip
        register.add(connection, [_disclosed(row) for row in done], now)

    def _count(self, report: HandoverReport) -> None:
        """What stays here, and why."""
        with self.judge.store.read() as connection:
            standing = handovers.standing(connection).get(
                (report.connection, self._kind), Counter()
            )
        for status in ("nowhere", "withheld"):
            if standing.get(status):
                report.counts[status] = standing[status]

    @property
    def _kind(self) -> handovers.Kind:
        return self.judge.origin.sort.kind


_OUTCOMES = {"done": "handed", "wanted": "retry", "sending": "unanswered", "refused": "refused"}


def _settled(row: Handover, reference: str | None, now: int) -> Handover:
    """The handover after the system was asked; None if the item is not there.

    Of an item that was there before, nobody can say whether its new state arrived: it is sent again
    under its key.
    """
    if reference is not None and row.digest is None:
        return _done(row, reference, now)
    return replace(row, status="wanted", updated_at=now)


def _after(row: Handover, result: RowResult, over: bool, now: int) -> Handover:
    """The handover after what the system said of it."""
    if result.ok:
        return replace(_done(row, result.reference or row.reference, now), over=over)
    if result.ambiguous:
        return replace(row, error=result.error or None, updated_at=now)
    status: handovers.Status = "wanted" if result.retryable else "refused"
    return replace(row, status=status, error=result.error or None, updated_at=now)


def _done(row: Handover, reference: str | None, now: int) -> Handover:
    return replace(
        row, status="done", digest=row.sent, reference=reference, error=None, updated_at=now
    )


def _disclosed(row: Handover) -> Disclosed:
    parts = frozenset((row.parts or "").split(",")) - {""}
    what = {"about": row.about}
    return Disclosed(row.outbox_id, row.rid, row.golden_id, row.decision, parts, what)


def _native_ids(connection: Connection, rows: Sequence[Handover]) -> dict[int, str]:
    rids = [row.rid for row in rows if row.rid is not None]
    query = select(source_records.c.rid, source_records.c.source_id)
    found = connection.execute(query.where(source_records.c.rid.in_(rids)))
    return {row.rid: row.source_id for row in found}
