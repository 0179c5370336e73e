"""Resolution: from changed source records to clusters with stable golden ids.

1. Freeze a model epoch if there is none, or if the settings that shape a score have changed.
2. Index: bring the blocking keys of every changed record in line; records that share a value whose
   worth has changed are changed records too.
3. Gather whole components around the changed records, score, solve and trace the golden ids; write
   each batch of components in one transaction with its audit leaves and the marks for the golden
   record, and take its records off the queue.
4. Repeat while other processes bring new changes.

Every step can be repeated: a run that dies resumes with what is still on the queue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import msgspec
from sqlalchemy import Connection, delete

from hub.audit.log import AuditEvent, Scalar, record
from hub.core import boundary
from hub.core.batches import in_batches
from hub.core.clock import Clock, Micros, to_micros
from hub.core.ids import GoldenId, IdSource, Rid
from hub.core.settings import IdentitySection
from hub.identity import epochs, golden_ids, index
from hub.identity.changes import Change, changes
from hub.identity.changes import write as write_changes
from hub.identity.clusters import Partition, solve
from hub.identity.component import Region, gather
from hub.identity.epochs import Epoch
from hub.identity.lineage import Lineage, trace
from hub.identity.parties import Parties, all_parties
from hub.store import bulk, dirty, leases
from hub.store.dirty import Mark
from hub.store.engine import Store
from hub.store.leases import Lease
from hub.store.records import chunks, source_keys
from hub.store.schema import cluster_members, links

_BATCH: Final = 1_000
_NO_LIMIT: Final = 1 << 40


@dataclass(slots=True)
class ResolveReport:
    """What one resolution did.

    Args:
        records: Source records taken off the queue.
        epoch: Number of the model epoch.
        epoch_began: Why a new epoch was begun; empty if none was.
        events: Golden ids created, merged, split, revived, joined, left, retired.
        links: Pairs scored anew, by verdict.
        vetoed: Links that a guard over the whole cluster held back, by guard.
        overruled: Decisions that a newer one made impossible.
        capped: Values too widely shared to be keys any more, by kind.
        transactions: Commits that were needed.
    """

    records: int = 0
    epoch: int = 0
    epoch_began: str = ""
    events: Counter[str] = field(default_factory=Counter)
    links: Counter[str] = field(default_factory=Counter)
    vetoed: Counter[str] = field(default_factory=Counter)
    overruled: set[str] = field(default_factory=set)
    capped: Counter[str] = field(default_factory=Counter)
    transactions: int = 0

    def document(self) -> dict[str, object]:
        """The report as plain values, for JSON."""
        return {
            "records": self.records,
            "epoch": self.epoch,
            "epoch_began": self.epoch_began,
            "events": dict(self.events),
            "links": dict(self.links),
            "vetoed": dict(self.vetoed),
            "overruled": sorted(self.overruled),
            "capped": dict(self.capped),
            "transactions": self.transactions,
        }


@dataclass(frozen=True, slots=True)
class _Run:
    """What every step of one resolution needs."""

    store: Store
    clock: Clock
    ids: IdSource
    actor: str
    lease: Lease
    epoch: Epoch
    report: ResolveReport


def run(
    store: Store,
    settings: IdentitySection,
    *,
    clock: Clock,
    ids: IdSource,
    actor: str,
    region: str = "AU",
    new_epoch: bool = False,
) -> ResolveReport:
    """Resolves every changed source record; ``new_epoch`` re-resolves all under fresh frequencies.

    Raises:
        ConfigError: If a weight in the settings names an unknown comparison or level.
        StopRun: If another process is resolving.
    """
    report = ResolveReport()
    lease = leases.acquire(store, "identity")
    try:
        shape = epochs.shape_of(settings, region)
        epoch = _epoch(store, shape, clock, actor, lease, report, new_epoch)
        step = _Run(store, clock, ids, actor, lease, epoch, report)
        while marks := _waiting(store):  # step 4
            _round(step, marks)
    finally:
        leases.release(store, lease)
    return report


def _epoch(
    store: Store,
    shape: epochs.Shape,
    clock: Clock,
    actor: str,
    lease: Lease,
    report: ResolveReport,
    wanted: bool,
) -> Epoch:
    """Step 1: the epoch in force, or a new one that concerns every record."""
    with store.read() as connection:
        epoch = epochs.current(connection)
        if epoch is not None and epoch.shape == shape and not wanted:
            report.epoch = epoch.number
            return epoch
        rids = all_parties(connection)
        frequencies = epochs.count_names(connection)
    report.epoch_began = "first" if epoch is None else "asked for" if wanted else "settings changed"
    seq = dirty.sequence(store)
    with store.write() as connection:
        now = clock.now()
        leases.renew(connection, lease, to_micros(now))
        epoch = epochs.begin(connection, shape, frequencies, to_micros(now))
        dirty.mark(connection, "identity", map(str, rids), cause="new epoch", seq=seq)
        what: dict[str, Scalar] = {"epoch": epoch.number, "why": report.epoch_began}
        record(connection, AuditEvent("identity.epoch", actor, now, what=what))
    report.epoch = epoch.number
    return epoch


def _waiting(store: Store) -> dict[Rid, Mark]:
    with store.read() as connection:
        marks = dirty.waiting(connection, "identity", _NO_LIMIT)
    return {Rid(int(mark.key)): mark for mark in marks}


def _round(step: _Run, marks: dict[Rid, Mark]) -> None:
    parties = Parties(step.epoch.shape.region)
    waiting = sorted(marks)
    for batch in in_batches(waiting, _BATCH):
        marks |= _index(step, batch, marks, parties)  # step 2
    pending, order = set(marks), iter(sorted(marks))
    while seeds := list(islice((rid for rid in order if rid in pending), _BATCH)):
        pending -= _solve_batch(step, seeds, pending, marks, parties)  # step 3


def _index(
    step: _Run, batch: Sequence[Rid], marks: Mapping[Rid, Mark], parties: Parties
) -> dict[Rid, Mark]:
    """Step 2 for one batch: further records that became changed ones."""
    seq = dirty.sequence(step.store)
    with step.store.write() as connection:
        leases.renew(connection, step.lease, to_micros(step.clock.now()))
        known = parties.load(connection, batch)
        most = step.epoch.shape.max_shared_by
        indexed = index.reindex(connection, batch, known, most)
        concerned = [str(rid) for rid in indexed.concerned if rid not in marks]
        dirty.mark(connection, "identity", concerned, cause="shared value", seq=seq)
    step.report.capped.update(indexed.capped)
    return {Rid(int(key)): Mark(key, seq) for key in concerned}


@dataclass(frozen=True, slots=True)
class _Solved:
    """A region with its clusters, and the golden ids that they inherit."""

    region: Region
    partition: Partition
    lineage: Lineage
    held: Mapping[str, GoldenId]


def _solve_batch(
    step: _Run,
    seeds: list[Rid],
    pending: set[Rid],
    marks: Mapping[Rid, Mark],
    parties: Parties,
) -> set[Rid]:
    """Step 3: the changed records of the components around ``seeds``, which are now resolved."""
    with step.store.read() as connection:
        region = gather(connection, seeds, pending, parties, step.epoch)
        solved = _solve(connection, region, step)
    found = changes(solved.partition.clusters, solved.held, solved.lineage)
    seq = dirty.sequence(step.store)
    event_ids = iter(step.store.allocate("identity_events", len(found)))
    with step.store.write() as connection:
        now = step.clock.now()
        leases.renew(connection, step.lease, to_micros(now))
        _write_links(connection, region, step.epoch.number)
        golden_ids.write(connection, solved.lineage, to_micros(now))
        _write_members(connection, solved, to_micros(now))
        write_changes(connection, found, event_ids, step.actor, now)
        dirty.mark(connection, "golden", _concerned(solved, found), cause="identity", seq=seq)
        dirty.done(connection, "identity", [marks[rid] for rid in region.changed])
    boundary.reached("component committed")
    _count(step.report, solved, found)
    return region.changed


def _solve(connection: Connection, region: Region, step: _Run) -> _Solved:
    """Clusters of the region, and who inherits which golden id."""
    model, most = step.epoch.model, step.epoch.shape.max_cluster_size
    partition = solve(list(region.parties.values()), region.links, region.constraints, model, most)
    gone = source_keys(connection, region.held.keys() - region.parties.keys())
    key_of: dict[int, str] = {rid: party.key for rid, party in region.parties.items()}
    key_of |= {rid: str(key) for rid, key in gone.items()}
    held = {key_of[rid]: golden_id for rid, golden_id in region.held.items()}
    ids = set(held.values())
    lineage = trace(
        partition.clusters,
        held,
        golden_ids.minted_at(connection, ids),
        golden_ids.tombstones(connection, ids),
        step.ids.golden,
    )
    return _Solved(region, partition, lineage, held)


def _now(solved: _Solved) -> dict[str, GoldenId]:
    """Record key to golden id, as solved."""
    pairs = zip(solved.partition.clusters, solved.lineage.id_of, strict=True)
    return {key: golden_id for cluster, golden_id in pairs for key in cluster}


def _write_links(connection: Connection, region: Region, epoch: int) -> None:
    for part in chunks(sorted(region.changed)):
        for end in (links.c.rid_a, links.c.rid_b):
            connection.execute(delete(links).where(end.in_(part)))
    rows = [
        (s.a, s.b, s.weight, s.verdict, msgspec.json.encode(s.grounds), epoch)
        for s in region.scored
    ]
    columns = ("rid_a", "rid_b", "weight", "verdict", "evidence", "epoch")
    bulk.insert(connection, links, columns, rows)


def _write_members(connection: Connection, solved: _Solved, now: Micros) -> None:
    for part in chunks(sorted(solved.region.held.keys() - solved.region.parties.keys())):
        connection.execute(delete(cluster_members).where(cluster_members.c.rid.in_(part)))
    rid_of = {party.key: rid for rid, party in solved.region.parties.items()}
    moved = [
        (rid_of[key], golden_id, now)
        for key, golden_id in sorted(_now(solved).items())
        if solved.held.get(key) != golden_id
    ]
    bulk.upsert(connection, cluster_members, ("rid", "golden_id", "since"), moved, key=("rid",))


def _concerned(solved: _Solved, found: list[Change]) -> set[GoldenId]:
    """Golden ids whose record must be built again: other members, or a member with other values."""
    now, region = _now(solved), solved.region
    concerned = {change.golden_id for change in found}
    concerned |= {change.other for change in found if change.other is not None}
    for rid in region.changed & region.parties.keys():
        concerned.add(now[region.parties[rid].key])
    return concerned | {region.held[rid] for rid in region.held.keys() - region.parties.keys()}


def _count(report: ResolveReport, solved: _Solved, found: list[Change]) -> None:
    report.records += len(solved.region.changed)
    report.transactions += 1
    report.events.update(change.kind for change in found)
    report.links.update(scored.verdict for scored in solved.region.scored)
    report.vetoed.update(vetoed.guard for vetoed in solved.partition.vetoed)
    report.overruled |= {constraint.name for constraint in solved.partition.overruled}
