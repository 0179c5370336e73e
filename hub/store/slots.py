"""Run slots: one run per connection and scheduled instant, whatever the number of processes.

    running ──► done · failed · refused            the holder says how it ended
       │
       └─ lease over, or its holder is dead ──► taken over with a higher fence, or, if a newer slot
          is due by then, ended as failed: the newer run reads on from the same checkpoints

Only the newest slot of a connection counts, and slots are claimed forward only: runs that were due
while nobody ran, or while one was running, become one. The process that takes over from another
fences off its stream leases in the same transaction, so that the other one's next page is refused
(``hub.store.leases.renew``) even if it was only paused.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Row, Update, delete, func, select, text, update

from hub.core.clock import to_micros
from hub.core.errors import LeaseLost
from hub.store import leases
from hub.store.engine import Store
from hub.store.schema import run_slots

KEEP_DAYS = 30
"""Older slots are deleted when the connection claims a new one."""

Ending = Literal["done", "failed", "refused"]
"""``refused``: the system did not accept the credential."""

_DAY = 86_400 * 1_000_000
_INSERT = text(
    "INSERT INTO run_slots (connection, slot, holder, fence, until, status, started_at)"
    " VALUES (:connection, :slot, :holder, :fence, :until, 'running', :now) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Slot:
    """The right and the duty to do the run of ``connection`` that was due ``at``.

    Args:
        connection: Name in ``hub.toml``.
        at: The scheduled instant, microseconds since 1970.
        holder: The process that runs it.
        fence: 1 for the first holder, one more for each that took over.
        seconds: Length of its lease.
    """

    connection: str
    at: int
    holder: str
    fence: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Busy:
    """Another process is at it; its lease ends, unless renewed, ``until`` (microseconds)."""

    until: int


def claim(
    store: Store, connection: str, at: int, seconds: int, holder: str | None = None
) -> Slot | Busy | None:
    """The slot, if it is this process that is to run it; None if there is nothing to run.

    The caller claims only while it runs no slot of ``connection`` itself: what stands under its
    own name is then left over from an earlier life of the process.

    Args:
        store: The database.
        connection: Name in ``hub.toml``.
        at: The newest instant that is due, microseconds since 1970.
        seconds: How long the slot stays claimed without being renewed.
        holder: Who claims; this process by default.
    """
    mine = Slot(connection, at, holder or leases.this_process(), 1, seconds)
    now = to_micros(store.clock.now())
    with store.write() as transaction:
        newest = _newest(transaction, connection)
        if newest is None:
            return _insert(transaction, mine, now)
        if newest.status == "running":
            if newest.holder != mine.holder and leases.is_held(newest.holder, newest.until, now):
                return Busy(newest.until)
            return _take_over(transaction, newest, mine, now)
        return _insert(transaction, mine, now) if newest.slot < at else None


def renew(store: Store, slot: Slot) -> None:
    """Prolong the slot's lease.

    Raises:
        LeaseLost: If another process took over.
    """
    now = to_micros(store.clock.now())
    with store.write() as transaction:
        held = transaction.execute(_held(slot).values(until=_until(slot, now)))
    if held.rowcount != 1:
        raise LeaseLost(
            f"{slot.connection}: another process took over its run while this one was silent for"
            f" more than {slot.seconds} s; pages that this one still writes are refused"
        )


def finish(store: Store, slot: Slot, ending: Ending) -> bool:
    """Say how the run ended; False if another process had taken over by then."""
    now = to_micros(store.clock.now())
    with store.write() as transaction:
        ended = transaction.execute(_held(slot).values(status=ending, until=0, ended_at=now))
    return ended.rowcount == 1


def give_up(store: Store, slot: Slot) -> None:
    """Leave the rest of the run to whoever looks next: its lease is over from now on."""
    with store.write() as transaction:
        transaction.execute(_held(slot).values(until=0))


def known(store: Store) -> set[str]:
    """Connections that ever had a slot."""
    with store.read() as transaction:
        return set(transaction.execute(select(run_slots.c.connection).distinct()).scalars())


def refused(transaction: Connection, connections: Collection[str]) -> list[str]:
    """Those of ``connections`` whose last ended run was refused for its credential."""
    ended = run_slots.c.status != "running"
    last = select(run_slots.c.connection, func.max(run_slots.c.slot)).where(ended)
    last = last.where(run_slots.c.connection.in_(connections)).group_by(run_slots.c.connection)
    newest = {(row[0], row[1]) for row in transaction.execute(last)}
    query = select(run_slots.c.connection, run_slots.c.slot).where(run_slots.c.status == "refused")
    return sorted(row[0] for row in transaction.execute(query) if (row[0], row[1]) in newest)


def _newest(transaction: Connection, connection: str) -> Row[tuple[object, ...]] | None:
    query = select(run_slots).where(run_slots.c.connection == connection)
    return transaction.execute(
        query.order_by(run_slots.c.slot.desc()).limit(1).with_for_update()
    ).first()


def _insert(transaction: Connection, slot: Slot, now: int) -> Slot | Busy:
    until = _until(slot, now)
    row = {"connection": slot.connection, "slot": slot.at, "holder": slot.holder}
    row |= {"fence": slot.fence, "until": until, "now": now}
    if transaction.execute(_INSERT, row).rowcount != 1:
        return Busy(until)  # another process inserted it since this one looked
    old = run_slots.c.slot < slot.at - KEEP_DAYS * _DAY
    transaction.execute(delete(run_slots).where(run_slots.c.connection == slot.connection, old))
    return slot


def _take_over(
    transaction: Connection, lost: Row[tuple[object, ...]], mine: Slot, now: int
) -> Slot | Busy:
    leases.revoke(transaction, lost.holder, f"sync:{mine.connection}/")
    row = (run_slots.c.connection == mine.connection, run_slots.c.slot == lost.slot)
    if lost.slot < mine.at:
        ended = update(run_slots).where(*row)
        transaction.execute(ended.values(status="failed", until=0, ended_at=now))
        return _insert(transaction, mine, now)
    taken = Slot(mine.connection, lost.slot, mine.holder, lost.fence + 1, mine.seconds)
    values = {"holder": taken.holder, "fence": taken.fence, "until": _until(taken, now)}
    transaction.execute(update(run_slots).where(*row).values(values))
    return taken


def _held(slot: Slot) -> Update:
    return update(run_slots).where(
        run_slots.c.connection == slot.connection,
        run_slots.c.slot == slot.at,
        run_slots.c.fence == slot.fence,
        run_slots.c.status == "running",
    )


def _until(slot: Slot, now: int) -> int:
    return now + slot.seconds * 1_000_000
