"""Where the pages of one stream go, and what the transaction of one page has done so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.core.connector import Stream
from hub.core.ids import Rid
from hub.store.leases import Lease
from hub.sync.counts import Counts


@dataclass(frozen=True, slots=True)
class Target:
    """Where the pages of one stream go, and under whose right.

    Args:
        connection: Name in ``hub.toml``.
        stream: The stream's declaration.
        stream_id: Its row id.
        mapping: Fingerprint of the mapping in use.
        lease: The run's right to write.
        run: Run id.
        actor: Who started the run.
        region: Default phone region.
        brand: Brand of the connection.
    """

    connection: str
    stream: Stream
    stream_id: int
    mapping: bytes
    lease: Lease
    run: str
    actor: str
    region: str
    brand: str

    @property
    def cause(self) -> str:
        """What dirty marks name as their cause."""
        return f"{self.connection}/{self.stream.name}"


@dataclass(slots=True)
class Changes:
    """What the transaction of one page has done so far.

    Args:
        now: Instant of the commit, microseconds.
        counts: What became of the page's rows.
        identity: Records of parties that identity is to look at again.
        facts: Parties whose facts have moved, and facts that are nobody's.
        digests: What the audit leaf says of each record.
    """

    now: int
    counts: Counts
    identity: set[Rid] = field(default_factory=set)
    facts: set[Rid] = field(default_factory=set)
    digests: list[tuple[Rid, bytes]] = field(default_factory=list)
