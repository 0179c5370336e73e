"""What a hub holds, freed of everything that differs between two equal hubs.

Row ids become source keys, golden ids become the records behind them, times of computation and
random names are left out. Two hubs that were told the same have equal photographs.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, Table, select

from hub.store.engine import Store
from hub.store.records import source_keys, unpack
from hub.store.schema import (
    assessments,
    audit_leaves,
    case_answers,
    case_events,
    cases,
    cluster_members,
    consent_events,
    dirty,
    disclosures,
    facts,
    golden_history,
    golden_records,
    handovers,
    improvement_events,
    improvements,
    metric_snapshots,
    order_entries,
    outbox,
    profile_metrics,
    profiles,
    pushed_fields,
    pushed_rows,
    quarantine,
    risk_rises,
    source_records,
    streams,
    theme_mentions,
)

Photograph = Mapping[str, Counter[str]]
"""Name of an aspect to its rows, each as text."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_CONSENT = (
    "event_id", "point", "purpose", "channel", "brand", "decision", "strength", "basis",
    "jurisdiction", "notice", "evidence", "given_by", "asserted_as", "valid_until", "origin",
)  # fmt: skip
_RUN_TIME = "observed"
"""How an event is marked whose time is that of the reading itself."""


class Names:
    """Names that every equal hub has in common.

    Args:
        keys: Source key of each row id.
        people: Name of each golden id: the records behind it.
        streams: Name of each stream id.
    """

    def __init__(self, connection: Connection) -> None:
        rids = connection.execute(select(source_records.c.rid)).scalars().all()
        found = source_keys(connection, rids)
        self.keys: dict[int | None, str | None] = {rid: str(key) for rid, key in found.items()}
        self.keys[None] = None
        self.streams = {
            row.stream_id: f"{row.connection}/{row.stream}"
            for row in connection.execute(select(streams))
        }
        members = defaultdict(list)
        for row in connection.execute(select(cluster_members)):
            members[row.golden_id].append(str(found[row.rid]))
        self.people = {golden_id: "+".join(sorted(keys)) for golden_id, keys in members.items()}

    def told(self, text: str) -> str:
        """``text`` with every golden id replaced by its name."""
        return _UUID.sub(lambda match: self.people.get(match[0], match[0]), text)


def photograph(store: Store) -> Photograph:
    """Everything that a restart must not lose or do twice."""
    with store.read() as connection:
        names = Names(connection)
        return {
            "source records": _counted(_records(connection, names)),
            "facts": _counted(
                (names.keys[r.rid], names.keys[r.party_rid], r.entity, r.at)
                for r in _rows(connection, facts)
            ),
            "order entries": _counted(_entries(connection, names)),
            "consent events": _counted(_consents(connection, names)),
            "quarantine": _counted(
                (names.streams[r.stream_id], r.place, r.source_id, r.reason, r.state, bytes(r.raw))
                for r in _rows(connection, quarantine)
            ),
            "golden partition": Counter(names.people.values()),
            "golden records": _counted(
                (names.people[r.golden_id], r.entity, r.version, bytes(r.body))
                for r in _rows(connection, golden_records)
            ),
            "golden history": _counted(
                (names.people[r.golden_id], r.version, bytes(r.body), r.valid_to is None)
                for r in _rows(connection, golden_history)
            ),
            "profile metrics": _counted(_profile_metrics(connection, names)),
            "snapshots": _counted(_snapshots(connection)),
            "profiles": _counted(
                (names.people[r.golden_id], r.revision, names.told(_timeless(r.body)))
                for r in _rows(connection, profiles)
            ),
            "assessments": _counted(
                (names.people[r.golden_id], names.told(r.body.decode()))
                for r in _rows(connection, assessments)
            ),
            "rises": _counted(
                (names.keys[r.party_rid], r.since, r.points, bytes(r.reasons), r.ended_at is None)
                for r in _rows(connection, risk_rises)
            ),
            "cases": _counted(_cases(connection, names)),
            "case answers": _counted(
                (names.keys[r.rid], r.case_id) for r in _rows(connection, case_answers)
            ),
            "case events": _counted(
                (r.case_id, r.number, r.kind, r.actor, bytes(r.body))
                for r in _rows(connection, case_events)
            ),
            "themes": _counted(
                (names.keys[r.rid], r.theme) for r in _rows(connection, theme_mentions)
            ),
            "improvements": _counted(
                (r.improvement_id, r.theme, r.week, r.state, bytes(r.evidence), r.steps)
                for r in _rows(connection, improvements)
            ),
            "improvement events": _counted(
                (r.improvement_id, r.number, r.kind, r.actor, bytes(r.body))
                for r in _rows(connection, improvement_events)
            ),
            "outbox": _counted(
                (names.keys[r.rid], r.writer, r.status, bytes(r.fields))
                for r in _rows(connection, outbox)
            ),
            "pushed": _counted(_pushed(connection, names)),
            "disclosures": _counted(
                (names.keys[r.rid], r.connection, bytes(r.fields))
                for r in _rows(connection, disclosures)
            ),
            "handovers": _counted(
                (r.key, names.keys[r.rid], r.status, r.over, r.digest, r.reference, r.error)
                for r in _rows(connection, handovers)
            ),
            "audit entries": _counted(
                (r.kind, r.connection, r.actor) for r in _rows(connection, audit_leaves)
            ),
            "waiting work": _counted((r.stage,) for r in _rows(connection, dirty)),
        }


def _rows(connection: Connection, table: Table) -> Iterable[Any]:
    return connection.execute(select(table))


def _counted(rows: Iterable[tuple[object, ...]]) -> Counter[str]:
    return Counter(map(repr, rows))


def _records(connection: Connection, names: Names) -> Iterable[tuple[object, ...]]:
    for row in _rows(connection, source_records):
        raw = None if row.raw is None else unpack(bytes(row.raw))
        canonical = None if row.canonical is None else bytes(row.canonical)
        yield (
            names.keys[row.rid], row.entity, row.version, bytes(row.fingerprint), canonical, raw,
            row.source_at, row.deleted_at is not None, names.keys[row.merged_into],
        )  # fmt: skip


def _entries(connection: Connection, names: Names) -> Iterable[tuple[object, ...]]:
    for row in _rows(connection, order_entries):
        yield (
            names.keys[row.rid], row.line, names.streams[row.stream_id], row.order_ref,
            names.keys[row.party_rid], row.at, row.currency, row.kind, row.sku, row.quantity,
            row.amount_minor, bool(row.positive), bool(row.cancelled), row.channel,
        )  # fmt: skip


def _cases(connection: Connection, names: Names) -> Iterable[tuple[object, ...]]:
    """Without the times at which the hub heard of things, which are those of its run."""
    for row in _rows(connection, cases):
        yield (
            row.case_id, names.keys[row.rid], names.keys[row.party_rid], row.rule, row.team,
            row.state, row.reason, row.joined_to, row.owner, row.at, row.due_at, row.informed_at,
            row.message, row.settled_at is None, row.escalated_at is None, row.steps,
        )  # fmt: skip


def _consents(connection: Connection, names: Names) -> Iterable[tuple[object, ...]]:
    for row in _rows(connection, consent_events):
        asserted_at = None if row.asserted_as == _RUN_TIME else row.asserted_at
        yield (names.keys[row.rid], asserted_at, *(getattr(row, name) for name in _CONSENT))


def _profile_metrics(connection: Connection, names: Names) -> Iterable[tuple[object, ...]]:
    for row in _rows(connection, profile_metrics):
        yield (
            names.people[row.golden_id], row.metric, row.series, row.value, row.label, row.n,
            row.status, row.definition,
        )  # fmt: skip


def _snapshots(connection: Connection) -> Iterable[tuple[object, ...]]:
    for row in _rows(connection, metric_snapshots):
        yield (
            row.metric, row.series, row.population, row.period_from, row.period_to, row.value,
            row.low, row.high, row.n, row.status, row.definition, row.registry,
            _inputs_of(row.body), row.superseded_at is None,
        )  # fmt: skip


def _pushed(connection: Connection, names: Names) -> Iterable[tuple[object, ...]]:
    """Names of the fields only: the digest of a golden id differs as the id does."""
    for row in _rows(connection, pushed_fields):
        yield (names.keys[row.rid], row.writer, row.field)
    for row in _rows(connection, pushed_rows):
        yield (names.keys[row.rid], row.writer, row.revision)


def _inputs_of(body: bytes) -> str:
    """A snapshot's detail, and which streams it rests on: not when they were read."""
    said = orjson.loads(body)
    streams_of = {entity: sorted(read) for entity, read in said["freshness"].items()}
    return repr((said["detail"], streams_of))


def _timeless(body: bytes) -> str:
    """A profile without the times at which its metrics were computed."""
    profile = orjson.loads(body)
    for part in profile.values():
        for leaf in part.values() if isinstance(part, dict) else ():
            if str(leaf.get("source")).startswith("metric:"):
                leaf["at"] = None
    return orjson.dumps(profile, option=orjson.OPT_SORT_KEYS).decode()
