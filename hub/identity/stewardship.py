"""Decisions of people: they outrank every score and survive re-training.

A decision binds two source records, not two golden ids, so it holds whatever clusters they are in.
The newest decision on a pair wins; one that contradicts an earlier one says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from sqlalchemy import Connection, and_, select

from hub.audit.log import AuditEvent, record
from hub.core.clock import Clock, Micros, to_micros
from hub.core.conversion import from_json
from hub.core.errors import NotFound
from hub.core.ids import GoldenId, IdSource, Rid, SourceKey
from hub.identity.clusters import Constraint
from hub.identity.parties import row_ids
from hub.store import bulk, dirty
from hub.store.engine import Store
from hub.store.schema import decisions, golden_ids, identity_events

Decision = Literal["must_link", "cannot_link"]


def active(connection: Connection) -> list[Constraint]:
    """The decisions in force, newest first on each pair."""
    query = select(decisions).where(decisions.c.revoked_at.is_(None))
    return [
        Constraint(row.key_a, row.key_b, row.kind == "must_link", Micros(row.at), row.decision_id)
        for row in connection.execute(query.order_by(decisions.c.at.desc()))
    ]


def bound_records(connection: Connection, constraints: Sequence[Constraint]) -> dict[Rid, set[Rid]]:
    """For each record of a must-link, the records that it is bound to."""
    pairs = [(c.a, c.b) for c in constraints if c.must]
    known = row_ids(connection, {SourceKey.parse(key) for pair in pairs for key in pair})
    bound: defaultdict[Rid, set[Rid]] = defaultdict(set)
    for a, b in pairs:
        one, two = known.get(SourceKey.parse(a)), known.get(SourceKey.parse(b))
        if one is not None and two is not None:
            bound[one].add(two)
            bound[two].add(one)
    return bound


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision did.

    Args:
        decisions: Ids of the decisions written.
        contradicts: Ids of earlier decisions on the same pairs that said the opposite.
    """

    decisions: tuple[str, ...]
    contradicts: tuple[str, ...] = ()


def decide(
    store: Store,
    kind: Decision,
    pairs: Iterable[tuple[SourceKey, SourceKey]],
    *,
    reason: str,
    actor: str,
    clock: Clock,
    ids: IdSource,
) -> Decided:
    """Binds or separates pairs of source records; the next resolution applies it.

    Raises:
        NotFound: If a record is unknown.
    """
    seq, now = dirty.sequence(store), clock.now()
    ordered = sorted({(min(pair), max(pair)) for pair in pairs})
    with store.write() as connection:
        rids = row_ids(connection, {key for pair in ordered for key in pair})
        for key in sorted({key for pair in ordered for key in pair} - rids.keys()):
            raise NotFound(f"there is no record {key}; see: hub profiles find")
        contradicted = [d for pair in ordered for d in _opposed(connection, kind, *pair)]
        made = tuple(ids.uuid7() for _ in ordered)
        rows = [
            (decision, kind, str(a), str(b), actor, reason, to_micros(now))
            for decision, (a, b) in zip(made, ordered, strict=True)
        ]
        columns = ("decision_id", "kind", "key_a", "key_b", "actor", "reason", "at")
        bulk.insert(connection, decisions, columns, rows)
        dirty.mark(
            connection, "identity", map(str, rids.values()), cause=f"steward: {kind}", seq=seq
        )
        for decision in made:
            what = {"decision": decision, "kind": kind}
            record(connection, AuditEvent("identity.decided", actor, now, what=what))
    return Decided(made, tuple(contradicted))


def revoke(store: Store, decision: str, *, actor: str, clock: Clock) -> None:
    """Takes a decision back; the next resolution is free of it.

    Raises:
        NotFound: If no such decision is in force.
    """
    seq, now = dirty.sequence(store), clock.now()
    with store.write() as connection:
        in_force = and_(decisions.c.decision_id == decision, decisions.c.revoked_at.is_(None))
        row = connection.execute(select(decisions).where(in_force)).one_or_none()
        if row is None:
            raise NotFound(f"there is no decision {decision} in force")
        connection.execute(decisions.update().where(in_force).values(revoked_at=to_micros(now)))
        keys = (SourceKey.parse(row.key_a), SourceKey.parse(row.key_b))
        rids = row_ids(connection, keys).values()
        dirty.mark(connection, "identity", map(str, rids), cause="steward: revoked", seq=seq)
        what = {"decision": decision, "kind": row.kind}
        record(connection, AuditEvent("identity.revoked", actor, now, what=what))


class Merge(msgspec.Struct, frozen=True):
    """Body of a ``merged`` event: which records each side brought."""

    records: list[str]
    survivor_records: list[str]


def undo_merge(
    store: Store, loser: GoldenId, *, reason: str, actor: str, clock: Clock, ids: IdSource
) -> Decided:
    """Separates for good what the merge of ``loser`` had brought together.

    The next resolution splits the cluster and gives ``loser`` its records and its id back.

    Raises:
        NotFound: If ``loser`` was not merged into another id.
    """
    with store.read() as connection:
        merge = last_merge(connection, loser)
    if merge is None:
        raise NotFound(f"{loser} was never merged into another golden id")
    sides = [[SourceKey.parse(k) for k in side] for side in (merge.records, merge.survivor_records)]
    pairs = [(a, b) for a in sides[0] for b in sides[1]]
    return decide(store, "cannot_link", pairs, reason=reason, actor=actor, clock=clock, ids=ids)


def last_merge(connection: Connection, loser: GoldenId) -> Merge | None:
    """The merge that made ``loser`` a tombstone; None while it is no tombstone."""
    status = select(golden_ids.c.status).where(golden_ids.c.golden_id == loser)
    if connection.execute(status).scalar_one_or_none() != "merged":
        return None
    table = identity_events.c
    query = select(table.body).where(table.kind == "merged", table.golden_id == loser)
    body = connection.execute(query.order_by(table.event_id.desc()).limit(1)).scalar_one()
    return from_json(body, Merge)


def _opposed(connection: Connection, kind: Decision, a: SourceKey, b: SourceKey) -> list[str]:
    table = decisions.c
    same_pair = and_(table.key_a == str(a), table.key_b == str(b), table.revoked_at.is_(None))
    query = select(table.decision_id).where(same_pair, table.kind != kind)
    return list(connection.execute(query).scalars())
