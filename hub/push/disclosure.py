"""What a system has been told: one line of the register and one audit leaf per record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import orjson
from sqlalchemy import Connection

from hub.audit import log
from hub.audit.log import AuditEvent, Scalar
from hub.core.clock import from_micros
from hub.core.connector import OutField
from hub.privacy.gate import Gate
from hub.store import bulk, pseudonyms
from hub.store.schema import disclosures

_COLUMNS = ("outbox_id", "golden_id", "rid", "connection", "fields", "decision", "at")


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What a system knows by one sending, and the decision that let it go.

    Args:
        outbox_id: Number of the sending.
        rid: The record that was written, or that the item hangs on.
        golden_id: The customer; None if nobody answers for the record any more.
        decision: Of the gate.
        names: Fields or parts that were sent. None: it said that something is over, which discloses
            nothing and has an audit leaf alone.
        what: More for the audit leaf.
    """

    outbox_id: int | None
    rid: int | None
    golden_id: str | None
    decision: str | None
    names: frozenset[str]
    what: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Register:
    """Keeps the register of what one connection was told.

    Args:
        connection: Who was told.
        kind: Of the audit leaves.
        unit: What is sent: fields of a record, or parts of a task or note.
        fields: Everything that may be sent.
        gate: Knows the terms of each.
        actor: Who asked.
    """

    connection: str
    kind: str
    unit: Literal["fields", "parts"]
    fields: Sequence[OutField]
    gate: Gate
    actor: str

    def add(self, connection: Connection, told: Sequence[Disclosed], now: int) -> None:
        """Write what was disclosed, in the transaction of its receipt."""
        terms = {field.name: self.gate.terms(field) for field in self.fields}
        rows = [
            (
                item.outbox_id, item.golden_id, item.rid, self.connection,
                orjson.dumps({name: terms.get(name, "") for name in sorted(item.names)}),
                item.decision, now,
            )
            for item in told
            if item.names
        ]  # fmt: skip
        bulk.insert_new(connection, disclosures, _COLUMNS, rows)
        leaf = AuditEvent(self.kind, self.actor, from_micros(now), connection=self.connection)
        record_each(connection, leaf, [(item.rid, self._what(item)) for item in told])

    def _what(self, item: Disclosed) -> dict[str, Scalar]:
        names = ",".join(sorted(item.names)) or None
        return {
            "decision": item.decision, "outbox": item.outbox_id, self.unit: names, **item.what
        }  # fmt: skip


def record_each(
    connection: Connection,
    leaf: AuditEvent,
    told: Iterable[tuple[int | None, Mapping[str, Scalar]]],
) -> None:
    """Write one audit leaf per record, under its pseudonym.

    Args:
        connection: The database.
        leaf: What all of them say.
        told: Row id of each record, and what its leaf says.
    """
    each = list(told)
    names = pseudonyms.of(connection, [rid for rid, _ in each if rid is not None])
    log.record_many(
        connection, [replace(leaf, subject=names.get(rid or 0), what=what) for rid, what in each]
    )
