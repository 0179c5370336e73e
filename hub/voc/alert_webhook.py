"""Alerts over HTTP: one signed POST per event, after Standard Webhooks.

A receiver may get an event twice, when its answer was lost, and always with the same
``webhook-id``. Nothing is sent again within a run; the next run does that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from hub.core.auth import NoAuth
from hub.core.clock import Clock
from hub.core.http import Http, HttpClient
from hub.core.settings import WebhookRoute
from hub.core.webhooks import standard_headers
from hub.store.alerts import Alert

_log = logging.getLogger(__name__)
TIMEOUT = 10.0
"""Seconds without a byte after which a receiver counts as dead."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver of alerts over HTTP.

    Args:
        name: Of its route, for messages.
        settings: Where it is, and how it knows us.
        clock: Source of time.
    """

    name: str
    settings: WebhookRoute
    clock: Clock

    @contextmanager
    def opened(self) -> Iterator[HttpClient]:
        """The way to the receiver, until the block ends."""
        wire = Http(self.settings.url, NoAuth(), timeout=TIMEOUT, attempts=1, json_only=False)
        client = HttpClient(self.name, wire, clock=self.clock, wait=self._wait)
        try:
            yield client
        finally:
            client.close()

    def post(self, client: HttpClient, found: Sequence[Alert]) -> None:
        """Send each event.

        Raises:
            HubError: If the receiver did not take one.
        """
        for each in found:
            said = orjson.loads(each.body)
            payload = {"type": f"case.{said['what']}", "timestamp": said["at"], "data": said}
            self._post(client, each.event, payload)

    def check(self) -> None:
        """Send an event of type ``alert.test``, signed like any other.

        Raises:
            HubError: If the receiver did not take it.
        """
        now = self.clock.now()
        payload = {"type": "alert.test", "timestamp": now.isoformat(), "data": {}}
        with self.opened() as client:
            self._post(client, f"test/{int(now.timestamp())}", payload)

    def _post(self, client: HttpClient, name: str, payload: dict[str, Any]) -> None:
        body = orjson.dumps(payload)  # the very bytes that the client sends for it
        headers = standard_headers(self.settings.secret, name, self.clock.now(), body)
        client.post(self.settings.url, json=payload, headers=headers)

    def _wait(self, seconds: float, reason: str) -> None:
        _log.info("%s: waiting %.1f s: %s", self.name, seconds, reason)
        self.clock.sleep(seconds)
