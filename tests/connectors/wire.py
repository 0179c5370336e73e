"""Requests to an emulator in this process, without a socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import httpx

from hub.emulation.faults import Scenario
from hub.emulation.server import Emulator, emulator_app

E = TypeVar("E", bound=Emulator)
W = TypeVar("W", bound="InProcess[Any]")


class InProcess(Generic[E]):
    """Sends requests to an emulator and returns what it answers."""

    def __init__(self, emulator: E) -> None:
        self.emulator = emulator
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=emulator_app(emulator)),
            base_url=f"http://{emulator.name}.test",
        )

    def raw(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to a request without a credential."""
        return self._runner.run(self._client.request(method, path, **options))

    def inject(self, *faults: dict[str, object], **fault: object) -> None:
        """Let these faults strike, and no others; one may be given by its parts."""
        struck = [*faults, fault] if fault else faults
        self.emulator.faults.replace(Scenario.model_validate({"faults": struck}))

    def close(self) -> None:
        """End the event loop."""
        self._runner.run(self._client.aclose())
        self._runner.close()


@contextlib.contextmanager
def opening(kind: Callable[[E], W]) -> Iterator[Callable[[E], W]]:
    """Makes wires to accounts and closes them."""
    with contextlib.ExitStack() as stack:
        yield lambda emulator: stack.enter_context(contextlib.closing(kind(emulator)))
