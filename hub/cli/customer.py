"""The customer that a command line means, and the trace that looking at one leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.cli.run import actor
from hub.core.errors import NotFound
from hub.core.ids import GoldenId, Rid, SourceKey

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from hub.audit.log import Scalar
    from hub.pipeline import Hub


@dataclass(frozen=True, slots=True)
class Customer:
    """A living customer: golden id, and row id and key of each source record."""

    golden_id: str
    records: Mapping[int, SourceKey]


def customer(connection: Connection, asked: str) -> Customer:
    """The customer that ``asked`` names: a golden id, also a former one, a source key, an e-mail.

    Raises:
        NotFound: If there is no such id or record, nobody answers for it today, or several
            customers carry that e-mail.
    """
    from sqlalchemy import select

    from hub.store.records import source_keys
    from hub.store.schema import cluster_members

    if "/" in asked:
        golden_id = _of_record(connection, asked)
    else:
        golden_id = (_of_email if "@" in asked else _of_id)(connection, asked)
    query = select(cluster_members.c.rid).where(cluster_members.c.golden_id == golden_id)
    return Customer(golden_id, source_keys(connection, connection.execute(query).scalars()))


def note_reading(
    hub: Hub,
    what: str,
    *,
    subject: int | None = None,
    connection: str | None = None,
    details: Mapping[str, Scalar] | None = None,
) -> None:
    """Leave the audit event ``read.<what>`` before anything is shown.

    Args:
        hub: The opened hub.
        what: What was looked at.
        subject: Row id of a record of the person.
        connection: Connection it concerns.
        details: Names and ids, no personal value.
    """
    from hub.audit import log
    from hub.store import pseudonyms

    with hub.store.write() as writing:
        name = None if subject is None else pseudonyms.of(writing, [subject])[subject]
        event = log.AuditEvent(
            f"read.{what}", actor(), hub.clock.now(), name, connection, details or {}
        )
        log.record(writing, event)
    hub.notary.settle()


def _of_id(connection: Connection, asked: str) -> str:
    from hub.identity.golden_ids import find

    found = find(connection, GoldenId(asked))
    if found.golden_id is None:
        raise NotFound(f"{asked} is {found.status}: nobody answers for it any more")
    return found.golden_id


def _of_email(connection: Connection, asked: str) -> str:
    from hub.identity.customers import with_email

    found = with_email(connection, asked)
    if not found:
        raise NotFound("no customer carries that e-mail. Look wider: hub profiles find")
    if len(found) > 1:
        raise NotFound(f"{len(found)} customers carry that e-mail: {', '.join(found)}. Name one")
    return found[0]


def _of_record(connection: Connection, asked: str) -> str:
    from sqlalchemy import select

    from hub.store.records import find
    from hub.store.schema import cluster_members

    try:
        rid: Rid | None = find(connection, SourceKey.parse(asked))
    except ValueError:
        rid = None
    if rid is None:
        raise NotFound(f"there is no record {asked}. A record is named connection/stream/id")
    query = select(cluster_members.c.golden_id).where(cluster_members.c.rid == rid)
    golden_id = connection.execute(query).scalar()
    if golden_id is None:
        raise NotFound(
            f"{asked} belongs to no customer: it was deleted at its source, or is not resolved yet."
            " Resolve what is new with: hub run"
        )
    return str(golden_id)
