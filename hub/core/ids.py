"""Identifiers: what names a source record, a golden record, a run.

Golden ids are UUIDv7 from an injectable source. They are never derived from records and never
break a tie, so a replay that reads them from the audit log reproduces the same hub.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import NewType
from uuid import UUID

from hub.core.clock import Clock, SystemClock, to_micros

Rid = NewType("Rid", int)
"""Row id of a source record in this store; never leaves the store."""

GoldenId = NewType("GoldenId", str)
"""Canonical text form of a UUIDv7."""


@dataclass(frozen=True, slots=True, order=True)
class SourceKey:
    """What every ledger event, order and audit pseudonym hangs on: one record of one system."""

    connection: str
    stream: str
    source_id: str

    def __str__(self) -> str:
        return f"{self.connection}/{self.stream}/{self.source_id}"

    @classmethod
    def parse(cls, text: str) -> SourceKey:
        """The key that ``str()`` printed.

        >>> SourceKey.parse("shop/customers/7/eu")
        SourceKey(connection='shop', stream='customers', source_id='7/eu')

        Raises:
            ValueError: If a part is missing.
        """
        connection, stream, source_id = text.split("/", 2)
        return cls(connection, stream, source_id)


class IdSource:
    """Mints UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds, then 74 random bits."""

    def __init__(
        self, clock: Clock | None = None, bits: Callable[[int], int] = secrets.randbits
    ) -> None:
        self._clock = clock or SystemClock()
        self._bits = bits

    @classmethod
    def seeded(cls, clock: Clock, seed: int) -> IdSource:
        """A source that mints the same ids for the same seed: tests and the demo only."""
        return cls(clock, Random(seed).getrandbits)  # noqa: S311 - reproducible by intent

    def uuid7(self) -> str:
        """A new UUIDv7 in canonical text form."""
        millis = to_micros(self._clock.now()) // 1000
        value = (millis & (1 << 48) - 1) << 80 | 0x7 << 76 | self._bits(12) << 64
        value |= 0b10 << 62 | self._bits(62)
        return str(UUID(int=value))

    def golden(self) -> GoldenId:
        """A new golden id."""
        return GoldenId(self.uuid7())
