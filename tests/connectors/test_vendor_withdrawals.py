"""A refusal at the till reaches every vendor's own screens: once, confirmed, its echo no news."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from pydantic import BaseModel
from sqlalchemy import delete, select

from connectors.salesforce.connector import SALESFORCE
from connectors.salesforce.emulator import create as salesforce_org
from connectors.shopify.connector import SHOPIFY
from connectors.shopify.emulator import create as shopify_shop
from connectors.zendesk.connector import ZENDESK
from connectors.zendesk.emulator import create as zendesk_account
from hub.core.connector import Connector, ConsentChange, Context, Page, Stream
from hub.core.records import ConsentClaim, Person, Record
from hub.core.settings import PurposeSection, PushSection
from hub.privacy.gate import Gate
from hub.push.destination import destinations
from hub.push.run import Pusher
from hub.push.withdrawals import WithdrawalReport
from hub.store import bulk, schema
from hub.sync.pull import Source
from hub.sync.run import sync

PURPOSES = {
    "marketing": PurposeSection(description="Offers", basis="consent", channels=("email",)),
    "analytics": PurposeSection(description="Measure", basis="legitimate_interest"),
    "service": PurposeSection(description="Serve", basis="contract"),
}
EMAIL = "ada@example.com"


@dataclass(frozen=True)
class Vendor:
    """One vendor: its connector, an account, its people, and a customer there."""

    connector: Connector
    account: Callable[..., Any]
    people: str
    person: Mapping[str, object]


VENDORS = {
    # HubSpot, the model, has tests of its own: tests/connectors/hubspot/test_withdrawals_hubspot.py
    "salesforce": Vendor(
        SALESFORCE, salesforce_org, "contacts", {"LastName": "Byron", "Email": EMAIL}
    ),
    "zendesk": Vendor(ZENDESK, zendesk_account, "users", {"name": "Ada", "email": EMAIL}),
    "shopify": Vendor(SHOPIFY, shopify_shop, "customers", {"firstName": "Ada", "email": EMAIL}),
}


class Nothing(BaseModel):
    """No settings."""


def _person(row: dict[str, Any]) -> Record:
    claim = ConsentClaim(purpose="marketing", channel="email", decision="withdraw")
    return Person(emails=[EMAIL], consents=[claim] if row["refused"] else [])


@dataclass
class Desk:
    """One vendor's account, a till, and the hub between them."""

    vendor: Vendor
    hub: Any  # ConnectedHub of conftest.py
    key: str
    till: dict[str, Any]

    def run(self) -> WithdrawalReport:
        """Read both, put the customer's two records together, write what is due."""
        self.hub.clock.sleep(86_400)
        assert self.hub.sync().status == "succeeded"
        sync(self.hub.store, self.hub.keys, [self._till()], ids=self.hub.ids, actor="test")
        self._resolve()
        return self.send()

    def send(self) -> WithdrawalReport:
        """Write what is due."""
        ctx, connector = self.hub.ctx, self.vendor.connector
        source = Source(ctx, connector, connector.streams_for(ctx.config), region="AU")
        places = destinations(ctx, connector, PushSection(), sync=True, region="AU")
        pusher = Pusher(self.hub.store, self.hub.keys, PURPOSES, self.hub.ids, "os:test")
        report = pusher.withdraw(source, places)
        assert report is not None
        return report

    def shown(self) -> bool:
        """Whether the vendor says that the customer refused."""
        change = ConsentChange(self.key, None, "marketing", "email", "withdraw", "t")
        read_back = self.vendor.connector.read_back
        assert callable(read_back)
        [held] = read_back(self.hub.ctx, [change])
        return held

    def origins(self) -> list[str]:
        """Where the refusals in the ledger come from."""
        refusals = [row for row in self.hub.ledger() if row.decision in ("withdraw", "deny")]
        return sorted(row.origin for row in refusals if row.purpose == "marketing")

    def _till(self) -> Source:
        def read(ctx: Context, state: dict[str, Any]) -> Iterator[Page]:
            yield Page([self.till], next_state={}, complete=True)

        stream = Stream("people", Person, _person, "id", read)
        connector = Connector("till", "a till", Nothing, (stream,), check=lambda _: [])
        clock, log = self.hub.clock, logging.getLogger("t")
        ctx = Context("till", Nothing(), None, clock, log, lambda _s, _r: None)
        return Source(ctx, connector, (stream,), region="AU")

    def _resolve(self) -> None:
        """One customer per address: who is who is not what is tested here."""
        table = schema.source_records.c
        with self.hub.store.write() as connection:
            connection.execute(delete(schema.cluster_members))
            found = connection.execute(
                select(table.rid, table.canonical).where(
                    table.entity == "person", table.version > 0, table.deleted_at.is_(None)
                )
            )
            rows = [
                (rid, EMAIL, 0)
                for rid, body in found
                if EMAIL in orjson.loads(body).get("emails", [])
            ]
            columns = ("rid", "golden_id", "since")
            bulk.insert(connection, schema.cluster_members, columns, rows)


@pytest.fixture(params=VENDORS)
def desk(request, connect_hub, clock) -> Desk:
    """A customer whom the till and one vendor know; the vendor may be written to."""
    vendor = VENDORS[request.param]
    hub = connect_hub(vendor.connector, vendor.account(clock=clock, plan="unmetered"))
    made = hub.mutate("create", vendor.people, properties=vendor.person)
    columns = ("connection", "approved_plan", "approved_at", "approved_by")
    place = destinations(hub.ctx, vendor.connector, PushSection(), sync=True, region="AU")[0]
    with hub.store.write() as connection:
        row = (place.key, "plan", 0, "test")
        bulk.insert_new(connection, schema.connection_state, columns, [row])
    return Desk(vendor, hub, str(made["id"]), {"id": "1", "refused": False})


def test_a_refusal_reaches_the_vendor_once(desk):
    """Nothing while nobody refused; then written, shown by the vendor; then nothing again."""
    before = desk.run()
    desk.till["refused"] = True

    written = desk.run()
    shown = desk.shown()
    effects = len(desk.hub.emulator.effects)
    after = [desk.run() for _ in range(2)]

    assert (before.counts, written.counts, written.stopped) == ({}, {"done": 1}, None)
    assert shown
    assert [report.counts for report in after] == [{}, {}]
    assert len(desk.hub.emulator.effects) == effects
    assert [origin for origin in desk.origins() if origin != "echo"] == ["source_sync"]


def test_what_the_vendor_has_no_place_for_is_not_held(desk):
    """No post by which it could be refused: said as such, nothing is written, no failure."""
    write, effects = desk.vendor.connector.write_consent, len(desk.hub.emulator.effects)
    assert callable(write)
    change = ConsentChange(desk.key, None, "marketing", "post", "withdraw", "t")

    [result] = write(desk.hub.ctx, [Gate(PURPOSES).withdraw(change, "e")])

    assert (result.ok, result.retryable, result.not_held) == (False, False, True)
    assert len(desk.hub.emulator.effects) == effects
