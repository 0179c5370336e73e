"""What a system has been told: one line of the register and one audit leaf per person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection

from hub.audit import log
from hub.audit.log import AuditEvent, Scalar
from hub.core.clock import from_micros
from hub.privacy.gate import Gate
from hub.push.destination import Destination
from hub.store import bulk, pseudonyms
from hub.store.schema import disclosures

_COLUMNS = ("outbox_id", "golden_id", "rid", "connection", "fields", "decision", "at")


@dataclass(frozen=True, slots=True)
class Disclosed:
    """Fields of one person that a system has now, and the decision that let them go."""

    outbox_id: int
    rid: int
    golden_id: str
    decision: str
    names: frozenset[str]
    what: Mapping[str, Scalar]


@dataclass(frozen=True, slots=True)
class Register:
    """Keeps the register of what one destination was told.

    Args:
        destination: Who was told.
        gate: Knows the terms of each field.
        actor: Who approved.
    """

    destination: Destination
    gate: Gate
    actor: str

    def add(self, connection: Connection, told: Sequence[Disclosed], now: int) -> None:
        """Write what was disclosed, in the transaction of its receipt."""
        terms = {field.name: self.gate.terms(field) for field in self.destination.fields}
        names = pseudonyms.of(connection, [item.rid for item in told])
        sent = [{name: terms.get(name, "") for name in sorted(item.names)} for item in told]
        place = self.destination.connection
        rows = [
            (item.outbox_id, item.golden_id, item.rid, place, orjson.dumps(fields), item.decision,
             now)
            for item, fields in zip(told, sent, strict=True)
        ]  # fmt: skip
        bulk.insert_new(connection, disclosures, _COLUMNS, rows)
        log.record_many(
            connection,
            [
                AuditEvent(
                    kind="release.pushed",
                    actor=self.actor,
                    at=from_micros(now),
                    subject=names[item.rid],
                    connection=place,
                    what={
                        "decision": item.decision,
                        "fields": ",".join(fields),
                        "outbox": item.outbox_id,
                        **item.what,
                    },
                )
                for item, fields in zip(told, sent, strict=True)
            ],
        )
