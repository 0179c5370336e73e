"""A hub connected to any vendor's emulator: over HTTP, through the engine, into a real database."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import orjson
import pytest
from sqlalchemy import Row, select

from hub.core.clock import ManualClock
from hub.core.connector import Change, Connector, ConsentChange, Context
from hub.core.ids import IdSource
from hub.core.records import Record, decode
from hub.core.released import Released
from hub.core.settings import DEFAULT_PURPOSES
from hub.emulation.faults import Scenario
from hub.emulation.server import serve
from hub.privacy.gate import Gate
from hub.push.destination import Destination
from hub.push.report import PushReport
from hub.push.run import Pusher
from hub.store import bulk
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.schema import (
    cluster_members,
    consent_events,
    profiles,
    source_records,
    streams,
)
from hub.sync.pull import PageSeen, Source, StreamReport
from hub.sync.run import SyncReport, sync
from hub.testing.client import Waits, open_context

# The gate releases profile changes so far; its key stands in for the release of a withdrawal.
_KEY = Gate({}).restore(Change("0", {}, "none")).key


@dataclass
class ConnectedHub:
    """The hub's end of one connection: a store, and what the connector's functions receive."""

    connector: Connector
    emulator: Any
    clock: ManualClock
    store: Store
    ids: IdSource
    ctx: Context
    told: list[str] = field(default_factory=list)
    keys: Keys = field(default_factory=lambda: Keys(b"k" * 32))

    @property
    def waits(self) -> Waits:
        """Every wait with its reason."""
        assert isinstance(self.ctx.wait, Waits)
        return self.ctx.wait

    def sync(
        self, *names: str, full: bool = False, on_page: PageSeen = lambda _report: None
    ) -> SyncReport:
        """One run over the streams called ``names``, or all; one after the other, for one order."""
        reports = [
            sync(
                self.store,
                self.keys,
                [Source(self.ctx, self.connector, (stream,), region="AU")],
                ids=self.ids,
                actor="test",
                full=full,
                on_page=on_page,
            )
            for stream in self.connector.streams_for(self.ctx.config)
            if not names or stream.name in names
        ]
        read = tuple(stream for report in reports for stream in report.streams)
        return SyncReport(reports[0].run, read)

    def pull(self, name: str, **options: Any) -> StreamReport:
        """What one run did to one stream."""
        [report] = self.sync(name, **options).streams
        return report

    def records(self, stream: str) -> dict[str, Any]:
        """The live canonical records of a stream, by source id."""
        query = (
            select(source_records.c.source_id, source_records.c.canonical)
            .join(streams, streams.c.stream_id == source_records.c.stream_id)
            .where(
                streams.c.stream == stream,
                source_records.c.deleted_at.is_(None),
                source_records.c.version > 0,
            )
        )
        with self.store.read() as connection:
            found: dict[str, Record] = {k: decode(b) for k, b in connection.execute(query)}
        return found

    def ledger(self) -> Sequence[Row[Any]]:
        """Every consent event."""
        with self.store.read() as connection:
            found: Sequence[Row[Any]] = connection.execute(select(consent_events)).all()
        return found

    def destination(self, name: str) -> Destination:
        """The connection's writer of that name, which may write without being asked each time."""
        [writer] = [w for w in self.connector.writers_for(self.ctx.config) if w.name == name]
        return Destination(self.ctx, writer, writer.fields, sync=True, region="AU")

    @property
    def pusher(self) -> Pusher:
        """Plans, pushes and undoes."""
        return Pusher(self.store, self.keys, DEFAULT_PURPOSES, self.ids, "test")

    def push(self, name: str) -> PushReport:
        """What an approved plan of one writer did."""
        destination = self.destination(name)
        plan = self.pusher.plan(destination)
        return self.pusher.approve(plan.plan_id, {destination.key: destination})

    def give_profiles(self, stream: str, **groups: dict[str, Any]) -> None:
        """A cluster and a profile for every record of ``stream``, with the values of ``groups``."""
        query = select(source_records.c.rid).join(
            streams, streams.c.stream_id == source_records.c.stream_id
        )
        with self.store.write() as connection:
            rids = list(connection.execute(query.where(streams.c.stream == stream)).scalars())
            members = [(rid, f"g{rid}", 0) for rid in rids]
            bulk.insert(connection, cluster_members, ("rid", "golden_id", "since"), members)
            rows = [(f"g{rid}", 1, _profile(f"g{rid}", groups), b"", 0) for rid in rids]
            bulk.insert(connection, profiles, _PROFILE_COLUMNS, rows)

    def strike(self, *faults: Mapping[str, object]) -> None:
        """Let these faults strike from now on, and no others."""
        self.emulator.faults.replace(Scenario.model_validate({"faults": faults}))

    def mutate(self, op: str, object_: str, **command: object) -> Mapping[str, Any]:
        """Do what one of the vendor's users would do."""
        done: Mapping[str, Any] = self.emulator.mutate({"op": op, "object": object_, **command})
        return done


_PROFILE_COLUMNS = ("golden_id", "revision", "body", "digest", "updated_at")


def _profile(golden_id: str, groups: Mapping[str, Mapping[str, Any]]) -> bytes:
    at = "2026-01-01T00:00:00+00:00"  # where the clock starts
    body = {
        name: {k: {"value": v, "at": at} for k, v in group.items()}
        for name, group in groups.items()
    }
    return orjson.dumps(body | {"who": {"golden_id": {"value": golden_id}}})


class _Listener(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


class Databases(Protocol):
    """Fresh SQLite files; see ``tests/conftest.py``."""

    def migrated(self) -> str:
        """The URL of a database with every table and no row."""


HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before those that are not asked for are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a connector brings lands in SQLite; on PostgreSQL it does so in the long run."""
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("postgres"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def connect_hub(
    sqlite_databases: Databases, clock: ManualClock, ids: IdSource
) -> Iterator[Callable[..., ConnectedHub]]:
    """Connects a hub to an emulator; keyword arguments replace settings, None drops them.

    One database will do: that both give the same answer is for the tests of the store to show.
    """
    with contextlib.ExitStack() as stack:
        store = Store.open(sqlite_databases.migrated(), clock=clock)
        stack.callback(store.close)

        def connect(connector: Connector, emulator: Any, **settings: object) -> ConnectedHub:
            url = stack.enter_context(serve(emulator))
            merged = emulator.settings(url) | settings
            chosen = {name: value for name, value in merged.items() if value is not None}
            told: list[str] = []
            log = logging.Logger(connector.name)
            log.addHandler(_Listener(told))
            ctx = stack.enter_context(open_context(connector, chosen, Waits(clock), log))
            return ConnectedHub(connector, emulator, clock, store, ids, ctx, told)

        yield connect


@pytest.fixture
def released() -> Callable[..., list[Released[Any]]]:
    """Lets changes through the gate."""

    def through(*changes: Change | ConsentChange) -> list[Released[Any]]:
        return [Released(change, "test", _KEY) for change in changes]

    return through
