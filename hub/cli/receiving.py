"""Webhooks while ``hub serve`` runs: taken over HTTP, stored on a thread, and followed up."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hub.api import hooks
from hub.core.connector import Wait
from hub.core.errors import HubError, StopRun
from hub.executors.embedded import Embedded
from hub.store.inbox import depths
from hub.sync.inbox import Inbox

if TYPE_CHECKING:
    from starlette.routing import Route

    from hub.app import App
    from hub.pipeline import Hub

LOOK_AGAIN: Final = 5
"""Seconds after which deliveries that had to wait (for a sync, for the vendor) are tried again."""

_log = logging.getLogger("hub.serve")


class Receiver:
    """Takes what is pushed to the connections that have webhooks.

    Args:
        app: The loaded hub.toml.
        hub: The opened hub.
        inboxes: By connection.
        wait: Waits for a vendor, and ends the wait when the hub stops.
    """

    def __init__(self, app: App, hub: Hub, inboxes: dict[str, Inbox], wait: Wait) -> None:
        self._app = app
        self._hub = hub
        self._inboxes = inboxes
        self._wait = wait
        self._worker = Embedded(1, self._store)  # one writer is enough, and all that SQLite has

    @property
    def names(self) -> list[str]:
        """The connections that are pushed to."""
        return sorted(self._inboxes)

    @property
    def routes(self) -> list[Route]:
        """What is served under ``/hooks``."""
        return hooks.routes(self._inboxes, self._app.left_out().keys(), self._worker.submit)

    def look(self) -> None:
        """Have stored what waits, whoever took it, and keep what was counted."""
        with self._hub.store.read() as connection:
            waiting = depths(connection)
        for name, inbox in self._inboxes.items():
            inbox.note()
            if name in waiting:
                self._worker.submit(name)

    def stop(self, grace: float) -> bool:
        """Store nothing more; whether the delivery in hand was done within ``grace`` seconds."""
        ended = self._worker.stop(grace)
        for inbox in self._inboxes.values():
            inbox.note()
        return ended

    def _store(self, name: str) -> None:
        try:
            counts = self._inboxes[name].drain()
            if counts.stored or counts.deleted:
                self._follow(name)
        except StopRun as err:
            _log.info("%s: deliveries wait: %s", name, err)
        except HubError as err:
            _log.error("%s: deliveries wait: error %s: %s", name, err.code, err)

    def _follow(self, name: str) -> None:
        """Everything that comes after reading, without reading."""
        from hub.pipeline import run

        with self._app.lanes([name], self._wait) as lanes:
            nothing_to_read = [replace(ln, source=replace(ln.source, streams=())) for ln in lanes]
            report = run(self._hub, nothing_to_read, actor=f"webhook:{name}")
        _log.info("%s: deliveries stored; %d profiles changed", name, report.profiled.written)


@contextmanager
def receiving(app: App, hub: Hub, wait: Wait) -> Iterator[Receiver]:
    """A receiver for the connections that have webhooks and can start, open until the block ends.

    Raises:
        ConfigError: If a secret of one of them cannot be read.
    """
    unready = app.left_out()
    pushed = [
        name
        for name in app.enabled
        if name not in unready
        and app.toml.connectors[name].webhooks_for(app.toml.connector_settings[name])
    ]
    with ExitStack() as opened:
        lanes = opened.enter_context(app.lanes(pushed, wait)) if pushed else []
        inboxes = {
            lane.source.name: Inbox(hub.store, hub.keys, lane.source, hub.ids) for lane in lanes
        }
        yield Receiver(app, hub, inboxes, wait)
