"""What every part of a connector shares: where it works, and how it says what it cannot do."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from logging import Logger
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from hub.core.clock import Clock, Wait

if TYPE_CHECKING:
    from hub.core.http import HttpClient

T = TypeVar("T")

Configured: TypeAlias = T | Callable[[Any], T]
"""A part of a connector, or a function of the connection's settings where they decide."""


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Says that a system has no such ability, and why. It counts as false."""

    reason: str

    def __bool__(self) -> Literal[False]:
        return False


@dataclass(frozen=True, slots=True)
class Context:
    """What every connector function receives about the connection it works for.

    Args:
        connection: Name in ``hub.toml``.
        config: The connector's own settings, validated.
        http: Client bound to the connection's base URL, credential and limits; None for connectors
            without a wire.
        clock: The only source of time.
        log: Logger whose records name the connection; secrets are redacted.
        wait: Waits and tells progress why.
        streams: Names of the streams that the connection reads; None: every one.
    """

    connection: str
    config: Any
    http: HttpClient | None
    clock: Clock
    log: Logger
    wait: Wait
    streams: Collection[str] | None = None

    @property
    def wire(self) -> HttpClient:
        """The HTTP client of a connector that declared ``http``."""
        if self.http is None:
            raise TypeError(f"{self.connection}: the connector declares no http")
        return self.http

    def reads(self, stream: str) -> bool:
        """Whether the connection reads ``stream``: of others a delivery need not be completed."""
        return self.streams is None or stream in self.streams
