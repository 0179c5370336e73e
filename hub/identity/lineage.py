"""Golden ids through merges and splits: immutable, and old ones always resolve.

1. Every old id claims the new cluster that holds most of its records; a larger overlap goes first,
   then the older id. So a merge keeps the id that brought more records, and a split leaves the id
   on the largest part.
2. A cluster without a claim that was split off gets back the id its records had before a merge,
   if they had one; else a fresh id.
3. An id whose cluster was taken by another becomes a tombstone that redirects there; one without
   any record left is retired.
4. Tombstones follow their records: after a split, a redirect goes to the part that holds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hub.core.clock import Micros
from hub.core.ids import GoldenId

Cluster = tuple[str, ...]
"""Source-record keys, sorted."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An id that was merged away: where it redirects and which records it held at last."""

    golden_id: GoldenId
    redirect: GoldenId
    records: frozenset[str]


@dataclass(slots=True)
class Lineage:
    """Who inherits which id.

    Args:
        id_of: Golden id of each cluster, parallel to the clusters given.
        minted: Fresh ids, each with the id that it was split from.
        revived: Ids that came back from a merge, each with the id that had absorbed it.
        merged: Ids that were absorbed, each with the survivor.
        retired: Ids without a record left.
        redirected: Tombstones that now point elsewhere.
    """

    id_of: list[GoldenId] = field(default_factory=list)
    minted: dict[GoldenId, GoldenId | None] = field(default_factory=dict)
    revived: dict[GoldenId, GoldenId] = field(default_factory=dict)
    merged: dict[GoldenId, GoldenId] = field(default_factory=dict)
    retired: set[GoldenId] = field(default_factory=set)
    redirected: dict[GoldenId, GoldenId] = field(default_factory=dict)


def trace(
    clusters: Sequence[Cluster],
    held: Mapping[str, GoldenId],
    minted_at: Mapping[GoldenId, Micros],
    tombstones: Sequence[Tombstone],
    mint: Callable[[], GoldenId],
) -> Lineage:
    """Who inherits which id when ``held`` (record to id so far) becomes ``clusters``."""
    overlaps = [Counter(held[key] for key in cluster if key in held) for cluster in clusters]
    claims = _claims(clusters, overlaps, held, minted_at)  # step 1
    lineage = Lineage()
    free = list(tombstones)
    for number, cluster in enumerate(clusters):  # step 2
        golden_id = claims.get(number)
        if golden_id is None:
            parent = _largest(overlaps[number], minted_at)
            golden_id = _revive(cluster, parent, free, lineage) or _mint(parent, mint, lineage)
        lineage.id_of.append(golden_id)
    _bury(clusters, overlaps, held, set(claims.values()), lineage)  # step 3
    _follow(clusters, free, lineage)  # step 4
    return lineage


def _claims(
    clusters: Sequence[Cluster],
    overlaps: Sequence[Counter[GoldenId]],
    held: Mapping[str, GoldenId],
    minted_at: Mapping[GoldenId, Micros],
) -> dict[int, GoldenId]:
    # Ids are random, so they never break a tie: the smallest record key of each side does.
    first: dict[GoldenId, str] = {}
    for key in sorted(held):
        first.setdefault(held[key], key)
    wishes = sorted(
        (-count, minted_at[golden_id], first[golden_id], clusters[number][0], number, golden_id)
        for number, overlap in enumerate(overlaps)
        for golden_id, count in overlap.items()
    )
    claims: dict[int, GoldenId] = {}
    placed: set[GoldenId] = set()
    for *_, number, golden_id in wishes:
        if number not in claims and golden_id not in placed:
            claims[number] = golden_id
            placed.add(golden_id)
    return claims


def _largest(overlap: Counter[GoldenId], minted_at: Mapping[GoldenId, Micros]) -> GoldenId | None:
    """The id that most records of a cluster had, the oldest of them on a tie."""
    return min(overlap, key=lambda g: (-overlap[g], minted_at[g]), default=None)


def _revive(
    cluster: Cluster, parent: GoldenId | None, free: list[Tombstone], lineage: Lineage
) -> GoldenId | None:
    matching = [t for t in free if t.redirect == parent and not t.records.isdisjoint(cluster)]
    if parent is None or not matching:
        return None
    best = max(matching, key=lambda t: (len(t.records.intersection(cluster)), min(t.records)))
    free.remove(best)
    lineage.revived[best.golden_id] = parent
    return best.golden_id


def _mint(parent: GoldenId | None, mint: Callable[[], GoldenId], lineage: Lineage) -> GoldenId:
    golden_id = mint()
    lineage.minted[golden_id] = parent
    return golden_id


def _bury(
    clusters: Sequence[Cluster],
    overlaps: Sequence[Counter[GoldenId]],
    held: Mapping[str, GoldenId],
    living: set[GoldenId],
    lineage: Lineage,
) -> None:
    best: dict[GoldenId, tuple[int, str, int]] = {}
    for number, overlap in enumerate(overlaps):
        for golden_id, count in overlap.items():
            claim = (-count, clusters[number][0], number)
            best[golden_id] = min(best.get(golden_id, claim), claim)
    for golden_id in sorted(set(held.values()) - living):
        if golden_id in best:
            lineage.merged[golden_id] = lineage.id_of[best[golden_id][2]]
        else:
            lineage.retired.add(golden_id)


def _follow(clusters: Sequence[Cluster], free: Sequence[Tombstone], lineage: Lineage) -> None:
    place = {key: number for number, cluster in enumerate(clusters) for key in cluster}
    for tombstone in free:
        overlap = Counter(place[key] for key in tombstone.records if key in place)
        if overlap:
            most = min(overlap, key=lambda number: (-overlap[number], number))
            if lineage.id_of[most] != tombstone.redirect:
                lineage.redirected[tombstone.golden_id] = lineage.id_of[most]
