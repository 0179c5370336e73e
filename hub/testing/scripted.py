"""A server on loopback that answers each request as a test wrote down, and remembers it.

    with scripted() as server:
        server.then(429, headers={"Retry-After": "2"}).then(200, {"id": 7})
        ...                             # server.url; afterwards server.seen

For tests of a connector's ``client.py``: answers that no emulator would give. Whole connectors are
tested against their emulator.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ANYWHERE = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One scripted answer.

    Args:
        status: HTTP status.
        body: Sent as JSON, or as it is when it is bytes.
        headers: Sent with it.
        cut: Promises more bytes than it sends.
        drop: Closes the connection without a word.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    drop: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived; ``port`` tells connections apart."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    port: int

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class ScriptedServer:
    """Answers in order, the last one again and again.

    Args:
        url: Where it listens.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: list[Seen] = []
        self._answers: dict[str, list[Answer]] = defaultdict(list)
        self._lock = threading.Lock()

    def then(
        self,
        status: int = 200,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        cut: bool = False,
        drop: bool = False,
        at: str = _ANYWHERE,
    ) -> ScriptedServer:
        """The server, which gives this answer after the ones before; ``at`` binds it to a path."""
        self._answers[at].append(Answer(status, body, headers or {}, cut, drop))
        return self

    def requests(self) -> list[str]:
        """What was asked, such as ``GET /v1/customers``, in order."""
        return [str(seen) for seen in self.seen]

    def answer(self, seen: Seen) -> Answer:
        """The next answer for this request."""
        with self._lock:
            self.seen.append(seen)
            bare = seen.path.split("?")[0]
            queue = self._answers[bare if bare in self._answers else _ANYWHERE]
            if not queue:
                return Answer(body={})
            return queue.pop(0) if len(queue) > 1 else queue[0]


@contextmanager
def scripted() -> Iterator[ScriptedServer]:
    """A server on a free loopback port, until the block ends."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    listener.daemon_threads = True
    server = ScriptedServer(f"http://127.0.0.1:{listener.server_port}")
    listener.RequestHandlerClass = _handler(server)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            port = self.client_address[1]
            answer = server.answer(Seen(self.command, self.path, headers, body, port))
            if answer.drop:
                self.close_connection = True
            else:
                self._send(answer)

        def _send(self, answer: Answer) -> None:
            is_raw = isinstance(answer.body, bytes)
            sent = answer.body if is_raw else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent) * (2 if answer.cut else 1)))
            self.end_headers()
            self.wfile.write(sent)
            self.close_connection = answer.cut

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 - http.server's

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: tests read ``ScriptedServer.seen``."""

    return Handler
