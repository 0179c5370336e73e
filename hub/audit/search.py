"""Finding events in the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from hub.audit.log import AuditEvent
from hub.core.clock import to_micros
from hub.store.schema import audit_leaves


@dataclass(frozen=True, slots=True)
class Query:
    """Which events to find; what is None does not matter.

    Attributes:
        kind: Kind, or with a ``*`` at its end the beginning of kinds: ``consent.*``.
        actor: Who did it.
        subject: Pseudonym of the person.
        connection: Name of the connection.
        since: At or after this instant.
        until: Before this instant.
    """

    kind: str | None = None
    actor: str | None = None
    subject: str | None = None
    connection: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The query as SQL conditions, one per field that matters."""
        leaf = audit_leaves.c
        equal = {leaf.actor: self.actor, leaf.subject: self.subject}
        equal[leaf.connection] = self.connection
        found = [column == value for column, value in equal.items() if value is not None]
        if self.kind is not None:
            found.append(_is_kind(self.kind))
        if self.since is not None:
            found.append(leaf.at >= to_micros(self.since))
        if self.until is not None:
            found.append(leaf.at < to_micros(self.until))
        return found


@dataclass(frozen=True, slots=True)
class Found:
    """An event and its index in the log; None while it waits for one."""

    index: int | None
    event: AuditEvent


def search(connection: Connection, query: Query, limit: int) -> Iterator[Found]:
    """The newest ``limit`` events that fit, newest first, as their hashed bytes tell them."""
    leaf = audit_leaves.c
    rows = connection.execute(
        select(leaf.idx, leaf.body)
        .where(*query.conditions())
        .order_by(leaf.at.desc(), leaf.leaf_id.desc())
        .limit(limit)
    )
    for index, body in rows:
        yield Found(index, AuditEvent.parse(body))


def _is_kind(kind: str) -> ColumnElement[bool]:
    column = audit_leaves.c.kind
    return column.startswith(kind[:-1], autoescape=True) if kind.endswith("*") else column == kind
