"""A system in memory, profiles put straight into the store, and a pusher between them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from pydantic import BaseModel
from sqlalchemy import Connection, delete

from hub.core.clock import ManualClock
from hub.core.connector import Change, Context, OutField, RowResult, Value, Writer
from hub.core.ids import IdSource
from hub.core.released import Released
from hub.core.settings import DEFAULT_PURPOSES
from hub.push.destination import Destination
from hub.push.run import Pusher
from hub.store import bulk, leases, schema
from hub.store.engine import Store
from hub.store.keys import Keys

if TYPE_CHECKING:
    from tests.conftest import PostgresDatabases

FIELDS = (
    OutField("cx_name", "who.name", "service"),
    OutField("cx_nps", "voice.nps", "service", type="number"),
    OutField("cx_offer", "value.offer", "marketing"),
)


class Nothing(BaseModel):
    """No settings."""


@dataclass
class Shop:
    """A system that keeps records in a dict and can be told to misbehave."""

    records: dict[str, dict[str, Value]] = field(default_factory=dict)
    effects: list[str] = field(default_factory=list)
    bad: set[str] = field(default_factory=set)
    busy: bool = False
    mute: bool = False
    broken: Exception | None = None

    def write(self, _ctx: Context, batch: Sequence[Released[Change]]) -> list[RowResult]:
        if self.broken is not None:
            raise self.broken
        results = []
        for released in batch:
            change = released.value
            if change.native_id in self.bad:
                refused = RowResult(change.trace, ok=False, error="refused", retryable=self.busy)
                results.append(refused)
                continue
            record = self.records[change.native_id]
            spelled = {k: "" if v is None else str(v) for k, v in change.values.items()}
            if any(record.get(k, "") != v for k, v in spelled.items()):
                record.update(spelled)
                self.effects.append(change.native_id)
            results.append(RowResult(change.trace, ok=True, reference="r1"))
        return [] if self.mute else results

    def read(
        self, _ctx: Context, ids: Sequence[str], names: Sequence[str]
    ) -> Mapping[str, Mapping[str, Value]]:
        return {i: {n: self.records[i].get(n) for n in names} for i in ids if i in self.records}


@dataclass
class Desk:
    """Everything a push test needs in one hand."""

    store: Store
    shop: Shop
    pusher: Pusher
    destination: Destination

    def profile(self, rid: int, revision: int = 1, **values: Any) -> None:
        """Give record ``rid`` (native id the same number) a profile with these fields."""
        golden_id, now = f"g{rid}", self.store.clock.now().isoformat()
        body = {
            "who": {
                "name": {"value": values.get("name")},
                "emails": {"value": values.get("emails")},
            },
            "voice": {"nps": {"value": values.get("nps"), "at": now}},
            "value": {"offer": {"value": values.get("offer")}},
        }
        with self.store.write() as connection:
            connection.execute(
                delete(schema.profiles).where(schema.profiles.c.golden_id == golden_id)
            )
            bulk.insert_new(
                connection,
                schema.streams,
                ("stream_id", "connection", "stream", "entity"),
                [(1, "shop", "customers", "person")],
            )
            columns = (
                "rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping",
                "created_at", "changed_at",
            )  # fmt: skip
            row = (rid, 1, str(rid), "person", 1, b"", b"", 0, 0)
            bulk.insert_new(connection, schema.source_records, columns, [row])
            bulk.insert_new(
                connection,
                schema.cluster_members,
                ("rid", "golden_id", "since"),
                [(rid, golden_id, 0)],
            )
            bulk.insert(
                connection,
                schema.profiles,
                ("golden_id", "revision", "body", "digest", "updated_at"),
                [(golden_id, revision, orjson.dumps(body), b"", 0)],
            )
        self.shop.records.setdefault(str(rid), {"name": "own"})

    def consent(self, rid: int, decision: str, at: int, point: bytes | None = None) -> None:
        """Append a ledger event on marketing by e-mail; without a point for the whole person."""
        columns = (
            "event_id", "rid", "point", "purpose", "channel", "brand", "decision", "strength",
            "given_by", "asserted_at", "asserted_as", "observed_at", "origin",
        )  # fmt: skip
        row = (
            f"{rid}-{decision}-{at}", rid, point, "marketing", "email", "", decision, "single",
            "self", at, "source", at, "source_sync",
        )  # fmt: skip
        with self.store.write() as connection:
            bulk.insert(connection, schema.consent_events, columns, [row])

    def approve_first(self):
        """Plan and approve."""
        plan = self.pusher.plan(self.destination)
        return self.pusher.approve(plan.plan_id, {self.destination.key: self.destination})

    def undo(self, plan_id: str):
        """Take a sent plan back."""
        return self.pusher.undo(plan_id, {self.destination.key: self.destination})


@pytest.fixture
def desk(store: Store, clock: ManualClock, ids: IdSource) -> Desk:
    """An empty shop, a migrated store and a pusher."""
    return _desk(store, clock, ids)


@pytest.fixture
def desk_on_postgres(
    postgres_databases: PostgresDatabases, clock: ManualClock, ids: IdSource
) -> Iterator[Desk]:
    """The same on PostgreSQL only, for races that SQLite's one writer cannot have."""
    store = Store.open(postgres_databases.migrated(), clock)
    yield _desk(store, clock, ids)
    store.close()


def _desk(store: Store, clock: ManualClock, ids: IdSource) -> Desk:
    shop = Shop()
    writer = Writer("profile", "customers", FIELDS, batch=2, write=shop.write, read=shop.read)
    ctx = Context("shop", Nothing(), None, clock, logging.getLogger("t"), lambda _s, _r: None)
    destination = Destination(ctx, writer, FIELDS, sync=True, region="AU")
    pusher = Pusher(store, Keys(b"k" * 32), DEFAULT_PURPOSES, ids, "os:test")
    return Desk(store, shop, pusher, destination)


@pytest.fixture
def renewals(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Waits until the lease in hand was renewed once more, by a clock that has moved."""
    renewed, renew = threading.Semaphore(0), leases.renew

    def note(connection: Connection, lease: leases.Lease, now: int) -> None:
        renew(connection, lease, now)
        if threading.current_thread() is not threading.main_thread():
            renewed.release()

    def wait() -> None:
        while renewed.acquire(blocking=False):
            pass
        for _ in range(2):  # the first one may have begun before
            assert renewed.acquire(timeout=10)

    monkeypatch.setattr(leases, "renew", note)
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.001)
    return wait
