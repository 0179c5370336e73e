"""What a segment would be, told without storing anything: how many, and why these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

import orjson
from sqlalchemy import Connection, select

from hub.journeys.event import Event
from hub.journeys.timeline import load
from hub.segments.defined import Defined
from hub.segments.evaluation import Ground, Profile, decisive, everyone, former, named
from hub.segments.fields import facts
from hub.store.records import CHUNK
from hub.store.schema import profiles

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Example:
    """A customer who would be a member, and what makes them one."""

    golden_id: str
    reason: str


@dataclass(slots=True)
class Preview:
    """One segment as it would be.

    Args:
        defined: The segment.
        members: Golden ids, in their order.
        examples: The first of them, with reasons.
        nobodys: Entries of its list by which nobody is known.
    """

    defined: Defined
    members: list[str] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    nobodys: list[str] = field(default_factory=list)


def preview(connection: Connection, on: Ground) -> list[Preview]:
    """Every segment of the ground over all stored profiles; nothing is written."""
    found = {each.id: Preview(each) for each in on.segments.defined}
    nobodys = set(chain.from_iterable(each.listed for each in on.segments.defined))
    nobodys -= former(connection, nobodys).keys()
    for batch in stored(connection):
        nobodys.difference_update(*(named(who, profile) for who, profile in batch.items()))
        for golden_id, names in everyone(connection, batch, on).items():
            for name in names:
                found[name].members.append(golden_id)
                if len(found[name].examples) < EXAMPLES:
                    why = reason(connection, found[name].defined, golden_id, batch[golden_id], on)
                    found[name].examples.append(Example(golden_id, why))
    for each in found.values():
        each.nobodys = [entry for entry in each.defined.listed if entry in nobodys]
    return list(found.values())


def stored(connection: Connection, size: int = CHUNK) -> Iterator[dict[str, Profile]]:
    """All profiles as they stand, a batch at a time, by golden id."""
    last = ""
    query = select(profiles.c.golden_id, profiles.c.body).order_by(profiles.c.golden_id)
    while rows := connection.execute(query.where(profiles.c.golden_id > last).limit(size)).all():
        yield {golden_id: orjson.loads(body) for golden_id, body in rows}
        last = rows[-1].golden_id


def reason(
    connection: Connection, each: Defined, golden_id: str, profile: Profile, on: Ground
) -> str:
    """Why a customer is a member: the entry of the list, the values of the rule, the events."""
    if each.segment.kind == "static":
        entries = sorted(named(golden_id, profile) & on.listed[each.id])
        return f"listed as {', '.join(entries)}"
    told = [_value(profile, path) for path in (each.rule.paths if each.rule else ())]
    if each.segment.event is not None:
        events = load(connection, [golden_id])[golden_id]
        told += [_event(event) for event in decisive(each.segment.event, events, on.day)[-1:]]
    return ", ".join(told)


def _value(profile: Profile, path: str) -> str:
    group, _, name = path.partition(".")
    value = facts(profile, [path])[group].get(name)
    return f"{path} {'unknown' if value is None else _told(value)}"


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if value % 1 else f"{value:.0f}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _event(event: Event) -> str:
    return f"{event.kind} of {event.at.date()} [{event.source}]"
