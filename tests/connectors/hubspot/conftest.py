"""A HubSpot account in this process: called without a socket, or read by a hub over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from connectors.hubspot import hub_connector
from connectors.hubspot.emulator import HubSpotEmulator, create
from hub.core.clock import ManualClock
from hub.core.connector import Context
from hub.core.ids import IdSource
from hub.core.records import Record, decode
from hub.emulation.faults import Scenario
from hub.emulation.server import emulator_app, serve
from hub.emulation.world import World
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.schema import source_records, streams
from hub.sync.pull import PageSeen, Source
from hub.sync.run import SyncReport, sync
from hub.testing.client import Waits, open_context


class Wire:
    """Sends requests to an emulator and returns what it answers."""

    def __init__(self, emulator: HubSpotEmulator) -> None:
        self.emulator = emulator
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=emulator_app(emulator)),
            base_url="http://hubspot.test",
        )

    def send(
        self, method: str, path: str, json: object = None, token: str = "", **options: Any
    ) -> httpx.Response:
        """The answer; a path starting with ``~`` is one below ``/crm/objects/2026-09``."""
        url = path.replace("~", "/crm/objects/2026-09")
        headers = {"authorization": f"Bearer {token or self.emulator.token}"}
        headers |= options.pop("headers", {})
        request = self._client.request(method, url, json=json, headers=headers, **options)
        return self._runner.run(request)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a GET."""
        return self.send("GET", path, **options)

    def post(self, path: str, json: object, **options: Any) -> httpx.Response:
        """The answer to a POST."""
        return self.send("POST", path, json, **options)

    def create(self, object_type: str = "contacts", **properties: str) -> str:
        """The id of a new record."""
        answer = self.post(f"~/{object_type}", {"properties": properties})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def search(self, object_type: str = "contacts", **body: object) -> httpx.Response:
        """The answer to a search, with the keys that dated versions insist on."""
        whole = {"after": "0", "filterGroups": [], "limit": 100, "properties": [], "sorts": []}
        return self.post(f"~/{object_type}/search", whole | body)

    def inject(self, **fault: object) -> None:
        """Let one fault strike."""
        self.emulator.faults.replace(Scenario.model_validate({"faults": [fault]}))

    def close(self) -> None:
        """End the event loop."""
        self._runner.run(self._client.aclose())
        self._runner.close()


@pytest.fixture
def emulator(clock: ManualClock) -> HubSpotEmulator:
    """An empty account on the professional plan."""
    return create(clock=clock)


@pytest.fixture
def wire(emulator: HubSpotEmulator) -> Iterator[Wire]:
    """Calls to that account."""
    wire = Wire(emulator)
    yield wire
    wire.close()


@pytest.fixture
def open_wire() -> Iterator[Callable[[HubSpotEmulator], Wire]]:
    """Makes wires to further accounts and closes them."""
    opened: list[Wire] = []

    def connect(emulator: HubSpotEmulator) -> Wire:
        opened.append(Wire(emulator))
        return opened[-1]

    yield connect
    for wire in opened:
        wire.close()


# --- a hub connected to the account -----------------------------------------------------------


@dataclass
class Hub:
    """The hub's end: a store, and the connection to the emulated account."""

    emulator: HubSpotEmulator
    clock: ManualClock
    store: Store
    ids: IdSource
    ctx: Context
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
        connector = hub_connector()
        reports = [
            sync(
                self.store,
                self.keys,
                [Source(self.ctx, connector, (stream,), region="AU")],
                ids=self.ids,
                actor="test",
                full=full,
                on_page=on_page,
            )
            for stream in connector.streams_for(self.ctx.config)
            if not names or stream.name in names
        ]
        read = tuple(stream for report in reports for stream in report.streams)
        return SyncReport(reports[0].run, read)

    def records(self, stream: str) -> dict[str, Record]:
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
            return {key: decode(body) for key, body in connection.execute(query)}

    def add_contacts(self, count: int, **values: str) -> list[str]:
        """Ids of new contacts that a user enters; their addresses are numbered."""
        made = []
        for number in range(count):
            properties = {"email": f"p{number}@example.com", "firstname": f"P{number}", **values}
            new = {"op": "create", "object": "contacts", "properties": properties}
            made.append(str(self.emulator.mutate(new)["id"]))
        return made

    def strike(self, *faults: dict[str, object]) -> None:
        """Let these faults strike from now on."""
        self.emulator.faults.replace(Scenario.model_validate({"faults": faults}))


@pytest.fixture(scope="session")
def world() -> World:
    """A small world, the same for every test."""
    return World.build(seed=8, people=120)


@pytest.fixture
def dial(clock: ManualClock) -> Iterator[Callable[..., Context]]:
    """Opens the connector on an account; keyword arguments replace settings, None drops them."""
    with contextlib.ExitStack() as stack:

        def open_connection(emulator: HubSpotEmulator, **settings: object) -> Context:
            url = stack.enter_context(serve(emulator))
            merged = emulator.settings(url) | settings
            chosen = {name: value for name, value in merged.items() if value is not None}
            return stack.enter_context(open_context(hub_connector(), chosen, Waits(clock)))

        yield open_connection


@pytest.fixture
def connect(
    dial: Callable[..., Context], store: Store, clock: ManualClock, ids: IdSource
) -> Callable[..., Hub]:
    """Connects a hub to an account, with settings as for ``dial``."""

    def open_hub(emulator: HubSpotEmulator, **settings: object) -> Hub:
        return Hub(emulator, clock, store, ids, dial(emulator, **settings))

    return open_hub


@pytest.fixture
def hub(connect: Callable[..., Hub], emulator: HubSpotEmulator) -> Hub:
    """A hub connected to an empty account."""
    return connect(emulator)


@pytest.fixture
def full_hub(connect: Callable[..., Hub], clock: ManualClock, world: World) -> Hub:
    """A hub connected to an account that holds the simulated world."""
    clock.sleep((world.end - clock.now()).total_seconds())
    emulator = create(clock=clock)
    emulator.seed(world)
    return connect(emulator)
