"""An emulator on loopback: control plane, transport faults, clean start and end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Message

from hub.core.clock import ManualClock
from hub.emulation.effects import CallLog, EffectLog
from hub.emulation.faults import FaultPlan, Scenario
from hub.emulation.server import EmulatorDown, emulator_app, serve, vendor_faults

LONG = "x" * 5000


class Counter:
    """The smallest vendor: POST / adds one."""

    name = "counter"

    def __init__(self) -> None:
        self.clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.effects = EffectLog(self.clock)
        self.calls = CallLog(self.clock)
        self.faults = FaultPlan()
        self.closed = False
        self.app = Starlette(routes=[Route("/", self.add, methods=["POST"]), Route("/", self.show)])

    async def add(self, request: Request) -> JSONResponse:
        self.effects.append("add", "counter", "1")
        return JSONResponse({"count": len(self.effects), "padding": LONG})

    async def show(self, request: Request) -> JSONResponse:
        staged = [fault.kind for fault in vendor_faults(request.scope, "server_error")]
        return JSONResponse({"count": len(self.effects), "staged": staged})

    def seed(self, world: object) -> None: ...

    def settings(self, url: str) -> dict[str, Any]:
        return {"base_url": url}

    def snapshot(self) -> Mapping[str, object]:
        return {"count": len(self.effects)}

    def mutate(self, command: Mapping[str, object]) -> Mapping[str, object]:
        if command != {"op": "add"}:
            raise ValueError("unknown command")
        self.effects.append("add", "counter", "1", actor="user")
        return {"count": len(self.effects)}

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def client(counter: Counter) -> Iterator[httpx.Client]:
    with serve(counter) as url, httpx.Client(base_url=url, verify=False) as client:
        yield client


def inject(counter: Counter, **fault: object) -> None:
    counter.faults.replace(Scenario.model_validate({"faults": [fault]}))


def test_effects_are_read_over_the_control_plane(client: httpx.Client) -> None:
    """A test in another process counts effects without touching the emulator's memory."""
    client.post("/")
    client.post("/")

    answer = client.get("/__emulator__/effects", params={"since": 1}).json()

    assert answer["total"] == 2
    assert [effect["sequence"] for effect in answer["effects"]] == [2]


def test_calls_are_counted_and_the_control_plane_is_not(client: httpx.Client) -> None:
    """Looking at the emulator must not change what is measured."""
    client.post("/")
    client.get("/__emulator__/calls")

    answer = client.get("/__emulator__/calls").json()

    assert answer["counts"] == {"POST /": 1}
    assert [call["status"] for call in answer["calls"]] == [200]


def test_state_is_read_over_the_control_plane(client: httpx.Client) -> None:
    """Emulator truth can be compared with what the hub stored."""
    client.post("/")

    assert client.get("/__emulator__/state").json() == {"count": 1}


def test_a_user_changes_records_over_the_control_plane(client: httpx.Client) -> None:
    """What the vendor's own users do is marked as theirs."""
    client.post("/__emulator__/mutate", json={"op": "add"})

    (effect,) = client.get("/__emulator__/effects").json()["effects"]
    assert effect["actor"] == "user"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("mutate", {"op": "explode"}, id="unknown-command"),
        pytest.param("faults", {"faults": [{"kind": "meteorite"}]}, id="unknown-fault"),
    ],
)
def test_a_wrong_control_command_is_explained(
    client: httpx.Client, path: str, body: dict[str, object]
) -> None:
    """A mistake in a test's own set-up shows as 400 with a reason, not as a calm run."""
    answer = client.post(f"/__emulator__/{path}", json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_reset_connection_has_no_effect(counter: Counter, client: httpx.Client) -> None:
    """`reset` drops the request before anything happens: retrying it is safe."""
    inject(counter, kind="reset", at=[1])

    with pytest.raises(httpx.TransportError):
        client.post("/")

    assert len(counter.effects) == 0


def test_a_timeout_after_effect_leaves_the_effect(counter: Counter, client: httpx.Client) -> None:
    """The ambiguous outcome: the client sees no answer, the vendor has done the work."""
    inject(counter, kind="timeout_after_effect", at=[1])

    with pytest.raises(httpx.TransportError):
        client.post("/")

    assert len(counter.effects) == 1


def test_a_cut_answer_promises_more_than_it_sends(counter: Counter, client: httpx.Client) -> None:
    """Half a body must never pass for a whole one."""
    inject(counter, kind="cut", at=[1])

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        client.post("/")


def test_after_a_broken_connection_the_next_request_works(
    counter: Counter, client: httpx.Client
) -> None:
    """A fault ends one connection, not the server."""
    inject(counter, kind="reset", at=[1])
    with pytest.raises(httpx.TransportError):
        client.post("/")

    assert client.post("/").json()["count"] == 1


def test_a_slow_answer_takes_emulator_time(counter: Counter, client: httpx.Client) -> None:
    """Under an injected clock, waiting is free and still visible."""
    inject(counter, kind="slow", seconds=45)
    before = counter.clock.now()

    client.get("/")

    assert (counter.clock.now() - before).total_seconds() == 45


def test_vendor_faults_reach_the_vendors_own_code(counter: Counter, client: httpx.Client) -> None:
    """What only the vendor can answer in its own shape is left to it."""
    inject(counter, kind="server_error")

    assert client.get("/").json()["staged"] == ["server_error"]


def test_an_unanswered_call_is_logged_with_status_zero(
    counter: Counter, client: httpx.Client
) -> None:
    """The call log shows which requests a fault swallowed."""
    inject(counter, kind="reset")
    with pytest.raises(httpx.TransportError):
        client.get("/")

    client.get("/__emulator__/state")  # the aborted request ends before the next one is served

    (call,) = counter.calls.since()
    assert (call.status, call.faults) == (0, ("reset",))


def test_leaving_the_block_frees_port_and_thread(counter: Counter) -> None:
    """No thread, socket or file outlives the block."""
    before = threading.active_count()

    with serve(counter) as url:
        port = int(url.rpartition(":")[2])

    assert threading.active_count() == before
    assert counter.closed
    with serve(counter, port) as again:
        assert again == url


def test_a_taken_port_is_an_error_that_names_the_emulator(counter: Counter) -> None:
    """Two emulators on one port: the second says so instead of hanging."""
    with serve(counter) as url:
        port = int(url.rpartition(":")[2])

        with pytest.raises(EmulatorDown, match="counter"), serve(Counter(), port):
            pass


def test_an_emulator_runs_as_its_own_process() -> None:
    """`run` announces its address and ends cleanly when it is terminated."""
    program = (
        "from connectors.hubspot.emulator import create\n"
        "from hub.emulation.server import run\n"
        "run(create(), announce=lambda url: print(url, flush=True))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout is not None

    with process, process.stdout as output:
        url = output.readline().strip()
        answer = httpx.get(f"{url}/__emulator__/effects")
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)

    assert answer.json() == {"total": 0, "effects": []}


def test_a_call_is_recorded_before_its_answer_ends(counter: Counter) -> None:
    """Whoever counts calls as soon as it has an answer finds its own call among them."""
    recorded_at_the_end = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            recorded_at_the_end.append([call.status for call in counter.calls.since()])

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [],
        "query_string": b"",
        "root_path": "",
    }

    async def call() -> None:
        await emulator_app(counter)(scope, receive, send)

    asyncio.run(call())

    assert recorded_at_the_end == [[200]]
