"""Runs a vendor's emulator on loopback: control plane, injected faults, call log.

    with serve(emulator) as url:
        ...                       # url is http://127.0.0.1:<free port>

A request passes the control plane (``/__emulator__/…``, never faulted), the faults of the transport
and then the vendor's own API, which finds the faults left for it with ``vendor_faults(scope)``. The
API runs on the one thread of the event loop, so an emulator's state needs no locks.

    GET  /__emulator__/effects?since=N&actor=api   what changed, in order
    GET  /__emulator__/calls?since=N               what was asked, with counts per method and path
    GET  /__emulator__/state                       everything the vendor holds
    POST /__emulator__/faults                      a scenario, replacing the present one
    POST /__emulator__/mutate                      what the vendor's own users do in their screens
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from hub.core.clock import Clock
from hub.core.errors import HubError
from hub.emulation.effects import CallLog, EffectLog
from hub.emulation.faults import TRANSPORT_KINDS, Fault, FaultPlan, Scenario

if TYPE_CHECKING:
    from hub.emulation.world import World

LOOPBACK = "127.0.0.1"
_VENDOR_FAULTS = "emulator.faults"
_START_TIMEOUT = 10.0
_TURNS_TO_CLOSE = 3
"""Of the event loop, until an idle connection is closed."""
_LINGER_NONE = struct.pack("ii", 1, 0)


class Emulator(Protocol):
    """A stateful double of one vendor."""

    @property
    def name(self) -> str:
        """The vendor's connector name."""

    @property
    def app(self) -> ASGIApp:
        """The vendor's API."""

    @property
    def clock(self) -> Clock:
        """The emulator's time; a ``ManualClock`` makes waiting free."""

    @property
    def effects(self) -> EffectLog:
        """What changed."""

    @property
    def calls(self) -> CallLog:
        """What was asked."""

    @property
    def faults(self) -> FaultPlan:
        """What goes wrong."""

    def seed(self, world: World) -> None:
        """Fill it with the simulated world's records; seeding is no effect."""

    def settings(self, url: str) -> dict[str, Any]:
        """Connector settings that point a connection at this emulator under ``url``."""

    def snapshot(self) -> Mapping[str, object]:
        """Everything it holds, as JSON."""

    def mutate(self, command: Mapping[str, object]) -> Mapping[str, object]:
        """Do what one of the vendor's own users would do, such as edit, delete or merge.

        Raises:
            ValueError: If the command is not one that this emulator knows.
        """

    def close(self) -> None:
        """Write what is to be kept, and let go of files."""


class EmulatorDown(HubError):
    """The emulator could not be started."""


def emulator_app(emulator: Emulator) -> ASGIApp:
    """The vendor's API behind faults and call log, beside the control plane."""
    control = Mount("/__emulator__", routes=_control_routes(emulator))
    return Starlette(routes=[control, Mount("/", app=_FaultLayer(emulator))])


@contextlib.contextmanager
def serve(emulator: Emulator, port: int = 0) -> Iterator[str]:
    """The emulator's base URL, served by a thread of this process until the block ends.

    Args:
        emulator: What to serve.
        port: 0 takes a free one.

    Raises:
        EmulatorDown: If the server does not come up.
    """
    listener = _bind(emulator, port)
    server = _Server(_config(emulator))
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name=f"emulator-{emulator.name}"
    )
    thread.start()
    try:
        if not server.up.wait(_START_TIMEOUT):
            raise EmulatorDown(f"{emulator.name}: the emulator did not start in time")
        yield _url(listener)
    finally:
        server.leave()
        thread.join()
        listener.close()
        emulator.close()


def run(emulator: Emulator, port: int = 0, announce: Callable[[str], None] = print) -> None:
    """Serve the emulator from this process until it is interrupted or terminated.

    Args:
        emulator: What to serve.
        port: 0 takes a free one.
        announce: Told the base URL once the socket accepts connections.
    """
    with contextlib.closing(_bind(emulator, port)) as listener, contextlib.closing(emulator):
        announce(_url(listener))
        uvicorn.Server(_config(emulator)).run(sockets=[listener])


def vendor_faults(scope: Scope, *kinds: str) -> tuple[Fault, ...]:
    """The faults of these kinds that the vendor's API has to stage for this request, by kind."""
    struck = scope.get(_VENDOR_FAULTS, ())
    return tuple(fault for kind in kinds for fault in struck if fault.kind == kind)


# --- control plane ---------------------------------------------------------------------------


def _control_routes(emulator: Emulator) -> list[Route]:
    async def effects(request: Request) -> Response:
        query = request.query_params
        listed = emulator.effects.since(int(query.get("since", 0)), query.get("actor"))
        rows = [asdict(effect) for effect in listed]
        return JSONResponse({"total": len(emulator.effects), "effects": rows})

    async def calls(request: Request) -> Response:
        listed = emulator.calls.since(int(request.query_params.get("since", 0)))
        counts = emulator.calls.counts()
        rows = [asdict(call) for call in listed]
        return JSONResponse({"total": len(emulator.calls), "counts": counts, "calls": rows})

    async def state(request: Request) -> Response:
        return JSONResponse(dict(emulator.snapshot()))

    async def faults(request: Request) -> Response:
        scenario = Scenario.model_validate(await request.json())
        emulator.faults.replace(scenario)
        return JSONResponse({"scenario": scenario.name, "faults": len(scenario.faults)})

    async def mutate(request: Request) -> Response:
        return JSONResponse(dict(emulator.mutate(await request.json())))

    return [
        Route("/effects", effects),
        Route("/calls", calls),
        Route("/state", state),
        Route("/faults", _explained(faults), methods=["POST"]),
        Route("/mutate", _explained(mutate), methods=["POST"]),
    ]


_Endpoint = Callable[[Request], Awaitable[Response]]


def _explained(endpoint: _Endpoint) -> _Endpoint:
    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (ValidationError, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return answer


# --- faults of the transport -----------------------------------------------------------------


class _FaultLayer:
    """Passes each request to the vendor's API, unless a fault of the transport has its way."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        struck = self._emulator.faults.strike(method, path)
        scope[_VENDOR_FAULTS] = [f for f in struck if f.kind not in TRANSPORT_KINDS]
        kinds = [fault.kind for fault in struck]

        def record(status: int) -> None:
            self._emulator.calls.append(method, path, status, kinds)

        sender = _Recorder(send, record)
        try:
            await self._pass(scope, receive, sender, struck)
        finally:
            sender.finish()

    async def _pass(
        self, scope: Scope, receive: Receive, sender: _Recorder, struck: tuple[Fault, ...]
    ) -> None:
        api = self._emulator.app
        transport = {fault.kind: fault for fault in struck if fault.kind in TRANSPORT_KINDS}
        if "slow" in transport:
            await self._wait(transport["slow"].seconds)
        if "reset" in transport:
            sender.finish()
            _drop_connection(scope)
        elif "timeout_after_effect" in transport:
            await api(scope, receive, _swallow)
            await self._wait(transport["timeout_after_effect"].seconds)
            sender.finish()
            _drop_connection(scope)
        elif "cut" in transport:
            await _send_half(api, scope, receive, sender)
        else:
            await api(scope, receive, sender)

    async def _wait(self, seconds: float) -> None:
        await asyncio.to_thread(self._emulator.clock.sleep, seconds)


class _Recorder:
    """Sends messages on and records the call, once, before its sender can know that it ended.

    Recorded any later, a client that counts calls as soon as it has its answer may miss its own.
    """

    def __init__(self, send: Send, record: Callable[[int], None]) -> None:
        self._send = send
        self._record = record
        self._status = 0
        self._finished = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        elif not message.get("more_body", False):
            self.finish()
        await self._send(message)

    def finish(self) -> None:
        """Record the call, unless that was done."""
        if not self._finished:
            self._finished = True
            self._record(self._status)


async def _swallow(message: Message) -> None:
    """Send nothing: the client never learns what happened."""


async def _send_half(api: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    sent: list[Message] = []

    async def collect(message: Message) -> None:
        sent.append(message)

    await api(scope, receive, collect)
    start, bodies = sent[0], [message.get("body", b"") for message in sent[1:]]
    body = b"".join(bodies)
    await send(start)
    # Promising more and then returning makes the server close the connection mid-body.
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})


# --- server ----------------------------------------------------------------------------------

_open_connections: dict[tuple[str, int], asyncio.Transport] = {}


class _DroppableProtocol(H11Protocol):
    """HTTP/1.1 whose connections can be found by the client's address, to be reset by a fault."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _open_connections[transport.get_extra_info("peername")] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _open_connections.pop(self.transport.get_extra_info("peername"), None)
        super().connection_lost(exc)


def _drop_connection(scope: Scope) -> None:
    transport = _open_connections[tuple(scope["client"])]
    # Without lingering, the kernel answers with RST: the client sees "connection reset by peer".
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    transport.abort()


class _Server(uvicorn.Server):
    """A server that says when it is up and ends when it is told to.

    Uvicorn's own looks every 100 ms whether it should, and then waits another 100 ms: for tests
    that start an emulator each, more than the rest of the test.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """End; called from another thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._leaving.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.up.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._leaving.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for _ in range(_TURNS_TO_CLOSE):
            await asyncio.sleep(0)
        if self.server_state.connections:  # somebody is being answered
            await super().shutdown(sockets)


def _config(emulator: Emulator) -> uvicorn.Config:
    return uvicorn.Config(
        emulator_app(emulator),
        http=_DroppableProtocol,
        h11_max_incomplete_event_size=65_536,  # a long request is the vendor's to refuse
        lifespan="off",
        log_config=None,
        log_level="critical",  # a cut response is intended, not an error to report
        access_log=False,
        timeout_graceful_shutdown=1,
    )


def _bind(emulator: Emulator, port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only for sockets that name their protocol; left on, every
    # answer waits 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as error:
        listener.close()
        message = f"{emulator.name}: port {port} is not free ({error.strerror}); try another one"
        raise EmulatorDown(message) from error
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://{LOOPBACK}:{listener.getsockname()[1]}"
