"""The HTTP server of ``hub serve``, on a thread of the process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from hub.core.errors import Unavailable

_LOOK_SECONDS = 0.5


class _Server(uvicorn.Server):
    """Looks twice a second whether to end; uvicorn's ten times cost 0.2 % of a core, idle."""

    async def main_loop(self) -> None:
        while not self.should_exit:
            await asyncio.sleep(_LOOK_SECONDS)


@contextmanager
def serving(routes: Sequence[BaseRoute], host: str, port: int) -> Iterator[str]:
    """The base URL under which ``routes`` are served until the block ends.

    Args:
        routes: What is served; webhooks are mounted here as ``Mount("/hooks", …)``.
        host: Address to listen on.
        port: 0 takes a free one.

    Raises:
        Unavailable: If the address cannot be listened on.
    """
    listener = _listen(host, port)
    server = _Server(
        uvicorn.Config(
            Starlette(routes=routes),
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            date_header=False,  # what uvicorn's own loop would keep up to date
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="http", daemon=True
    )
    thread.start()
    try:
        yield f"http://{_written(host)}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )[0]
        # asyncio turns Nagle's algorithm off only for sockets that name their protocol; left on,
        # every answer waits 40 ms for an acknowledgement.
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as err:
        raise Unavailable(
            f"cannot listen on {_written(host)}:{port} ({err.strerror}). Choose another address in"
            " [serve], or: hub serve --port 0 for a free port",
            code="HUB-523",
        ) from err
    return listener


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host
