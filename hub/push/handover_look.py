"""What is wanted of a system, judged: on which record, whether it may leave, whether it is news.

A judgement is made anew whenever one is needed: by the look that lists what would be handed over,
and by the claim that sends it. So no content waits in a table, and a refusal in between is obeyed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Generic

import orjson
from sqlalchemy import Connection

from hub.core.batches import in_batches
from hub.core.clock import to_micros
from hub.core.connector import Item
from hub.core.released import Released
from hub.core.settings import PurposeSection
from hub.privacy import permissions as consent
from hub.privacy.gate import Decision, Gate
from hub.push.handover import Origin, Recipient, Wanted
from hub.push.handover_records import Record, find
from hub.store import handovers
from hub.store.engine import Store
from hub.store.handovers import Handover, Status
from hub.store.keys import Keys

BATCH = 500
"""Items judged in one transaction."""
AGAIN = 86_400 * 1_000_000
"""Microseconds after which what a system refused is sent again."""


@dataclass(frozen=True, slots=True)
class Judged(Generic[Item]):
    """An item with everything that decides what becomes of it.

    Args:
        wanted: The item.
        row: The handover, its status judged by now.
        item: What would be sent; None if nothing would.
        decision: The gate's; None if it was not asked.
    """

    wanted: Wanted[Item]
    row: Handover
    item: Item | None = None
    decision: Decision | None = None

    @property
    def native_id(self) -> str | None:
        """The record that it would hang on."""
        return None if self.item is None else self.item.native_id


@dataclass(frozen=True, slots=True)
class Proposed:
    """An item that would be handed over."""

    key: str
    about: str
    golden_id: str | None
    native_id: str | None
    over: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What a connection is to be handed.

    Args:
        connection: Name in ``hub.toml``.
        kind: Task or note.
        proposed: What would be sent.
        counts: State to the number of handovers that are not over.
        withheld: The gate's reason to how many.
    """

    connection: str
    kind: str
    proposed: tuple[Proposed, ...]
    counts: Mapping[str, int]
    withheld: Mapping[str, int]

    @property
    def is_news(self) -> bool:
        """Whether something is to be sent, or cannot be."""
        return bool(self.proposed or self.withheld or self.counts.get("nowhere"))


@dataclass(frozen=True, slots=True)
class Judge(Generic[Item]):
    """Judges what an origin wants of a recipient.

    Args:
        store: The database.
        origin: Where the items come from.
        recipient: Where they go.
        gate: Says what may leave.
        purposes: Of ``hub.toml``.
        keys: Keyed hashes of this installation.
    """

    store: Store
    origin: Origin[Item]
    recipient: Recipient[Item]
    gate: Gate
    purposes: Mapping[str, PurposeSection]
    keys: Keys

    def look(self, connection: Connection) -> Look:
        """What the recipient is to be handed; the table knows it afterwards.

        Raises:
            ConfigError: If a part has a purpose that ``hub.toml`` does not have.
        """
        proposed, withheld = list[Proposed](), Counter[str]()
        due = self.origin.due(connection, self.recipient.name)
        if due:
            self.gate.admit(self.recipient.name, self.origin.parts)
        for batch in in_batches(due, BATCH):
            for each in self.judged(connection, batch):
                row = each.row
                if row.status == "withheld":
                    withheld[row.error or ""] += 1
                if row.status == "wanted":
                    over = each.wanted.over
                    what = Proposed(row.key, row.about, row.golden_id, each.native_id, over)
                    proposed.append(what)
        counts = handovers.standing(connection).get(
            (self.recipient.name, self.origin.sort.kind), Counter()
        )
        return Look(
            self.recipient.name, self.origin.sort.kind, tuple(proposed), counts, withheld
        )  # fmt: skip

    def again(self, connection: Connection, keys: Sequence[str]) -> list[Judged[Item]]:
        """The items of those keys as they are judged at this instant."""
        about = {row.about for row in handovers.get(connection, keys).values()}
        due = self.origin.due(connection, self.recipient.name, about)
        return list(self.judged(connection, [each for each in due if each.key in set(keys)]))

    def judged(
        self, connection: Connection, wanted: Sequence[Wanted[Item]]
    ) -> Iterator[Judged[Item]]:
        """Each item with its judgement, which is written where it is another one than before."""
        known = handovers.get(connection, [each.key for each in wanted])
        here = [each for each in wanted if self._may_be_here(known.get(each.key), each)]
        records = find(connection, self.recipient, here, known)
        people = {each.golden_id for each in here if each.golden_id is not None}
        now = to_micros(self.store.clock.now())
        said = consent.load(connection, people, self.purposes, now, self.recipient.brand)
        changed = []
        for each in here:
            row = known.get(each.key)
            if row is not None and row.status == "sending":
                continue  # nobody knows whether it is there: that is found out first
            told = None if each.golden_id is None else said[each.golden_id]
            judged = self._judge(each, row, records.get(each.key), told, now)
            if judged.row != row:
                changed.append(judged.row)
            yield judged
        handovers.write(connection, changed)

    def release(self, judged: Judged[Item]) -> Released[Item]:
        """What is sent."""
        assert judged.item is not None
        if judged.decision is None:
            return self.gate.take_back(judged.item)
        return self.gate.hand_over(judged.item, judged.decision)

    def digest(self, item: Item) -> bytes:
        """Keyed hash of an item."""
        return self.keys.payload(orjson.dumps(asdict(item), option=orjson.OPT_SORT_KEYS))

    def _may_be_here(self, row: Handover | None, wanted: Wanted[Item]) -> bool:
        """What was handed to a system stays in it; what is over and was never handed is none."""
        if row is None:
            return not wanted.over
        free = row.digest is None and row.status != "sending"
        return free or row.connection == self.recipient.name

    def _judge(
        self,
        wanted: Wanted[Item],
        row: Handover | None,
        record: Record | None,
        said: consent.Permissions | None,
        now: int,
    ) -> Judged[Item]:
        known = replace(
            row or self._new(wanted, now), connection=self.recipient.name, about=wanted.about
        )

        def stands(status: Status, error: str | None = None) -> Judged[Item]:
            return Judged(wanted, _as(known, now, status=status, error=error))

        if wanted.once and known.digest is not None:
            return Judged(wanted, _as(known, now, status="done", error=None, over=True))
        if wanted.over and (known.digest is None or record is None):
            return Judged(wanted, _as(known, now, status="moot", error=None, over=True))
        if record is None:
            return stands("nowhere", f"no {self.recipient.creator.stream} record there")
        known = replace(known, rid=record.rid, golden_id=wanted.golden_id)
        decision = self._decision(wanted, said)
        if not wanted.over:
            if decision is None:
                return stands("nowhere", wanted.nobody)
            if not decision.verdicts[0].allowed:
                return stands("withheld", decision.verdicts[0].reason)
        elif decision is not None and not decision.verdicts[0].allowed:
            decision = None  # it says that it is over, and no more
        item = wanted.build(record.native_id, decision.allowed if decision else frozenset())
        return Judged(wanted, self._as_compared(known, item, wanted.over, now), item, decision)

    def _decision(self, wanted: Wanted[Item], said: consent.Permissions | None) -> Decision | None:
        if wanted.golden_id is None or said is None:
            return None
        return self.gate.judge(wanted.golden_id, self.recipient.name, self.origin.parts, said)

    def _as_compared(self, row: Handover, item: Item, over: bool, now: int) -> Handover:
        """The handover as it stands beside what the system confirmed last, or refused."""
        digest = self.digest(item)
        if digest == row.digest:
            return _as(row, now, status="done", error=None, over=over)
        if row.status == "refused" and digest == row.sent and now < row.updated_at + AGAIN:
            return row
        error = row.error if row.status == "wanted" else None  # of the sending before
        return _as(row, now, status="wanted", error=error, over=False)

    def _new(self, wanted: Wanted[Item], now: int) -> Handover:
        return Handover(
            wanted.key, self.origin.sort.kind, wanted.about, self.recipient.name, None,
            wanted.golden_id, "wanted", False, None, None, None, None, None, None, None, 0, now,
            None, now,
        )  # fmt: skip


def _as(row: Handover, now: int, **values: object) -> Handover:
    """The handover with these values, and the time of the change if it is one."""
    after = replace(row, **values)  # type: ignore[arg-type]  # names of fields, each of its type
    return row if after == row else replace(after, updated_at=now)
