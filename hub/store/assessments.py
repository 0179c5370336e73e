"""What customers' timelines say, as the stage of risk found it: JSON, one row a customer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, delete, select

from hub.store import bulk
from hub.store.records import chunks
from hub.store.schema import assessments


def held(connection: Connection, golden_ids: Sequence[str]) -> dict[str, bytes]:
    """What is kept of each of these customers of whom something is."""
    found: dict[str, bytes] = {}
    query = select(assessments.c.golden_id, assessments.c.body)
    for chunk in chunks(golden_ids):
        for golden_id, body in connection.execute(query.where(assessments.c.golden_id.in_(chunk))):
            found[golden_id] = bytes(body)
    return found


def keep(connection: Connection, bodies: Mapping[str, bytes]) -> None:
    """Keep what these timelines say now, in place of what they said."""
    bulk.upsert(
        connection, assessments, ("golden_id", "body"), list(bodies.items()), key=("golden_id",)
    )


def forget(connection: Connection, golden_ids: Collection[str]) -> None:
    """Forget those who are gone."""
    for chunk in chunks(sorted(golden_ids)):
        connection.execute(delete(assessments).where(assessments.c.golden_id.in_(chunk)))
