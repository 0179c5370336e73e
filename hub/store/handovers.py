"""Handovers in the store: what systems are handed once, how far each is, and why not further."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import Literal

from sqlalchemy import Connection, func, select, text

from hub.store import bulk
from hub.store.records import chunks
from hub.store.schema import handovers

Kind = Literal["task", "note"]
Status = Literal["nowhere", "withheld", "wanted", "sending", "done", "refused", "moot"]
OPEN = text("NOT handovers.over")
"""Handovers whose last state is not there yet, in the words of the index that finds them."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A task or a note on its way into a system, or there. Instants are microseconds of UTC.

    Args:
        key: Under which the system keeps it.
        kind: Task or note.
        about: What it is made of, such as a case.
        connection: Where it goes.
        rid: The record there that it hangs on; None if the customer has none.
        golden_id: The customer.
        status: nowhere (no record), withheld (by the gate), wanted, sending (no receipt yet), done,
            refused (by the system; tried again when it changes, or a day later), moot (never there
            and not wanted any more).
        over: Whether the system holds its last state.
        digest: Of what the system last confirmed; None if it confirmed nothing.
        sent: Of what was sent last, or was about to be.
        parts: Names of what that was made of, with commas between them.
        outbox_id: Number of that sending, under which it is disclosed.
        decision: Of the gate, that let it go.
        reference: Its native id there.
        error: Why it is not there.
        attempts: How often it was sent.
        created_at: When it was wanted first.
        sent_at: When it was sent last.
        updated_at: When this was written.
    """

    key: str
    kind: Kind
    about: str
    connection: str
    rid: int | None
    golden_id: str | None
    status: Status
    over: bool
    digest: bytes | None
    sent: bytes | None
    parts: str | None
    outbox_id: int | None
    decision: str | None
    reference: str | None
    error: str | None
    attempts: int
    created_at: int
    sent_at: int | None
    updated_at: int


_COLUMNS = tuple(each.name for each in fields(Handover))
_SELECT = select(*(handovers.c[name] for name in _COLUMNS))


def write(connection: Connection, rows: Sequence[Handover]) -> None:
    """Keep the handovers as they are now."""
    values = [astuple(row) for row in rows]
    bulk.upsert(connection, handovers, _COLUMNS, values, key=("key",), keep=("created_at",))


def get(connection: Connection, keys: Sequence[str]) -> dict[str, Handover]:
    """The handovers of those keys that are known."""
    found: dict[str, Handover] = {}
    for chunk in chunks(keys):
        for row in connection.execute(_SELECT.where(handovers.c.key.in_(chunk))):
            found[row.key] = Handover(*row)
    return found


def about(connection: Connection, what: str) -> list[Handover]:
    """The handovers that are made of ``what``, in the order of their keys."""
    query = _SELECT.where(handovers.c.about == what).order_by(handovers.c.key)
    return [Handover(*row) for row in connection.execute(query)]


def not_over(
    connection: Connection, kind: Kind, name: str, status: Status | None = None
) -> list[Handover]:
    """The handovers to the connection ``name`` whose last state is not there yet, or some."""
    query = _SELECT.where(OPEN, handovers.c.kind == kind, handovers.c.connection == name)
    if status is not None:
        query = query.where(handovers.c.status == status)
    return [Handover(*row) for row in connection.execute(query.order_by(handovers.c.key))]


def standing(connection: Connection) -> dict[tuple[str, Kind], Counter[str]]:
    """By connection and kind, how many handovers that are not over are in each state."""
    table, found = handovers.c, dict[tuple[str, Kind], Counter[str]]()
    query = (
        select(table.connection, table.kind, table.status, func.count())
        .where(OPEN)
        .group_by(table.connection, table.kind, table.status)
        .order_by(table.connection, table.kind, table.status)
    )
    for name, kind, status, number in connection.execute(query):
        found.setdefault((name, kind), Counter())[status] = number
    return found


def reasons(connection: Connection, name: str, kind: Kind) -> list[tuple[Status, str, int]]:
    """Why some are not there, most frequent first; each with its state and how many."""
    table = handovers.c
    query = (
        select(table.status, table.error, func.count())
        .where(OPEN, table.connection == name, table.kind == kind, table.error.is_not(None))
        .group_by(table.status, table.error)
        .order_by(func.count().desc(), table.status, table.error)
    )
    return [(status, error, number) for status, error, number in connection.execute(query)]
