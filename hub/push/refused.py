"""Records that a system refused for good.

The same content would be refused again, so it is left out of plans until it changes, or the release
or mapping of the connector does. Meanwhile it is counted, with the system's reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, select, text, update

from hub.store.records import chunks
from hub.store.schema import cluster_members, outbox

_OPEN = text("outbox.status <> 'done'")
"""In the very words of the index that finds them."""


class Refused(NamedTuple):
    """What the refusal of one record rests on (``Intents.rests_on``), and the system's reason."""

    rests_on: str
    reason: str


def by_record(connection: Connection, place: str) -> dict[int, Refused]:
    """The refusals of destination ``place`` that stand, by row id; the latest of each record."""
    query = select(outbox.c.rid, outbox.c.rests_on, outbox.c.error).where(_at(place))
    found = connection.execute(query.order_by(outbox.c.outbox_id))
    return {rid: Refused(rests_on or "", error or "") for rid, rests_on, error in found}


def close(connection: Connection, place: str, rids: Iterable[int]) -> None:
    """The refusals of these records stand no more: something else is to be written, or nothing."""
    for chunk in chunks(sorted(rids)):
        connection.execute(
            update(outbox).where(_at(place), outbox.c.rid.in_(chunk)).values(status="failed")
        )


def standing(connection: Connection) -> dict[str, list[tuple[str, int]]]:
    """By destination, why records are refused and how many, most frequent reason first."""
    number, found = func.count(outbox.c.rid.distinct()), dict[str, list[tuple[str, int]]]()
    query = (
        select(outbox.c.writer, outbox.c.error, number)
        .join(cluster_members, cluster_members.c.rid == outbox.c.rid)  # not deleted since
        .where(_OPEN, outbox.c.status == "refused")
        .group_by(outbox.c.writer, outbox.c.error)
        .order_by(outbox.c.writer, number.desc(), outbox.c.error)
    )
    for place, error, count in connection.execute(query):
        found.setdefault(place, []).append((error or "no reason given", count))
    return found


def _at(place: str) -> ColumnElement[bool]:
    return and_(
        _OPEN,
        outbox.c.connection == place.partition("/")[0],
        outbox.c.status == "refused",
        outbox.c.writer == place,
    )
