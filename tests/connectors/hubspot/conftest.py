"""A HubSpot account in this process: called without a socket, or read by a hub over HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from connectors.hubspot import hub_connector
from connectors.hubspot.emulator import HubSpotEmulator, create
from hub.core.clock import ManualClock
from hub.core.connector import Context
from hub.core.ids import IdSource
from hub.emulation.server import serve
from hub.emulation.world import World
from hub.store.engine import Store
from hub.testing.client import Waits, open_context
from tests.connectors.conftest import ConnectedHub
from tests.connectors.wire import InProcess, opening


class Wire(InProcess[HubSpotEmulator]):
    """Sends requests to an emulator and returns what it answers."""

    def send(
        self, method: str, path: str, json: object = None, token: str = "", **options: Any
    ) -> httpx.Response:
        """The answer; a path starting with ``~`` is one below ``/crm/objects/2026-09``."""
        url = path.replace("~", "/crm/objects/2026-09")
        headers = {"authorization": f"Bearer {token or self.emulator.token}"}
        headers |= options.pop("headers", {})
        return self.raw(method, url, json=json, headers=headers, **options)

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


@pytest.fixture
def emulator(clock: ManualClock) -> HubSpotEmulator:
    """An empty account on the professional plan."""
    return create(clock=clock)


@pytest.fixture
def wire(emulator: HubSpotEmulator, open_wire: Callable[[HubSpotEmulator], Wire]) -> Wire:
    """Calls to that account."""
    return open_wire(emulator)


@pytest.fixture
def open_wire() -> Iterator[Callable[[HubSpotEmulator], Wire]]:
    """Makes wires to further accounts and closes them."""
    with opening(Wire) as connect:
        yield connect


# --- a hub connected to the account -----------------------------------------------------------


class Hub(ConnectedHub):
    """The hub's end of the connection to the emulated account."""

    def add_contacts(self, count: int, **values: str) -> list[str]:
        """Ids of new contacts that a user enters; their addresses are numbered."""
        made = []
        for number in range(count):
            properties = {"email": f"p{number}@example.com", "firstname": f"P{number}", **values}
            new = {"op": "create", "object": "contacts", "properties": properties}
            made.append(str(self.emulator.mutate(new)["id"]))
        return made


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
        ctx = dial(emulator, **settings)
        return Hub(hub_connector(), emulator, clock, store, ids, ctx)

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
