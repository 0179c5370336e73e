"""Themes and improvements in the store: who speaks of what, and what is done about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, Select, delete, distinct, func, select

from hub.store import bulk
from hub.store.records import chunks
from hub.store.schema import (
    cluster_members,
    facts,
    improvement_events,
    improvements,
    theme_mentions,
)

ANYTHING = ""
"""Theme of every text that was read."""

State = Literal["found", "owned", "acted", "told", "remeasured", "declined", "withdrawn"]
UNSETTLED: tuple[State, ...] = ("found", "owned", "acted", "told")
"""States in which something is still to be done."""


@dataclass(frozen=True, slots=True)
class Improvement:
    """A theme that rose, and what is done about it. Instants are microseconds of UTC.

    Args:
        improvement_id: Keyed hash of theme and week.
        theme: An aspect, or a phrase that customers use.
        week: Begin of the week in which it rose.
        state: Where it stands.
        found_at: When the hub found it.
        evidence: Numbers of that week and of those before, as JSON.
        owner: Who has it.
        owned_at: Since when.
        due_at: When something is to have been changed.
        action: What was changed.
        acted_at: When.
        told: How many of the customers who spoke of it were told.
        message: Reference of what they were told.
        told_at: When.
        result: Shares before and after, and the verdict, as JSON.
        settled_at: When it was measured again, declined or withdrawn.
        steps: Number of its last event.
    """

    improvement_id: str
    theme: str
    week: int
    state: State
    found_at: int
    evidence: bytes
    owner: str | None = None
    owned_at: int | None = None
    due_at: int | None = None
    action: str | None = None
    acted_at: int | None = None
    told: int | None = None
    message: str | None = None
    told_at: int | None = None
    result: bytes | None = None
    settled_at: int | None = None
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to an improvement, and the improvement after it.

    Args:
        improvement: As it stands now; its ``steps`` is the number of this event.
        kind: The state that it came to.
        at: When, microseconds.
        actor: Who did it.
        said: Details.
    """

    improvement: Improvement
    kind: str
    at: int
    actor: str
    said: Mapping[str, str | int | None] = field(default_factory=dict)


_COLUMNS = tuple(each.name for each in fields(Improvement))
_EVENT = ("improvement_id", "number", "at", "kind", "actor", "body")
_SELECT = select(*(improvements.c[name] for name in _COLUMNS))


def write(connection: Connection, steps: Sequence[Step]) -> None:
    """Keep the steps; a second process that takes the same step fails and tries again."""
    events = [
        (step.improvement.improvement_id, step.improvement.steps, step.at, step.kind, step.actor,
         orjson.dumps(dict(step.said), option=orjson.OPT_SORT_KEYS))
        for step in steps
    ]  # fmt: skip
    bulk.insert(connection, improvement_events, _EVENT, events)
    rows = [astuple(step.improvement) for step in steps]
    bulk.upsert(connection, improvements, _COLUMNS, rows, key=("improvement_id",))


def get(connection: Connection, improvement_id: str) -> Improvement | None:
    """The improvement of that id."""
    chosen = _SELECT.where(improvements.c.improvement_id == improvement_id)
    row = connection.execute(chosen).one_or_none()
    return None if row is None else Improvement(*row)


def listed(connection: Connection, states: Collection[str] = ()) -> list[Improvement]:
    """Improvements in some states, or all, the newest week first."""
    query = _SELECT.order_by(improvements.c.week.desc(), improvements.c.theme)
    if states:
        query = query.where(improvements.c.state.in_(states))
    return [Improvement(*row) for row in connection.execute(query)]


def events(connection: Connection, improvement_id: str) -> list[dict[str, Any]]:
    """Everything that happened to an improvement, in order."""
    query = select(improvement_events).where(improvement_events.c.improvement_id == improvement_id)
    return [
        {"at": row.at, "kind": row.kind, "actor": row.actor, **orjson.loads(row.body)}
        for row in connection.execute(query.order_by(improvement_events.c.number))
    ]


# --- who speaks of what ------------------------------------------------------------------------


def note(connection: Connection, mentions: Mapping[int, Iterable[str]]) -> None:
    """Make the themes of each text, by row id, the only ones that it has."""
    for chunk in chunks(sorted(mentions)):
        connection.execute(delete(theme_mentions).where(theme_mentions.c.rid.in_(chunk)))
    rows = [(rid, theme) for rid, themes in mentions.items() for theme in sorted(set(themes))]
    bulk.insert(connection, theme_mentions, ("rid", "theme"), rows)


def forget_lost(connection: Connection) -> None:
    """Take the themes of texts that left the hub."""
    there = select(facts.c.rid)
    connection.execute(delete(theme_mentions).where(theme_mentions.c.rid.not_in(there)))


def mentions(
    connection: Connection, since: int, fewest: int, themes: Collection[str] = ()
) -> Iterator[tuple[str, str, int]]:
    """Theme, golden id and instant of every mention from ``since`` on.

    Args:
        connection: To read from.
        since: Microseconds.
        fewest: Themes of fewer customers than this are left out.
        themes: Which; all if empty.
    """
    shared = _mentions(theme_mentions.c.theme, since).group_by(theme_mentions.c.theme)
    shared = shared.having(func.count(distinct(cluster_members.c.golden_id)) >= fewest)
    query = _mentions(theme_mentions.c.theme, since, cluster_members.c.golden_id, facts.c.at).where(
        theme_mentions.c.theme.in_(themes or shared)
    )
    yield from (tuple(row) for row in connection.execute(query))


def speakers(connection: Connection, theme: str, since: int, until: int) -> list[str]:
    """Golden ids of the customers who spoke of a theme from ``since`` to before ``until``."""
    query = _mentions(cluster_members.c.golden_id, since).distinct()
    chosen = query.where(theme_mentions.c.theme == theme, facts.c.at < until)
    return sorted(connection.execute(chosen).scalars())


def _mentions(column: Any, since: int, *more: Any) -> Select[Any]:
    return (
        select(column, *more)
        .select_from(theme_mentions)
        .join(facts, facts.c.rid == theme_mentions.c.rid)
        .join(cluster_members, cluster_members.c.rid == facts.c.party_rid)
        .where(facts.c.at >= since)
    )
