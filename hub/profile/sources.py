"""What a profile is composed from, loaded for many customers at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, case, func, not_, or_, select

from hub.core.clock import from_micros
from hub.core.records import AnyRecord, Feedback, decode
from hub.core.settings import PurposeSection
from hub.privacy import permissions as consent
from hub.privacy.permissions import Permissions
from hub.store import assessments, cases
from hub.store.cases import Case
from hub.store.records import chunks, source_keys
from hub.store.schema import (
    cluster_members,
    facts,
    golden_records,
    order_entries,
    profile_metrics,
    source_records,
)
from hub.voc import assessment
from hub.voc.assessment import UNREAD, Assessment
from hub.voc.detractor import Answer


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened, with where it is written."""

    source: str
    at: datetime
    record: AnyRecord


@dataclass(frozen=True, slots=True)
class Number:
    """One of a customer's own metric values."""

    metric: str
    series: str
    value: float | None
    label: str | None
    status: str
    definition: str
    at: datetime


@dataclass(slots=True)
class Sources:
    """Everything the hub knows of one customer, before it is composed.

    Args:
        golden_id: Whose.
        golden: Body of the golden record.
        permissions: What they said about the use of their data.
        numbers: Their metric values.
        facts: Tickets, feedback, interactions, loyalty entries, carts, …, oldest first.
        channels: Channels they bought through, most used first.
        returns: Number of return entries.
        last_return_at: Instant of the latest return.
        first_order_at: Instant of the first order.
        told: What their timeline says.
        cases: Their cases, oldest first.
        case_of: The case of an answer, by the answer's source key.
    """

    golden_id: str
    golden: Mapping[str, Any]
    permissions: Permissions
    numbers: list[Number] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    returns: int = 0
    last_return_at: datetime | None = None
    first_order_at: datetime | None = None
    told: Assessment = UNREAD
    cases: list[Case] = field(default_factory=list)
    case_of: dict[str, Case] = field(default_factory=dict)

    @property
    def answers(self) -> list[Answer]:
        """Their feedback with the case that each answer is in, oldest first."""
        return [
            Answer(fact.source, fact.at, fact.record, self.case_of.get(fact.source))
            for fact in self.facts
            if isinstance(fact.record, Feedback)
        ]


def load(
    connection: Connection,
    golden_ids: Sequence[str],
    purposes: Mapping[str, PurposeSection],
    now: int,
) -> dict[str, Sources]:
    """The sources of every golden id that has a golden record."""
    said = consent.load(connection, golden_ids, purposes, now)
    found: dict[str, Sources] = {}
    for chunk in chunks(golden_ids):
        query = select(golden_records.c.golden_id, golden_records.c.body)
        for row in connection.execute(query.where(golden_records.c.golden_id.in_(chunk))):
            golden = orjson.loads(row.body)
            found[row.golden_id] = Sources(row.golden_id, golden, said[row.golden_id])
    ids = sorted(found)
    _add_numbers(connection, ids, found)
    _add_facts(connection, ids, found)
    _add_order_habits(connection, ids, found)
    for golden_id, body in assessments.held(connection, ids).items():
        found[golden_id].told = assessment.read(body)
    return found


def _add_numbers(connection: Connection, ids: Sequence[str], found: dict[str, Sources]) -> None:
    held = profile_metrics.c
    columns = (
        held.golden_id, held.metric, held.series, held.value, held.label, held.status,
        held.definition, held.computed_at,
    )  # fmt: skip
    for chunk in chunks(ids):
        query = select(*columns).where(held.golden_id.in_(chunk)).order_by(held.metric, held.series)
        for golden_id, metric, series, value, label, status, definition, at in connection.execute(
            query
        ).all():
            number = Number(metric, series, value, label, status, definition, from_micros(at))
            found[golden_id].numbers.append(number)


def _add_facts(connection: Connection, ids: Sequence[str], found: dict[str, Sources]) -> None:
    for golden_id, theirs in cases.of_customers(connection, ids).items():
        found[golden_id].cases = theirs
    by_id = {case.case_id: case for each in found.values() for case in each.cases}
    for chunk in chunks(ids):
        query = (
            select(cluster_members.c.golden_id, facts.c.rid, facts.c.at, source_records.c.canonical)
            .join(facts, facts.c.party_rid == cluster_members.c.rid)
            .join(source_records, source_records.c.rid == facts.c.rid)
            .where(cluster_members.c.golden_id.in_(chunk))
            .order_by(facts.c.at, facts.c.rid)
        )
        rows = connection.execute(query).all()
        keys = source_keys(connection, [row.rid for row in rows])
        inside = cases.of_answers(connection, [r.rid for r in rows if found[r.golden_id].cases])
        for row in rows:
            fact = Fact(str(keys[row.rid]), from_micros(row.at), decode(row.canonical))
            sources = found[row.golden_id]
            sources.facts.append(fact)
            if (case := by_id.get(inside.get(row.rid, ""))) is not None:
                sources.case_of[fact.source] = case


def _add_order_habits(
    connection: Connection, ids: Sequence[str], found: dict[str, Sources]
) -> None:
    entry, who = order_entries.c, cluster_members.c.golden_id
    back = or_(entry.kind.in_(("return", "refund")), entry.cancelled)
    for chunk in chunks(ids):
        query = (
            select(
                who,
                entry.channel,
                func.count().label("entries"),
                func.sum(case((back, 1), else_=0)).label("returns"),
                func.max(case((back, entry.at))).label("last_return"),
                func.min(case((not_(back), entry.at))).label("first_order"),
            )
            .join(order_entries, entry.party_rid == cluster_members.c.rid)
            .where(who.in_(chunk))
            .group_by(who, entry.channel)
        )
        used: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for row in connection.execute(query):
            sources = found[row.golden_id]
            if row.channel:
                used[row.golden_id].append((-row.entries, row.channel))
            sources.returns += int(row.returns)
            if row.last_return is not None:
                last = from_micros(row.last_return)
                sources.last_return_at = max(last, sources.last_return_at or last)
            if row.first_order is not None:
                first = from_micros(row.first_order)
                sources.first_order_at = min(first, sources.first_order_at or first)
        for golden_id, counts in used.items():
            found[golden_id].channels = [channel for _, channel in sorted(counts)]
