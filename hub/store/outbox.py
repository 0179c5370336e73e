"""What waits to be written into systems, and what became of it: intents without values.

A row is ``pending`` until it is ``claimed``; with its receipt it is ``done``, ``refused`` for good,
``failed``, ``withheld``, or pending again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select, update

from hub.store import bulk
from hub.store.schema import outbox, preimages, source_records

Values = Mapping[str, Any]
"""Destination field to value, as a system holds it."""
_ROW = "row"
"""Parameter that names the row; it may not be called as the column is."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """One row that was claimed and has no receipt.

    Args:
        names: Fields that were sent, or were about to be.
        before: What stood there before.
    """

    outbox_id: int
    rid: int
    golden_id: str
    native_id: str
    decision: str
    attempts: int
    names: frozenset[str]
    before: Values


@dataclass(frozen=True, slots=True)
class Claim:
    """What is noted before a row is sent.

    Args:
        payload: Keyed digest of what is sent.
        rests_on: What a refusal of it would rest on.
        names: Fields that are sent.
        decision: Id of the gate's decision.
        before: What stands there now.
    """

    payload: bytes
    rests_on: str
    names: Sequence[str]
    decision: str
    before: Values


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row.

    Args:
        status: Where it stands.
        reference: What the system calls the write.
        error: Why there was none.
    """

    status: str
    reference: str = ""
    error: str = ""


def pending(connection: Connection, plan_id: str, limit: int) -> list[int]:
    """The next rows of a plan that wait to be sent."""
    query = select(outbox.c.outbox_id).where(
        outbox.c.plan_id == plan_id, outbox.c.status == "pending"
    )
    return list(connection.execute(query.order_by(outbox.c.outbox_id).limit(limit)).scalars())


def unsettled(connection: Connection, plan_id: str, limit: int) -> list[Unsettled]:
    """The next rows of a plan whose outcome is unknown."""
    row = outbox.c
    query = (
        select(
            row.outbox_id, row.rid, row.golden_id, source_records.c.source_id, row.decision,
            row.attempts, row.fields, preimages.c.body,
        )
        .join(source_records, source_records.c.rid == row.rid)
        .join(preimages, preimages.c.outbox_id == row.outbox_id)
        .where(row.plan_id == plan_id, row.status == "claimed")
        .order_by(row.outbox_id)
        .limit(limit)
    )  # fmt: skip
    return [
        Unsettled(*found[:6], frozenset(orjson.loads(found[6])), orjson.loads(found[7]))
        for found in connection.execute(query)
    ]


def records(connection: Connection, outbox_ids: Sequence[int]) -> dict[int, int]:
    """The record that each row is about."""
    query = select(outbox.c.outbox_id, outbox.c.rid).where(outbox.c.outbox_id.in_(outbox_ids))
    return {row.outbox_id: row.rid for row in connection.execute(query)}


def planned(connection: Connection, outbox_ids: Sequence[int]) -> dict[int, frozenset[str]]:
    """The fields of each row that were approved."""
    query = select(outbox.c.outbox_id, outbox.c.fields)
    rows = connection.execute(query.where(outbox.c.outbox_id.in_(outbox_ids)))
    return {outbox_id: frozenset(orjson.loads(names)) for outbox_id, names in rows}


def attempts(connection: Connection, outbox_ids: Sequence[int]) -> dict[int, int]:
    """How often each row was claimed."""
    query = select(outbox.c.outbox_id, outbox.c.attempts)
    rows = connection.execute(query.where(outbox.c.outbox_id.in_(outbox_ids)))
    return {row.outbox_id: row.attempts for row in rows}


def claim(connection: Connection, claims: Mapping[int, Claim], now: int) -> None:
    """Note that rows are about to be sent, and what stands there until then."""
    # What a first attempt found counts; a retry writes the same fields or fewer.
    kept = [(outbox_id, orjson.dumps(each.before)) for outbox_id, each in claims.items()]
    bulk.insert_new(connection, preimages, ("outbox_id", "body"), kept)
    claimed = [
        {
            _ROW: outbox_id,
            "payload": each.payload,
            "rests_on": each.rests_on,
            "fields": orjson.dumps(each.names),
            "decision": each.decision,
        }
        for outbox_id, each in claims.items()
    ]
    again = {"status": "claimed", "attempts": outbox.c.attempts + 1, "updated_at": now}
    _update(connection, again, claimed)


def settle(connection: Connection, outcomes: Mapping[int, Outcome], now: int) -> None:
    """Note what became of rows."""
    settled = [
        {
            _ROW: outbox_id,
            "status": each.status,
            "reference": each.reference or None,
            "error": each.error or None,
        }
        for outbox_id, each in outcomes.items()
    ]
    _update(connection, {"updated_at": now}, settled)


def _update(
    connection: Connection, same: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write what is the same for all rows, and what is not."""
    if rows:
        one = update(outbox).where(outbox.c.outbox_id == bindparam(_ROW))
        connection.execute(one.values(**same), rows)
