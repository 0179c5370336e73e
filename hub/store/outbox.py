"""What waits to be written into systems, and what became of it: intents without values.

A row is ``pending`` until it is ``claimed``; with its receipt it is ``done``, ``refused`` for good,
``failed``, ``withheld``, or pending again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select, update

from hub.store import bulk
from hub.store.schema import outbox, preimages, source_records

Values = Mapping[str, Any]
"""Destination field to value, as a system holds it."""


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


def attempts(connection: Connection, outbox_id: int) -> int:
    """How often a row was claimed."""
    query = select(outbox.c.attempts).where(outbox.c.outbox_id == outbox_id)
    return int(connection.execute(query).scalar_one())


def claim(connection: Connection, outbox_id: int, claimed: Claim, now: int) -> None:
    """Note that a row is about to be sent, and what stands there until then."""
    # What a first attempt found counts; a retry writes the same fields or fewer.
    kept = (outbox_id, orjson.dumps(claimed.before))
    bulk.insert_new(connection, preimages, ("outbox_id", "body"), [kept])
    connection.execute(
        update(outbox)
        .where(outbox.c.outbox_id == outbox_id)
        .values(
            status="claimed",
            payload=claimed.payload,
            rests_on=claimed.rests_on,
            fields=orjson.dumps(claimed.names),
            decision=claimed.decision,
            attempts=outbox.c.attempts + 1,
            updated_at=now,
        )
    )


def settle(
    connection: Connection,
    outbox_id: int,
    status: str,
    now: int,
    *,
    reference: str = "",
    error: str = "",
) -> None:
    """Note what became of a row."""
    connection.execute(
        update(outbox)
        .where(outbox.c.outbox_id == outbox_id)
        .values(status=status, reference=reference or None, error=error or None, updated_at=now)
    )
