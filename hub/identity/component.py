"""The pre-veto components that a change touches, gathered whole.

Vetoes look at whole clusters, so a component is solved again as a whole or not at all. Gathering
walks outwards from the changed records, level by level:

1. A changed record is compared with every record that shares a usable key; links are scored anew.
2. Any record leads on to those it was linked with so far, to its fellow members, and to records
   that a steward bound it to.
3. What step 2 reached is walked in turn, until nothing new turns up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection, select

from hub.core.clock import Micros
from hub.core.conversion import from_json
from hub.core.ids import GoldenId, Rid, SourceKey
from hub.identity import index, stewardship
from hub.identity.blocking import CONTACT, BlockingKey, keys
from hub.identity.clusters import Constraint, Link
from hub.identity.comparison import Comparable
from hub.identity.epochs import Epoch
from hub.identity.guards import Judgement, judge
from hub.identity.model import Evidence, Shared
from hub.identity.parties import AnyRow, Parties, row_ids
from hub.store.records import chunks
from hub.store.schema import cluster_members, links

BEGINNING: Final = Micros(-(2**62))
"""When vendor merges count as decided, so that any steward's decision is newer."""
_WORTHLESS: Final = 99
"""Sharers of a value that is no key any more: more than any weight survives."""


class Grounds(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a link was scored as it was, as stored with it."""

    evidence: tuple[Evidence, ...]
    guard: str | None = None
    by_name: bool = False
    identified: bool = False

    @classmethod
    def of(cls, judgement: Judgement) -> Grounds:
        """What is worth keeping of ``judgement``."""
        evidence, guard = judgement.evidence, judgement.guard
        return cls(evidence, guard, judgement.by_name, judgement.identified)


@dataclass(frozen=True, slots=True)
class Scored:
    """One pair at or above the review threshold, or bound by its vendor (``must``)."""

    a: Rid
    b: Rid
    weight: float
    verdict: Literal["auto", "review", "must"]
    grounds: Grounds


@dataclass(slots=True)
class Region:
    """Whole components: all that solving them needs, and what they held so far.

    Args:
        parties: Live records by row id.
        changed: Records whose links were scored anew, gone ones included.
        scored: Their links, to be stored instead of the old ones.
        links: Every link that may join, stored or new.
        constraints: Steward decisions and vendor merges.
        held: Cluster membership so far.
    """

    parties: dict[Rid, Comparable] = field(default_factory=dict)
    changed: set[Rid] = field(default_factory=set)
    scored: list[Scored] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    held: dict[Rid, GoldenId] = field(default_factory=dict)


def gather(
    connection: Connection,
    seeds: Iterable[Rid],
    pending: Set[Rid],
    parties: Parties,
    epoch: Epoch,
) -> Region:
    """The whole components around ``seeds``; members of ``pending`` are scored anew on the way."""
    region, scorer = Region(), _Scorer(connection, parties, epoch)
    region.constraints = stewardship.active(connection)
    bound = stewardship.bound_records(connection, region.constraints)
    stored: dict[tuple[Rid, Rid], AnyRow] = {}
    seen: set[Rid] = set()
    frontier = set(seeds)
    while frontier:  # step 3
        seen |= frontier
        region.parties |= parties.load(connection, frontier)
        reached = scorer.score(frontier & pending)  # step 1
        reached |= _fellows(connection, frontier, region.held)  # step 2
        for row in _stored_links(connection, frontier):
            stored[row.rid_a, row.rid_b] = row
            reached |= {row.rid_a, row.rid_b}
        for rid in frontier:
            reached |= bound.get(rid, set())
        frontier = reached - seen
    region.changed = seen & pending
    region.scored = scorer.scored
    kept = (_scored(row) for pair, row in stored.items() if pending.isdisjoint(pair))
    _assemble(region, [*kept, *scorer.scored])
    return region


def _assemble(region: Region, scored: Iterable[Scored]) -> None:
    """Turn scored pairs into links and vendor merges."""
    for pair in scored:
        one, two = region.parties.get(pair.a), region.parties.get(pair.b)
        if one is None or two is None or pair.verdict == "review":
            continue
        a, b = sorted((one.key, two.key))
        if pair.verdict == "must":
            region.constraints.append(Constraint(a, b, True, BEGINNING, "vendor"))
        else:
            by_name, identified = pair.grounds.by_name, pair.grounds.identified
            region.links.append(Link(a, b, pair.weight, by_name, identified))


class _Scorer:
    """Compares changed records with all that share a usable key, each pair once."""

    def __init__(self, connection: Connection, parties: Parties, epoch: Epoch) -> None:
        self.scored: list[Scored] = []
        self._connection = connection
        self._parties = parties
        self._epoch = epoch
        self._seen: set[tuple[Rid, Rid]] = set()

    def score(self, changed: Set[Rid]) -> set[Rid]:
        """The records that ``changed`` ones are linked with; their pairs go to ``scored``."""
        known = self._parties.load(self._connection, changed)
        carried = defaultdict(list)
        for rid, party in known.items():
            for key in keys(party):
                carried[key].append(rid)
        usable, shared = worth(self._connection, carried, self._epoch.shape.max_shared_by)
        pairs = {*self._pairs(carried, usable), *self._aliases(known)} - self._seen
        self._seen |= pairs
        known |= self._parties.load(self._connection, {rid for pair in pairs for rid in pair})
        reached: set[Rid] = set()
        for a, b in sorted(pairs):
            if a in known and b in known and known[a].kind == known[b].kind:
                reached |= self._judge(known[a], known[b], shared)
        return reached

    def _aliases(self, known: Mapping[Rid, Comparable]) -> Iterator[tuple[Rid, Rid]]:
        """Pairs that a vendor merged, found from either side."""
        rid_of = {party.key: rid for rid, party in known.items()}
        merging = {SourceKey.parse(alias) for party in known.values() for alias in party.aliases}
        rid_of |= {str(key): rid for key, rid in row_ids(self._connection, merging).items()}
        for rid, party in known.items():
            yield from (_ordered(rid, rid_of[key]) for key in party.aliases if key in rid_of)
        prefix = {"person": "", "organisation": "org_"}
        wanted = [BlockingKey(f"{prefix[p.kind]}alias", p.key) for p in known.values()]
        for key, winner in index.carriers(self._connection, wanted):
            yield _ordered(winner, rid_of[key.value])

    def _pairs(
        self, carried: Mapping[BlockingKey, list[Rid]], usable: list[BlockingKey]
    ) -> Iterator[tuple[Rid, Rid]]:
        for key, other in index.carriers(self._connection, usable):
            for rid in carried[key]:
                if rid != other:
                    yield _ordered(rid, other)

    def _judge(self, one: Comparable, two: Comparable, shared: Shared) -> set[Rid]:
        evidence = self._epoch.model.compare(one, two, shared)
        judgement = judge(evidence, self._epoch.thresholds)
        merged = one.key in two.aliases or two.key in one.aliases
        if judgement.verdict == "none" and not merged:
            return set()
        grounds = Grounds.of(judgement)
        verdict = "must" if merged else judgement.verdict
        assert verdict != "none"
        self.scored.append(Scored(one.rid, two.rid, judgement.weight, verdict, grounds))
        return set() if verdict == "review" else {one.rid, two.rid}


def worth(
    connection: Connection, wanted: Iterable[BlockingKey], max_shared_by: int
) -> tuple[list[BlockingKey], Shared]:
    """Which keys lead to other records, and how many people share each contact point."""
    usable, shared = [], {}
    for key, standing in index.standings(connection, wanted).items():
        is_key = index.is_key(key, standing, max_shared_by)
        if is_key and sum(standing.values()) > 1:
            usable.append(key)
        kind = key.kind.removeprefix("org_")
        if kind in CONTACT:
            shared[kind, key.value] = index.sharers(standing) if is_key else _WORTHLESS
    return usable, shared


def _ordered(a: Rid, b: Rid) -> tuple[Rid, Rid]:
    return (a, b) if a < b else (b, a)


def _fellows(connection: Connection, rids: Set[Rid], held: dict[Rid, GoldenId]) -> set[Rid]:
    """All members of the clusters that ``rids`` belong to, noted in ``held``."""
    table = cluster_members.c
    golden_ids: set[GoldenId] = set()
    for part in chunks(sorted(rids)):
        query = select(table.golden_id).where(table.rid.in_(part))
        golden_ids |= set(connection.execute(query).scalars())
    members: set[Rid] = set()
    for ids in chunks(sorted(golden_ids - set(held.values()))):
        query = select(table.rid, table.golden_id).where(table.golden_id.in_(ids))
        rows = connection.execute(query).all()
        held.update((rid, golden_id) for rid, golden_id in rows)
        members |= {rid for rid, _ in rows}
    return members


def _stored_links(connection: Connection, rids: Set[Rid]) -> Iterator[AnyRow]:
    """The stored links at ``rids`` that may join clusters."""
    for part in chunks(sorted(rids)):
        for end in (links.c.rid_a, links.c.rid_b):
            query = select(links).where(end.in_(part), links.c.verdict.in_(("auto", "must")))
            yield from connection.execute(query)


def _scored(row: AnyRow) -> Scored:
    grounds = from_json(row.evidence, Grounds)
    return Scored(row.rid_a, row.rid_b, row.weight, row.verdict, grounds)
