"""The golden record: one per customer, every value with its source, time, rule and losers.

A record is a pure function of its members: the same members give the same bytes, whatever the
order in which they came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import orjson
from sqlalchemy import Connection, and_, delete, func, select, update

from hub.audit.log import AuditEvent, Scalar, record
from hub.core import boundary, normalise
from hub.core.clock import Clock, Micros, from_micros, to_micros
from hub.core.ids import GoldenId, SourceKey
from hub.core.records import Organisation, Party, Person, decode
from hub.core.settings import SurvivorshipSection
from hub.identity import epochs
from hub.identity.fields import offers
from hub.identity.survivorship import Candidate, Survivor, rules_for, survive
from hub.store import bulk, dirty
from hub.store.engine import Store
from hub.store.records import chunks
from hub.store.schema import (
    cluster_members,
    golden_history,
    golden_records,
    source_records,
    streams,
)

_BATCH: Final = 1_000
_COMPOSITION: Final = 2
"""Raise it when the same members are to give another record."""


@dataclass(frozen=True, slots=True)
class Member:
    """One record of a customer; without a party it only lends its key (merged or not yet seen)."""

    key: SourceKey
    entity: str
    party: Party | None
    at: datetime | None


@dataclass(slots=True)
class GoldenReport:
    """What one pass over the golden records did.

    Args:
        looked_at: Golden ids taken off the queue.
        written: Records that are new or say something else now.
        removed: Records of ids that no longer stand for anyone.
    """

    looked_at: int = 0
    written: int = 0
    removed: int = 0


@dataclass(slots=True)
class _Written:
    """Rows of one transaction.

    Args:
        touched: Ids whose record changed, came or went; their standing history ends.
    """

    records: list[tuple[GoldenId, str, int, bytes, bytes, Micros]] = field(default_factory=list)
    history: list[tuple[GoldenId, int, bytes, Micros]] = field(default_factory=list)
    touched: list[GoldenId] = field(default_factory=list)
    removed: list[GoldenId] = field(default_factory=list)


def run(store: Store, settings: SurvivorshipSection, *, clock: Clock, actor: str) -> GoldenReport:
    """Builds the golden record of every id on the queue; unchanged ones are not written.

    Edited rules put everybody on the queue.
    """
    basis = f"{_COMPOSITION} {settings.model_dump_json()}"
    dirty.mark_all_if_new(store, "golden", basis, select(golden_records.c.golden_id))
    report = GoldenReport()
    while True:
        seq = dirty.sequence(store)
        with store.write() as connection:
            marks = dirty.waiting(connection, "golden", _BATCH)
            if not marks:
                return report
            now = to_micros(clock.now())
            golden_ids = [GoldenId(mark.key) for mark in marks]
            written = _build(connection, golden_ids, settings, now)
            _write(connection, written, now)
            dirty.mark(connection, "metrics", written.touched, cause="golden", seq=seq)
            dirty.done(connection, "golden", marks)
            if written.touched:
                record(connection, _leaf(written, actor, clock.now()))
        boundary.reached("party committed")
        report.looked_at += len(marks)
        report.written += len(written.records)
        report.removed += len(written.removed)


def compose(members: Sequence[Member], settings: SurvivorshipSection, region: str) -> bytes:
    """The golden record of ``members`` as canonical JSON."""
    ordered = sorted(members, key=lambda member: member.key)
    said: defaultdict[str, list[Candidate]] = defaultdict(list)
    for member in ordered:
        if member.party is not None:
            for name, candidate in offers(member.party, member.key, member.at, region):
                said[name].append(candidate)
    survivors = {
        name: survive(candidates, rules_for(name, settings), settings.source_order)
        for name, candidates in said.items()
    }
    body = {
        "entity": ordered[0].entity,
        "members": [str(member.key) for member in ordered],
        "fields": {name: _field(survivor) for name, survivor in survivors.items()},
        "emails": _points(survivors.get("email")),
        "phones": _points(survivors.get("phone")),
        "identifiers": _identifiers(ordered),
    }
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def _field(survivor: Survivor) -> dict[str, object]:
    return {
        **_said(survivor.winner),
        "rule": survivor.rule,
        "agreement": round(survivor.agreement, 2),
        "contested": survivor.contested,
        "losers": [_said(candidate) for candidate in survivor.losers],
    }


def _said(candidate: Candidate) -> dict[str, object]:
    at = candidate.at.isoformat() if candidate.at else None
    return {"value": candidate.value, "source": str(candidate.source), "at": at}


def _points(survivor: Survivor | None) -> list[dict[str, object]]:
    """Every distinct contact point, the surviving one first."""
    if survivor is None:
        return []
    found = (survivor.winner, *survivor.losers)
    return [{"value": c.value, "source": str(c.source)} for c in found]


def _identifiers(members: Sequence[Member]) -> list[dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for member in members:
        for known in member.party.identifiers if member.party else ():
            form = normalise.identifier(known.value)
            said = {"kind": known.kind, "value": known.value, "source": str(member.key)}
            if form:
                found.setdefault((known.kind, form), said)
    return [found[pair] for pair in sorted(found)]


def _build(
    connection: Connection,
    golden_ids: Sequence[GoldenId],
    settings: SurvivorshipSection,
    now: Micros,
) -> _Written:
    epoch = epochs.current(connection)
    region = epoch.shape.region if epoch else "AU"
    members = _members(connection, golden_ids)
    standing, last = _standing(connection, golden_ids), _last_versions(connection, golden_ids)
    written = _Written()
    for golden_id in golden_ids:
        stands = standing.get(golden_id)
        if not members[golden_id]:
            if stands is not None:
                written.touched.append(golden_id)
                written.removed.append(golden_id)
            continue
        body = compose(members[golden_id], settings, region)
        digest = blake2b(body, digest_size=16).digest()
        if stands != digest:
            version = last.get(golden_id, 0) + 1
            entity = members[golden_id][0].entity
            written.records.append((golden_id, entity, version, body, digest, now))
            written.history.append((golden_id, version, body, now))
            written.touched.append(golden_id)
    return written


def _members(
    connection: Connection, golden_ids: Sequence[GoldenId]
) -> Mapping[GoldenId, list[Member]]:
    """Live and merged-away records by golden id."""
    found: defaultdict[GoldenId, list[Member]] = defaultdict(list)
    query = (
        select(
            cluster_members.c.golden_id,
            streams.c.connection,
            streams.c.stream,
            source_records.c.source_id,
            source_records.c.entity,
            source_records.c.canonical,
            source_records.c.source_at,
            source_records.c.deleted_at,
        )
        .join(source_records, source_records.c.rid == cluster_members.c.rid)
        .join(streams, streams.c.stream_id == source_records.c.stream_id)
    )
    for part in chunks(sorted(golden_ids)):
        for row in connection.execute(query.where(cluster_members.c.golden_id.in_(part))):
            found[row.golden_id].append(_member(row))
    return found


def _member(row: Any) -> Member:
    key = SourceKey(row.connection, row.stream, row.source_id)
    if row.deleted_at is not None or row.canonical is None:
        return Member(key, row.entity, None, None)
    party = decode(row.canonical)
    assert isinstance(party, Person | Organisation)
    at = from_micros(row.source_at) if row.source_at is not None else party.updated_at
    return Member(key, row.entity, party, at)


def _standing(connection: Connection, golden_ids: Iterable[GoldenId]) -> dict[GoldenId, bytes]:
    """Digest of each record that stands."""
    found: dict[GoldenId, bytes] = {}
    table = golden_records.c
    for part in chunks(sorted(golden_ids)):
        query = select(table.golden_id, table.digest).where(table.golden_id.in_(part))
        found.update((golden_id, digest) for golden_id, digest in connection.execute(query))
    return found


def _last_versions(connection: Connection, golden_ids: Iterable[GoldenId]) -> dict[GoldenId, int]:
    """Highest version in the history of each id, so that one that came back goes on counting."""
    found: dict[GoldenId, int] = {}
    table = golden_history.c
    for part in chunks(sorted(golden_ids)):
        query = select(table.golden_id, func.max(table.version)).group_by(table.golden_id)
        rows = connection.execute(query.where(table.golden_id.in_(part)))
        found.update((golden_id, version) for golden_id, version in rows)
    return found


def _write(connection: Connection, written: _Written, now: Micros) -> None:
    for part in chunks(sorted(written.touched)):
        open_rows = and_(golden_history.c.golden_id.in_(part), golden_history.c.valid_to.is_(None))
        connection.execute(update(golden_history).where(open_rows).values(valid_to=now))
    for part in chunks(sorted(written.removed)):
        connection.execute(delete(golden_records).where(golden_records.c.golden_id.in_(part)))
    columns = ("golden_id", "entity", "version", "body", "digest", "updated_at")
    bulk.upsert(connection, golden_records, columns, written.records, key=("golden_id",))
    bulk.insert(
        connection,
        golden_history,
        ("golden_id", "version", "body", "valid_from"),
        written.history,
    )


def _leaf(written: _Written, actor: str, at: datetime) -> AuditEvent:
    """One leaf for the batch: which records say what now, as one digest."""
    rows = sorted((golden_id, digest.hex()) for golden_id, _, _, _, digest, _ in written.records)
    digest = blake2b(orjson.dumps([rows, sorted(written.removed)]), digest_size=16).hexdigest()
    what: dict[str, Scalar] = {
        "written": len(written.records),
        "removed": len(written.removed),
        "digest": digest,
    }
    return AuditEvent("golden.written", actor, at, what=what)
