"""Which refusals are due to another system, when they are judged again, and under whose right."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import select, update

from hub.core.clock import ManualClock, to_micros
from hub.core.connector import Connector, ConsentChange, Context, RowResult, Stream
from hub.core.errors import StopRun
from hub.core.records import Person, encode
from hub.core.released import Released
from hub.core.settings import PurposeSection
from hub.privacy.gate import Gate
from hub.push import refusals
from hub.push.refusals import Refusals
from hub.push.withdrawals import WithdrawalReport, Withdrawals
from hub.store import bulk, leases, schema
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.withdrawals import reasons, standing
from hub.sync.pull import Source

TILL, CRM = 1, 2
"""Row ids of the customer's record at the till and in the crm, and of the two streams."""
PURPOSES = {
    "marketing": PurposeSection(description="Offers", basis="consent", channels=("email", "sms"))
}
SURVEYS = {"surveys": PurposeSection(description="Ask", basis="consent", channels=("email",))}


class Nothing(BaseModel):
    """No settings."""


class Other(BaseModel):
    """Other settings."""

    consents: str = "sms"


@dataclass
class Crm:
    """A system that keeps withdrawals in a list, by e-mail only, and shows what it keeps."""

    held: list[tuple[str, str]] = field(default_factory=list)
    asked: int = 0
    channels: set[str] = field(default_factory=lambda: {"email"})

    def write(self, _ctx: Context, batch: Sequence[Released[ConsentChange]]) -> list[RowResult]:
        self.asked += len(batch)
        return [self._take(released.value) for released in batch]

    def read_back(self, _ctx: Context, changes: Sequence[ConsentChange]) -> list[bool]:
        return [(change.purpose, change.channel) in self.held for change in changes]

    def _take(self, change: ConsentChange) -> RowResult:
        if change.channel not in self.channels:
            error = f"it keeps no consent by {change.channel}"
            return RowResult(change.trace, ok=False, error=error, not_held=True)
        self.held.append((change.purpose, change.channel))
        return RowResult(change.trace, ok=True)


@dataclass
class Desk:
    """A customer with a record at the till and one in the crm."""

    store: Store
    clock: ManualClock
    keys: Keys
    crm: Crm
    source: Source
    purposes: dict[str, PurposeSection]
    said: int = 0

    def says(self, rid: int, decision: str, channel: str = "email", **more: Any) -> None:
        """A ledger event, an hour later, dated when it is observed unless ``asserted_at`` is."""
        self.clock.sleep(3_600)
        self.said += 1
        now = to_micros(self.clock.now())
        row = {
            "event_id": f"e{self.said}", "rid": rid, "purpose": "marketing", "channel": channel,
            "brand": "", "decision": decision, "strength": "single", "given_by": "self",
            "asserted_at": now, "asserted_as": "source", "observed_at": now,
            "origin": "source_sync", **more,
        }  # fmt: skip
        with self.store.write() as connection:
            bulk.insert(connection, schema.consent_events, tuple(row), [tuple(row.values())])

    def send(self) -> WithdrawalReport:
        """Find what is due and write it."""
        return self.withdrawals().send()

    def withdrawals(self) -> Withdrawals:
        """What writes into the crm."""
        found = Refusals(self.store, self.keys, self.purposes, self.source)
        return Withdrawals(self.store, self.source, found, Gate(self.purposes), "os:test")

    def belongs_to(self, rid: int, golden_id: str) -> None:
        """A steward moves a record."""
        table = schema.cluster_members
        with self.store.write() as connection:
            connection.execute(update(table).where(table.c.rid == rid).values(golden_id=golden_id))

    def statuses(self) -> list[str]:
        """Where every withdrawal stands, moot ones left out."""
        table = schema.withdrawals.c
        query = select(table.status).where(table.status != "moot").order_by(table.withdrawal_id)
        with self.store.read() as connection:
            return list(connection.execute(query).scalars())

    def connect(self, **changed: Any) -> None:
        """The crm's connector as a new release or new settings declare it."""
        settings = changed.pop("settings", self.source.ctx.config)
        self.source = replace(
            self.source,
            ctx=replace(self.source.ctx, config=settings),
            connector=replace(self.source.connector, **changed),
        )


@pytest.fixture
def desk(store: Store, clock: ManualClock) -> Desk:
    """The customer, and a crm that may be written to."""
    crm, stream = Crm(), Stream("people", Person, _never, "id", lambda _c, _s: iter(()))
    connector = Connector(
        "crm", "a crm", Nothing, (stream,), check=lambda _: [],
        write_consent=crm.write, read_back=crm.read_back,
    )  # fmt: skip
    ctx = Context("crm", Nothing(), None, clock, logging.getLogger("t"), lambda _s, _r: None)
    with store.write() as connection:
        _records(connection)
    source = Source(ctx, connector, (stream,), region="AU")
    return Desk(store, clock, Keys(b"k" * 32), crm, source, dict(PURPOSES))


def _never(*_: object) -> Any:
    raise AssertionError("nothing is read here")


def _records(connection: Any) -> None:
    names = ("till", "crm")
    bulk.insert(
        connection, schema.streams, ("stream_id", "connection", "stream", "entity"),
        [(rid, names[rid - 1], "people", "person") for rid in (TILL, CRM)],
    )  # fmt: skip
    columns = (
        "rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping",
        "canonical", "created_at", "changed_at",
    )  # fmt: skip
    body = encode(Person(emails=["ada@example.com"], phones=["0412 345 678"]))
    rows = [(rid, rid, str(rid), "person", 1, b"", b"", body, 0, 0) for rid in (TILL, CRM)]
    bulk.insert(connection, schema.source_records, columns, rows)
    members = [(rid, "g", 0) for rid in (TILL, CRM)]
    bulk.insert(connection, schema.cluster_members, ("rid", "golden_id", "since"), members)


def test_a_restriction_hides_no_withdrawal(desk):
    """Processing is restricted as well: the refusal beneath is still written."""
    desk.says(TILL, "withdraw")
    desk.says(TILL, "restrict", purpose="*", channel="*")

    report = desk.send()

    assert (report.counts, desk.crm.held) == ({"done": 1}, [("marketing", "email")])


def test_what_the_system_knew_is_judged_again_when_its_own_claims_change(desk):
    """It had the refusal, and shows a subscription from in between: it no longer knows."""
    desk.says(CRM, "withdraw")
    subscribed = to_micros(desk.clock.now()) + 60
    desk.says(TILL, "withdraw")
    before = desk.send()

    desk.says(CRM, "grant", asserted_at=subscribed)
    after = desk.send()

    assert (before.counts, after.counts) == ({}, {"done": 1})


def test_a_refusal_of_everything_is_judged_for_a_new_purpose(desk):
    """Each purpose and channel is judged for itself, so one that hub.toml adds later is too."""
    desk.says(TILL, "withdraw", purpose="*")
    first = desk.send()

    desk.purposes |= SURVEYS
    second = desk.send()

    assert (first.counts, second.counts) == ({"done": 1}, {"done": 1})
    assert desk.crm.held == [("marketing", "email"), ("surveys", "email")]


def test_nothing_is_judged_again_while_nothing_changed(desk, monkeypatch):
    """A refusal that the crm knows and one that was written: later looks load no ledger."""
    desk.says(CRM, "withdraw", "sms")
    desk.says(TILL, "withdraw", "sms")
    desk.says(TILL, "withdraw")
    desk.send()
    monkeypatch.setattr(refusals, "load", _never)

    report = desk.send()

    assert (report.counts, report.stopped) == ({}, None)


def test_a_refusal_of_an_address_is_not_lost_in_a_lifted_one(desk):
    """One of the whole customer waits and is lifted by hand; then they refuse one address."""
    point = desk.keys.point("email", "ada@example.com")
    desk.says(TILL, "withdraw")
    desk.withdrawals().look()
    desk.says(TILL, "grant", origin="human_act", evidence="form 7")

    desk.says(TILL, "withdraw", point=point)
    report = desk.send()

    assert report.counts == {"moot": 1, "done": 1}


def test_a_withdrawal_that_a_split_ended_is_due_again_after_the_merge(desk):
    """The crm's record was taken for somebody else's while the withdrawal waited."""
    desk.says(TILL, "withdraw")
    desk.withdrawals().look()
    desk.belongs_to(CRM, "g2")
    split = desk.send()

    desk.belongs_to(CRM, "g")
    merged = desk.send()

    assert (split.counts, merged.counts) == ({"moot": 1}, {"done": 1})


@pytest.mark.parametrize("act", ["send", "look"])
def test_nobody_judges_while_another_process_is_at_it(desk, act):
    """Two at once could send one withdrawal twice: the lease comes before the first look."""
    desk.says(TILL, "withdraw")
    leases.acquire(desk.store, "withdraw:crm", holder="elsewhere:1")

    report = getattr(desk.withdrawals(), act)()

    assert (report.counts, desk.statuses()) == ({}, [])
    assert isinstance(report.stopped, StopRun) == (act == "send")


def test_the_lease_outlives_a_long_wait_for_the_vendor(desk, monkeypatch, renewals):
    """The crm answers after minutes; meanwhile nobody else can take over."""
    desk.says(TILL, "withdraw")
    write = desk.crm.write

    def slowly(ctx, batch):
        desk.clock.sleep(10 * leases.LEASE_SECONDS)
        renewals()
        with pytest.raises(StopRun):
            leases.acquire(desk.store, "withdraw:crm", holder="elsewhere:1")
        return write(ctx, batch)

    desk.connect(write_consent=slowly)

    assert desk.send().counts == {"done": 1}


def test_what_a_system_cannot_hold_is_told_once(desk):
    """It has no place for the channel: a status of its own, no failure, never asked again."""
    desk.says(TILL, "withdraw", "sms")

    first = desk.send()
    desk.clock.sleep(2 * 86_400)
    desk.says(CRM, "grant", "email")
    second = desk.send()

    assert (first.counts, second.counts, desk.crm.asked) == ({"not_held": 1}, {}, 1)
    assert first.errors == {"it keeps no consent by sms": 1}
    with desk.store.read() as connection:
        assert standing(connection) == {"crm": {"not_held": 1}}
        assert reasons(connection, "crm") == [("not_held", "it keeps no consent by sms", 1)]


@pytest.mark.parametrize(
    "change", [{"version": "2"}, {"settings": Other()}], ids=["release", "settings"]
)
def test_what_it_could_not_hold_is_sent_when_its_declaration_changes(desk, change):
    """A new release of the connector, or new settings, may have a place for it."""
    desk.says(TILL, "withdraw", "sms")
    desk.send()

    desk.crm.channels.add("sms")
    desk.connect(**change)

    assert (desk.send().counts, desk.statuses()) == ({"done": 1}, ["done"])


def test_what_it_cannot_hold_ends_when_the_customer_grants_again(desk):
    """A later human act lifts the refusal: there is nothing left that could not be held."""
    desk.says(TILL, "withdraw", "sms")
    desk.send()

    desk.says(TILL, "grant", "sms", origin="human_act", evidence="form 7")

    assert (desk.send().counts, desk.statuses()) == ({}, [])


def test_a_second_refusal_is_held_no_better_than_the_first(desk):
    """The customer says no again: still one exception, and the system is asked no second time."""
    desk.says(TILL, "withdraw", "sms")
    desk.send()

    desk.says(TILL, "withdraw", "sms")

    assert (desk.send().counts, desk.statuses(), desk.crm.asked) == ({}, ["not_held"], 1)
