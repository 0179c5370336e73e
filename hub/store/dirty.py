"""Hand-over between stages: rows that a stage marked for the next one.

A stage reads a batch, commits its own work together with :func:`done`, and a key that was marked
again in the meantime stays, because its ``seq`` moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Select, func, select

from hub.store import bulk
from hub.store.engine import Store
from hub.store.schema import dirty, meta

Stage = Literal[
    "identity", "golden", "facts", "metrics", "risk", "cases", "themes", "profile", "follow-up"
]
"""``follow-up``: a connection of which something was stored apart from a run."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One key waiting for a stage."""

    key: str
    seq: int


def mark(
    connection: Connection, stage: Stage, keys: Iterable[str], *, cause: str, seq: int
) -> None:
    """Ask ``stage`` to look at ``keys``. ``seq`` is fresh for this transaction."""
    rows = [(stage, key, seq, cause) for key in sorted(set(keys))]
    bulk.upsert(connection, dirty, ("stage", "key", "seq", "cause"), rows, key=("stage", "key"))


def is_marked_since(connection: Connection, seq: int) -> bool:
    """Whether a later number than ``seq`` marks something that the first stages work on."""
    later = (dirty.c.stage.in_(("identity", "facts")), dirty.c.seq > seq)
    return connection.execute(select(dirty.c.key).where(*later).limit(1)).first() is not None


def waiting(connection: Connection, stage: Stage, limit: int) -> list[Mark]:
    """Up to ``limit`` keys for ``stage``, in key order."""
    query = select(dirty.c.key, dirty.c.seq).where(dirty.c.stage == stage)
    rows = connection.execute(query.order_by(dirty.c.key).limit(limit))
    return [Mark(key, seq) for key, seq in rows]


def count(connection: Connection, stage: Stage) -> int:
    """How many keys wait for ``stage``."""
    query = select(func.count()).select_from(dirty).where(dirty.c.stage == stage)
    return int(connection.execute(query).scalar_one())


def done(connection: Connection, stage: Stage, marks: Iterable[Mark]) -> None:
    """Take ``marks`` off the queue, in the transaction that did their work."""
    mark_sign = "?" if connection.dialect.name == "sqlite" else "%s"
    rows = [(stage, mark.key, mark.seq) for mark in marks]
    if rows:
        connection.exec_driver_sql(
            f"DELETE FROM dirty WHERE stage = {mark_sign} AND key = {mark_sign}"  # noqa: S608
            f" AND seq = {mark_sign}",
            rows,
        )


def mark_all_if_new(
    store: Store, stage: Stage, basis: str, everybody: Select[str], what: str = "basis"
) -> None:
    """Ask ``stage`` to look at all of ``everybody`` if its ``basis`` is not what it last went by.

    Args:
        store: The database.
        stage: Whose results rest on the basis.
        basis: Settings and versions that every result depends on, as text.
        everybody: Selects the keys of all results.
        what: Name of the basis, if the stage has several.
    """
    name = f"{stage}.{what}"
    seq = sequence(store)
    with store.write() as connection:
        last = connection.execute(select(meta.c.value).where(meta.c.key == name)).scalar()
        if last == basis:
            return
        keys = connection.execute(everybody).scalars()
        mark(connection, stage, keys, cause="new basis", seq=seq)
        bulk.upsert(connection, meta, ("key", "value"), [(name, basis)], key=("key",))


def sequence(store: Store) -> int:
    """A fresh number for :func:`mark`; take it before the transaction begins."""
    return store.allocate("dirty", 1)[0]
