"""The hub's own withdrawals, coming back from the system that they were written into.

They are no evidence: the customer said nothing new (``hub.privacy.resolution``, rule 1), and taken
for evidence they would be written into the next system, and back.

A refusal that a system reports of a record is an echo if the hub sent one there, about the same
address or one about all, which the system did not refuse, and

- its time lies between the first attempt and the receipt, five minutes more on either side, or
- it has no time, or only that day's date, and it comes within a week of the receipt: with the first
  reading that brings an echo of this write.

So is a refusal that differs from an echo in nothing but its address: one box of a system may stand
for several addresses, and an address that changes over there takes its state along.

Whatever the customer does there later is theirs again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, select, update

from hub.core.clock import from_micros
from hub.core.records import ConsentClaim
from hub.store.records import chunks
from hub.store.schema import consent_events, withdrawals

CLOCKS_DIFFER = timedelta(minutes=5)
LATEST = timedelta(days=7)
"""How long after the receipt an echo without a time may come: five business days, within which the
Spam Act wants a withdrawal heeded (CONSENT_AUDIT.md, section 2), so a system is read more often."""
ONE_READING = timedelta(minutes=30)
"""One write may come back through several streams, which are not read at the same instant."""
REFUSALS = frozenset({"withdraw", "deny", "object"})

Permission = tuple[int, str, str]
"""Record, purpose and channel."""


class Heard(NamedTuple):
    """A claim as it came in.

    Args:
        rid: Record that it is about.
        observed_at: Instant, microseconds.
        claim: What was said.
        point: Keyed hash of its address; None: the whole person.
        others: Addresses for which the record said the very same before.
    """

    rid: int
    observed_at: int
    claim: ConsentClaim
    point: bytes | None = None
    others: Sequence[bytes | None] = ()

    @property
    def permission(self) -> Permission:
        """What it is about, its address apart."""
        return self.rid, self.claim.purpose, self.claim.channel


@dataclass(frozen=True, slots=True)
class _Own:
    """One withdrawal that the hub sent. Instants are microseconds of UTC."""

    withdrawal_id: int
    point: bytes | None
    sent_at: int
    updated_at: int
    echoed_at: int | None

    def is_echoed_by(self, heard: Heard) -> bool:
        if None not in (self.point, heard.point) and self.point != heard.point:
            return False
        at = heard.claim.asserted_at
        if at is None:
            return self._is_in_time(heard.observed_at)
        begin = from_micros(self.sent_at) - CLOCKS_DIFFER
        end = from_micros(self.updated_at) + CLOCKS_DIFFER
        if is_a_day(at):
            that_day = begin.date() <= at.date() <= end.date()
            return that_day and self._is_in_time(heard.observed_at)
        return begin <= at <= end

    def _is_in_time(self, observed_at: int) -> bool:
        seen = from_micros(observed_at)
        if seen > from_micros(self.updated_at) + LATEST:
            return False
        return self.echoed_at is None or seen < from_micros(self.echoed_at) + ONE_READING


def bare(claim: ConsentClaim) -> ConsentClaim:
    """The claim without its address."""
    return msgspec.structs.replace(claim, point=None)


def marked(connection: Connection, heard: Sequence[Heard]) -> list[ConsentClaim]:
    """The claims, in order, those that are echoes with ``origin="echo"``.

    Args:
        connection: A write transaction: that a withdrawal came back is remembered.
        heard: The claims of one page.
    """
    suspects = [each for each in heard if _is_suspect(each.claim)]
    own = _own(connection, {each.rid for each in suspects})
    earlier = _echoed_points(connection, {each.rid for each in suspects if each.others})
    echoed: set[tuple[int, ConsentClaim]] = set()
    for each in suspects:
        mine = next((o for o in own.get(each.permission, ()) if o.is_echoed_by(each)), None)
        if mine is not None:
            _remember(connection, mine, each.observed_at)
        if mine is not None or any((each.permission, point) in earlier for point in each.others):
            echoed.add((each.rid, bare(each.claim)))
    return [
        msgspec.structs.replace(each.claim, origin="echo")
        if (each.rid, bare(each.claim)) in echoed
        else each.claim
        for each in heard
    ]


def is_a_day(at: datetime) -> bool:
    """Whether an instant is a date: systems whose fields hold days show the start of one."""
    return at == datetime.combine(at.date(), time(), at.tzinfo)


def _is_suspect(claim: ConsentClaim) -> bool:
    return claim.decision in REFUSALS and claim.origin == "source_sync"


def _own(connection: Connection, rids: Iterable[int]) -> dict[Permission, list[_Own]]:
    """The withdrawals that the hub sent and the system did not refuse, latest first."""
    table, found = withdrawals.c, dict[Permission, list[_Own]]()
    for chunk in chunks(sorted(rids)):
        query = (
            select(
                table.rid, table.purpose, table.channel, table.withdrawal_id, table.point,
                table.sent_at, table.updated_at, table.echoed_at,
            )
            .where(
                table.rid.in_(chunk), table.status != "failed", table.sent_at.is_not(None)
            )
            .order_by(table.sent_at.desc(), table.withdrawal_id.desc())
        )  # fmt: skip
        for rid, purpose, channel, number, point, *instants in connection.execute(query):
            about = None if point is None else bytes(point)
            found.setdefault((rid, purpose, channel), []).append(_Own(number, about, *instants))
    return found


def _echoed_points(
    connection: Connection, rids: Iterable[int]
) -> set[tuple[Permission, bytes | None]]:
    """Permissions of the records with the addresses whose latest refusal was an echo."""
    table, origins = consent_events.c, dict[tuple[Permission, bytes | None], str]()
    for chunk in chunks(sorted(rids)):
        query = (
            select(table.rid, table.purpose, table.channel, table.point, table.origin)
            .where(table.rid.in_(chunk), table.decision.in_(sorted(REFUSALS)))
            .order_by(table.observed_at, table.event_id)
        )
        for rid, purpose, channel, point, origin in connection.execute(query):
            about = None if point is None else bytes(point)
            origins[(rid, purpose, channel), about] = origin
    return {named for named, origin in origins.items() if origin == "echo"}


def _remember(connection: Connection, mine: _Own, observed_at: int) -> None:
    if mine.echoed_at is not None:
        return
    connection.execute(
        update(withdrawals)
        .where(withdrawals.c.withdrawal_id == mine.withdrawal_id)
        .values(echoed_at=observed_at)
    )
