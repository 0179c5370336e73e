"""Whose consent counts for whom: the ledgers of a person's source records, read together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, func, or_, select

from hub.core.ids import SourceKey
from hub.core.settings import PurposeSection
from hub.privacy.resolution import UNKNOWN, Event, Permission, fold
from hub.store.ledger import RESTRICTIVE, SILENCE
from hub.store.records import chunks, deleted
from hub.store.schema import (
    cluster_members,
    consent_events,
    identity_events,
    links,
)
from hub.store.schema import golden_ids as known_as

IN_DOUBT = ("review", "auto")
"""Verdicts on pairs that may be one person; those that are one already are no matter."""

_COLUMNS = [consent_events.c[name] for name in Event.__dataclass_fields__]


_WEIGHT = {
    state: weight
    for weight, state in enumerate(
        (
            "restricted",
            "granted",
            "withdrawn",
            "objected",
            "denied",
            "expired",
            "pending",
            "unknown",
        )
    )
}
"""Which answer speaks for a person with several addresses."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """Everything a person has said about the use of their data.

    Args:
        events: Events of all their source records, plus the refusals of records that may be theirs
            or were theirs until their source deleted them.
        purposes: Purposes of ``hub.toml``.
        now: Instant of the question, microseconds.
    """

    events: tuple[Event, ...]
    purposes: Mapping[str, PurposeSection]
    now: int

    def of(self, purpose: str, channel: str, point: bytes | None = None) -> Permission:
        """Where the permission for one purpose and channel stands."""
        return fold(
            self.events,
            purpose=purpose,
            channel=channel,
            point=point,
            now=self.now,
            min_notice_version=self.purposes[purpose].min_notice_version,
        )

    def points(self, purpose: str, channel: str) -> list[bytes]:
        """Contact points that some event of this purpose and channel names."""
        named = {
            event.point
            for event in self.events
            if event.point is not None and event.purpose == purpose and event.channel == channel
        }
        return sorted(named)

    def widest(self, purpose: str, channel: str) -> Permission:
        """The most permissive answer that holds for the person or one of their addresses.

        What may be done with *an* address is asked with :meth:`of`; this one tells whether the
        purpose is alive at all, for values that are no address.
        """
        answers = self.answers(purpose, channel)
        if len(answers) == 1:  # as of nearly everybody
            return answers[0]
        return min(answers, key=lambda answer: (_WEIGHT[answer.state], -(answer.since or 0)))

    def answers(self, purpose: str, channel: str, points: Sequence[bytes] = ()) -> list[Permission]:
        """Where the permission stands for each of ``points``.

        Without any: for the person and for each of their addresses.
        """
        if not any(event.is_about(purpose, channel) for event in self.events):
            return [UNKNOWN] * (len(points) or 1)  # as of nearly every channel: nothing to fold
        asked: Sequence[bytes | None] = points or (None, *self.points(purpose, channel))
        return [self.of(purpose, channel, point) for point in asked]

    def position(self) -> str:
        """Ledger position of this answer: how many events, and the latest observation."""
        latest = max((event.observed_at for event in self.events), default=0)
        return f"{len(self.events)}@{latest}"


def load(
    connection: Connection,
    golden_ids: Iterable[str],
    purposes: Mapping[str, PurposeSection],
    now: int,
    brand: str | None = None,
    *,
    doubtful: bool = True,
) -> dict[str, Permissions]:
    """The permissions of each golden record. Ids without an event get an empty ledger.

    Args:
        connection: The database.
        golden_ids: Whose.
        purposes: Purposes of ``hub.toml``.
        now: Instant of the question, microseconds.
        brand: For whom; None reads what was said to all brands together, to show it.
        doubtful: Whether refusals of records that may be theirs count as well.
    """
    wanted = sorted(set(golden_ids))
    members = _members(connection, wanted)
    others = _doubtful(connection, members) if doubtful else {}
    for golden_id, rids in _departed(connection, wanted).items():
        others.setdefault(golden_id, set()).update(rids)
    rids = {rid for group in (*members.values(), *others.values()) for rid in group}
    events = _events(connection, rids)
    found: dict[str, Permissions] = {}
    for golden_id in wanted:
        own = [event for rid in members.get(golden_id, ()) for event in events.get(rid, ())]
        # A match that waits for a steward takes the stricter of the two sides; and what somebody
        # refused on a record that its source has deleted since, they refused.
        refused = [
            event
            for rid in sorted(others.get(golden_id, ()))
            for event in events.get(rid, ())
            if event.decision in RESTRICTIVE
        ]
        heard = tuple(event for event in (*own, *refused) if _concerns(event, brand))
        found[golden_id] = Permissions(heard, purposes, now)
    return found


def _concerns(event: Event, brand: str | None) -> bool:
    """Whether an event counts for a brand: a permission only for the brand it was given to."""
    if brand is None or event.brand == brand or event.origin == SILENCE:
        return True  # a silence ends nothing but what its own record granted
    return event.decision in RESTRICTIVE and "" in (event.brand, brand)


def _members(connection: Connection, golden_ids: Sequence[str]) -> dict[str, list[int]]:
    members: dict[str, list[int]] = {}
    for chunk in chunks(golden_ids):
        query = select(cluster_members.c.golden_id, cluster_members.c.rid).where(
            cluster_members.c.golden_id.in_(chunk)
        )
        for golden_id, rid in connection.execute(query.order_by(cluster_members.c.rid)):
            members.setdefault(golden_id, []).append(rid)
    return members


def _doubtful(connection: Connection, members: Mapping[str, list[int]]) -> dict[str, set[int]]:
    golden_of = {rid: golden_id for golden_id, group in members.items() for rid in group}
    doubtful: dict[str, set[int]] = {}
    for chunk in chunks(sorted(golden_of)):
        query = select(links.c.rid_a, links.c.rid_b).where(
            links.c.verdict.in_(IN_DOUBT),
            or_(links.c.rid_a.in_(chunk), links.c.rid_b.in_(chunk)),
        )
        for a, b in connection.execute(query):
            for mine, other in ((a, b), (b, a)):
                if mine in golden_of and golden_of.get(other) != golden_of[mine]:
                    doubtful.setdefault(golden_of[mine], set()).add(other)
    return doubtful


def _departed(connection: Connection, golden_ids: Sequence[str]) -> dict[str, set[int]]:
    """Records that left a customer because their source deleted them."""
    departed: dict[str, set[int]] = {}
    for chunk in chunks(golden_ids):
        now = func.coalesce(known_as.c.redirect_to, known_as.c.golden_id)
        query = (
            select(now, identity_events.c.body)
            .join(identity_events, identity_events.c.golden_id == known_as.c.golden_id)
            .where(
                or_(known_as.c.golden_id.in_(chunk), known_as.c.redirect_to.in_(chunk)),
                identity_events.c.kind == "left",
            )
        )
        for golden_id, body in connection.execute(query):
            for key in orjson.loads(body)["records"]:
                rid = deleted(connection, SourceKey.parse(key))
                if rid is not None:
                    departed.setdefault(golden_id, set()).add(rid)
    return departed


def _events(connection: Connection, rids: Iterable[int]) -> dict[int, list[Event]]:
    events: dict[int, list[Event]] = {}
    for chunk in chunks(sorted(rids)):
        query = select(*_COLUMNS).where(consent_events.c.rid.in_(chunk))
        for row in connection.execute(query.order_by(consent_events.c.event_id)).all():
            point = None if row.point is None else bytes(row.point)
            event = Event(**{**row._mapping, "point": point})
            events.setdefault(event.rid, []).append(event)
    return events
