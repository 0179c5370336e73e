"""What a customer refused elsewhere reaches HubSpot: once, confirmed, and never the other way."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from pydantic import BaseModel
from sqlalchemy import delete, select, update

from connectors.hubspot.connector import HUBSPOT
from hub.core import boundary
from hub.core.connector import Connector, Context, Page, State, Stream
from hub.core.records import ConsentClaim, Person, Record
from hub.core.settings import DEFAULT_PURPOSES, PurposeSection, PushSection
from hub.push.destination import destinations
from hub.push.run import Pusher
from hub.push.withdrawals import WithdrawalReport
from hub.store import bulk, schema
from hub.sync.pull import Source
from hub.sync.run import sync

PURPOSES = {
    "marketing": PurposeSection(description="Offers", basis="consent", channels=("email",)),
    "service": DEFAULT_PURPOSES["service"],
}


class Nothing(BaseModel):
    """No settings."""


@dataclass
class Till:
    """A second system: what its customers said, as it is read next time."""

    rows: dict[str, dict[str, Any]]

    def read(self, ctx: Context, state: State) -> Iterator[Page]:
        yield Page([*self.rows.values()], next_state={}, complete=True)

    def connector(self) -> Connector:
        stream = Stream("people", Person, _person, "id", self.read)
        return Connector("till", "a till", Nothing, (stream,), check=lambda _: [])


def _person(row: dict[str, Any]) -> Record:
    claims = [
        ConsentClaim(
            purpose="marketing",
            channel="email",
            decision=row["said"],
            point=row.get("point"),
            asserted_at=datetime.fromisoformat(str(row["at"])),
            origin=row.get("origin", "source_sync"),
            evidence=row.get("evidence"),
        )
        for _ in range("said" in row)
    ]
    return Person(emails=[str(row["email"])], consents=claims)


@dataclass
class Desk:
    """A HubSpot account, a till, and the hub between them."""

    hub: Any  # of conftest.py
    till: Till
    pusher: Pusher
    crm: Source
    shop: Source
    mode: str = "sync"

    def contact(self, number: int, *, subscribed: bool = True) -> str:
        """The id of a contact who subscribed, if so; the till knows the same customer."""
        email = f"p{number}@example.com"
        new = {"op": "create", "object": "contacts", "properties": {"email": email}}
        key = str(self.hub.emulator.mutate(new)["id"])
        if subscribed:
            self.says_in_hubspot(number, "SUBSCRIBED")
        self.till.rows[str(number)] = {"id": str(number), "email": email}
        return key

    def says_in_hubspot(self, number: int, state: str) -> None:
        """The customer clicks there."""
        act = {"op": "consent", "email": f"p{number}@example.com", "subscription": 101}
        self.hub.emulator.mutate(act | {"state": state})

    def says(self, number: int, decision: str, **more: object) -> None:
        """The customer says it at the till, now."""
        self.hub.clock.sleep(3_600)
        said = {"said": decision, "at": self.hub.clock.now().isoformat(), **more}
        self.till.rows[str(number)] |= said

    def run(self) -> WithdrawalReport:
        """Read both systems, put each customer's records together, write what is due."""
        self.hub.clock.sleep(3_600)
        hub = self.hub
        for source in (self.crm, self.shop):
            report = sync(hub.store, hub.keys, [source], ids=hub.ids, actor="test")
            assert report.status == "succeeded", report.streams
        self._resolve()
        return self.send()

    def send(self) -> WithdrawalReport:
        """Write what is due."""
        places = destinations(
            self.crm.ctx, HUBSPOT, PushSection(), sync=self.mode == "sync", region="AU"
        )
        report = self.pusher.withdraw(self.crm, places)
        assert report is not None
        return report

    def approve(self) -> None:
        """As ``hub push --approve`` does."""
        row = (f"{self.crm.name}/profiles", "plan", 0, "test")
        columns = ("connection", "approved_plan", "approved_at", "approved_by")
        with self.hub.store.write() as connection:
            bulk.insert_new(connection, schema.connection_state, columns, [row])

    def _resolve(self) -> None:
        """One customer per e-mail address: who is who is not what is tested here."""
        table = schema.source_records.c
        with self.hub.store.write() as connection:
            connection.execute(delete(schema.cluster_members))
            people = connection.execute(
                select(table.rid, table.canonical).where(
                    table.entity == "person", table.version > 0, table.deleted_at.is_(None)
                )
            )
            rows = [(rid, orjson.loads(body)["emails"][0], 0) for rid, body in people]
            columns = ("rid", "golden_id", "since")
            bulk.insert(connection, schema.cluster_members, columns, rows)

    def state(self, number: int) -> str:
        """What HubSpot holds."""
        subscriptions = self.hub.emulator.account.subscriptions
        return subscriptions.status(f"p{number}@example.com", 101).state

    def effects(self) -> int:
        """Changes that HubSpot took from the hub."""
        return len(self.hub.emulator.effects.since(actor="api"))

    def statuses(self) -> list[str]:
        """Where each withdrawal stands, moot ones left out."""
        table = schema.withdrawals.c
        query = select(table.status).where(table.status != "moot").order_by(table.withdrawal_id)
        with self.hub.store.read() as connection:
            return list(connection.execute(query).scalars())

    def events(self) -> list[str]:
        """Origins of all refusals in the ledger, in order."""
        table = schema.consent_events.c
        query = select(table.origin).where(table.decision == "withdraw")
        with self.hub.store.read() as connection:
            return sorted(connection.execute(query).scalars())


on_one_database = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""For rules of judgement, in which the database has no part."""


@pytest.fixture
def desk(hub, clock) -> Desk:
    """Both systems, read by a hub that may write to HubSpot."""
    till = Till({})
    streams = [
        stream
        for stream in HUBSPOT.streams_for(hub.ctx.config)
        if stream.name in ("contacts", "subscriptions")
    ]
    till_ctx = Context("till", Nothing(), None, clock, logging.getLogger("t"), lambda _s, _r: None)
    till_connector = till.connector()
    desk = Desk(
        hub,
        till,
        Pusher(hub.store, hub.keys, PURPOSES, hub.ids, "os:test"),
        Source(hub.ctx, HUBSPOT, tuple(streams), region="AU"),
        Source(till_ctx, till_connector, till_connector.streams_for(None), region="AU"),
    )
    desk.approve()
    return desk


def test_a_withdrawal_at_the_till_unsubscribes_in_hubspot(desk):
    """Written, read back, on the log twice: as sent and as confirmed."""
    desk.contact(1)
    desk.run()

    desk.says(1, "withdraw")
    report = desk.run()

    assert (report.counts, report.stopped) == ({"done": 1}, None)
    assert (desk.state(1), desk.statuses()) == ("UNSUBSCRIBED", ["done"])
    with desk.hub.store.read() as connection:
        kinds = connection.execute(select(schema.audit_leaves.c.kind)).scalars().all()
    assert sorted(set(kinds) - {"sync.page"}) == ["withdrawal.confirmed", "withdrawal.sent"]


def test_nothing_is_sent_twice(desk):
    """Further runs, which read the hub's own write back, neither send nor find new evidence."""
    desk.contact(1)
    desk.says(1, "withdraw")
    desk.run()

    reports = [desk.run() for _ in range(3)]

    assert [report.counts for report in reports] == [{}, {}, {}]
    assert (desk.effects(), desk.statuses()) == (1, ["done"])
    assert desk.events() == ["echo", "source_sync"]


@on_one_database
@pytest.mark.parametrize("decision", ["deny", "object"])
def test_any_refusal_is_a_withdrawal_there(desk, decision):
    """HubSpot knows one word for all of them."""
    desk.contact(1)
    desk.says(1, decision)

    assert desk.run().counts == {"done": 1}


@on_one_database
def test_an_opt_in_is_never_written(desk):
    """The customer agrees at the till; HubSpot is told nothing."""
    desk.contact(1, subscribed=False)
    desk.says(1, "grant")

    assert desk.run().counts == {}
    assert (desk.state(1), desk.effects()) == ("NOT_SPECIFIED", 0)


@on_one_database
def test_what_hubspot_knows_already_is_not_written(desk):
    """The customer has unsubscribed there as well."""
    desk.contact(1)
    desk.says_in_hubspot(1, "UNSUBSCRIBED")
    desk.says(1, "withdraw")

    assert desk.run().counts == {}
    assert desk.effects() == 0


@on_one_database
def test_a_later_word_of_the_customer_is_not_written_over(desk):
    """They subscribed in HubSpot after the refusal: that is for the compliance officer."""
    desk.contact(1, subscribed=False)
    desk.says(1, "withdraw")
    desk.hub.clock.sleep(60)
    desk.says_in_hubspot(1, "SUBSCRIBED")

    assert desk.run().counts == {}
    assert desk.state(1) == "SUBSCRIBED"


@on_one_database
def test_a_refusal_that_was_lifted_by_hand_is_not_written(desk):
    """A later human act with evidence stands between the refusal and its delivery."""
    desk.mode = "observe"
    desk.contact(1)
    desk.says(1, "withdraw")
    assert desk.run().counts == {"waiting": 1}

    desk.says(1, "grant", origin="human_act", evidence="form 7")
    desk.mode = "sync"

    assert desk.run().counts == {"moot": 1}
    assert desk.state(1) == "SUBSCRIBED"


@on_one_database
def test_refused_again_after_a_new_subscription_is_written_again(desk):
    """Withdrawn, subscribed again in HubSpot, withdrawn again at the till: two writes."""
    desk.contact(1)
    desk.says(1, "withdraw")
    desk.run()
    desk.hub.clock.sleep(3_600)
    desk.says_in_hubspot(1, "SUBSCRIBED")
    touch = {"op": "update", "object": "contacts", "id": "1", "properties": {"city": "Perth"}}
    desk.hub.emulator.mutate(touch)  # a status alone moves no contact, and polling goes by those
    desk.run()

    desk.says(1, "withdraw")
    report = desk.run()

    assert (report.counts, desk.effects()) == ({"done": 1}, 2)


@on_one_database
def test_a_refusal_of_one_address_concerns_records_with_that_address(desk):
    """The customer named an address that HubSpot does not hold; then one that it does."""
    desk.contact(1)
    desk.says(1, "withdraw", point="old@example.com")
    assert desk.run().counts == {}

    desk.says(1, "withdraw", point="P1@example.com")

    assert desk.run().counts == {"done": 1}


@on_one_database
@pytest.mark.parametrize("mode", ["observe", "unapproved"])
def test_a_system_that_only_observes_is_told_nothing(desk, mode):
    """The withdrawal waits and is counted; approval and sync mode let it go."""
    desk.mode = mode
    if mode == "unapproved":
        desk.mode = "sync"
        with desk.hub.store.write() as connection:
            connection.execute(update(schema.connection_state).values(approved_plan=None))
    desk.contact(1)
    desk.says(1, "withdraw")

    assert desk.run().counts == {"waiting": 1}
    assert desk.effects() == 0


@pytest.mark.parametrize("where", ["outbox claimed", "response received", "receipt committed"])
def test_a_kill_sends_no_withdrawal_twice_and_loses_none(desk, where):
    """Killed before the call, after it, or before the confirmation: one effect, one done."""

    def die(reached: str) -> None:
        if reached == where:
            raise KeyboardInterrupt

    desk.contact(1)
    desk.says(1, "withdraw")
    boundary.listen(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            desk.run()
    finally:
        boundary.listen(None)
    desk.send()

    assert (desk.effects(), desk.state(1), desk.statuses()) == (1, "UNSUBSCRIBED", ["done"])


def test_an_answer_that_was_lost_is_settled_by_reading(desk):
    """HubSpot took it and dropped the connection: the next run asks, and sends no more."""
    desk.contact(1)
    desk.says(1, "withdraw")
    desk.hub.strike({"kind": "timeout_after_effect", "path": "*/statuses/batch/write"})
    first = desk.run()
    desk.hub.strike()

    second = desk.send()

    assert first.stopped is not None
    assert (second.counts, desk.effects()) == ({"done": 1}, 1)


def test_one_that_hubspot_refuses_does_not_hold_up_the_others(desk):
    """Three contacts; one status cannot be written this time, and is with the next run."""
    for number in (1, 2, 3):
        desk.contact(number)
        desk.says(number, "withdraw")
    broken = {"kind": "partial_failure", "path": "*/statuses/batch/write", "count": 1, "times": 1}
    desk.hub.strike(broken)

    first = desk.run()
    second = desk.run()

    assert first.counts == {"done": 2, "retry": 1}
    assert first.errors == {"HubSpot does not show the withdrawal": 1}
    assert (second.counts, desk.statuses()) == ({"done": 1}, ["done"] * 3)
    assert desk.effects() == 3


@on_one_database
def test_what_hubspot_cannot_hold_is_told_once_and_sent_when_the_settings_name_a_type(desk):
    """No subscription type stands for the purpose, until the settings say which one does."""
    desk.pusher = Pusher(
        desk.hub.store,
        desk.hub.keys,
        PURPOSES | {"surveys": PURPOSES["marketing"]},
        desk.hub.ids,
        "os:test",
    )
    desk.contact(1)
    desk.says(1, "withdraw")
    desk.shop = Source(
        desk.shop.ctx,
        desk.till.connector(),
        (Stream("people", Person, _surveys, "id", desk.till.read),),
        region="AU",
    )

    first = desk.run()
    desk.hub.clock.sleep(86_400)
    second = desk.run()
    named = {"subscriptions": {"Marketing Information": "surveys"}}
    settings = desk.crm.ctx.config.model_copy(update=named)
    desk.crm = replace(desk.crm, ctx=replace(desk.crm.ctx, config=settings))
    third = desk.send()

    counts = [report.counts for report in (first, second, third)]
    assert counts == [{"not_held": 1}, {}, {"done": 1}]
    [told] = first.errors
    assert told == "no subscription type stands for surveys: add it to subscriptions"


def _surveys(row: dict[str, object]) -> Record:
    claim = ConsentClaim(
        purpose="surveys",
        channel="email",
        decision="withdraw",
        asserted_at=datetime(2025, 12, 1, tzinfo=UTC),
    )
    return Person(emails=[str(row["email"])], consents=[claim])
