"""Webhooks while ``hub serve`` runs: taken over HTTP, stored on a thread, and followed up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hub.api import hooks
from hub.cli.layout import tally
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

Turns = Mapping[str, threading.Lock]
"""By connection, what keeps this process from working on it twice at once."""

_log = logging.getLogger("hub.serve")


class Receiver:
    """Takes what is pushed to the connections that have webhooks.

    Args:
        app: The loaded hub.toml.
        hub: The opened hub.
        inboxes: By connection.
        turns: By connection, the lock under which this process works on it.
        wait: Waits for a vendor, and ends the wait when the hub stops.
    """

    def __init__(
        self, app: App, hub: Hub, inboxes: dict[str, Inbox], turns: Turns, wait: Wait
    ) -> None:
        self._app = app
        self._hub = hub
        self._inboxes = inboxes
        self._turns = turns
        self._wait = wait
        self._worker = Embedded(max(1, len(inboxes)), self._store)

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

        with self._turns[name], self._app.lanes([name], self._wait) as lanes:
            nothing_to_read = [replace(ln, source=replace(ln.source, streams=())) for ln in lanes]
            report = run(self._hub, nothing_to_read, actor=f"webhook:{name}")
        _log.info("%s: deliveries stored; %d profiles changed", name, report.profiled.written)
        tell_others(self._app, self._hub, name, self._turns, self._wait)


def tell_others(app: App, hub: Hub, name: str, turns: Turns, wait: Wait) -> None:
    """Write what customers refused in connection ``name`` into the others, not when those are due.

    One that is at work just now writes it by itself, at the latest in its next run.
    """
    unready = app.left_out()
    for other in app.enabled:
        keeps_consent = other not in unready and app.toml.connectors[other].write_consent
        if other == name or not keeps_consent or not turns[other].acquire(blocking=False):
            continue
        try:
            _tell(app, hub, name, other, wait)
        except HubError as err:
            _log.error("%s: withdrawals wait: error %s: %s", other, err.code, err)
        finally:
            turns[other].release()


def _tell(app: App, hub: Hub, name: str, other: str, wait: Wait) -> None:
    with app.lanes([other], wait) as [lane]:
        report = hub.pusher(f"refusal:{name}").withdraw(lane.source, lane.destinations)
    if report is None:
        return
    if report.counts:
        _log.info("%s: withdrawals: %s", other, tally(report.counts))
    if report.stopped is not None:
        raise report.stopped


@contextmanager
def receiving(app: App, hub: Hub, turns: Turns, wait: Wait) -> Iterator[Receiver]:
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
        yield Receiver(app, hub, inboxes, turns, wait)
