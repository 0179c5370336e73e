"""What a system says no longer: the grants of that record end, once, and nothing else does."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import delete, select

from hub.core import boundary
from hub.core.clock import ManualClock, to_micros
from hub.core.connector import (
    Connector,
    Context,
    Delivery,
    FullPass,
    Page,
    Reader,
    Row,
    State,
    Stream,
    Webhook,
)
from hub.core.ids import IdSource
from hub.core.records import ConsentClaim, ConsentSignal, PartyRef, Person, Record
from hub.core.settings import DEFAULT_PURPOSES
from hub.privacy.permissions import load
from hub.store import bulk, schema
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.sync.inbox import Inbox
from hub.sync.pull import Source
from hub.sync.run import sync

KEYS = Keys(b"k" * 32)
HOME, WORK = "ada@home.example", "ada@work.example"
DECIDED = "2025-06-01T09:00:00+00:00"


class Nothing(BaseModel):
    """No settings."""


def _signal(row: Row) -> Record:
    claims = [
        ConsentClaim(
            purpose="marketing",
            channel="email",
            decision=said,
            point=row.get("email"),
            strength=row.get("strength", "single"),
            asserted_at=row.get("at") and datetime.fromisoformat(row["at"]),
            valid_until=row.get("until") and datetime.fromisoformat(row["until"]),
        )
        for said in row["said"]
    ]
    return ConsentSignal(party=PartyRef(id=row["person"], stream="people"), claims=claims)


def _person(row: Row) -> Record:
    claims = [
        ConsentClaim(purpose="marketing", channel="sms", decision=d, strength="single")
        for d in row["said"]
    ]
    return Person(given_name="Ada", consents=claims)


def consent(*said: str, **more: object) -> dict[str, Any]:
    """A consent record of Ada, with these decisions on marketing to her home address."""
    fixed = {"id": "c1", "person": "ada", "email": HOME, "at": DECIDED, "updated": 1}
    return {**fixed, "said": list(said), **more}


@dataclass
class Register:
    """A system that keeps permissions apart from people, and the hub that reads it."""

    store: Store
    clock: ManualClock
    ids: IdSource
    consents: dict[str, Row] = field(default_factory=dict)
    people: dict[str, Row] = field(default_factory=dict)
    mapping: Callable[[Row], Record] = _signal
    mapping_version: int = 1
    tells_time: bool = True

    def holds(self, *rows: Row, full: bool = False) -> None:
        """The system holds these consent records, all others as they were; the hub reads."""
        self.consents |= {row["id"]: row for row in rows}
        self.read(full=full)

    def loses(self, key: str) -> None:
        """The record is not in the next complete pass."""
        del self.consents[key]
        self.read()

    def read(self, *, full: bool = False) -> None:
        """One run, an hour after the last."""
        self.clock.sleep(3_600)
        report = sync(self.store, KEYS, [self._source()], ids=self.ids, actor="test", full=full)
        assert report.status == "succeeded", report.streams
        self._resolve()

    def delivers(self, row: Row, number: int = 1) -> None:
        """The system pushes one version of a record."""
        inbox = Inbox(self.store, KEYS, self._source(), self.ids)
        inbox.accept("all", Delivery("POST", "/", {"id": str(number)}, json.dumps(row).encode()))
        inbox.drain()

    def state(self, point: str | None = HOME, who: str = "ada", channel: str = "email") -> str:
        """Where the permission stands."""
        now = to_micros(self.clock.now())
        with self.store.read() as connection:
            said = load(connection, [who], DEFAULT_PURPOSES, now)[who]
        hashed = None if point is None else KEYS.point("email", point)
        return said.of("marketing", channel, hashed).state

    def events(self) -> list[tuple[str, str, int]]:
        """Decision, origin and version of every event, as they came."""
        table = schema.consent_events.c
        query = select(table.decision, table.origin, table.version, table.event_id)
        with self.store.read() as connection:
            rows = connection.execute(query.order_by(table.observed_at, table.event_id)).all()
        return [(decision, origin, version) for decision, origin, version, _ in rows]

    def _source(self) -> Source:
        def rows_of(table: dict[str, Row]) -> Reader:
            def read(ctx: Context, state: State) -> Iterator[Page]:
                yield Page(list(table.values()), next_state={}, complete=True)

            return read

        deletes, updated = FullPass(max_percent=100), "updated" if self.tells_time else None
        streams = (
            Stream(
                "consents", ConsentSignal, self.mapping, "id", rows_of(self.consents),
                deletes=deletes, updated=updated, mapping_version=self.mapping_version,
            ),
            Stream("people", Person, _person, "id", rows_of(self.people), deletes=deletes),
        )  # fmt: skip
        hook = Webhook(lambda _c, _d: None, _parsed, lambda delivery: delivery.headers["id"])
        connector = Connector(
            "reg", "a register", Nothing, streams, check=lambda _: [], webhooks={"all": hook}
        )
        log = logging.getLogger("t")
        ctx = Context("reg", Nothing(), None, self.clock, log, lambda _s, _r: None)
        return Source(ctx, connector, streams, region="AU")

    def _resolve(self) -> None:
        """Everybody is who their record says: who is who is not what is tested here."""
        table = schema.source_records.c
        with self.store.write() as connection:
            connection.execute(delete(schema.cluster_members))
            query = select(table.rid, table.source_id, table.deleted_at)
            rows = connection.execute(query.where(table.entity == "person")).all()
            members = [(row.rid, row.source_id, 0) for row in rows]
            columns = ("rid", "golden_id", "since")
            bulk.insert(connection, schema.cluster_members, columns, members)


def _parsed(_ctx: Context, delivery: Delivery) -> Sequence[tuple[str, Page]]:
    return [("consents", Page([json.loads(delivery.body)]))]


@pytest.fixture
def register(store: Store, clock: ManualClock, ids: IdSource) -> Register:
    """An empty register."""
    return Register(store, clock, ids)


on_one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""For rules of judgement, in which the database has no part."""

SILENT = ("expire", "silence", 2)


@pytest.mark.parametrize("at", [DECIDED, None], ids=["dated", "undated"])
def test_a_grant_that_is_reset_at_the_source_ends(register: Register, at: str | None) -> None:
    """The status is neither yes nor no any more: not permitted, and the ledger says since when."""
    register.holds(consent("grant", at=at))
    before = register.state()

    register.holds(consent(at=at))

    assert (before, register.state()) == ("granted", "expired")
    assert register.events() == [("grant", "source_sync", 1), SILENT]


@on_one_database
def test_the_end_names_the_record_that_fell_silent(register: Register) -> None:
    """Connection, stream and id of the claiming record, and whom it was about."""
    register.holds(consent("grant"))
    register.holds(consent())

    records, events = schema.source_records, schema.consent_events
    with register.store.read() as connection:
        keys = dict(connection.execute(select(records.c.rid, records.c.source_id)).all())
        found = connection.execute(select(events).where(events.c.origin == "silence")).one()

    assert (keys[found.said_by], keys[found.rid], found.version) == ("c1", "ada", 2)


@on_one_database
def test_a_record_that_is_gone_grants_nothing_any_more(register: Register) -> None:
    """The person stays; what was kept apart about them does not."""
    register.holds(consent("grant"), consent("grant", id="c2", person="bob"))

    register.loses("c1")

    assert (register.state(), register.state(who="bob")) == ("expired", "granted")
    assert register.events()[-1] == SILENT


@on_one_database
def test_a_record_that_is_gone_keeps_its_refusal(register: Register) -> None:
    """The customer said no; that a system forgot it changes nothing."""
    register.holds(consent("withdraw"))

    register.loses("c1")

    assert register.state() == "withdrawn"
    assert register.events() == [("withdraw", "source_sync", 1)]


@on_one_database
def test_a_person_who_is_gone_takes_the_grants_along(register: Register) -> None:
    """Even before the hub has looked at who is who again; a return brings them back."""
    row = {"id": "ada", "said": ["grant"]}
    register.people["ada"] = row
    register.read()
    states = [register.state(None, channel="sms")]

    del register.people["ada"]
    register.read()
    states.append(register.state(None, channel="sms"))
    register.people["ada"] = row
    register.read()
    states.append(register.state(None, channel="sms"))

    assert states == ["granted", "expired", "granted"]


@on_one_database
@pytest.mark.parametrize("at", [DECIDED, None], ids=["dated", "undated"])
def test_given_again_it_counts_again(register: Register, at: str | None) -> None:
    """Yes, nothing, yes, gone, yes: also under the very same date."""
    states = []
    for said in (["grant"], [], ["grant"]):
        register.holds(consent(*said, at=at))
        states.append(register.state())

    register.loses("c1")
    states.append(register.state())
    register.holds(consent("grant", at=at))
    states.append(register.state())

    assert states == ["granted", "expired", "granted", "expired", "granted"]


@on_one_database
def test_only_the_own_grants_of_a_record_end(register: Register) -> None:
    """Another record of the same person, and another address, are as they were."""
    register.holds(
        consent("grant"), consent("grant", id="c2"), consent("grant", id="c3", email=WORK)
    )

    register.holds(consent())

    assert (register.state(), register.state(WORK)) == ("granted", "granted")
    register.loses("c2")
    assert (register.state(), register.state(WORK)) == ("expired", "granted")


def test_reading_again_ends_nothing_twice(register: Register) -> None:
    """Another run, a full one, and one after a kill between page and report add no event."""

    def die(where: str) -> None:
        if where == "page committed":
            raise KeyboardInterrupt

    register.holds(consent("grant"))
    register.consents["c1"] = consent()
    boundary.listen(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            register.read()
    finally:
        boundary.listen(None)

    register.read()
    register.read(full=True)

    assert register.events() == [("grant", "source_sync", 1), SILENT]


@on_one_database
def test_an_older_version_that_comes_late_ends_nothing(register: Register) -> None:
    """A delivery of the time before the customer agreed arrives after it."""
    register.holds(consent("grant", updated=5))

    register.delivers(consent(updated=4))

    assert register.state() == "granted"
    assert register.events() == [("grant", "source_sync", 1)]


@on_one_database
def test_a_late_version_without_a_time_is_mended_by_the_next_reading(register: Register) -> None:
    """Nobody can tell that it is old; the restrictive side holds until the source is asked."""
    register.tells_time = False
    register.holds(consent("grant"))

    register.delivers(consent())
    between = register.state()
    register.read()

    assert (between, register.state()) == ("expired", "granted")


@on_one_database
def test_deliveries_in_any_order_end_with_the_latest(register: Register) -> None:
    """Agreed, reset, agreed: whichever comes last, the newest word holds."""
    versions = [consent("grant", updated=1), consent(updated=2), consent("grant", updated=3)]
    for number, turn in enumerate((0, 2, 1)):
        register.delivers(versions[turn], number)
    register.consents["c1"] = versions[2]

    register.read()

    assert register.state() == "granted"


@on_one_database
@pytest.mark.parametrize(
    ("now", "home", "work"),
    [
        ({"email": "Ada@HOME.example "}, "granted", "unknown"),
        ({"email": WORK}, "expired", "granted"),
        ({"email": None}, "expired", "unknown"),
        ({"strength": "imported"}, "pending", "unknown"),
        ({"until": DECIDED}, "expired", "unknown"),
        ({"at": "2025-07-01T09:00:00+00:00"}, "granted", "unknown"),
        ({"other": "edit"}, "granted", "unknown"),
    ],
    ids=[
        "spelled-otherwise", "other-address", "whole-person", "weaker", "shorter", "dated-anew",
        "another-field",
    ],
)  # fmt: skip
def test_a_grant_in_other_terms_takes_the_place_of_the_former(
    register: Register, now: dict[str, object], home: str, work: str
) -> None:
    """What the record says today is what it permits: no more, and no less."""
    register.holds(consent("grant"))

    register.holds(consent("grant", **now))

    assert (register.state(), register.state(WORK)) == (home, work)


@on_one_database
@pytest.mark.parametrize("said", ["grant", "withdraw"])
def test_a_record_that_moves_to_another_person_speaks_of_that_one(
    register: Register, said: str
) -> None:
    """The source had mistaken one for the other; a refusal stays on both sides."""
    register.holds(consent(said))

    register.holds(consent(said, person="bob"))

    expected = {"grant": ("expired", "granted"), "withdraw": ("withdrawn", "withdrawn")}
    assert (register.state(), register.state(who="bob")) == expected[said]


@on_one_database
def test_a_purpose_that_the_settings_no_longer_name_is_no_longer_granted(
    register: Register,
) -> None:
    """Mapped anew, the stored record grants nothing; mapped back, it does."""
    register.holds(consent("grant"))

    register.mapping, register.mapping_version = lambda row: _signal({**row, "said": []}), 2
    register.read()
    between = register.state()
    register.mapping, register.mapping_version = _signal, 3
    register.read()

    assert (between, register.state()) == ("expired", "granted")


@on_one_database
@pytest.mark.parametrize("gone", [False, True], ids=["reset", "deleted"])
def test_the_profile_of_whoever_is_concerned_is_looked_at_again(
    register: Register, gone: bool
) -> None:
    """So plan and push follow; nobody else is troubled."""
    register.holds(consent("grant"), consent("grant", id="c2", person="bob"))
    with register.store.write() as connection:
        connection.execute(delete(schema.dirty))

    register.loses("c1") if gone else register.holds(consent())

    records, marks = schema.source_records.c, schema.dirty.c
    with register.store.read() as connection:
        names = {
            str(rid): key for rid, key in connection.execute(select(records.rid, records.source_id))
        }
        found = connection.execute(select(marks.key).where(marks.stage == "facts")).scalars()
        assert [names[key] for key in found] == ["ada"]


@on_one_database
def test_an_echo_whose_box_is_cleared_brings_no_old_grant_back(register: Register) -> None:
    """Agreed, then the hub wrote a withdrawal there, then the status was reset."""
    register.holds(consent("grant"))
    with register.store.write() as connection:
        [party] = connection.execute(
            select(schema.cluster_members.c.rid).where(schema.cluster_members.c.golden_id == "ada")
        ).scalars()
        row = {
            "withdrawal_id": 1, "connection": "reg", "rid": party, "event_id": "e",
            "golden_id": "ada", "purpose": "marketing", "channel": "email", "status": "done",
            "attempts": 1, "created_at": 0, "sent_at": to_micros(register.clock.now()),
            "updated_at": to_micros(register.clock.now()),
        }  # fmt: skip
        bulk.insert(connection, schema.withdrawals, tuple(row), [tuple(row.values())])
    wrote = (register.clock.now() + timedelta(minutes=1)).astimezone(UTC).isoformat()

    register.holds(consent("withdraw", at=wrote))
    echoed = register.state()
    register.holds(consent(at=wrote))

    assert [origin for _, origin, _ in register.events()] == ["source_sync", "echo"]
    assert (echoed, register.state()) == ("expired", "expired")
