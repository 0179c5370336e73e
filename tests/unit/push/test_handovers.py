"""Tasks and notes that leave the hub exactly once, whatever happens on the way."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import Connection, delete, select, update

from hub.core import boundary
from hub.core.clock import ManualClock
from hub.core.connector import (
    Connector,
    Context,
    Creator,
    Note,
    OutField,
    RowResult,
    Task,
    Unsupported,
)
from hub.core.errors import OutcomeUnknown
from hub.core.released import Released
from hub.core.settings import DEFAULT_PURPOSES
from hub.push.handover import NOTES, TASKS, Origin, Wanted
from hub.push.handover_run import Handovers
from hub.push.handover_send import HandoverReport
from hub.store import bulk, handovers, schema
from hub.store.engine import Store
from hub.store.handovers import Handover
from hub.store.keys import Keys
from hub.store.leases import acquire
from hub.sync.pull import Source
from tests.conftest import quick_on_sqlite

pytestmark = quick_on_sqlite
PARTS = (OutField("task", "case", "service"), OutField("words", "case.words", "marketing"))


class Nothing(BaseModel):
    """No settings."""


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Crm:
    """A system that makes whatever it is sent: what is sent twice stands there twice."""

    items: list[Task | Note] = field(default_factory=list)
    said: RowResult | None = None
    lost: bool = False
    sends: int = 0

    def write(self, _ctx: Context, batch: Sequence[Released[Any]]) -> list[RowResult]:
        self.sends += 1
        if self.said is not None:
            return [replace(self.said, trace=released.value.key) for released in batch]
        for released in batch:
            item = released.value
            known = [each for each in self.items if each.key == item.key]
            if known and isinstance(item, Task) and item.done:
                self.items.remove(known[0])
            self.items.append(item)
        if self.lost:
            raise OutcomeUnknown("the answer was lost")
        return [RowResult(each.value.key, ok=True, reference="7") for each in batch]

    def find(self, _ctx: Context, items: Sequence[Any]) -> Mapping[str, str]:
        there = {each.key for each in self.items}
        return {item.key: "7" for item in items if item.key in there}


@dataclass
class Desk:
    """Everything that a test of handovers needs in one hand."""

    store: Store
    clock: ManualClock
    crm: Crm
    wanted: list[Wanted[Any]] = field(default_factory=list)
    notes: bool = False
    provision: Any = field(default_factory=lambda: Unsupported("keys are kept as they are"))

    def record(self, rid: int, golden_id: str, source_id: str) -> None:
        """A record of the customer's in the system."""
        with self.store.write() as connection:
            streams = ("stream_id", "connection", "stream", "entity")
            bulk.insert_new(connection, schema.streams, streams, [(1, "crm", "people", "person")])
            columns = (
                "rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping",
                "created_at", "changed_at",
            )  # fmt: skip
            row = (rid, 1, source_id, "person", 1, b"", b"", 0, 0)
            bulk.insert_new(connection, schema.source_records, columns, [row])
            members = ("rid", "golden_id", "since")
            bulk.insert_new(connection, schema.cluster_members, members, [(rid, golden_id, 0)])

    def refuse(self, rid: int, purpose: str) -> None:
        """The customer restricts what is done under a purpose."""
        columns = (
            "event_id", "rid", "point", "purpose", "channel", "brand", "decision", "strength",
            "given_by", "asserted_at", "asserted_as", "observed_at", "origin",
        )  # fmt: skip
        row = (
            f"{rid}-{purpose}", rid, None, purpose, "*", "", "restrict", "single", "self", 1,
            "source", 1, "source_sync",
        )  # fmt: skip
        with self.store.write() as connection:
            bulk.insert(connection, schema.consent_events, columns, [row])

    def want(self, key: str = "case-1", golden_id: str | None = "g1", **given: Any) -> None:
        """A task is wanted, or wanted otherwise than before."""
        text, over = given.pop("text", "call them"), given.get("over", False)

        def task(native_id: str, parts: frozenset[str]) -> Task:
            body = " ".join([text, *sorted(parts)]) if parts else ""
            return Task(key, native_id, "follow up", body, self.clock.now(), done=over)

        def note(native_id: str, _parts: frozenset[str]) -> Note:
            return Note(key, native_id, text)

        self.wanted = [each for each in self.wanted if each.key != key]
        due = self.clock.now()
        build = note if self.notes else (lambda n, p: replace(task(n, p), due_at=due))
        self.wanted.append(Wanted(key, key, golden_id, build, **given))

    def due(
        self, _connection: Connection, _name: str, about: Collection[str] | None = None
    ) -> list[Wanted[Any]]:
        return [each for each in self.wanted if about is None or each.about in about]

    def handovers(self) -> Handovers:
        sort: Any = NOTES if self.notes else TASKS
        origin = Origin(sort, PARTS, self.due)
        return Handovers(self.store, Keys(b"k" * 32), DEFAULT_PURPOSES, (origin,), "os:test")

    def source(self) -> Source:
        creator: Any = Creator("people", 2, self.crm.write, self.crm.find, self.provision)
        offered: Any = {"notes" if self.notes else "tasks": creator}
        connector = Connector("crm", "", Nothing, (), check=lambda _ctx: [], **offered)
        ctx = Context(
            "crm", Nothing(), None, self.clock, logging.getLogger("t"), lambda _s, _r: None
        )
        return Source(ctx, connector, (), "AU")

    def run(self, *, sync: bool = True) -> HandoverReport:
        """One run; its report."""
        (report,) = self.handovers().send(self.source(), sync=sync) or [HandoverReport("crm", "")]
        return report

    def row(self, key: str = "case-1") -> Handover:
        """What the hub knows of a handover."""
        with self.store.read() as connection:
            return handovers.get(connection, [key])[key]


@contextmanager
def killed_at(where: str) -> Iterator[None]:
    """The process dies when it comes to ``where``."""

    def listener(reached: str) -> None:
        if reached == where:
            raise Killed

    boundary.listen(listener)
    try:
        with pytest.raises(Killed):
            yield
    finally:
        boundary.listen(None)


@pytest.fixture
def desk(store: Store, clock: ManualClock) -> Desk:
    """A system and a customer with two records in it."""
    made = Desk(store, clock, Crm())
    made.record(1, "g1", "2001")
    made.record(2, "g1", "310")
    return made


def test_a_task_is_handed_over_once_and_then_left_alone(desk: Desk) -> None:
    """The second run has nothing to send; the record is the one with the lowest id."""
    desk.want()

    first, again = desk.run(), desk.run()

    assert [item.native_id for item in desk.crm.items] == ["310"]
    assert (first.counts["handed"], again.counts["handed"], desk.crm.sends) == (1, 0, 1)
    assert (desk.row().status, desk.row().reference) == ("done", "7")


def test_what_was_sent_without_a_receipt_is_looked_for_first(desk: Desk) -> None:
    """Killed after the effect: the next run finds the task there and sends nothing."""
    desk.want()
    with killed_at("handover answered"):
        desk.run()

    report = desk.run()

    assert (len(desk.crm.items), desk.crm.sends, report.counts["handed"]) == (1, 1, 1)
    assert desk.row().status == "done"


def test_what_never_arrived_is_sent_by_the_next_run(desk: Desk) -> None:
    """Killed before the effect: nothing is there, so it is sent."""
    desk.want()
    with killed_at("handover claimed"):
        desk.run()

    desk.run()

    assert (len(desk.crm.items), desk.crm.sends) == (1, 1)


def test_a_lost_answer_is_settled_by_asking(desk: Desk) -> None:
    """The run stops with the reason; the next one finds the task."""
    desk.want()
    desk.crm.lost = True

    stopped = desk.run()
    desk.crm.lost = False
    desk.run()

    assert isinstance(stopped.stopped, OutcomeUnknown)
    assert (len(desk.crm.items), desk.crm.sends) == (1, 1)


def test_an_item_that_the_system_does_not_mention_is_asked_for(desk: Desk) -> None:
    """Silence is no refusal: it is looked for at once, and sent again by the next run."""
    desk.want()
    desk.crm.said = RowResult("", ok=False, ambiguous=True)

    desk.run()
    waiting = desk.row().status
    desk.crm.said = None
    desk.run()

    assert waiting == "wanted"
    assert len(desk.crm.items) == 1


def test_a_refused_task_is_not_sent_again_before_it_changes_or_a_day_has_passed(
    desk: Desk,
) -> None:
    """Its reason is kept; other words are another task, and so is another day."""
    desk.want()
    desk.crm.said = RowResult("", ok=False, error="VALIDATION_ERROR")
    desk.run()
    desk.run()
    assert (desk.crm.sends, desk.row().status, desk.row().error) == (
        1,
        "refused",
        "VALIDATION_ERROR",
    )

    desk.clock.sleep(86_401)
    desk.run()
    assert desk.crm.sends == 2

    desk.crm.said = None
    desk.want(text="write to them")
    desk.run()

    assert (desk.crm.sends, desk.row().status) == (3, "done")


def test_a_customer_without_a_record_there_waits_for_one(desk: Desk) -> None:
    """No crash and no task; it is handed over as soon as a record appears."""
    desk.want(golden_id="g2")

    report = desk.run()
    nowhere = desk.row().status
    desk.record(3, "g2", "9")
    desk.run()

    assert (report.counts["nowhere"], nowhere) == (1, "nowhere")
    assert [item.native_id for item in desk.crm.items] == ["9"]


def test_a_restricted_customers_task_does_not_leave(desk: Desk) -> None:
    """The reason is kept; nothing is sent."""
    desk.refuse(1, "service")
    desk.want()

    report = desk.run()

    assert (desk.crm.sends, report.counts["withheld"]) == (0, 1)
    assert desk.row().error == "processing is restricted"


def test_a_refusal_between_look_and_claim_is_obeyed(desk: Desk) -> None:
    """The claim judges again, so nothing that was just refused is sent."""
    desk.want()

    def provision(_ctx: Context) -> Sequence[str]:
        desk.refuse(1, "service")
        return ("key",)

    desk.provision = provision

    report = desk.run()

    assert report.provisioned == ("key",)
    assert (desk.crm.sends, desk.row().status) == (0, "withheld")


def test_only_the_parts_that_may_leave_are_told(desk: Desk) -> None:
    """The words need a consent that is not there; the task leaves without them."""
    desk.want()

    desk.run()

    (task,) = desk.crm.items
    assert task.body == "call them task"
    with desk.store.read() as connection:
        told = connection.execute(select(schema.disclosures)).one()
    assert bytes(told.fields) == b'{"task":"service/contract"}'


def test_a_task_that_is_over_is_written_again_as_done(desk: Desk) -> None:
    """Once, under the same key; then it is never looked at again."""
    desk.want()
    desk.run()

    desk.want(over=True)
    desk.run()
    desk.run()

    assert [(item.key, item.done) for item in desk.crm.items if isinstance(item, Task)] == [
        ("case-1", True)
    ]
    assert (desk.crm.sends, desk.row().over) == (2, True)


def test_a_task_of_somebody_who_objected_since_is_told_to_be_over_and_nothing_else(
    desk: Desk,
) -> None:
    """What the system was handed is taken back without another word of the customer's."""
    desk.want()
    desk.run()
    desk.refuse(2, "service")

    desk.want(over=True)
    desk.run()

    (task,) = desk.crm.items
    assert isinstance(task, Task) and task.done and task.body == ""
    with desk.store.read() as connection:
        assert len(connection.execute(select(schema.disclosures)).all()) == 1


def test_what_is_over_before_it_was_handed_is_never_sent(desk: Desk) -> None:
    """Nobody needs a task that was done before anybody had it."""
    desk.want()
    desk.run(sync=False)

    desk.want(over=True)
    desk.run()

    assert (desk.crm.sends, desk.row().status, desk.row().over) == (0, "moot", True)


def test_a_task_is_opened_again_when_its_case_is(desk: Desk) -> None:
    """Under the key that it had before."""
    desk.want()
    desk.run()
    desk.want(over=True)
    desk.run()

    desk.want()
    desk.run()

    assert [(item.key, item.body) for item in desk.crm.items][-1] == ("case-1", "call them task")
    assert (desk.row().status, desk.row().over, desk.crm.sends) == ("done", False, 3)


def test_a_connection_of_which_nothing_is_wanted_is_left_alone(desk: Desk) -> None:
    """No lease is taken and nothing is looked at: a run that has nothing to hand over is quick."""
    desk.want()
    origin = replace(desk.handovers().origins[0], concerns=lambda _connection, _name: False)

    reports = replace(desk.handovers(), origins=(origin,)).send(desk.source(), sync=True)

    assert reports == []
    with desk.store.read() as connection:
        assert connection.execute(select(schema.leases)).all() == []


def test_a_connection_that_observes_is_told_nothing(desk: Desk) -> None:
    """It is counted and proposed, not written."""
    desk.want()

    report = desk.run(sync=False)
    (look,) = desk.handovers().look(desk.source())

    assert (desk.crm.sends, report.counts["waiting"]) == (0, 1)
    assert [(each.about, each.native_id) for each in look.proposed] == [("case-1", "310")]


def test_two_processes_do_not_hand_over_at_once(desk: Desk) -> None:
    """Who comes second is told who is at work, and sends nothing."""
    desk.want()
    acquire(desk.store, "hand over:crm/task", "elsewhere:1")

    report = desk.run()

    assert report.stopped is not None and report.stopped.code == "HUB-113"
    assert desk.crm.sends == 0


def test_a_deleted_record_gives_its_place_to_another_one(desk: Desk) -> None:
    """The task moves to the customer's next record, under its key."""
    desk.want()
    desk.run()
    with desk.store.write() as connection:
        gone = update(schema.source_records).where(schema.source_records.c.rid == 2)
        connection.execute(gone.values(deleted_at=1))

    desk.run()

    assert [item.native_id for item in desk.crm.items] == ["310", "2001"]
    assert len({item.key for item in desk.crm.items}) == 1


def test_a_task_stays_with_its_record_when_the_customer_gets_another(desk: Desk) -> None:
    """A record with a lower id that appears later takes nothing over."""
    desk.want()
    desk.run()

    desk.record(9, "g1", "3")
    desk.run()

    assert desk.crm.sends == 1


def test_a_task_whose_customer_left_the_hub_is_told_to_be_over(desk: Desk) -> None:
    """Nobody answers for the record any more; the task there still ends."""
    desk.want()
    desk.run()
    with desk.store.write() as connection:
        connection.execute(delete(schema.cluster_members))

    desk.want(golden_id=None, over=True)
    desk.run()

    (task,) = desk.crm.items
    assert isinstance(task, Task) and task.done


def test_notes_go_the_same_way(store: Store, clock: ManualClock) -> None:
    """A note hangs on the record that is named, and is handed over once."""
    desk = Desk(store, clock, Crm(), notes=True)
    desk.record(1, "g1", "2001")
    desk.record(2, "g1", "310")
    desk.want("card-1", on=1)

    desk.run()
    desk.run()

    assert [(item.key, item.native_id) for item in desk.crm.items] == [("card-1", "2001")]
    assert desk.crm.sends == 1


def test_every_handover_has_an_audit_leaf(desk: Desk) -> None:
    """With the case, the decision and what it was made of; no content."""
    desk.want()

    desk.run()

    with desk.store.read() as connection:
        (body,) = connection.execute(
            select(schema.audit_leaves.c.body).where(schema.audit_leaves.c.kind == "task.handed")
        ).scalars()
    assert b'"about":"case-1"' in body and b"call them" not in body


def test_what_is_handed_once_is_left_as_it_was(desk: Desk) -> None:
    """Another text by then, or a refusal, changes nothing there; nobody waits for it any more."""
    desk.notes = True
    desk.want(text="a card", once=True)
    desk.run()
    desk.want(text="another card", once=True)
    desk.refuse(2, "service")

    later = desk.run()

    assert [item.body for item in desk.crm.items] == ["a card"]
    assert (desk.crm.sends, dict(later.counts), desk.row().over) == (1, {}, True)


def test_what_is_to_be_handed_once_waits_until_it_may(desk: Desk) -> None:
    """Nobody answers for the record yet: it goes as soon as somebody does, as it is then."""
    desk.notes = True
    desk.want(golden_id=None, on=1, text="a card", once=True)
    first = desk.run()
    desk.want(on=1, text="a newer card", once=True)

    second = desk.run()

    assert (dict(first.counts), second.counts["handed"]) == ({"nowhere": 1}, 1)
    assert [item.body for item in desk.crm.items] == ["a newer card"]
