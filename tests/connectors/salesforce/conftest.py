"""A Salesforce org in this process, and callers that ask it as programs do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.salesforce.emulator import TOKEN, SalesforceEmulator, create
from hub.core.clock import ManualClock
from hub.emulation.faults import Scenario
from hub.emulation.server import emulator_app, serve
from hub.emulation.world import World


class Caller:
    """Asks an org and returns what it answers; paths are below ``/services/data/v67.0``."""

    def __init__(self, emulator: SalesforceEmulator) -> None:
        self.emulator = emulator
        self._app = httpx.ASGITransport(app=emulator_app(emulator))

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to a request; ``token`` replaces the integration user's."""
        token = options.pop("token", TOKEN)
        headers = {"authorization": f"Bearer {token}", **options.pop("headers", {})}
        url = path if path.startswith("/services") else f"/services/data/v67.0{path}"
        return asyncio.run(self._ask(method, url, headers=headers, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a GET."""
        return self.send("GET", path, **options)

    def post(self, path: str, body: object, **options: Any) -> httpx.Response:
        """The answer to a POST."""
        return self.send("POST", path, json=body, **options)

    def patch(self, path: str, body: object, **options: Any) -> httpx.Response:
        """The answer to a PATCH."""
        return self.send("PATCH", path, json=body, **options)

    def query(self, soql: str, resource: str = "query", **options: Any) -> httpx.Response:
        """The answer to a query."""
        return self.get(f"/{resource}", params={"q": soql}, **options)

    def rows(self, soql: str, resource: str = "query") -> list[dict[str, Any]]:
        """The records of a query's first page, without their attributes."""
        answer = self.query(soql, resource)
        assert answer.status_code == 200, answer.text
        records = answer.json()["records"]
        return [{k: v for k, v in row.items() if k != "attributes"} for row in records]

    def create(self, sobject: str = "Contact", **values: object) -> str:
        """The id of a new record."""
        answer = self.post(f"/sobjects/{sobject}", values)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def token(self, **form: str) -> httpx.Response:
        """The answer of the token endpoint."""
        return asyncio.run(self._ask("POST", "/services/oauth2/token", data=form))

    async def _ask(self, method: str, url: str, **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=self._app, base_url="http://acme.test", trust_env=False
        ) as client:
            return await client.request(method, url, **options)

    def inject(self, **fault: object) -> None:
        """Let one fault strike."""
        self.emulator.faults.replace(Scenario.model_validate({"faults": [fault]}))


@pytest.fixture
def emulator(clock: ManualClock) -> SalesforceEmulator:
    """An empty org on the Enterprise plan."""
    return create(clock=clock)


@pytest.fixture
def url(emulator: SalesforceEmulator) -> Iterator[str]:
    """The base URL of ``emulator``, served on loopback."""
    with serve(emulator) as url:
        yield url


@pytest.fixture
def caller(emulator: SalesforceEmulator) -> Caller:
    """Asks ``emulator``."""
    return Caller(emulator)


@pytest.fixture(scope="session")
def new_caller() -> Callable[..., Caller]:
    """Makes an org with the options given, at midnight on 1 January 2026, and asks it."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return lambda **options: Caller(create(clock=ManualClock(start), **options))


@pytest.fixture(scope="session")
def world() -> World:
    """A small world, the same for every test."""
    return World.build(seed=8, people=120, systems=("salesforce", "hubspot"))


@pytest.fixture
def seeded(clock: ManualClock, world: World) -> Caller:
    """Asks an org that holds the simulated world."""
    clock.sleep((world.end - clock.now()).total_seconds())
    emulator = create(clock=clock)
    emulator.seed(world)
    return Caller(emulator)


def refusal(answer: httpx.Response) -> Mapping[str, Any]:
    """The one error of a refused request."""
    with contextlib.suppress(ValueError):
        (error,) = answer.json()
        return dict(error)
    return {}
