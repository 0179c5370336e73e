"""Every request of the connector, held against Zendesk's own OpenAPI file.

The file is of March 2024 and has faults that are known; each is allowed for by name, below, and one
that no request runs into any more is to be struck off.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.exceptions import PathNotFound
from openapi_core.validation.request.exceptions import MissingRequiredParameter
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.datastructures import Headers, ImmutableMultiDict

from connectors.zendesk.connector import ZENDESK
from connectors.zendesk.emulator import create
from connectors.zendesk.notes import NOTES
from connectors.zendesk.tasks import TASKS
from hub.core.clock import ManualClock
from hub.core.connector import Change, ConsentChange, Delivery, Note, Task
from hub.core.secrets import Secret
from hub.emulation.world import World

pytestmark = pytest.mark.shared


@dataclass
class Recorded:
    """One request as it arrived; openapi-core reads it by these names."""

    method: str
    path: str
    query: list[tuple[str, str]]
    body: bytes | None
    content_type: str = "application/json"
    host_url: str = "https://acme.zendesk.com"
    parameters: RequestParameters = field(init=False)

    def __post_init__(self) -> None:
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(self.query), header=Headers({"Accept": "application/json"})
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Recorder:
    """Stands before an emulator and keeps what it is asked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.seen: list[Recorded] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep the request and pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        messages: list[Message] = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        body = b"".join(message.get("body", b"") for message in messages)
        query = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
        self.seen.append(Recorded(scope["method"].lower(), scope["path"], query, body or None))
        rest = iter(messages)

        async def again() -> Message:
            return next(rest, {"type": "http.disconnect"})

        await self._app(scope, again, send)


# --- what the file gets wrong ----------------------------------------------------------------

Fault = Callable[[Recorded, Exception], bool]

FAULTS: Mapping[str, Fault] = {
    "start_time is demanded on a page that has a cursor": lambda asked, error: (
        isinstance(error, MissingRequiredParameter)
        and error.name == "start_time"
        and "cursor" in dict(asked.query)
    ),
    "survey_responses are missing": lambda asked, error: (
        isinstance(error, PathNotFound) and asked.path == "/api/v2/guide/survey_responses"
    ),
    "the token endpoint is missing": lambda asked, error: (
        isinstance(error, PathNotFound) and asked.path == "/oauth/tokens"
    ),
}
"""Name to whether a refusal of the file is that fault of its own."""


@pytest.fixture(scope="module")
def contract(openapi_file: Mapping[str, Any]) -> OpenAPI:
    """Zendesk's file, which is not checked itself; it knows of Basic credentials only."""
    spec = {name: part for name, part in openapi_file.items() if name != "security"}
    return OpenAPI.from_dict(spec, config=Config(spec_validator_cls=None))


# --- everything that the connector asks ------------------------------------------------------


@pytest.fixture
def asked(connect_hub: Callable[..., Any], released: Callable[..., Any]) -> list[Recorded]:
    """All requests of reading twice, checking, writing, withdrawing and being told of events."""
    world = World.build(seed=8, people=40, systems=("zendesk",))
    hubs = []
    for options in ({"feedback": "legacy", "bulk": False}, {"feedback": "surveys"}):
        clock = ManualClock(datetime(2026, 11, 2, tzinfo=UTC))
        emulator = create(clock=clock, plan="unmetered", export_page=15, **options)
        emulator.seed(world)
        emulator.app = Recorder(emulator.app)
        hubs.append(connect_hub(ZENDESK, emulator, webhook_secret=Secret.of("whsec")))
    old, new = hubs
    _exercise(old, released)
    _read_twice(new, "survey_responses")
    return [request for hub in hubs for request in hub.emulator.app.seen]


def _exercise(hub: Any, released: Callable[..., Any]) -> None:
    _read_twice(hub)
    ZENDESK.check(hub.ctx)
    for writer in ZENDESK.writers_for(hub.ctx.config):
        assert callable(writer.provision)
        writer.provision(hub.ctx, writer.fields)
        ids = sorted(hub.emulator.live_ids(writer.stream))[:3]
        values = {"cxhub_golden_id": "g-1"}
        writer.write(hub.ctx, released(*(Change(key, values, f"t-{key}") for key in ids)))
        writer.read(hub.ctx, ids, [*values])
    user, ticket = (min(hub.emulator.live_ids(kind)) for kind in ("users", "tickets"))
    no = ConsentChange(user, None, "marketing", "email", "withdraw", "t")
    assert callable(ZENDESK.write_consent)
    ZENDESK.write_consent(hub.ctx, released(no))
    work = Task(
        "case-1", user, "Call", "Why.", datetime(2026, 12, 1, tzinfo=UTC), "owner@x.example"
    )
    for item in (work, replace(work, done=True)):
        TASKS.write(hub.ctx, released(item))
    NOTES.write(hub.ctx, released(Note("card-1", ticket, "Ada. Two orders.")))
    for kind, key in (("user", user), ("ticket", ticket)):
        event = {"type": f"zen:event-type:{kind}.created", "detail": {"id": key}}
        told = Delivery("POST", "/hooks/desk", {}, json.dumps(event).encode())
        ZENDESK.webhooks_for(hub.ctx.config)["events"].parse(hub.ctx, told)


def _read_twice(hub: Any, *names: str) -> None:
    for stream in ZENDESK.streams_for(hub.ctx.config):
        state: dict[str, Any] = {}
        for _ in range(2 if not names or stream.name in names else 0):
            for page in stream.reader(hub.ctx, state):
                state = page.next_state or state


def _faults(contract: OpenAPI, asked: Recorded) -> Sequence[str]:
    """Faults of the file that the request runs into.

    Raises:
        AssertionError: If the file refuses it for another reason.
    """
    try:
        contract.validate_request(asked)
    except (OpenAPIError, ExceptionGroup) as error:
        reasons = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
        return [_known(asked, reason) for reason in reasons]
    return ()


def _known(asked: Recorded, error: Exception) -> str:
    found = [name for name, is_it in FAULTS.items() if is_it(asked, error)]
    assert found, f"{asked}: {error!r} {error.__cause__!r}"
    return found[0]


def test_every_request_is_one_of_zendesks(
    contract: OpenAPI, asked: list[Recorded], capsys: pytest.CaptureFixture[str]
) -> None:
    """Path, parameters and body of each; what the file gets wrong is named and counted."""
    found = [(request, _faults(contract, request)) for request in asked]

    faults = Counter(name for _, names in found for name in names)
    sound = [request for request, names in found if not names]
    kinds = Counter(_kind(request) for request in sound)
    with capsys.disabled():
        told = ", ".join(f"{count} × {name}" for name, count in faults.items())
        print(f"\n{len(asked)} requests: {len(sound)} valid of {len(kinds)} kinds; {told}")
    assert faults.keys() == FAULTS.keys()
    assert len(kinds) >= 16
    assert len(sound) >= 80


def _kind(request: Recorded) -> str:
    return " ".join([str(request), *sorted(dict(request.query))]).translate(
        str.maketrans("", "", "0123456789")
    )


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("get", "/api/v2/incremental/tickets/cursor", [("start_time", "soon")], None),
        ("get", "/api/v2/incremental/tickets/cursor", [], None),
        ("get", "/api/v2/incremental/customers/cursor", [("start_time", "0")], None),
        ("put", "/api/v2/users/update_many", [], b'{"users": {"id": 1}}'),
        ("put", "/api/v2/users/7", [], b'{"name": "Ada"}'),
        ("delete", "/api/v2/incremental/organizations", [("start_time", "0")], None),
    ],
    ids=["no-number", "no-start", "no-such-export", "no-list", "no-envelope", "no-such-method"],
)
def test_the_file_refuses_wrong_requests(
    contract: OpenAPI, method: str, path: str, query: list[tuple[str, str]], body: bytes | None
) -> None:
    """The oracle can say no: what it accepts means something."""
    with pytest.raises(AssertionError):
        _faults(contract, Recorded(method, path, query, body))
        pytest.fail("accepted")
