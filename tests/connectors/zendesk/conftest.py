"""A Zendesk account in this process: called without a socket, or served over HTTP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from connectors.zendesk.emulator import ZendeskEmulator, create
from connectors.zendesk.emulator.access import APP
from hub.core.clock import ManualClock
from hub.emulation.faults import Scenario
from hub.emulation.server import emulator_app, serve
from hub.emulation.world import World


class Wire:
    """Sends requests to an emulator, with a token of its own, and returns what it answers."""

    def __init__(self, emulator: ZendeskEmulator) -> None:
        self.emulator = emulator
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=emulator_app(emulator)),
            base_url="http://zendesk.test",
        )
        self.token = str(self.grant(expires_in=172_800).json()["access_token"])

    def grant(self, grant_type: str = "client_credentials", **fields: object) -> httpx.Response:
        """The answer to a token request of the account's own client."""
        form = {
            "grant_type": grant_type,
            "client_id": APP.client_id,
            "client_secret": APP.client_secret,
        }
        return self.raw("POST", "/oauth/tokens", json={**form, **fields})

    def raw(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to a request without a credential."""
        return self._runner.run(self._client.request(method, path, **options))

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

    def inject(self, **fault: object) -> None:
        """Let one fault strike."""
        self.emulator.faults.replace(Scenario.model_validate({"faults": [fault]}))

    def close(self) -> None:
        """End the event loop."""
        self._runner.run(self._client.aclose())
        self._runner.close()


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
    wire = Wire(emulator)
    yield wire
    wire.close()


@pytest.fixture(scope="module")
def open_wire() -> Iterator[Callable[[ZendeskEmulator], Wire]]:
    """Makes wires to further accounts and closes them."""
    opened: list[Wire] = []

    def connect(emulator: ZendeskEmulator) -> Wire:
        opened.append(Wire(emulator))
        return opened[-1]

    yield connect
    for wire in opened:
        wire.close()


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


# --- the vendor's own contract ----------------------------------------------------------------

VENDORS = Path(os.environ.get("CXHUB_SHARED", Path(__file__).parents[4] / "shared")) / "vendors"
OPENAPI_FILE = VENDORS / "zendesk" / "support-oas.yaml"


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]
    """Reads the file, which has a bare ``=`` where YAML 1.1 gives that a meaning."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, node: node.value)


def _every_field_is_nullable(spec: dict[str, Any]) -> None:
    """Real answers hold nulls that the file does not know of: 8 of 8 tickets, 13 of 13 users."""
    for schema in spec["components"]["schemas"].values():
        _make_nullable(schema)


def _make_nullable(schema: Any) -> None:
    if isinstance(schema, dict):
        for field in schema.get("properties", {}).values():
            if "$ref" not in field:
                field["nullable"] = True
        for part in schema.values():
            _make_nullable(part)
    elif isinstance(schema, list):
        for part in schema:
            _make_nullable(part)


def _a_cursor_needs_no_start(spec: dict[str, Any]) -> None:
    """The file wants ``start_time`` on pages where the real API wants nothing but the cursor."""
    spec["components"]["parameters"]["IncrementalUnixTime"]["required"] = False


def _bearer_tokens_exist(spec: dict[str, Any]) -> None:
    """The file knows basic authentication alone."""
    spec["components"]["securitySchemes"]["bearer"] = {"type": "http", "scheme": "bearer"}
    spec["security"].append({"bearer": []})


def _exports_show_deleted_tickets(spec: dict[str, Any]) -> None:
    """Exports give deleted tickets a status of their own."""
    spec["components"]["schemas"]["TicketObject"]["properties"]["status"]["enum"].append("deleted")


def _jobs_have_failures(spec: dict[str, Any]) -> None:
    """The file shows results of records that went well only."""
    spec["components"]["schemas"]["UpdateResourceResult"]["required"].remove("id")


def _organization_fields_may_be_unset_or_ticked(spec: dict[str, Any]) -> None:
    """The file lets them be text or numbers only, though it knows of checkboxes elsewhere."""
    fields = spec["components"]["schemas"]["OrganizationObject"]["properties"]
    values = fields["organization_fields"]["additionalProperties"]["oneOf"]
    values.append({"type": "boolean", "nullable": True})


MENDS: tuple[Callable[[dict[str, Any]], None], ...] = (
    _every_field_is_nullable,
    _a_cursor_needs_no_start,
    _bearer_tokens_exist,
    _exports_show_deleted_tickets,
    _jobs_have_failures,
    _organization_fields_may_be_unset_or_ticked,
)
"""The file's known faults, each mended; nothing else is forgiven."""


class Contract:
    """Zendesk's OpenAPI file, to hold requests and answers against.

    Args:
        spec: The file as loaded; it is left as it is.
        mends: Faults of the file to mend first.
    """

    def __init__(
        self, spec: Mapping[str, Any], mends: tuple[Callable[[dict[str, Any]], None], ...] = MENDS
    ) -> None:
        mended = deepcopy(dict(spec))
        for mend in mends:
            mend(mended)
        self._api = OpenAPI.from_dict(mended, config=Config(spec_validator_cls=None))

    def request_faults(self, request: httpx.Request) -> list[str]:
        """What is wrong with a request."""
        return [_told(error) for error in self._api.iter_request_errors(_asked(request))]

    def response_faults(self, response: httpx.Response) -> list[str]:
        """What is wrong with an answer, field by field."""
        answer = MockResponse(
            response.content,
            response.status_code,
            headers=dict(response.headers),
            content_type=response.headers["content-type"],
        )
        errors = self._api.iter_response_errors(_asked(response.request), answer)
        return [told for error in errors for told in _fields_of(error)]


def _asked(request: httpx.Request) -> MockRequest:
    url = request.url
    return MockRequest(
        "https://emulated.zendesk.com",
        request.method.lower(),
        url.path.removesuffix(".json"),
        args=dict(url.params.multi_items()),
        headers=dict(request.headers),
        data=request.content or None,
        content_type=request.headers.get("content-type", "application/json"),
    )


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error.__cause__ or error}"


def _fields_of(error: Exception) -> list[str]:
    found = getattr(error.__cause__, "schema_errors", None)
    if found is None:
        return [_told(error)]
    return [f"{'.'.join(map(str, one.absolute_path))}: {one.message[:80]}" for one in found]


@pytest.fixture(scope="session")
def openapi_file() -> Mapping[str, Any]:
    """The vendor's OpenAPI file as it is; skips where it is not there."""
    if not OPENAPI_FILE.exists():
        pytest.skip("the shared data sets are not here")
    with OPENAPI_FILE.open(encoding="utf-8") as text:
        found: Mapping[str, Any] = yaml.load(text, _Loader)
    return found


@pytest.fixture(scope="session")
def contract(openapi_file: Mapping[str, Any]) -> Contract:
    """The vendor's contract with its known faults mended."""
    return Contract(openapi_file)


@pytest.fixture(scope="session")
def unmended(openapi_file: Mapping[str, Any]) -> Contract:
    """The vendor's contract as it is written."""
    return Contract(openapi_file, ())
