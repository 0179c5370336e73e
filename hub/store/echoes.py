"""The hub's own withdrawals, coming back from the system that they were written into.

They are no evidence: the customer said nothing new (``hub.privacy.resolution``, rule 1), and taken
for evidence they would be written into the next system, and back.

A refusal that a system reports of a record is an echo if the hub wrote one there, and

- its time lies between the first attempt and the receipt, five minutes more on either side, or
- it has no time, or only that day's date, and is the first of its kind since the write.

Whatever the customer does there later is theirs again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import msgspec
from sqlalchemy import Connection, select, update

from hub.core.clock import from_micros
from hub.core.records import ConsentClaim
from hub.store.records import chunks
from hub.store.schema import withdrawals

CLOCKS_DIFFER = timedelta(minutes=5)
REFUSALS = frozenset({"withdraw", "deny", "object"})
_WRITTEN = ("claimed", "unconfirmed", "done")

Permission = tuple[int, str, str]
"""Record, purpose and channel."""


@dataclass(frozen=True, slots=True)
class _Own:
    """One withdrawal that the hub wrote. Instants are microseconds of UTC."""

    withdrawal_id: int
    sent_at: int
    updated_at: int
    echoed_at: int | None

    def is_echoed_by(self, claim: ConsentClaim, observed_at: int) -> bool:
        at, is_first = claim.asserted_at, self.echoed_at in (None, observed_at)
        if at is None:
            return is_first
        begin = from_micros(self.sent_at) - CLOCKS_DIFFER
        end = from_micros(self.updated_at) + CLOCKS_DIFFER
        if _is_a_day(at):
            return is_first and begin.date() <= at.date() <= end.date()
        return begin <= at <= end


def marked(
    connection: Connection, claims: Sequence[tuple[int, int, ConsentClaim]]
) -> list[ConsentClaim]:
    """The claims, in order, those that are echoes with ``origin="echo"``.

    Args:
        connection: A write transaction: an echo without a time is remembered, for it comes once.
        claims: Record that a claim is about, instant of its observation, and the claim.
    """
    suspects = {rid for rid, _, claim in claims if _is_suspect(claim)}
    own = _own(connection, suspects)
    found = []
    for rid, observed_at, claim in claims:
        mine = own.get((rid, claim.purpose, claim.channel)) if _is_suspect(claim) else None
        if mine is None or not mine.is_echoed_by(claim, observed_at):
            found.append(claim)
            continue
        found.append(msgspec.structs.replace(claim, origin="echo"))
        if claim.asserted_at is None or _is_a_day(claim.asserted_at):
            _remember(connection, mine, observed_at)
    return found


def _is_a_day(at: datetime) -> bool:
    """Whether an instant is a date: systems whose fields hold days show the start of one."""
    return at == datetime.combine(at.date(), time(), at.tzinfo)


def _is_suspect(claim: ConsentClaim) -> bool:
    return claim.decision in REFUSALS and claim.origin == "source_sync"


def _own(connection: Connection, rids: Iterable[int]) -> dict[Permission, _Own]:
    """The latest withdrawal that the hub wrote for each permission of the records."""
    table, found = withdrawals.c, dict[Permission, _Own]()
    for chunk in chunks(sorted(rids)):
        query = (
            select(
                table.rid, table.purpose, table.channel, table.withdrawal_id, table.sent_at,
                table.updated_at, table.echoed_at,
            )
            .where(
                table.rid.in_(chunk), table.status.in_(_WRITTEN), table.sent_at.is_not(None)
            )
            .order_by(table.sent_at, table.withdrawal_id)
        )  # fmt: skip
        for rid, purpose, channel, *rest in connection.execute(query):
            found[rid, purpose, channel] = _Own(*rest)
    return found


def _remember(connection: Connection, mine: _Own, observed_at: int) -> None:
    connection.execute(
        update(withdrawals)
        .where(withdrawals.c.withdrawal_id == mine.withdrawal_id)
        .values(echoed_at=observed_at)
    )
