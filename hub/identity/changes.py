"""What a resolution changed, person by person: the change feed of who is who."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Literal

import msgspec
from sqlalchemy import Connection

from hub.audit.log import AuditEvent, Scalar, record_many
from hub.core.clock import to_micros
from hub.core.ids import GoldenId
from hub.identity.lineage import Cluster, Lineage
from hub.identity.stewardship import Merge
from hub.store import bulk
from hub.store.schema import identity_events

Kind = Literal["created", "split", "undone", "merged", "joined", "left", "retired"]


class Membership(msgspec.Struct, frozen=True):
    """Body of every event but ``merged``: the records that it is about."""

    records: list[str]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to one golden id.

    Args:
        kind: ``undone`` is a split that gave a merged id its records back.
        other: Whom it was split from or merged into.
        body: The records it is about.
    """

    kind: Kind
    golden_id: GoldenId
    body: Membership | Merge
    other: GoldenId | None = None


def changes(
    clusters: Sequence[Cluster], held: Mapping[str, GoldenId], lineage: Lineage
) -> list[Change]:
    """What turned ``held`` (record to golden id so far) into ``clusters`` with their ids."""
    before: defaultdict[GoldenId, list[str]] = defaultdict(list)
    for key in sorted(held):
        before[held[key]].append(key)
    now = {key: g for cluster, g in zip(clusters, lineage.id_of, strict=True) for key in cluster}
    found = [
        Change("merged", loser, Merge(before[loser], before[survivor]), survivor)
        for loser, survivor in lineage.merged.items()
    ]
    found += [Change("retired", g, Membership(before[g])) for g in lineage.retired]
    for cluster, golden_id in zip(clusters, lineage.id_of, strict=True):
        found += _arrivals(cluster, golden_id, held, lineage)
    for golden_id in before.keys() & set(lineage.id_of):
        parted = [k for k in before[golden_id] if now.get(k) not in _parts_of(golden_id, lineage)]
        if parted:
            found.append(Change("left", golden_id, Membership(parted)))
    return sorted(found, key=lambda change: (change.body.records, change.kind))


def _arrivals(
    cluster: Cluster, golden_id: GoldenId, held: Mapping[str, GoldenId], lineage: Lineage
) -> list[Change]:
    """How ``golden_id`` came to its records."""
    parent = lineage.minted.get(golden_id) or lineage.revived.get(golden_id)
    if golden_id in lineage.minted or golden_id in lineage.revived:
        kind: Kind = "created" if parent is None else "split"
        kind = "undone" if golden_id in lineage.revived else kind
        return [Change(kind, golden_id, Membership(list(cluster)), parent)]
    known = {golden_id} | {g for g, survivor in lineage.merged.items() if survivor == golden_id}
    joined = [key for key in cluster if held.get(key) not in known]
    return [Change("joined", golden_id, Membership(joined))] if joined else []


def _parts_of(golden_id: GoldenId, lineage: Lineage) -> set[GoldenId | None]:
    """The ids that records of ``golden_id`` may bear without having left: itself and its parts."""
    split = (*lineage.minted.items(), *lineage.revived.items())
    return {golden_id, *(part for part, parent in split if parent == golden_id)}


def write(
    connection: Connection, found: Sequence[Change], event_ids: Iterable[int], by: str, at: datetime
) -> None:
    """One event and one audit leaf for each change."""
    rows = [
        (number, to_micros(at), c.kind, c.golden_id, c.other, msgspec.json.encode(c.body))
        for number, c in zip(event_ids, found, strict=True)
    ]
    columns = ("event_id", "at", "kind", "golden_id", "other_id", "body")
    bulk.insert(connection, identity_events, columns, rows)
    record_many(connection, [_leaf(change, by, at) for change in found])


def _leaf(change: Change, by: str, at: datetime) -> AuditEvent:
    digest = blake2b("\n".join(change.body.records).encode(), digest_size=16).hexdigest()
    what: dict[str, Scalar] = {
        "records": len(change.body.records),
        "digest": digest,
        "other": change.other,
    }
    return AuditEvent(f"identity.{change.kind}", by, at, subject=change.golden_id, what=what)
