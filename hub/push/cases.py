"""A refusal, a record in another system, and a permission: what there is to judge.

What was judged already is found again when something that the judgement rests on has changed: what
the system declares, what it says itself, the version of the record, or the customer's ledger, each
as far as it concerns this permission.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    String,
    and_,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    values,
)

from hub.core.records import Person
from hub.store.echoes import REFUSALS
from hub.store.schema import (
    cluster_members,
    consent_events,
    source_records,
    streams,
    withdrawals,
)
from hub.sync.pull import Source

PAGE = 10_000
"""Cases found at once: to find some costs as much as to find many."""
_JUDGED_AGAIN = ("moot", "not_held")
"""What a withdrawal is while it depends on its case alone, and not on what a system answers."""


@dataclass(frozen=True, slots=True)
class Case:
    """A refusal, a record in another system, and a permission that may have to be taken back there.

    Args:
        event_id: The refusal.
        rid: The record.
        golden_id: The customer.
        purpose: Purpose of the permission.
        channel: Channel of the permission.
        point: Keyed hash of the address that the refusal names; None is all of them.
        rests_on: What a judgement of now rests on: what the system declares and says of this
            permission, then the record's version and the customer's ledger position for it.
        status: Of the withdrawal that an earlier judgement made; None if there was none.
        rested_on: What that one rested on.
    """

    event_id: str
    rid: int
    golden_id: str
    purpose: str
    channel: str
    point: bytes | None
    rests_on: str = field(compare=False)
    status: str | None = field(compare=False)
    rested_on: str | None = field(compare=False)

    @property
    def may_be_held_now(self) -> bool:
        """Whether the system may hold today what it could not when the case was last judged."""
        then, now = ((each or "").partition(":")[0] for each in (self.rested_on, self.rests_on))
        return then != now


def unjudged(
    connection: Connection, source: Source, permissions: Sequence[tuple[str, str]], declared: str
) -> list[Case]:
    """Some of the cases of the system that are new, or rest on something else by now.

    Args:
        connection: The database.
        source: The system that may have to take permissions back.
        permissions: Those that a refusal ends, as purpose and channel.
        declared: What the system declares, as one word.
    """
    if not permissions:
        return []
    found = connection.execute(_cases(source, permissions, declared).limit(PAGE))
    return [_case(*row) for row in found]


def _cases(source: Source, permissions: Sequence[tuple[str, str]], declared: str) -> Select[Any]:
    asked = values(column("purpose", String), column("channel", String), name="asked")
    asked_for = asked.data(list(permissions)).cte("asked_for")
    # Found once and kept: else SQLite goes through every record anew for each permission.
    pairs = _pairs(source).cte("pairs").prefix_with("MATERIALIZED")
    rests_on = _rests_on(declared, pairs, asked_for)
    key = (pairs.c.event_id, pairs.c.rid, asked_for.c.purpose, asked_for.c.channel)
    judged = withdrawals.c
    return (
        select(
            pairs.c.event_id, pairs.c.rid, pairs.c.golden_id, asked_for.c.purpose,
            asked_for.c.channel, pairs.c.point, rests_on, judged.status, judged.rests_on,
        )
        .join(asked_for, _concerns(pairs, asked_for))
        .outerjoin(
            withdrawals,
            and_(
                judged.event_id == pairs.c.event_id,
                judged.rid == pairs.c.rid,
                judged.purpose == asked_for.c.purpose,
                judged.channel == asked_for.c.channel,
            ),
        )
        .where(
            or_(
                judged.status.is_(None),
                and_(
                    judged.status.in_(_JUDGED_AGAIN), judged.rests_on.is_distinct_from(rests_on)
                ),
            )
        )
        .order_by(pairs.c.golden_id, *key)
    )  # fmt: skip


def _pairs(source: Source) -> Select[Any]:
    """Every refusal with every record of the same customer in the system, which did not say it."""
    offered = source.connector.streams_for(source.ctx.config)
    people = [stream.name for stream in offered if stream.entity is Person]
    theirs, mine = cluster_members.alias("theirs"), cluster_members.alias("mine")
    there, here = source_records.alias("there"), source_records.alias("here")
    told, asked = streams.alias("told"), streams.alias("asked")
    event = consent_events.c
    return (
        select(
            event.event_id, event.purpose, event.channel, event.point, mine.c.rid,
            mine.c.golden_id, here.c.version,
        )
        .join(theirs, theirs.c.rid == event.rid)
        .join(mine, mine.c.golden_id == theirs.c.golden_id)
        .join(here, and_(here.c.rid == mine.c.rid, here.c.deleted_at.is_(None)))
        .join(asked, asked.c.stream_id == here.c.stream_id)
        .join(there, there.c.rid == event.rid)
        .join(told, told.c.stream_id == there.c.stream_id)
        .where(
            event.decision.in_(sorted(REFUSALS)),
            event.origin != "echo",
            asked.c.connection == source.name,
            asked.c.stream.in_(people),
            told.c.connection != source.name,
            here.c.version > 0,
        )
    )  # fmt: skip


def _rests_on(declared: str, pairs: CTE, asked_for: CTE) -> ColumnElement[str]:
    whose, said = cluster_members.alias("whose"), consent_events.alias("said")
    from_there, from_all = (
        select(_position(said)).where(_concerns(said, asked_for), about).scalar_subquery()
        for about in (
            said.c.rid == pairs.c.rid,
            and_(said.c.rid == whose.c.rid, whose.c.golden_id == pairs.c.golden_id),
        )
    )
    version = cast(pairs.c.version, String)
    return literal(f"{declared}/", String) + from_there + ":" + version + ":" + from_all


def _position(said: FromClause) -> ColumnElement[str]:
    """A ledger position: how many events, and the latest observation."""
    latest = cast(func.coalesce(func.max(said.c.observed_at), 0), String)
    return cast(func.count(), String) + "@" + latest


def _concerns(events: FromClause, asked_for: CTE) -> ColumnElement[bool]:
    """Whether an event is about a permission, for it names it or all."""
    return and_(
        or_(events.c.purpose == asked_for.c.purpose, events.c.purpose == "*"),
        or_(events.c.channel == asked_for.c.channel, events.c.channel == "*"),
    )


def _case(*row: Any) -> Case:
    event_id, rid, golden_id, purpose, channel, point, rests_on, status, rested_on = row
    kept = None if point is None else bytes(point)
    return Case(event_id, rid, golden_id, purpose, channel, kept, rests_on, status, rested_on)
