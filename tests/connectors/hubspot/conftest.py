"""A HubSpot account in this process, and a way to call it without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from connectors.hubspot.emulator import HubSpotEmulator, create
from hub.core.clock import ManualClock
from hub.emulation.faults import Scenario
from hub.emulation.server import emulator_app


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
