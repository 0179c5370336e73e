"""A Zendesk account in this process: called without a socket, or served over HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from connectors.zendesk.connector import ZENDESK
from connectors.zendesk.emulator import ZendeskEmulator, create
from connectors.zendesk.emulator.access import APP
from hub.core.clock import ManualClock
from hub.emulation.server import serve
from hub.emulation.world import World
from tests.connectors.wire import InProcess, opening
from tests.connectors.zendesk.accounts import Connect, filled


class Wire(InProcess[ZendeskEmulator]):
    """Sends requests to an emulator, with a token of its own, and returns what it answers."""

    def __init__(self, emulator: ZendeskEmulator) -> None:
        super().__init__(emulator)
        self.token = str(self.grant(expires_in=172_800).json()["access_token"])

    def grant(self, grant_type: str = "client_credentials", **fields: object) -> httpx.Response:
        """The answer to a token request of the account's own client."""
        form = {
            "grant_type": grant_type,
            "client_id": APP.client_id,
            "client_secret": APP.client_secret,
        }
        return self.raw("POST", "/oauth/tokens", json={**form, **fields})

    def send(
        self, method: str, path: str, json: object = None, token: str = "", **options: Any
    ) -> httpx.Response:
        """The answer; the path is one below ``/api/v2``, or a whole URL that was handed out."""
        url = path if "://" in path or path.startswith("/__") else f"/api/v2{path}"
        headers = {"authorization": f"Bearer {token or self.token}"} | options.pop("headers", {})
        return self.raw(method, url, json=json, headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a GET."""
        return self.send("GET", path, **options)

    def post(self, path: str, json: object, **options: Any) -> httpx.Response:
        """The answer to a POST."""
        return self.send("POST", path, json, **options)

    def put(self, path: str, json: object, **options: Any) -> httpx.Response:
        """The answer to a PUT."""
        return self.send("PUT", path, json, **options)

    def add_user(self, name: str = "Ann", **values: object) -> int:
        """The id of a new user, made by a program and without a verification e-mail."""
        answer = self.post("/users", {"user": {"name": name, "skip_verify_email": True, **values}})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["user"]["id"])

    def finished(self, answer: httpx.Response) -> dict[str, Any]:
        """The job that an answer tells of, once it is done."""
        assert answer.status_code == 200, answer.text
        self.emulator.clock.sleep(5)
        job = self.get(f"/job_statuses/{answer.json()['job_status']['id']}").json()["job_status"]
        assert job["status"] == "completed"
        found: dict[str, Any] = job
        return found


@pytest.fixture
def emulator(clock: ManualClock) -> ZendeskEmulator:
    """An account on the professional plan in which there is nobody but its owner."""
    return create(clock=clock)


@pytest.fixture
def url(emulator: ZendeskEmulator) -> Iterator[str]:
    """The address under which that account is served on loopback."""
    with serve(emulator) as served:
        yield served


@pytest.fixture
def wire(emulator: ZendeskEmulator) -> Iterator[Wire]:
    """Calls to that account."""
    with opening(Wire) as connect:
        yield connect(emulator)


@pytest.fixture(scope="module")
def open_wire() -> Iterator[Callable[[ZendeskEmulator], Wire]]:
    """Makes wires to further accounts and closes them."""
    with opening(Wire) as connect:
        yield connect


@pytest.fixture(scope="session")
def world() -> World:
    """A small world with a help desk, the same for every test."""
    return World.build(seed=8, people=120, systems=("hubspot", "zendesk"))


@pytest.fixture
def full_wire(
    clock: ManualClock, world: World, open_wire: Callable[[ZendeskEmulator], Wire]
) -> Wire:
    """Calls to an account that holds the simulated world."""
    clock.sleep((world.end - clock.now()).total_seconds())
    emulator = create(clock=clock)
    emulator.seed(world)
    return open_wire(emulator)


@pytest.fixture
def connect(connect_hub: Connect) -> Connect:
    """Connects a hub to an account, with settings as for ``connect_hub``."""
    return lambda emulator, **settings: connect_hub(ZENDESK, emulator, **settings)


@pytest.fixture
def hub(connect: Connect, emulator: ZendeskEmulator) -> Any:
    """A hub connected to an account in which there is nobody but its owner."""
    return connect(emulator)


@pytest.fixture
def full_hub(connect: Connect, clock: ManualClock, world: World) -> Any:
    """A hub connected to an account that holds the simulated world, in pages of 40."""
    return connect(filled(clock, world))


# --- the vendor's own contract ----------------------------------------------------------------

VENDORS = Path(os.environ.get("CXHUB_SHARED", Path(__file__).parents[4] / "shared")) / "vendors"
OPENAPI_FILE = VENDORS / "zendesk" / "support-oas.yaml"


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]
    """Reads the file, which has a bare ``=`` where YAML 1.1 gives that a meaning."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, node: node.value)


@pytest.fixture(scope="session")
def openapi_file() -> Mapping[str, Any]:
    """The vendor's OpenAPI file as it is; skips where it is not there."""
    if not OPENAPI_FILE.exists():
        pytest.skip("the shared data sets are not here")
    with OPENAPI_FILE.open(encoding="utf-8") as text:
        found: Mapping[str, Any] = yaml.load(text, _Loader)
    return found
