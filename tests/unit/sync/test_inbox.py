"""Deliveries: believed, taken once, never lost, and never older than what the store holds."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import delete, select

from hub.core import boundary
from hub.core.clock import ManualClock, to_micros
from hub.core.connector import (
    Connector,
    Context,
    Deletes,
    Delivery,
    FullPass,
    Page,
    State,
    Stream,
    Webhook,
)
from hub.core.errors import NeedsReauth, SkipRecord, StopRun, Unavailable
from hub.core.ids import IdSource
from hub.core.records import Person, Record, decode
from hub.store import inbox, leases, quarantine, schema
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.sync.inbox import Inbox
from hub.sync.pull import Source
from hub.sync.run import sync

KEYS = Keys(b"k" * 32)


class Nothing(BaseModel):
    """No settings."""


def at(minute: int) -> str:
    """An instant of the vendor's, in its own spelling."""
    return (datetime(2025, 6, 1, tzinfo=UTC) + timedelta(minutes=minute)).isoformat()


@dataclass
class Vendor:
    """A system that tells of every change and can be polled for all of them."""

    records: dict[str, dict[str, str]] = field(default_factory=dict)
    deletes: Deletes = field(default_factory=FullPass)
    down: bool = False
    asked: list[str] = field(default_factory=list)
    out_of_sight: set[str] = field(default_factory=lambda: {"7"})

    def verify(self, _ctx: Context, delivery: Delivery) -> None:
        if delivery.headers.get("signature") != "right":
            raise SkipRecord("the signature is wrong", reason="bad-signature")

    def parse(self, ctx: Context, delivery: Delivery) -> Sequence[tuple[str, Page]]:
        if self.down:
            raise Unavailable("the vendor is out of reach")
        said = json.loads(delivery.body)
        self.asked.append(delivery.headers["id"])
        if said.get("refused") in self.out_of_sight:
            raise StopRun("the credential lacks a scope")
        if "refused" in said:
            return [("people", Page([row(said["refused"], "Zoe", 1)]))]
        if "deleted" in said:
            return [("people", Page((), deletes=[said["deleted"]]))]
        return [("people", Page([said["row"]], next_state={"never": "kept"}))]

    def read(self, ctx: Context, state: State) -> Iterator[Page]:
        yield Page(list(self.records.values()), next_state={"read": 1}, complete=True)

    def connector(self) -> Connector:
        stream = Stream(
            "people", Person, _person, "id", self.read, deletes=self.deletes, updated="updated"
        )
        hook = Webhook(self.verify, self.parse, lambda delivery: delivery.headers["id"])
        return Connector(
            "vendor", "pushes", Nothing, (stream,), check=lambda _: [], webhooks={"all": hook}
        )


def _person(row: dict[str, str]) -> Record:
    return Person(given_name=row["name"])


def told(number: int, said: object, signature: str = "right") -> Delivery:
    """Delivery ``number`` with that body."""
    headers = {"id": str(number), "signature": signature, "authorization": "Basic c2VjcmV0"}
    return Delivery("POST", "http://hub/hooks/crm", headers, json.dumps(said).encode())


def row(key: str, name: str, minute: int) -> dict[str, str]:
    return {"id": key, "name": name, "updated": at(minute)}


@dataclass
class Bench:
    """A store, a vendor, and the inbox between them."""

    store: Store
    vendor: Vendor
    source: Source
    inbox: Inbox
    ids: IdSource

    def push(self, *deliveries: Delivery) -> None:
        for delivery in deliveries:
            self.inbox.accept("all", delivery)
        self.inbox.drain()

    def poll(self) -> None:
        report = sync(self.store, KEYS, [self.source], ids=self.ids, actor="test")
        assert report.status == "succeeded", report.streams

    def people(self) -> dict[str, Any]:
        """Name by key of everybody who is live."""
        table = schema.source_records.c
        query = select(table.source_id, table.canonical).where(table.deleted_at.is_(None))
        with self.store.read() as connection:
            found: dict[str, Any] = {key: decode(body) for key, body in connection.execute(query)}
        return {key: person.given_name for key, person in found.items()}

    def rows(self, table):
        with self.store.read() as connection:
            return connection.execute(select(table)).all()

    def tally(self) -> dict[str, int]:
        [run] = [run for run in self.rows(schema.runs) if run.kind == "webhooks"]
        return json.loads(run.counts)


def open_bench(store: Store, clock: ManualClock, ids: IdSource) -> Bench:
    vendor = Vendor()
    connector = vendor.connector()
    ctx = Context("crm", Nothing(), None, clock, logging.getLogger("t"), lambda _s, _r: None)
    source = Source(ctx, connector, connector.streams_for(None), region="AU")
    return Bench(store, vendor, source, Inbox(store, KEYS, source, ids), ids)


@pytest.fixture
def bench(store: Store, clock: ManualClock, ids: IdSource) -> Bench:
    """An empty store on either database, and a vendor with nobody in it."""
    return open_bench(store, clock, ids)


def test_a_delivery_becomes_a_record_like_any_other(bench):
    """The row is stored, its audit leaf names the webhook, and the checkpoint stays alone."""
    bench.push(told(1, {"row": row("7", "Ada", 1)}))

    assert bench.people() == {"7": "Ada"}
    [leaf] = bench.rows(schema.audit_leaves)
    assert (leaf.kind, leaf.actor) == ("sync.page", "webhook")
    assert bench.rows(schema.checkpoints) == []
    assert {mark.stage for mark in bench.rows(schema.dirty)} == {"identity", "follow-up"}


def test_a_delivery_is_durable_before_it_is_stored(bench):
    """Once accepted it waits in the database, whole, but without the credential it came with."""
    assert bench.inbox.accept("all", told(1, {"row": row("7", "Ada", 1)}))

    [waiting] = bench.rows(schema.inbox)
    assert waiting.status == "waiting"
    assert b"c2VjcmV0" not in bytes(waiting.delivery)


def test_a_stored_delivery_leaves_only_its_id(bench):
    """What it said is in the store and nowhere else."""
    bench.push(told(1, {"row": row("7", "Ada", 1)}))

    [taken] = bench.rows(schema.inbox)
    assert (taken.status, taken.delivery) == ("taken", None)


def test_a_repeated_delivery_is_taken_once(bench):
    """Before and after it was stored, the second one is a duplicate."""
    one = told(1, {"row": row("7", "Ada", 1)})

    assert [bench.inbox.accept("all", one), bench.inbox.accept("all", one)] == [True, False]
    bench.inbox.drain()
    assert bench.inbox.accept("all", one) is False
    bench.inbox.drain()
    assert (bench.tally()["taken"], bench.tally()["duplicates"]) == (1, 2)


def test_a_delivery_that_is_not_the_vendors_leaves_nothing(bench):
    """It is refused and counted; not even its id is kept."""
    with pytest.raises(SkipRecord):
        bench.inbox.accept("all", told(1, {"row": row("7", "Eve", 1)}, signature="wrong"))

    bench.inbox.note()
    assert bench.rows(schema.inbox) == []
    assert bench.tally() == {"refused": 1}


def test_a_delivery_without_an_id_is_refused(bench):
    """Two of them would be taken for one."""
    nameless = Delivery("POST", "http://hub/hooks/crm", {"id": "", "signature": "right"}, b"{}")

    with pytest.raises(SkipRecord, match="no id"):
        bench.inbox.accept("all", nameless)


def test_a_deletion_takes_the_record_out(bench):
    """And a delivery from before the deletion does not bring it back."""
    bench.push(told(1, {"row": row("7", "Ada", 1)}), told(2, {"deleted": "7"}))
    bench.push(told(3, {"row": row("7", "Ada L", 2)}))

    assert bench.people() == {}


def test_a_deletion_that_overtakes_the_record_counts(bench):
    """The hub never heard of the record; word of its creation comes later and is too late."""
    bench.push(told(2, {"deleted": "7"}), told(1, {"row": row("7", "Ada", 1)}))

    assert bench.people() == {}


def test_an_older_row_does_not_undo_a_newer_one(bench):
    """It is counted as unchanged, and the books balance."""
    bench.push(told(1, {"row": row("7", "Ada L", 2)}), told(2, {"row": row("7", "Ada", 1)}))

    assert bench.people() == {"7": "Ada L"}
    tally = bench.tally()
    assert (tally["read"], tally["stored"], tally["unchanged"]) == (2, 1, 1)


def test_a_stream_that_is_being_read_keeps_its_lease_and_the_delivery_waits(bench):
    """Nothing is lost: as soon as the stream is free, the delivery is stored."""
    reading = leases.acquire(bench.store, "sync:crm/people", "another:1")

    bench.inbox.accept("all", told(1, {"row": row("7", "Ada", 1)}))
    with pytest.raises(StopRun):
        bench.inbox.drain()
    assert bench.rows(schema.inbox)[0].status == "waiting"

    leases.release(bench.store, reading)
    bench.inbox.drain()
    assert bench.people() == {"7": "Ada"}


def test_a_pull_of_this_process_is_not_fenced_off_by_a_delivery(bench):
    """A pull holds its lease in the name of the process; the inbox asks in a name of its own."""
    leases.acquire(bench.store, "sync:crm/people")

    bench.inbox.accept("all", told(1, {"row": row("7", "Ada", 1)}))

    with pytest.raises(StopRun):
        bench.inbox.drain()


def test_a_vendor_that_is_down_leaves_the_delivery_waiting(bench, clock):
    """An event that names only ids is completed later."""
    bench.vendor.down = True
    bench.push(told(1, {"row": row("7", "Ada", 1)}))

    bench.vendor.down = False
    clock.sleep(60)
    bench.inbox.drain()

    assert bench.people() == {"7": "Ada"}


def test_a_delivery_that_nobody_can_parse_does_not_block_the_others(bench):
    """It goes into quarantine at once, and the next one is stored."""
    bench.push(told(1, {"nonsense": "ada@example.com"}), told(2, {"row": row("7", "Ada", 1)}))

    unusable = next(item for item in bench.rows(schema.inbox) if item.status == "unusable")
    assert bench.people() == {"7": "Ada"}
    assert "KeyError" in unusable.error
    assert "example.com" not in unusable.error
    assert bench.tally()["unusable"] == 1
    assert [kept.reason for kept in bench.rows(schema.quarantine)] == ["parse-raised"]


@pytest.mark.parametrize("where", ["page fetched", "page committed"])
def test_a_kill_loses_no_delivery_and_doubles_none(bench, where):
    """Killed before or after the commit, the next drain ends with one record and one leaf."""

    def die(reached):
        if reached == where:
            raise KeyboardInterrupt

    bench.inbox.accept("all", told(1, {"row": row("7", "Ada", 1)}))
    boundary.listen(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            bench.inbox.drain()
    finally:
        boundary.listen(None)
    bench.inbox.drain()

    assert bench.people() == {"7": "Ada"}
    assert len(bench.rows(schema.audit_leaves)) == 1
    assert bench.rows(schema.inbox)[0].status == "taken"


def test_an_unfinished_full_pass_does_not_delete_what_was_pushed_meanwhile(bench):
    """The pass has gone by that key already; what it did not see is not therefore gone."""
    pages = [Page([row("1", "Bob", 1)], next_state={"page": 1})]
    last = Page([row("2", "Cy", 1)], next_state={}, complete=True)
    bench.vendor.read = lambda _ctx, state: iter([last] if state else pages)
    connector = bench.vendor.connector()
    source = Source(bench.source.ctx, connector, connector.streams_for(None), region="AU")
    sync(bench.store, KEYS, [source], ids=bench.ids, actor="test")

    bench.push(told(1, {"row": row("0", "Ada", 2)}))
    sync(bench.store, KEYS, [source], ids=bench.ids, actor="test")

    assert bench.people() == {"0": "Ada", "1": "Bob", "2": "Cy"}


def test_old_ids_are_forgotten_but_never_what_waits(bench, clock):
    """After thirty days a taken delivery's id goes; one that still waits stays."""
    bench.push(told(1, {"row": row("7", "Ada", 1)}))
    bench.inbox.accept("all", told(2, {"row": row("8", "Bob", 1)}))
    clock.sleep(31 * 86_400)
    bench.vendor.down = True
    bench.inbox.accept("all", told(3, {"row": row("9", "Cy", 1)}))

    bench.inbox.drain()

    assert sorted(item.event_id for item in bench.rows(schema.inbox)) == ["2", "3"]


# --- any order, any repetition ----------------------------------------------------------------

NAMES = ("Ada", "Bob", "Cy")
EDITS = st.lists(
    st.tuples(st.sampled_from("123"), st.sampled_from((*NAMES, None))), min_size=1, max_size=8
)


@dataclass
class History:
    """What happened at the vendor, as deliveries and as what polling would find."""

    deliveries: list[Delivery]
    records: dict[str, dict[str, str]]


def history(edits: Sequence[tuple[str, str | None]]) -> History:
    """One delivery per edit; None deletes, for good: no vendor gives an id twice."""
    records: dict[str, dict[str, str]] = {}
    gone: set[str] = set()
    deliveries = []
    for minute, (key, name) in enumerate(edits):
        if key in gone:
            continue
        if name is None:
            gone.add(key)
            records.pop(key, None)
            deliveries.append(told(minute, {"deleted": key}))
            continue
        records[key] = row(key, name, minute)
        deliveries.append(told(minute, {"row": records[key]}))
    return History(deliveries, records)


@pytest.fixture(scope="module")
def fresh_bench(tmp_path_factory, request) -> Callable[[], Bench]:
    """Makes benches on new SQLite files; the databases' differences are for the tests above."""
    databases = request.getfixturevalue("sqlite_databases")

    def make() -> Bench:
        clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        store = Store.open(databases.migrated(), clock)
        request.addfinalizer(store.close)
        return open_bench(store, clock, IdSource.seeded(clock, seed=1))

    return make


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS, data=st.data())
def test_any_order_and_repetition_gives_what_polling_gives(fresh_bench, edits, data):
    """Shuffled, some twice, stored one by one or together: who is live is what a poll finds."""
    happened = history(edits)
    repeated = happened.deliveries + data.draw(st.lists(st.sampled_from(happened.deliveries)))
    pushed = fresh_bench()

    for delivery in data.draw(st.permutations(repeated)):
        pushed.inbox.accept("all", delivery)
        if data.draw(st.booleans()):
            pushed.inbox.drain()
    pushed.inbox.drain()

    assert pushed.people() == {key: found["name"] for key, found in happened.records.items()}
    pushed.vendor.records = happened.records
    pushed.poll()
    assert pushed.people() == {key: found["name"] for key, found in happened.records.items()}


# --- what cannot be used ----------------------------------------------------------------------


def statuses(bench: Bench) -> dict[str, str]:
    return {item.event_id: item.status for item in bench.rows(schema.inbox)}


def test_a_delivery_that_the_vendor_refuses_to_complete_does_not_block_the_others(bench):
    """A scope that is missing for one kind of record must not hold back every other kind."""
    bench.push(told(1, {"refused": "7"}), told(2, {"row": row("8", "Ada", 1)}))

    refused = next(item for item in bench.rows(schema.inbox) if item.event_id == "1")
    assert bench.people() == {"8": "Ada"}
    assert (refused.status, refused.attempts) == ("waiting", 1)
    assert "lacks a scope" in refused.error


def test_a_refused_delivery_is_tried_five_times_over_a_day(bench, clock):
    """The pauses grow; in between nobody is asked, however often somebody looks."""
    bench.push(told(1, {"refused": "7"}))
    asked = []

    for pause in (60, 15 * 60, 3 * 3600, 20 * 3600):
        clock.sleep(pause - 1)
        bench.inbox.drain()
        asked.append(len(bench.vendor.asked))
        clock.sleep(1)
        bench.inbox.drain()
        asked.append(len(bench.vendor.asked))

    assert asked == [1, 2, 2, 3, 3, 4, 4, 5]
    assert statuses(bench) == {"1": "unusable"}


def test_a_refused_delivery_is_used_once_that_is_possible(bench, clock):
    """Somebody granted the scope in the meantime."""
    bench.push(told(1, {"refused": "7"}))

    bench.vendor.out_of_sight.clear()
    clock.sleep(60)
    bench.inbox.drain()

    assert bench.people() == {"7": "Zoe"}
    assert (statuses(bench), bench.rows(schema.quarantine)) == ({"1": "taken"}, [])


@pytest.fixture
def quarantined(bench: Bench, clock: ManualClock) -> Bench:
    """A refused delivery that had all its tries; its body is no text."""
    odd = b'{"refused": "7", "note": "caf\xe9"}'
    headers = {"id": "1", "signature": "right"}
    vendor = PlainOld(**vars(bench.vendor))
    source = replace(bench.source, connector=vendor.connector())
    inbox = Inbox(bench.store, KEYS, source, bench.ids)
    bench = replace(bench, vendor=vendor, source=source, inbox=inbox)
    bench.push(Delivery("POST", "http://hub/hooks/crm", headers, odd))
    for _ in range(4):
        clock.sleep(20 * 3600)
        bench.inbox.drain()
    return bench


class PlainOld(Vendor):
    """A vendor whose deliveries are no UTF-8."""

    def parse(self, ctx: Context, delivery: Delivery) -> Sequence[tuple[str, Page]]:
        said = delivery.body.decode("latin-1").encode()
        return super().parse(ctx, replace(delivery, body=said))


def test_what_was_refused_for_good_is_in_quarantine_with_its_content(quarantined):
    """And nowhere else: its content lives once."""
    [item], [kept] = quarantined.rows(schema.inbox), quarantined.rows(schema.quarantine)
    with quarantined.store.read() as connection:
        [listed] = quarantine.entries(connection, quarantine.Filter("crm"), 10)

    assert (item.status, item.delivery) == ("unusable", None)
    assert (listed.stream, listed.reason, listed.state) == ("webhook:all", "not-completed", "open")
    assert "lacks a scope" in listed.message
    assert inbox.unpacked(kept.raw).body == b'{"refused": "7", "note": "caf\xe9"}'


def test_a_replay_gives_it_back_for_one_try(quarantined):
    """While the vendor refuses it stays in quarantine; then it is stored, and its content goes."""
    still = quarantined.inbox.replay("all")
    quarantined.vendor.out_of_sight.clear()
    done = quarantined.inbox.replay("all")

    assert [(each.stream, each.replayed, each.bad) for each in (still, done)] == [
        ("webhook:all", 0, 1),
        ("webhook:all", 1, 0),
    ]
    assert done.counts.stored == 1
    assert quarantined.people() == {"7": "Zoe"}
    assert quarantined.rows(schema.quarantine) == []
    assert statuses(quarantined) == {"1": "taken"}


def test_a_replay_of_a_forgotten_id_works(quarantined):
    """The id is dropped thirty days after the delivery came, its content a day later."""
    with quarantined.store.write() as connection:
        connection.execute(delete(schema.inbox))
    quarantined.vendor.out_of_sight.clear()

    assert quarantined.inbox.replay("all").replayed == 1


def test_nobody_keeps_it_longer_than_thirty_days(quarantined, clock):
    """Polling has brought what it spoke of; there is no reason left to hold its content."""
    clock.sleep(29 * 86_400)
    quarantined.inbox.drain()
    kept = len(quarantined.rows(schema.quarantine))

    clock.sleep(2 * 86_400)
    quarantined.inbox.drain()

    assert (kept, quarantined.rows(schema.quarantine)) == (1, [])


def test_a_credential_that_is_refused_costs_no_delivery_its_tries(bench, clock):
    """It is nobody's fault but the credential's: all wait, none is set aside."""

    def refuse(_ctx: Context, _delivery: Delivery) -> Sequence[tuple[str, Page]]:
        raise NeedsReauth("crm: the credential is not valid")

    bench.vendor.parse = refuse
    source = replace(bench.source, connector=bench.vendor.connector())
    box = Inbox(bench.store, KEYS, source, bench.ids)
    box.accept("all", told(1, {"row": row("7", "Ada", 1)}))

    for _ in range(6):
        with pytest.raises(NeedsReauth):
            box.drain()
        clock.sleep(86_400)

    assert (statuses(bench), bench.rows(schema.inbox)[0].attempts) == ({"1": "waiting"}, 0)


# --- what comes after ------------------------------------------------------------------------


def due(bench: Bench) -> list[str]:
    return [mark.key for mark in bench.rows(schema.dirty) if mark.stage == "follow-up"]


def test_what_was_stored_before_a_drain_broke_off_is_to_be_followed_up(bench):
    """The mark is written with the page: whatever ends the process, the next one knows."""
    busy = leases.acquire(bench.store, "sync:crm/people", "another:1")
    bench.inbox.accept("all", told(1, {"row": row("7", "Ada", 1)}))
    with pytest.raises(StopRun):
        bench.inbox.drain()
    before = due(bench)
    leases.release(bench.store, busy)

    def die(reached):
        if reached == "page committed":
            raise KeyboardInterrupt

    boundary.listen(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            bench.inbox.drain()
    finally:
        boundary.listen(None)

    assert (before, due(bench)) == ([], ["crm"])


def test_nothing_new_is_nothing_to_follow_up(bench):
    """A row that the store holds already changes nobody."""
    bench.push(told(1, {"row": row("7", "Ada", 1)}))
    with bench.store.write() as connection:
        connection.execute(delete(schema.dirty))

    bench.push(told(2, {"row": row("7", "Ada", 1)}))

    assert due(bench) == []


# --- leases -----------------------------------------------------------------------------------


def test_a_delivery_does_not_take_the_lease_of_a_sync_that_waits_for_the_vendor(
    bench, clock, monkeypatch
):
    """However long the vendor asks for patience, the sync goes on where it was."""
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.001)
    taken = []

    def slow(ctx: Context, state: State) -> Iterator[Page]:
        clock.sleep(leases.LEASE_SECONDS - 1)
        await_renewal(bench.store, "sync:crm/people", clock)
        clock.sleep(2)
        bench.inbox.accept("all", told(1, {"row": row("8", "Bob", 1)}))
        with pytest.raises(StopRun):
            taken.append(bench.inbox.drain())
        yield Page([row("7", "Ada", 1)], complete=True)

    bench.vendor.read = slow
    connector = bench.vendor.connector()
    source = replace(bench.source, connector=connector, streams=connector.streams_for(None))

    report = sync(bench.store, KEYS, [source], ids=bench.ids, actor="test")

    assert (report.status, taken, bench.people()) == ("succeeded", [], {"7": "Ada"})


def test_the_queue_is_not_taken_over_while_a_delivery_waits_for_the_vendor(
    bench, clock, monkeypatch
):
    """Else two processes would complete the same delivery."""
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.001)

    def slow(_ctx: Context, _delivery: Delivery) -> Sequence[tuple[str, Page]]:
        clock.sleep(leases.LEASE_SECONDS - 1)
        await_renewal(bench.store, "inbox:crm", clock)
        clock.sleep(2)
        with pytest.raises(StopRun):
            leases.acquire(bench.store, "inbox:crm", "another:1")
        return [("people", Page([row("7", "Ada", 1)]))]

    bench.vendor.parse = slow
    source = replace(bench.source, connector=bench.vendor.connector())
    box = Inbox(bench.store, KEYS, source, bench.ids)
    box.accept("all", told(1, {}))

    box.drain()

    assert bench.people() == {"7": "Ada"}


def await_renewal(store: Store, name: str, clock: ManualClock) -> None:
    """Returns once the lease runs for its whole length again."""
    whole = to_micros(clock.now()) + leases.LEASE_SECONDS * 1_000_000
    query = select(schema.leases.c.until).where(schema.leases.c.name == name)
    for _ in range(10_000):
        with store.read() as connection:
            if connection.execute(query).scalar_one() >= whole:
                return
    raise AssertionError(f"nobody renews {name}")
