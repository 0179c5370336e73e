"""Queries that run once per page or batch go by index; none looks at a whole table or stream."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, event

from hub.core.clock import ManualClock
from hub.core.connector import Context, OutField, Writer
from hub.core.records import ConsentClaim
from hub.core.settings import DEFAULT_PURPOSES
from hub.identity import customers
from hub.identity.doubt import in_doubt
from hub.journeys import timeline
from hub.metrics import orders, survey
from hub.privacy import permissions
from hub.privacy.gate import Gate
from hub.profile import sources
from hub.push import handover_tickets, refused
from hub.push.destination import Destination
from hub.push.intent import Intents
from hub.store import (
    assessments,
    cases,
    dirty,
    echoes,
    handovers,
    inbox,
    quarantine,
    records,
    rises,
    runs,
    withdrawals,
)
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.voc import case_trigger

WITHDRAWAL = ConsentClaim(purpose="marketing", channel="email", decision="withdraw")
NOW = datetime(2026, 11, 2, tzinfo=UTC)
GOLDEN_IDS = [f"g{n}" for n in range(500)]
LARGE = (
    "source_records", "facts", "order_entries", "consent_events", "quarantine", "links",
    "cluster_members", "golden_records", "profiles", "profile_metrics", "pushed_rows",
    "pushed_fields", "outbox", "dirty", "identity_events", "inbox", "withdrawals",
    "runs", "cases", "case_answers", "case_events", "handovers", "assessments", "risk_rises",
)  # fmt: skip


def intents() -> Intents:
    writer = Writer("w", "people", (OutField("f", "who.name", "service"),), 100, None, None)  # type: ignore[arg-type]  # never called
    ctx = Context("crm", None, None, ManualClock(None), logging.getLogger("t"), None)  # type: ignore[arg-type]  # never asked
    gate = Gate(DEFAULT_PURPOSES)
    place = Destination(ctx, writer, writer.fields, sync=True, region="AU")
    return Intents(place, gate, DEFAULT_PURPOSES, Keys(b"k" * 32))


QUERIES: dict[str, Callable[[Connection], object]] = {
    "known": lambda c: records.known(c, 1, ["1", "2"]),
    "settle": lambda c: quarantine.settle(c, 1, ["1", "2"], 0),
    "waiting": lambda c: dirty.waiting(c, "profile", 500),
    "marked since": lambda c: dirty.is_marked_since(c, 1),
    "permissions": lambda c: permissions.load(c, GOLDEN_IDS, DEFAULT_PURPOSES, 1),
    "customers": lambda c: orders.customers(c, 10**15, 180, GOLDEN_IDS),
    "responses": lambda c: survey.responses(c, 30, GOLDEN_IDS),
    "sources": lambda c: sources.load(c, GOLDEN_IDS, DEFAULT_PURPOSES, 1),
    "asking answers": lambda c: case_trigger.load(c, GOLDEN_IDS, ("detractor",), 86_400),
    "asking risks": lambda c: case_trigger.load(c, GOLDEN_IDS, ("high_risk",), 86_400),
    "rises": lambda c: rises.standing(c, GOLDEN_IDS),
    "last rises": lambda c: rises.latest(c, range(1, 101)),
    "anchors of rises": lambda c: rises.anchors(c, GOLDEN_IDS),
    "assessments": lambda c: assessments.held(c, GOLDEN_IDS),
    "cases of customers": lambda c: cases.of_customers(c, GOLDEN_IDS),
    "cases of answers": lambda c: cases.of_answers(c, range(1, 101)),
    "cases that wait": lambda c: cases.waiting(c),
    "some cases": lambda c: cases.some(c, ["c1", "c2"]),
    "answers of cases": lambda c: cases.answers_of(c, ["c1", "c2"]),
    "noted tickets": lambda c: cases.noted(c, range(1, 101)),
    "asking tickets": lambda c: case_trigger.load(c, GOLDEN_IDS, ("reopened_ticket",), 86_400),
    "handovers": lambda c: handovers.get(c, ["case-1"]),
    "handovers of a case": lambda c: handovers.about(c, "c1"),
    "handovers not over": lambda c: handovers.not_over(c, "task", "crm"),
    "handovers refused": lambda c: handovers.reasons(c, "crm", "task"),
    "new tickets": lambda c: handover_tickets.fresh(c, "crm", ManualClock(NOW)),
    "first heard of": lambda c: handover_tickets.first_heard(c, GOLDEN_IDS),
    "records in doubt": lambda c: in_doubt(c, range(1, 101)),
    "overdue cases": lambda c: cases.overdue(c, 1),
    "timeline": lambda c: timeline.load(c, GOLDEN_IDS),
    "e-mail": lambda c: customers.with_email(c, "ada@example.com"),
    "stale": lambda c: intents().stale(c, 0, 1_000),
    "rows": lambda c: intents().rows(c, range(1, 101)),
    "deliveries": lambda c: inbox.waiting(c, "crm", 50, 0),
    "run begins": lambda c: runs.begin(c, runs.Run("r", "sync", "crm", "people", "os:test", 0)),
    "refused": lambda c: withdrawals.reasons(c, "crm"),
    "refused records": lambda c: refused.by_record(c, "crm/w"),
    "no longer refused": lambda c: refused.close(c, "crm/w", [1, 2]),
    "echoes": lambda c: echoes.marked(c, [echoes.Heard(1, 0, WITHDRAWAL, None, [b"h"])]),
}


@pytest.fixture
def sqlite_store(sqlite_databases) -> Iterator[Store]:
    """SQLite plans without statistics, so a plan that is good here is good on any data."""
    store = Store.open(sqlite_databases.migrated())
    with store.write() as connection:  # somebody to look at, so that no query is skipped
        connection.exec_driver_sql("INSERT INTO streams VALUES (1, 'crm', 'people', 'person', '')")
        connection.exec_driver_sql(
            "INSERT INTO source_records (rid, stream_id, source_id, entity, version, fingerprint,"
            " mapping, created_at, changed_at) VALUES (1, 1, 'p1', 'person', 1, '', '', 0, 0)"
        )
        connection.exec_driver_sql("INSERT INTO cluster_members VALUES (1, 'g1', 0)")
        connection.exec_driver_sql(
            "INSERT INTO runs VALUES"
            " ('r', 'sync', 'crm', 'people', 'os:test', 'succeeded', 0, 1, '{}', NULL)"
        )
        connection.exec_driver_sql(
            "INSERT INTO golden_records VALUES ('g1', 'person', 1, '{}', '', 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO quarantine VALUES"
            " (1, 1, 'd', '9', 'x', 'r', 'm', 'raw', 'open', 0, 0, 'run')"
        )
    yield store
    store.close()


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_what_runs_per_page_goes_by_index(sqlite_store: Store, query) -> None:
    """No scan of a large table, and no walk through a whole stream to find a few of its rows."""
    statements: list[tuple[str, tuple[object, ...]]] = []

    def note(_conn, _cursor, statement, parameters, _context, _many):
        if statement.startswith(("SELECT", "UPDATE")):
            statements.append((statement, parameters))

    event.listen(sqlite_store.engine, "before_cursor_execute", note)
    with sqlite_store.write() as connection:
        query(connection)
    event.remove(sqlite_store.engine, "before_cursor_execute", note)

    assert statements
    with sqlite_store.read() as connection:
        for statement, parameters in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            for step in (row[3] for row in plan.all()):
                table = next((t for t in LARGE if f" {t}" in step), None)
                assert table is None or not step.startswith("SCAN"), (statement, step)
                assert not step.endswith("(stream_id=?)") or "quarantine" in step, (statement, step)
                assert not step.endswith("(entity=?)"), (statement, step)
