"""Answers and tickets that ask for a reply: what opens a case, and who gave it.

A ticket says how often it was opened again or passed on, not when. So the hub notes, with the case,
when it saw that first, and how often it had been by then: whatever else happens to the ticket, it
asked then. Opened or passed on yet again, it asks anew once the customer was told something, or if
it was history before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from hub.core.clock import to_micros
from hub.core.records import Feedback, Ticket, decode
from hub.core.settings import LoopRule
from hub.store import cases, rises
from hub.store.cases import Noted
from hub.store.records import chunks, source_keys
from hub.store.schema import cluster_members, facts, source_records

_SECOND: Final = 1_000_000

Scale = tuple[float | None, float | None]

_ASKS: Final[Mapping[tuple[str, Scale], tuple[LoopRule, float]]] = {
    ("nps", (0, 10)): ("detractor", 6),
    ("csat", (1, 5)): ("low_satisfaction", 2),
    ("csat", (0, 1)): ("low_satisfaction", 0),
    ("csat", (1, 2)): ("low_satisfaction", 1),
    ("ces", (1, 7)): ("high_effort", 3),
}
"""Instrument and scale to the rule and the best score that it still catches."""

OF_TICKETS: Final[frozenset[LoopRule]] = frozenset({"reopened_ticket", "passed_around"})
"""Rules that a ticket meets; the others are met by answers."""

HIGH_RISK: Final[LoopRule] = "high_risk"
"""The rule that a risk meets when it becomes high; nobody has to say anything for it."""

_FEW_HANDS: Final = 2
"""Assignees that a ticket may well need: one who takes it in, one who knows."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """An answer, or a ticket, that asks for a reply.

    Args:
        rid: Its row id.
        key: Its source key, as text.
        party_rid: The record that it names as its giver.
        at: When it asked, microseconds; never after the hub read it.
        rule: The rule that it meets.
        is_history: Whether it was older than the look-back when the hub read it first.
        times: How often it has asked, where that and the instant are to be noted; else None.
    """

    rid: int
    key: str
    party_rid: int
    at: int
    rule: LoopRule
    is_history: bool = False
    times: int | None = None


def asks(feedback: Feedback) -> LoopRule | None:
    """The rule that an answer meets, on the very scale it was asked on; None if it needs no reply.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 1, 1, tzinfo=UTC)
    >>> asks(Feedback(at=at, instrument="nps", score=6, scale_min=0, scale_max=10))
    'detractor'
    >>> asks(Feedback(at=at, instrument="nps", score=1, scale_min=1, scale_max=5))
    """
    found = _ASKS.get((feedback.instrument, (feedback.scale_min, feedback.scale_max)))
    if found is None or feedback.score is None or feedback.scale_min is None:
        return None
    rule, highest = found
    fits = feedback.score == int(feedback.score) and feedback.scale_min <= feedback.score
    return rule if fits and feedback.score <= highest else None


def load(
    connection: Connection,
    golden_ids: Sequence[str],
    rules: Sequence[LoopRule],
    look_back: int,
) -> dict[str, list[Trigger]]:
    """What each customer said or came back with that asks for a reply, oldest first.

    Args:
        connection: To read from.
        golden_ids: Whose.
        rules: What opens a case.
        look_back: Seconds after which an answer that is read first is history.
    """
    told: dict[str, list[Trigger]] = {golden_id: [] for golden_id in golden_ids}
    for golden_id, trigger in _triggers(connection, golden_ids, rules, look_back * _SECOND):
        told[golden_id].append(trigger)
    if HIGH_RISK in rules:
        for golden_id, trigger in _risen(connection, golden_ids, look_back * _SECOND):
            told[golden_id].append(trigger)
    return {who: sorted(found, key=lambda each: (each.at, each.key)) for who, found in told.items()}


def _triggers(
    connection: Connection, golden_ids: Sequence[str], rules: Collection[LoopRule], look_back: int
) -> Iterator[tuple[str, Trigger]]:
    entities = [Feedback.entity_name] + [Ticket.entity_name] * (not OF_TICKETS.isdisjoint(rules))
    record = source_records.c
    columns = (cluster_members.c.golden_id, facts.c.rid, facts.c.party_rid, facts.c.at,
               record.canonical, record.created_at, record.changed_at)  # fmt: skip
    query = (
        select(*columns)
        .select_from(cluster_members)
        .join(facts, facts.c.party_rid == cluster_members.c.rid)
        .join(source_records, record.rid == facts.c.rid)
        .where((facts.c.entity + "").in_(entities))  # from the customers on, on SQLite too
    )
    for chunk in chunks(golden_ids):
        rows = connection.execute(query.where(cluster_members.c.golden_id.in_(chunk))).all()
        rids = [row.rid for row in rows]
        keys = source_keys(connection, rids)
        known = cases.noted(connection, rids) if Ticket.entity_name in entities else {}
        for row in rows:
            said = decode(row.canonical)
            rule, at, times = None, min(row.at, row.changed_at), None
            if isinstance(said, Feedback):
                rule = asks(said)
            elif isinstance(said, Ticket):
                seen = _Seen(said, rules, row.created_at, row.changed_at, known.get(row.rid))
                rule, (at, times) = seen.rule, seen.asked(look_back)
            if rule is not None and rule in rules:
                is_history = row.created_at - at > look_back
                yield (
                    row.golden_id,
                    Trigger(
                        row.rid, str(keys[row.rid]), row.party_rid, at, rule, is_history, times
                    ),
                )


def _risen(
    connection: Connection, golden_ids: Sequence[str], look_back: int
) -> Iterator[tuple[str, Trigger]]:
    """Risks that are high, each on the record that its rise hangs on."""
    standing = rises.standing(connection, golden_ids)
    keys = source_keys(connection, [rise.party_rid for each in standing.values() for rise in each])
    for golden_id, found in standing.items():
        for rise in found:
            rid, is_history = rise.party_rid, rise.at - rise.since > look_back
            yield golden_id, Trigger(rid, str(keys[rid]), rid, rise.at, HIGH_RISK, is_history)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A ticket as the hub saw it, and what of it counts under the rules."""

    ticket: Ticket
    rules: Collection[LoopRule]
    created_at: int
    changed_at: int
    noted: Noted | None

    @property
    def rule(self) -> LoopRule | None:
        """The rule that it meets; what was noted waits for a word even when it is solved."""
        if self._reopens:
            return "reopened_ticket"
        many = (self.ticket.assignee_stations or 0) > _FEW_HANDS
        waits = self.ticket.is_unsolved or self.noted is not None
        return "passed_around" if many and waits else None

    def asked(self, look_back: int) -> tuple[int, int | None]:
        """When it asked for a reply, and how often it has, if that is to be noted."""
        times, noted = self._reopens + self._hands, self.noted
        if noted is None:
            return self._at(), times
        over = noted.told or self.created_at - noted.at > look_back
        return (self.changed_at, times) if over and times > noted.times else (noted.at, None)

    @property
    def _reopens(self) -> int:
        return (self.ticket.reopens or 0) if "reopened_ticket" in self.rules else 0

    @property
    def _hands(self) -> int:
        """Assignees too many, while it is not solved."""
        counts = "passed_around" in self.rules and self.ticket.is_unsolved
        return max(0, (self.ticket.assignee_stations or 0) - _FEW_HANDS) if counts else 0

    def _at(self) -> int:
        """When the hub saw it change; of one that it never saw otherwise, the ticket's own word."""
        if self.changed_at > self.created_at:
            return self.changed_at
        own = max(self.ticket.at, self.ticket.solved_at or self.ticket.at)
        return min(to_micros(own), self.changed_at)
