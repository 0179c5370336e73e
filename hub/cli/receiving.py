"""Webhooks while ``hub serve`` runs: taken over HTTP, stored on a thread, and followed up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hub.api import hooks
from hub.cli.layout import tally
from hub.core.clock import to_micros
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
        store = self._hub.store
        with store.read() as connection:
            due = set(depths(connection, to_micros(store.clock.now())))
        due |= self._stored()
        for name, inbox in self._inboxes.items():
            inbox.note()
            inbox.forget()
            if name in due:
                self._worker.submit(name)

    def stop(self, grace: float) -> bool:
        """Store nothing more; whether the delivery in hand was done within ``grace`` seconds."""
        ended = self._worker.stop(grace)
        for inbox in self._inboxes.values():
            inbox.note()
        return ended

    def _store(self, name: str) -> None:
        """Take what waits, then follow up what is stored, also of deliveries taken earlier."""
        self._try(name, "deliveries wait", self._inboxes[name].drain)
        self._try(name, "what was stored waits", lambda: self._follow(name))

    def _try(self, name: str, otherwise: str, step: Callable[[], object]) -> None:
        try:
            step()
        except StopRun as err:
            _log.info("%s: %s: %s", name, otherwise, err)
        except HubError as err:
            _log.error("%s: %s: error %s: %s", name, otherwise, err.code, err)

    def _stored(self) -> set[str]:
        from hub.pipeline import follow_ups

        return {mark.key for mark in follow_ups(self._hub.store)}

    def _follow(self, name: str) -> None:
        """Everything that comes after reading, without reading."""
        from hub.pipeline import Progress, run

        progress = Progress(stage=lambda _name: self._leave(name), leave=lambda: self._leave(name))
        with self._turns[name]:
            if name not in self._stored():
                return  # nothing new, or a run has done it meanwhile
            with self._app.lanes([name], self._wait) as lanes:
                unread = [replace(ln, source=replace(ln.source, streams=())) for ln in lanes]
                report = run(self._hub, unread, actor=f"webhook:{name}", progress=progress)
        _log.info("%s: deliveries stored; %d profiles changed", name, report.profiled.written)
        tell_others(self._app, self._hub, name, self._turns, self._wait)

    def _leave(self, name: str) -> None:
        self._wait(0.0, f"{name}: another run is at its stages")


def tell_others(app: App, hub: Hub, name: str, turns: Turns, wait: Wait) -> None:
    """Tell the others what a run of ``name`` brought, not when their turn comes.

    What customers refused is written there, and tasks and notes are handed over.

    One that is at work just now writes it by itself, at the latest in its next run.
    """
    unready = app.left_out()
    for other in app.enabled:
        if other == name or other in unready:
            continue
        keeps_consent = app.toml.connectors[other].write_consent
        if not (keeps_consent or hub.handovers("").concern(other)):
            continue
        if not turns[other].acquire(blocking=False):
            continue
        try:
            _tell(app, hub, name, other, wait)
        except HubError as err:
            _log.error("%s: what it is to be told waits: error %s: %s", other, err.code, err)
        finally:
            turns[other].release()


def _tell(app: App, hub: Hub, name: str, other: str, wait: Wait) -> None:
    with app.lanes([other], wait) as [lane]:
        report = hub.pusher(f"refusal:{name}").withdraw(lane.source, lane.destinations)
        handed = [*hub.hand_over([lane], f"news:{name}")]
    if report is not None and report.counts:
        _log.info("%s: withdrawals: %s", other, tally(report.counts))
    for each in handed:
        _log.info("%s: %ss: %s", other, each.kind, tally(each.counts))
    ended = [each.stopped for each in (report, *handed) if each is not None]
    for stopped in ended:
        if stopped is not None:
            raise stopped


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
