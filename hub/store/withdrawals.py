"""Refusals on their way into other systems, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, func, select, text, update

from hub.store.schema import cluster_members, source_records, withdrawals

OPEN = text("withdrawals.status NOT IN ('done', 'moot')")
"""Withdrawals that are not at their end, in the very words of the index that finds them."""
_DAY: Final = 86_400 * 1_000_000
_FORGOTTEN: Final[Mapping[str, Mapping[str, None]]] = {
    "moot": {"rests_on": None},  # what made it so is judged anew, lest it is lost if that passes
    "not_held": {"sent_at": None},  # nothing that comes from there can be its echo
}


def waiting(connection: Connection, name: str, statuses: Sequence[str]) -> list[int]:
    """The withdrawals to the connection ``name`` that are in one of ``statuses``, oldest first."""
    query = select(withdrawals.c.withdrawal_id).where(
        OPEN, withdrawals.c.connection == name, withdrawals.c.status.in_(statuses)
    )
    return list(connection.execute(query.order_by(withdrawals.c.withdrawal_id)).scalars())


@dataclass(frozen=True, slots=True)
class Due:
    """A withdrawal with its record and its customer as they are at this instant.

    Args:
        rid: The record.
        event_id: The refusal.
        point: Keyed hash of the address that the refusal names; None is all of them.
        native_id: The record's id in its system.
        alive: Whether the record is still there.
        golden_id: The customer; None if nobody answers for the record any more.
    """

    withdrawal_id: int
    rid: int
    event_id: str
    purpose: str
    channel: str
    point: bytes | None
    native_id: str
    alive: bool
    golden_id: str | None


def due(connection: Connection, ids: Sequence[int]) -> list[Due]:
    """Those withdrawals, by number."""
    table, record = withdrawals.c, source_records.c
    query = (
        select(
            table.withdrawal_id, table.rid, table.event_id, table.purpose, table.channel,
            table.point, record.source_id, record.deleted_at.is_(None), cluster_members.c.golden_id,
        )
        .join(source_records, record.rid == table.rid)
        .outerjoin(cluster_members, cluster_members.c.rid == table.rid)
        .where(table.withdrawal_id.in_(ids))
        .order_by(table.withdrawal_id)
    )  # fmt: skip
    return [
        Due(
            number, rid, event_id, purpose, channel, None if point is None else bytes(point),
            native_id, bool(alive), golden_id,
        )
        for number, rid, event_id, purpose, channel, point, native_id, alive, golden_id
        in connection.execute(query)
    ]  # fmt: skip


def claim(connection: Connection, ids: Sequence[int], now: int) -> None:
    """Note that withdrawals are about to be sent."""
    connection.execute(
        update(withdrawals)
        .where(withdrawals.c.withdrawal_id.in_(ids))
        .values(
            status="claimed",
            attempts=withdrawals.c.attempts + 1,
            sent_at=func.coalesce(withdrawals.c.sent_at, now),
            updated_at=now,
        )
    )


def settle(
    connection: Connection, ids: Sequence[int], status: str, now: int, said: Mapping[str, str]
) -> None:
    """Note what became of withdrawals, with the system's ``reference`` or ``error``."""
    connection.execute(
        update(withdrawals)
        .where(withdrawals.c.withdrawal_id.in_(ids))
        .values(
            status=status, updated_at=now,
            **{name: value or None for name, value in said.items()},
            **_FORGOTTEN.get(status, {}),
        )
    )  # fmt: skip


def retry(connection: Connection, name: str, now: int) -> None:
    """What the system refused is due again after a day."""
    connection.execute(
        update(withdrawals)
        .where(
            OPEN,
            withdrawals.c.connection == name,
            withdrawals.c.status == "failed",
            withdrawals.c.updated_at <= now - _DAY,
        )
        .values(status="pending")
    )


def standing(connection: Connection) -> dict[str, Counter[str]]:
    """By connection, how many withdrawals are in each state that is not the end."""
    table, found = withdrawals.c, dict[str, Counter[str]]()
    query = (
        select(table.connection, table.status, func.count())
        .where(OPEN)
        .group_by(table.connection, table.status)
        .order_by(table.connection, table.status)
    )
    for name, status, number in connection.execute(query):
        found.setdefault(name, Counter())[status] = number
    return found


def reasons(connection: Connection, name: str) -> list[tuple[str, str, int]]:
    """Why the system of connection ``name`` refused some or cannot hold them, most frequent first.

    Each with the status, failed or not_held, and the number of withdrawals.
    """
    table = withdrawals.c
    query = (
        select(table.status, table.error, func.count())
        .where(
            OPEN, table.connection == name, table.status.in_(("failed", "not_held")),
            table.error.is_not(None),
        )
        .group_by(table.status, table.error)
        .order_by(func.count().desc(), table.status, table.error)
    )  # fmt: skip
    return [(status, error, number) for status, error, number in connection.execute(query)]
