"""Customers with orders and survey answers, put straight into the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Literal

import orjson
import pytest
from sqlalchemy import select

from hub.core.clock import ManualClock, to_micros
from hub.core.ids import IdSource, SourceKey
from hub.core.records import (
    AnyRecord,
    Feedback,
    Interaction,
    Message,
    PartyRef,
    Subscription,
    Ticket,
    encode,
)
from hub.core.settings import MetricsSection
from hub.journeys.timeline import events_of
from hub.metrics import run as metrics
from hub.metrics.run import MetricsReport
from hub.metrics.service import Service, by_person
from hub.store import bulk, dirty, schema
from hub.store.engine import Store

TODAY = datetime(2026, 1, 1, tzinfo=UTC)

DESK = 2
"""Stream that facts come from."""


def days_ago(days: float) -> datetime:
    return TODAY - timedelta(days=days)


Fact = Feedback | Interaction | Message | Subscription | Ticket
Told = tuple[int, int | None, datetime, Fact]
"""A fact as it was stored: row id, whose record, when, and what."""


@dataclass
class Business:
    """A store that customers buy from and answer to; rid n belongs to golden id ``g<n>``."""

    store: Store
    clock: ManualClock
    ids: IdSource

    def __post_init__(self) -> None:
        self._rows = count(10_000)
        with self.store.write() as connection:
            columns = ("stream_id", "connection", "stream", "entity")
            bulk.insert(connection, schema.streams, columns, [(DESK, "desk", "all", "ticket")])

    def customer(self, rid: int, golden_id: str | None = None) -> str:
        golden_id = golden_id or f"g{rid}"
        with self.store.write() as connection:
            bulk.upsert(
                connection,
                schema.cluster_members,
                ("rid", "golden_id", "since"),
                [(rid, golden_id, 0)],
                key=("rid",),
            )
            columns = ("golden_id", "entity", "version", "body", "digest", "updated_at")
            bulk.insert_new(
                connection,
                schema.golden_records,
                columns,
                [(golden_id, "person", 1, b"{}", b"", 0)],
            )
        self.mark("metrics", golden_id)
        return golden_id

    def order(self, rid: int | None, ref: str, amount: int, at: datetime, **other) -> dict:
        row = {
            "rid": next(self._rows), "line": 0, "stream_id": 1, "order_ref": ref,
            "party_rid": rid, "at": to_micros(at), "currency": "GBP", "kind": "sale",
            "quantity": 1, "amount_minor": amount, "positive": amount > 0, "cancelled": False,
        } | other  # fmt: skip
        with self.store.write() as connection:
            bulk.insert(connection, schema.order_entries, tuple(row), [tuple(row.values())])
        self.mark("facts", rid or row["rid"])
        return row

    def answer(self, rid: int | None, instrument: str, score: float | None, **other) -> Told:
        scale = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}[instrument]
        at = other.pop("at", days_ago(1))
        fields = {"scale_min": scale[0], "scale_max": scale[1]} | other
        return self.fact(rid, at, Feedback(at=at, instrument=instrument, score=score, **fields))

    def subscribe(self, rid: int, started_at: datetime, **other) -> Told:
        record = Subscription(party=PartyRef(id=str(rid)), started_at=started_at, **other)
        return self.fact(rid, started_at, record)

    def ticket(self, rid: int | None, ref: str | None, at: datetime, **other) -> Told:
        return self.fact(rid, at, Ticket(at=at, **other), ref)

    def message(
        self, rid: int | None, ticket: str, at: datetime, direction: Literal["in", "out"], **other
    ) -> Told:
        record = Message(at=at, ticket=ticket, direction=direction, **other)
        return self.fact(rid, at, record)

    def fact(self, rid: int | None, at: datetime, record: Fact, ref: str | None = None) -> Told:
        fact, entity = next(self._rows), record.entity_name
        columns = (
            "rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping",
            "canonical", "created_at", "changed_at",
        )  # fmt: skip
        row = (fact, DESK, ref or str(fact), entity, 1, b"", b"", encode(record), 0, 0)
        with self.store.write() as connection:
            bulk.insert(connection, schema.source_records, columns, [row])
            fact_columns = ("rid", "party_rid", "entity", "at")
            fact_row = (fact, rid, entity, to_micros(at))
            bulk.insert(connection, schema.facts, fact_columns, [fact_row])
        self.mark("facts", rid or fact)
        return fact, rid, at, record

    def read(self, connection_name: str, stream: str) -> None:
        now = to_micros(self.clock.now())
        row = (f"r{now}", "sync", connection_name, stream, "os:test", "succeeded", now, now, b"{}")
        columns = (
            "run_id", "kind", "connection", "stream", "actor", "status", "started_at", "ended_at",
            "counts",
        )  # fmt: skip
        with self.store.write() as connection:
            bulk.insert(connection, schema.runs, columns, [row])

    def mark(self, stage, key) -> None:
        if key is not None:
            seq = dirty.sequence(self.store)
            with self.store.write() as connection:
                dirty.mark(connection, stage, [str(key)], cause="test", seq=seq)

    def measure(self, **settings) -> MetricsReport:
        section = MetricsSection(**{"min_n": 1} | settings)
        return metrics.run(self.store, section, ids=self.ids, actor="os:test")

    def current(self) -> dict[tuple[str, str], tuple]:
        table = schema.metric_snapshots
        query = select(table).where(table.c.superseded_at.is_(None))
        with self.store.read() as connection:
            rows = connection.execute(query).all()
        return {(r.metric, r.series): (r.value, r.n, r.status) for r in rows}

    def detail(self, metric: str, series: str) -> dict:
        return self.body(metric, series)["detail"]

    def body(self, metric: str, series: str) -> dict:
        table = schema.metric_snapshots
        query = select(table.c.body).where(table.c.metric == metric, table.c.series == series)
        with self.store.read() as connection:
            return orjson.loads(
                connection.execute(query.where(table.c.superseded_at.is_(None))).scalar_one()
            )

    def own_values(self) -> dict[tuple[str, str, str], tuple]:
        with self.store.read() as connection:
            rows = connection.execute(select(schema.profile_metrics)).all()
        return {(r.golden_id, r.metric, r.series): (r.value, r.label, r.status) for r in rows}

    def profile_values(self) -> dict[tuple[str, str], tuple]:
        with self.store.read() as connection:
            rows = connection.execute(select(schema.profile_metrics)).all()
        return {(r.golden_id, r.metric): (r.value, r.label, r.status) for r in rows}


@pytest.fixture
def business(store: Store, clock: ManualClock, ids: IdSource) -> Business:
    """A business without customers, on 1 January 2026."""
    return Business(store, clock, ids)


class Desk:
    """A help desk whose records are told by hand, in minutes from a Monday at nine."""

    start = datetime(2026, 1, 5, 9, tzinfo=UTC)

    def __init__(self) -> None:
        self.said: list[tuple[str | None, str, AnyRecord]] = []

    def ticket(self, ref: str, at: float, who: str | None = "ada", **other) -> None:
        solved = other.pop("solved", None)
        status = other.pop("status", "open" if solved is None else "solved")
        solved_at = None if solved is None else self.minute(solved)
        record = Ticket(at=self.minute(at), status=status, solved_at=solved_at, **other)
        self.add(who, "tickets", record, ref)

    def out(self, ref: str | None, at: float, who: str | None = "ada", **other) -> None:
        record = Message(at=self.minute(at), ticket=ref, direction="out", **other)
        self.add(who, "comments", record)

    def into(self, ref: str | None, at: float, who: str | None = "ada", **other) -> None:
        self.add(who, "comments", Message(at=self.minute(at), ticket=ref, **other))

    def call(self, at: float, who: str | None = "ada", **other) -> None:
        self.add(who, "calls", Interaction(at=self.minute(at), kind="call", **other))

    def rated(self, ref: str, score: float, who: str | None = "ada", **other) -> None:
        told: dict[str, Any] = {"instrument": "csat", "scale_min": 0, "scale_max": 1, **other}
        self.add(who, "ratings", Feedback(at=self.minute(9_000), score=score, ticket=ref, **told))

    def add(self, who: str | None, stream: str, record: AnyRecord, ref: str | None = None) -> None:
        source = SourceKey("desk", stream, ref or str(len(self.said)))
        self.said.append((who, str(source), record))

    def minute(self, minutes: float) -> datetime:
        return self.start + timedelta(minutes=minutes)

    def service(self) -> Service:
        return by_person(
            (who, event) for who, source, record in self.said for event in events_of(source, record)
        )


@pytest.fixture
def desk() -> Desk:
    """A desk without tickets."""
    return Desk()
