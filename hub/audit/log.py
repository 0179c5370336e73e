"""Events and how they become leaves: written in the transaction of what they tell.

An entry is the exact JSON bytes that are stored, hashed and exported. Its fields are in
alphabetical order, so the time comes first and an auditor's tool finds it without parsing::

    {"at":1767225600000000,"by":"os:kim","connection":"shop","kind":"sync.page",
     "subject":null,"what":{"digest":"9f0c…","rows":500}}
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import Connection, LargeBinary, cast, select

from hub.audit.verify import leaf_hash
from hub.core.clock import from_micros, to_micros
from hub.store import bulk, schema

Scalar = str | int | float | bool | None

MAX_ENTRY_BYTES = 65_535
"""Source: C2SP tlog-tiles, entry bundles: the length of an entry has two bytes."""

_EARLIEST, _LATEST = 10**15, 10**16
_COLUMNS = ("leaf_id", "body", "at", "kind", "actor", "subject", "connection", "leaf_hash")


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that happened, told without a personal value.

    Attributes:
        kind: What happened, dotted: ``sync.page``, ``consent.withdrawn``, ``audit.key.rotated``.
        actor: Who did it: ``os:kim``, ``key:7f3a``, ``schedule:nightly``, ``connection:shop``.
        at: When, timezone-aware.
        subject: Random pseudonym of the person it is about; None if it is about no one person.
        connection: Name of the connection it concerns.
        what: Details by name. Values of a person appear as keyed hashes or not at all: an entry
            outlives the erasure of the person.
    """

    kind: str
    actor: str
    at: datetime
    subject: str | None = None
    connection: str | None = None
    what: Mapping[str, Scalar] = field(default_factory=dict)

    def entry(self) -> bytes:
        """The canonical bytes: UTF-8 JSON, keys sorted at every depth, no white space.

        Raises:
            ValueError: If the entry is too long, or its time is not between 2001 and 2286.
        """
        at = to_micros(self.at)
        fields = {
            "at": at,
            "by": self.actor,
            "connection": self.connection,
            "kind": self.kind,
            "subject": self.subject,
            "what": dict(self.what),
        }
        entry = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
        if len(entry) > MAX_ENTRY_BYTES or not _EARLIEST <= at < _LATEST:
            raise ValueError(f"{self.kind}: {len(entry)} bytes at {self.at} do not fit an entry")
        return entry

    @classmethod
    def parse(cls, entry: bytes) -> AuditEvent:
        """The event that ``entry()`` encoded."""
        fields = orjson.loads(entry)
        return cls(
            kind=fields["kind"],
            actor=fields["by"],
            at=from_micros(fields["at"]),
            subject=fields["subject"],
            connection=fields["connection"],
            what=fields["what"],
        )


def entries(connection: Connection, start: int, end: int) -> list[bytes]:
    """The entries with an index from ``start`` to below ``end``, in log order."""
    index = schema.audit_leaves.c.idx
    body = cast(schema.audit_leaves.c.body, LargeBinary)  # SQLite would store an edited one as text
    query = select(body).where(index >= start, index < end).order_by(index)
    result = connection.execute(query)
    # The driver's own rows: those of the expression layer double the time over a million.
    return [entry for (entry,) in result.cursor.fetchall()]


def record(
    connection: Connection, event: AuditEvent, *, bits: Callable[[int], int] = secrets.randbits
) -> int:
    """The id of the leaf written for ``event`` in the caller's transaction.

    Ids are random, and only tell leaves apart: the sequencer decides the order after the commit.
    """
    return record_many(connection, [event], bits=bits)


def record_many(
    connection: Connection,
    events: Iterable[AuditEvent],
    *,
    bits: Callable[[int], int] = secrets.randbits,
) -> int:
    """The first leaf id of a run of ids, one per event, written in the caller's transaction.

    Events of one call that carry the same time keep their order in the log.
    """
    first = bits(62)
    rows = [
        (
            leaf_id,
            (entry := event.entry()),
            to_micros(event.at),
            event.kind,
            event.actor,
            event.subject,
            event.connection,
            leaf_hash(entry),
        )
        for leaf_id, event in enumerate(events, first)
    ]
    bulk.insert(connection, schema.audit_leaves, _COLUMNS, rows)
    return first
