"""Golden ids in the store: what became of one, and writing what a resolution made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, select, update

from hub.core.clock import Micros
from hub.core.conversion import from_json
from hub.core.errors import NotFound
from hub.core.ids import GoldenId
from hub.identity.lineage import Lineage, Tombstone
from hub.identity.stewardship import Merge
from hub.store import bulk
from hub.store.records import chunks
from hub.store.schema import golden_ids, identity_events

Status = Literal["live", "merged", "retired", "erased"]


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What became of a golden id.

    Args:
        asked: The id that was asked for.
        status: Its own status.
        golden_id: The id that answers for it today; None if it is retired or erased.
    """

    asked: GoldenId
    status: Status
    golden_id: GoldenId | None


def find(connection: Connection, asked: GoldenId) -> Whereabouts:
    """Today's answer for an id that was ever given out.

    Raises:
        NotFound: If it never was.
    """
    query = select(golden_ids).where(golden_ids.c.golden_id == asked)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"{asked} is no golden id of this hub; look it up with: hub profiles find")
    if row.status == "merged":
        target = select(golden_ids.c.status).where(golden_ids.c.golden_id == row.redirect_to)
        alive = connection.execute(target).scalar_one() == "live"
        return Whereabouts(asked, "merged", row.redirect_to if alive else None)
    return Whereabouts(asked, row.status, asked if row.status == "live" else None)


def minted_at(connection: Connection, wanted: Iterable[GoldenId]) -> dict[GoldenId, Micros]:
    """When each of ``wanted`` was minted."""
    columns = golden_ids.c.golden_id, golden_ids.c.created_at
    found: dict[GoldenId, Micros] = {}
    for part in chunks(sorted(wanted)):
        rows = connection.execute(select(*columns).where(golden_ids.c.golden_id.in_(part)))
        found.update((GoldenId(golden_id), Micros(at)) for golden_id, at in rows)
    return found


def tombstones(connection: Connection, survivors: Collection[GoldenId]) -> list[Tombstone]:
    """The ids that were merged into ``survivors``, with the records they held at last."""
    found: dict[GoldenId, Tombstone] = {}
    for part in chunks(sorted(survivors)):
        query = (
            select(golden_ids.c.golden_id, golden_ids.c.redirect_to, identity_events.c.body)
            .join(identity_events, identity_events.c.golden_id == golden_ids.c.golden_id)
            .where(golden_ids.c.redirect_to.in_(part), identity_events.c.kind == "merged")
            .order_by(identity_events.c.event_id)
        )
        for golden_id, redirect, body in connection.execute(query):
            records = frozenset(from_json(body, Merge).records)
            found[golden_id] = Tombstone(golden_id, redirect, records)
    return [found[golden_id] for golden_id in sorted(found)]


def write(connection: Connection, lineage: Lineage, now: Micros) -> None:
    """Mint, revive, bury and redirect as ``lineage`` says; redirects are path-compressed."""
    rows = [(g, "live", None, parent, now, now) for g, parent in sorted(lineage.minted.items())]
    columns = ("golden_id", "status", "redirect_to", "split_from", "created_at", "changed_at")
    bulk.insert(connection, golden_ids, columns, rows)
    for golden_id, parent in lineage.revived.items():
        _set(connection, golden_id, "live", None, now, split_from=parent)
    for golden_id in lineage.retired:
        _set(connection, golden_id, "retired", None, now)
    for golden_id, target in lineage.redirected.items():
        _set(connection, golden_id, "merged", target, now)
    for loser, survivor in lineage.merged.items():
        _set(connection, loser, "merged", survivor, now)
        connection.execute(
            update(golden_ids)
            .where(golden_ids.c.redirect_to == loser)
            .values(redirect_to=survivor, changed_at=now)
        )


def _set(
    connection: Connection,
    golden_id: GoldenId,
    status: Status,
    redirect: GoldenId | None,
    now: Micros,
    **more: GoldenId,
) -> None:
    values = {"status": status, "redirect_to": redirect, "changed_at": now, **more}
    connection.execute(
        update(golden_ids).where(golden_ids.c.golden_id == golden_id).values(**values)
    )
