"""Risks that became high: when the hub saw it, and by what, whatever later data say of that day."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

from sqlalchemy import Connection, Select, select, update

from hub.store import bulk
from hub.store.records import chunks, source_keys
from hub.store.schema import cluster_members, risk_rises


@dataclass(frozen=True, slots=True)
class Rise:
    """A risk that became high. Instants are microseconds of UTC.

    Args:
        party_rid: Record of the customer; whose it is today is its membership.
        at: When the hub saw it.
        since: Since when it has been high, as the timeline had it then.
        points: How high it was.
        reasons: What it rested on, as JSON (:mod:`hub.voc.rise`).
        ended_at: When the hub saw that it was not high any more; None while it is.
    """

    party_rid: int
    at: int
    since: int
    points: int
    reasons: bytes
    ended_at: int | None = None


_COLUMNS = tuple(each.name for each in fields(Rise))
_SELECT = [risk_rises.c[name] for name in _COLUMNS]


def standing(connection: Connection, golden_ids: Sequence[str]) -> dict[str, list[Rise]]:
    """The rises of each customer that have not ended, oldest first."""
    found: dict[str, list[Rise]] = {golden_id: [] for golden_id in golden_ids}
    query = (
        select(cluster_members.c.golden_id, *_SELECT)
        .join(risk_rises, risk_rises.c.party_rid == cluster_members.c.rid)
        .where(risk_rises.c.ended_at.is_(None))
        .order_by(risk_rises.c.at, risk_rises.c.party_rid)
    )
    for chunk in chunks(golden_ids):
        for row in connection.execute(query.where(cluster_members.c.golden_id.in_(chunk))):
            found[row[0]].append(Rise(*row[1:]))
    return found


def latest(connection: Connection, party_rids: Iterable[int]) -> dict[int, Rise]:
    """The last rise of each of these records that has one."""
    found: dict[int, Rise] = {}
    query: Select[Any] = select(*_SELECT).order_by(risk_rises.c.at)
    for chunk in chunks(sorted(set(party_rids))):
        for row in connection.execute(query.where(risk_rises.c.party_rid.in_(chunk))):
            found[row.party_rid] = Rise(*row)
    return found


def anchors(connection: Connection, golden_ids: Collection[str]) -> dict[str, int]:
    """The record of each customer that a rise hangs on: the first by its source key.

    Of two hubs that read the same, whichever system answered first, it is the same.
    """
    members: list[tuple[str, int]] = []
    query = select(cluster_members.c.golden_id, cluster_members.c.rid)
    for chunk in chunks(sorted(golden_ids)):
        rows = connection.execute(query.where(cluster_members.c.golden_id.in_(chunk)))
        members += [(golden_id, rid) for golden_id, rid in rows]
    keys = source_keys(connection, [rid for _, rid in members])
    last_first = sorted(members, key=lambda each: str(keys[each[1]]), reverse=True)
    return dict(last_first)


def begin(connection: Connection, rises: Iterable[Rise]) -> None:
    """Keep that these risks became high."""
    rows = [astuple(rise) for rise in rises]
    bulk.upsert(connection, risk_rises, _COLUMNS, rows, key=("party_rid", "at"))


def end(connection: Connection, rises: Iterable[Rise], at: int) -> None:
    """Keep that these are over."""
    table = risk_rises.c
    for rise in rises:
        which = (table.party_rid == rise.party_rid, table.at == rise.at)
        connection.execute(update(risk_rises).where(*which).values(ended_at=at))
