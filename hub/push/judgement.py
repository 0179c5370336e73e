"""Whether a system is to take a permission back: what follows from one refusal for one record.

1. The refusal must be what decides today, for its purpose and channel. A later human act with
   evidence lifts a refusal; a later refusal takes its place.
2. A refusal that names an address concerns records that hold this address, others all of them.
3. The record's own system must not know it: its own latest word counts, and what the hub wrote
   there counts, until the customer grants again over there.
4. If the customer granted over there after the refusal, that is for the compliance officer
   (``hub consent conflicts``): the hub does not write over a customer's own later word.
5. What the system cannot hold goes on being an exception for as long as some refusal decides, and
   is due again when the connector or its settings declare something else, or the system itself has
   something else to say about this permission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection, select

from hub.privacy.permissions import Permissions
from hub.privacy.resolution import Event, State, fold
from hub.push.cases import Case
from hub.store.records import chunks
from hub.store.schema import withdrawals

REFUSED: frozenset[State] = frozenset({"withdrawn", "denied", "objected"})

Verdict = Literal["pending", "not_held", "moot"]


@dataclass(frozen=True, slots=True)
class Written:
    """A withdrawal that waits, that the hub has written, or that the system cannot hold."""

    purpose: str
    channel: str
    point: bytes | None
    status: str
    updated_at: int


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges cases.

    Args:
        now: Instant of the judgement, microseconds.
        addresses: By record, the addresses that it holds, by their keyed hash.
        written: By record, its withdrawals.
    """

    now: int
    addresses: Mapping[int, Mapping[bytes, str]]
    written: Mapping[int, Sequence[Written]]

    def judge(self, case: Case, said: Permissions) -> Verdict:
        """What becomes of the case, by what its customer said."""
        event = next((each for each in said.events if each.event_id == case.event_id), None)
        if event is None:  # said to another brand
            return "moot"
        if event.point is not None and event.point not in self.addresses.get(case.rid, {}):  # 2
            return "moot"
        if self._is_known_there(case, event, said):  # 3, 4
            return "moot"
        if case.status == "not_held":  # 5
            if said.of(case.purpose, case.channel, case.point).state not in REFUSED:
                return "moot"
            return "pending" if case.may_be_held_now else "not_held"
        is_due = _decides(case, said) and not self._is_on_its_way(case, said)
        return "pending" if is_due else "moot"

    def _is_known_there(self, case: Case, event: Event, said: Permissions) -> bool:
        own = _own(case, said)
        if any(grant.effective_at > event.effective_at for grant in _grants(case, own)):
            return True
        if self._is_refused(case, own, case.point):
            return True
        points = self._points(case) if case.point is None else []
        by_address = [each for each in own if each.point is not None]
        return bool(points) and all(self._is_refused(case, by_address, point) for point in points)

    def _is_on_its_way(self, case: Case, said: Permissions) -> bool:
        """Whether a withdrawal of the same permission was written, or waits and still stands."""
        granted = _grants(case, _own(case, said))
        return any(
            (item.purpose, item.channel) == (case.purpose, case.channel)
            and item.point in (None, case.point)
            and not any(grant.observed_at > item.updated_at for grant in granted)
            and (
                item.status == "done"
                or said.of(item.purpose, item.channel, item.point).state in REFUSED
            )
            for item in self.written.get(case.rid, ())
        )

    def _points(self, case: Case) -> list[bytes]:
        """The record's addresses that the channel reaches."""
        held = self.addresses.get(case.rid, {})
        return [point for point, text in held.items() if ("@" in text) == (case.channel == "email")]

    def _is_refused(self, case: Case, own: Sequence[Event], point: bytes | None) -> bool:
        answer = fold(own, purpose=case.purpose, channel=case.channel, point=point, now=self.now)
        return answer.state in REFUSED


def load_written(connection: Connection, rids: Sequence[int]) -> dict[int, list[Written]]:
    """By record, its withdrawals; without those from which nothing follows, or that failed."""
    table, found = withdrawals.c, dict[int, list[Written]]()
    columns = (table.purpose, table.channel, table.point, table.status, table.updated_at)
    for chunk in chunks(rids):
        query = select(table.rid, *columns).where(
            table.rid.in_(chunk), table.status.not_in(("moot", "failed"))
        )
        for rid, purpose, channel, point, *rest in connection.execute(query):
            kept = None if point is None else bytes(point)
            found.setdefault(rid, []).append(Written(purpose, channel, kept, *rest))
    return found


def _decides(case: Case, said: Permissions) -> bool:  # 1
    answer = said.of(case.purpose, case.channel, case.point)
    return answer.state in REFUSED and answer.because == case.event_id


def _own(case: Case, said: Permissions) -> list[Event]:
    """What the record's system shows, whatever it proves."""
    return [_as_shown(each) for each in said.events if each.rid == case.rid]


def _as_shown(event: Event) -> Event:
    """There the hub's own write is a refusal like any other, and any later grant lifts one."""
    if event.decision == "grant":
        return replace(event, origin="human_act", evidence="shown there")
    return replace(event, origin="source_sync") if event.origin == "echo" else event


def _grants(case: Case, own: Sequence[Event]) -> list[Event]:
    return [
        each
        for each in own
        if each.decision == "grant" and (each.purpose, each.channel) == (case.purpose, case.channel)
        if case.point in (None, each.point) or each.point is None
    ]
