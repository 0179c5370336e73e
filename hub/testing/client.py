"""A client whose waits take no time: for tests of connectors and of the hub."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hub.core.clock import ManualClock
from hub.core.connector import Connector, Context, Unsupported
from hub.core.http import Http, HttpClient
from hub.core.limiter import Limiters
from hub.core.secrets import Redactor
from hub.core.tokens import TokenStore

CONNECTION = "under_test"


@dataclass
class Waits:
    """Every wait with its reason; a wait moves the clock and takes no time."""

    clock: ManualClock
    told: list[tuple[float, str]] = field(default_factory=list)

    def __call__(self, seconds: float, reason: str) -> None:
        """Wait by moving the clock."""
        self.told.append((seconds, reason))
        self.clock.sleep(seconds)

    @property
    def seconds(self) -> list[float]:
        """How long each wait was."""
        return [seconds for seconds, _ in self.told]


def manual_clock() -> ManualClock:
    """Midnight UTC on 1 January 2026, until a wait moves it."""
    return ManualClock(datetime(2026, 1, 1, tzinfo=UTC))


@contextmanager
def open_client(
    http: Http,
    *,
    waits: Waits | None = None,
    limiters: Limiters | None = None,
    redactor: Redactor | None = None,
    store: TokenStore | None = None,
) -> Iterator[HttpClient]:
    """A client of ``http`` with seeded jitter, closed when the block ends."""
    waits = waits or Waits(manual_clock())
    client = HttpClient(
        CONNECTION,
        http,
        clock=waits.clock,
        wait=waits,
        limiters=limiters,
        redactor=redactor,
        store=store,
        chance=random.Random(1),  # noqa: S311 - the same jitter on every run
    )
    try:
        yield client
    finally:
        client.close()


@contextmanager
def open_context(
    connector: Connector,
    settings: dict[str, Any],
    waits: Waits | None = None,
    log: logging.Logger | None = None,
) -> Iterator[Context]:
    """What the connector's functions receive under ``settings``.

    Raises:
        pydantic.ValidationError: If the connector's own model refuses the settings.
    """
    waits = waits or Waits(manual_clock())
    config = connector.config.model_validate(settings)
    log = log or logging.getLogger(f"hub.testing.{connector.name}")
    if isinstance(connector.http, Unsupported):
        yield Context(CONNECTION, config, None, waits.clock, log, waits)
        return
    with open_client(connector.http(config), waits=waits) as client:
        yield Context(CONNECTION, config, client, waits.clock, log, waits)
