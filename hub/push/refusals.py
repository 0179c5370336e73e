"""What a customer refused in one system and another one does not know yet.

For each refusal in the ledger and each record of the same customer in another system:

1. It must be what decides today, for its purpose and channel. A later human act with evidence lifts
   a refusal; a later refusal takes its place.
2. A refusal that names an address concerns records that hold this address, others all of them.
3. The record's own system must not know it: what it says itself counts, and what the hub wrote
   there counts, until the customer grants again over there.
4. If the customer granted over there after the refusal, that is for the compliance officer
   (``hub consent conflicts``): the hub does not write over a customer's own later word.

Each pair is looked at once, and again only when the record has changed. Only matches that are sure
count: a refusal of a record that *may* be the same customer keeps the hub silent (the gate sees to
that), but signs nobody off. Source: CONSENT_AUDIT.md, sections 1 and 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, or_, select

from hub.core import normalise
from hub.core.clock import to_micros
from hub.core.records import Person, decode
from hub.core.settings import PurposeSection
from hub.privacy.permissions import Permissions, load
from hub.privacy.resolution import Event, State, fold
from hub.store import bulk
from hub.store.echoes import REFUSALS
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.records import chunks
from hub.store.schema import (
    cluster_members,
    consent_events,
    source_records,
    streams,
    withdrawals,
)
from hub.sync.pull import Source

PAGE = 10_000
"""Pairs found at once: to find some costs as much as to find many."""
REFUSED: frozenset[State] = frozenset({"withdrawn", "denied", "objected"})
_STOPPABLE = ("consent", "legitimate_interest")
"""Bases that a refusal ends; contract and legal obligation go on."""
_COLUMNS = (
    "withdrawal_id", "connection", "rid", "event_id", "golden_id", "purpose", "channel", "point",
    "status", "attempts", "created_at", "updated_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """A refusal and a record in another system that may have to learn of it."""

    event_id: str
    rid: int
    golden_id: str


@dataclass(frozen=True, slots=True)
class Due:
    """One permission that a record's system is to take back."""

    pair: Pair
    purpose: str
    channel: str
    point: bytes | None


@dataclass(frozen=True, slots=True)
class Refusals:
    """Finds what is due to one system.

    Args:
        store: The database.
        keys: Keyed hashes of this installation.
        purposes: Purposes of ``hub.toml``.
        source: The connection.
    """

    store: Store
    keys: Keys
    purposes: Mapping[str, PurposeSection]
    source: Source

    def look(self) -> int:
        """How many withdrawals became due since the last look; they are in the store now."""
        total, looked = 0, set[Pair]()
        while found := [pair for pair in self._unseen() if pair not in looked]:
            total += sum(self._judge(batch) for batch in chunks(found))
            looked.update(found)
        return total

    def permissions(
        self, connection: Connection, golden_ids: Iterable[str], now: int
    ) -> dict[str, Permissions]:
        """What customers said to the connection's brand, on records that are surely theirs."""
        brand = self.source.brand
        return load(connection, golden_ids, self.purposes, now, brand, doubtful=False)

    def addresses(self, connection: Connection, rids: Sequence[int]) -> dict[int, dict[bytes, str]]:
        """By record, the addresses that it holds, by their keyed hash."""
        found: dict[int, dict[bytes, str]] = {}
        for chunk in chunks(rids):
            query = select(source_records.c.rid, source_records.c.canonical).where(
                source_records.c.rid.in_(chunk), source_records.c.canonical.is_not(None)
            )
            for rid, body in connection.execute(query):
                found[rid] = self._addresses(decode(body))
        return found

    def _addresses(self, record: object) -> dict[bytes, str]:
        if not isinstance(record, Person):
            return {}
        region, point = self.source.region, self.keys.point
        emails = ((point("email", normalise.email(text)), text) for text in record.emails)
        phones = ((point("phone", normalise.phone(text, region)), text) for text in record.phones)
        return dict([*phones, *emails])

    # --- pairs -------------------------------------------------------------------------------

    def _unseen(self) -> list[Pair]:
        with self.store.read() as connection:
            return [Pair(*row) for row in connection.execute(self._pairs().limit(PAGE))]

    def _pairs(self) -> Select[Any]:
        offered = self.source.connector.streams_for(self.source.ctx.config)
        people = [stream.name for stream in offered if stream.entity is Person]
        theirs, mine = cluster_members.alias("theirs"), cluster_members.alias("mine")
        there, here = source_records.alias("there"), source_records.alias("here")
        told, asked = streams.alias("told"), streams.alias("asked")
        seen = exists().where(
            withdrawals.c.rid == mine.c.rid,
            withdrawals.c.event_id == consent_events.c.event_id,
            or_(withdrawals.c.status != "moot", withdrawals.c.updated_at >= here.c.changed_at),
        )
        return (
            select(consent_events.c.event_id, mine.c.rid, mine.c.golden_id)
            .join(theirs, theirs.c.rid == consent_events.c.rid)
            .join(mine, mine.c.golden_id == theirs.c.golden_id)
            .join(here, and_(here.c.rid == mine.c.rid, here.c.deleted_at.is_(None)))
            .join(asked, asked.c.stream_id == here.c.stream_id)
            .join(there, there.c.rid == consent_events.c.rid)
            .join(told, told.c.stream_id == there.c.stream_id)
            .where(
                consent_events.c.decision.in_(sorted(REFUSALS)),
                consent_events.c.origin != "echo",
                asked.c.connection == self.source.name,
                asked.c.stream.in_(people),
                told.c.connection != self.source.name,
                here.c.version > 0,
                ~seen,
            )
            .order_by(mine.c.golden_id, mine.c.rid, consent_events.c.event_id)
        )

    # --- judgement ---------------------------------------------------------------------------

    def _judge(self, batch: Sequence[Pair]) -> int:
        now = to_micros(self.store.clock.now())
        rids = sorted({pair.rid for pair in batch})
        with self.store.read() as connection:
            said = self.permissions(connection, {pair.golden_id for pair in batch}, now)
            addresses = self.addresses(connection, rids)
            written = _written(connection, rids)
        judge = _Judge(self.purposes, now, addresses, written)
        due: list[Due] = []
        for pair in batch:
            due += judge.due(pair, said[pair.golden_id])
        self._keep(batch, due, now)
        return len(due)

    def _keep(self, batch: Sequence[Pair], due: Sequence[Due], now: int) -> None:
        """What is due waits; a pair from which nothing follows is remembered as moot."""
        fruitful = {item.pair for item in due}
        moot = {Due(pair, "*", "*", None) for pair in batch if pair not in fruitful}
        numbers = self.store.allocate("withdrawals", len(due) + len(moot))
        rows = [
            (
                number, self.source.name, item.pair.rid, item.pair.event_id, item.pair.golden_id,
                item.purpose, item.channel, item.point, "moot" if item in moot else "pending",
                0, now, now,
            )
            for number, item in zip(numbers, [*due, *moot], strict=True)
        ]  # fmt: skip
        key = ("rid", "event_id", "purpose", "channel")
        with self.store.write() as connection:
            bulk.upsert(
                connection, withdrawals, _COLUMNS, rows, key=key, keep=("withdrawal_id", "attempts")
            )


@dataclass(frozen=True, slots=True)
class _Written:
    """A withdrawal that waits, or that the hub has written."""

    purpose: str
    channel: str
    point: bytes | None
    updated_at: int


@dataclass(frozen=True, slots=True)
class _Judge:
    """Says what follows from refusals, record by record."""

    purposes: Mapping[str, PurposeSection]
    now: int
    addresses: Mapping[int, Mapping[bytes, str]]
    written: Mapping[int, Sequence[_Written]]

    def due(self, pair: Pair, said: Permissions) -> list[Due]:
        event = next((each for each in said.events if each.event_id == pair.event_id), None)
        if event is None:  # said to another brand
            return []
        if event.point is not None and event.point not in self.addresses.get(pair.rid, {}):  # 2
            return []
        return [
            Due(pair, purpose, channel, event.point)
            for purpose, channel in self._concerned(event)
            if self._decides(event, said, purpose, channel)
            and not self._known(pair.rid, event, said, purpose, channel)
        ]

    def _concerned(self, event: Event) -> Iterable[tuple[str, str]]:
        for purpose, section in self.purposes.items():
            if section.basis in _STOPPABLE and event.purpose in (purpose, "*"):
                for channel in section.channels:
                    if event.channel in (channel, "*"):
                        yield purpose, channel

    def _decides(self, event: Event, said: Permissions, purpose: str, channel: str) -> bool:  # 1
        answer = said.of(purpose, channel, event.point)
        return answer.state in REFUSED and answer.because == event.event_id

    def _known(
        self, rid: int, event: Event, said: Permissions, purpose: str, channel: str
    ) -> bool:  # 3, 4
        # What came back from over there tells what they know, even if it is no evidence.
        own = [replace(e, origin="source_sync") for e in said.events if e.rid == rid]
        granted = [
            each
            for each in own
            if each.decision == "grant" and (each.purpose, each.channel) == (purpose, channel)
            if event.point in (None, each.point) or each.point is None
        ]
        if any(grant.effective_at > event.effective_at for grant in granted):
            return True
        if self._refused(own, purpose, channel, event.point):
            return True
        points = self._points(rid, channel) if event.point is None else []
        if points and all(self._refused(own, purpose, channel, point) for point in points):
            return True
        return any(
            item.point in (None, event.point)
            and not any(grant.observed_at > item.updated_at for grant in granted)
            for item in self.written.get(rid, ())
            if (item.purpose, item.channel) == (purpose, channel)
        )

    def _points(self, rid: int, channel: str) -> list[bytes]:
        """The record's addresses that the channel reaches."""
        held = self.addresses.get(rid, {})
        return [point for point, text in held.items() if ("@" in text) == (channel == "email")]

    def _refused(
        self, own: Sequence[Event], purpose: str, channel: str, point: bytes | None
    ) -> bool:
        answer = fold(own, purpose=purpose, channel=channel, point=point, now=self.now)
        return answer.state in REFUSED


def _written(connection: Connection, rids: Sequence[int]) -> dict[int, list[_Written]]:
    table, found = withdrawals.c, dict[int, list[_Written]]()
    for chunk in chunks(rids):
        query = select(
            table.rid, table.purpose, table.channel, table.point, table.updated_at
        ).where(table.rid.in_(chunk), table.status.not_in(("moot", "failed")))
        for rid, purpose, channel, point, updated_at in connection.execute(query):
            kept = None if point is None else bytes(point)
            found.setdefault(rid, []).append(_Written(purpose, channel, kept, updated_at))
    return found
