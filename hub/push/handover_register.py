"""What a system was handed: one line of the register of disclosures and one audit leaf per item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import Connection

from hub.audit import log
from hub.audit.log import AuditEvent
from hub.core.clock import from_micros
from hub.store import bulk, pseudonyms
from hub.store.handovers import Handover
from hub.store.schema import disclosures

_COLUMNS = ("outbox_id", "golden_id", "rid", "connection", "fields", "decision", "at")


def tell(
    connection: Connection,
    done: Sequence[Handover],
    terms: Mapping[str, str],
    actor: str,
    now: int,
) -> None:
    """Write what was handed over, in the transaction of its receipt.

    Args:
        connection: The database.
        done: What the system confirmed. What only says that it is over discloses nothing.
        terms: Purpose and lawful basis of each part.
        actor: Who asked.
        now: Microseconds.
    """
    rows = [
        (row.outbox_id, row.golden_id, row.rid, row.connection, _fields(row.parts, terms),
         row.decision, now)
        for row in done
        if row.parts is not None
    ]  # fmt: skip
    bulk.insert_new(connection, disclosures, _COLUMNS, rows)
    names = pseudonyms.of(connection, [row.rid for row in done if row.rid is not None])
    leaves = [_leaf(row, names.get(row.rid or 0), actor, now) for row in done]
    log.record_many(connection, leaves)


def _fields(parts: str, terms: Mapping[str, str]) -> bytes:
    return orjson.dumps({part: terms.get(part, "") for part in parts.split(",")})


def _leaf(row: Handover, subject: str | None, actor: str, now: int) -> AuditEvent:
    return AuditEvent(
        kind=f"{row.kind}.handed",
        actor=actor,
        at=from_micros(now),
        subject=subject,
        connection=row.connection,
        what={
            "about": row.about,
            "decision": row.decision,
            "outbox": row.outbox_id,
            "parts": row.parts,
        },
    )
