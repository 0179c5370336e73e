"""Each vendor, each trouble that loses records elsewhere: the store holds what the vendor holds.

For every vendor and scenario: the hub reads under the trouble until a run goes through. Then its
live ids must be the vendor's, its records those that a fresh hub reads in calm weather, and one
more run must store nothing and read no more again than the declared overlap, which is printed
(``pytest -s``). It takes a minute; the folders' own tests of reading are the quick ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from msgspec import structs
from sqlalchemy import select

from connectors.hubspot.connector import HUBSPOT
from connectors.hubspot.emulator import APP as HUBSPOT_APP
from connectors.hubspot.emulator import create as hubspot_account
from connectors.salesforce.connector import SALESFORCE
from connectors.salesforce.emulator import create as salesforce_org
from connectors.shopify.connector import SHOPIFY
from connectors.shopify.emulator import create as shopify_shop
from connectors.zendesk.connector import ZENDESK
from connectors.zendesk.emulator import create as zendesk_account
from hub.core import boundary
from hub.core.connector import Connector
from hub.core.pages import instant_of
from hub.core.records import Person, Record
from hub.core.secrets import Secret
from hub.emulation.scenarios import NAMED, named
from hub.emulation.world import World
from hub.store.engine import Store
from hub.store.records import unpack
from hub.store.schema import source_records, streams

pytestmark = pytest.mark.slow

PEOPLE = 260
"""More than a page of any of the four, so that every trouble has a middle to strike in."""
SETTLED = 2 * 86_400
"""Seconds after which search shows everything, and Shopify's ids are listed again."""


@dataclass(frozen=True)
class Vendor:
    """How one vendor is played and used.

    Args:
        connector: The connector.
        account: Makes an empty emulated account.
        people: The streams that are read; the first one's records are edited, deleted, merged.
        listing: Path pattern of the requests that list the first stream.
        person: Properties of person number N.
        edit: Properties that an edit changes.
        new_field: A name that a new field may have there.
        settings: Settings that replace the emulator's own.
    """

    connector: Connector
    account: Callable[..., Any]
    people: tuple[str, ...]
    listing: str
    person: Callable[[int], Mapping[str, object]]
    edit: Mapping[str, object]
    new_field: str = "drifted"
    settings: Mapping[str, object] = field(default_factory=dict)


VENDORS = {
    "hubspot": Vendor(
        HUBSPOT,
        hubspot_account,
        ("contacts", "subscriptions"),
        "*/contacts/search",
        lambda n: {"email": f"p{n}@example.com", "firstname": f"P{n}", "lastname": "Lee"},
        {"lastname": "Edited"},
        settings={
            "token": None,
            "client_id": HUBSPOT_APP.client_id,
            "client_secret": Secret.of(HUBSPOT_APP.client_secret),
            "refresh_token": Secret.of(str(HUBSPOT_APP.refresh_token)),
        },
    ),
    "salesforce": Vendor(
        SALESFORCE,
        salesforce_org,
        ("contacts",),
        "*/query*",
        lambda n: {"LastName": f"Lee{n}", "Email": f"p{n}@example.com"},
        {"LastName": "Edited"},
        new_field="Drifted__c",
        settings={"page_size": 200},
    ),
    "zendesk": Vendor(
        ZENDESK,
        lambda **options: zendesk_account(export_page=100, **options),
        ("users", "user_consents"),
        "*/incremental/users/cursor*",
        lambda n: {"name": f"P{n} Lee", "email": f"p{n}@example.com"},
        {"name": "Edited"},
    ),
    "shopify": Vendor(
        SHOPIFY,
        shopify_shop,
        ("customers", "customer_consents"),
        "*/graphql.json",
        lambda n: {"firstName": f"P{n}", "lastName": "Lee", "email": f"p{n}@example.com"},
        {"lastName": "Edited"},
    ),
}


@dataclass
class Bench:
    """One vendor's account with a few hundred people, and the hub that reads it."""

    vendor: Vendor
    hub: Any  # ConnectedHub of conftest.py
    fresh: Store
    keys: list[str]

    @property
    def leading(self) -> str:
        """The stream whose records change."""
        return self.vendor.people[0]

    def read(self) -> Any:
        """One run, an hour after whatever happened last."""
        self.hub.clock.sleep(3_600)
        return self.hub.sync(*self.vendor.people)

    def strike(self, kind: str, **more: object) -> None:
        """Let a fault strike the second listing request."""
        self.hub.strike({"kind": kind, "path": self.vendor.listing, "at": [2], **more})

    def struck(self) -> set[str]:
        """Kinds of the faults that struck."""
        return {kind for call in self.hub.emulator.calls.since() for kind in call.faults}

    def settle(self) -> None:
        """Calm weather, and a run when everything shows."""
        self.hub.strike()
        self.hub.clock.sleep(SETTLED)
        assert self.read().status == "succeeded"

    def check(self, scenario: str) -> None:
        """The store holds what the vendor holds, and another run finds nothing to do."""
        calm = replace(self.hub, store=self.fresh)
        calm.sync(*self.vendor.people)
        for stream in self.vendor.people:
            assert set(self.hub.records(stream)) == set(self.hub.emulator.live_ids(stream)), stream
            assert _contents(self.hub, stream) == _contents(calm, stream), stream
        allowed = {stream: self._overlap(calm, stream) for stream in self.vendor.people}
        again = self.read()
        for stream in again.streams:
            counts = stream.counts
            print(
                f"{self.vendor.connector.name} {scenario} {stream.stream}: {counts.read} of"
                f" {len(self.hub.records(stream.stream))} read again,"
                f" {allowed[stream.stream]} in the overlap, {counts.stored} stored"
            )
            assert (counts.stored, counts.deleted, counts.events) == (0, 0, 0)
            assert counts.read <= allowed[stream.stream]

    def _overlap(self, calm: Any, name: str) -> int:
        """Records that changed within the declared look-back before the newest change.

        By the times that the fresh hub has just read: the other one keeps those of what it stored.
        """
        [stream] = [
            each for each in self.vendor.connector.streams_for(calm.ctx.config) if each.name == name
        ]
        assert stream.cursor is not None
        query = (
            select(source_records.c.raw)
            .join(streams, streams.c.stream_id == source_records.c.stream_id)
            .where(streams.c.stream == name, source_records.c.raw.is_not(None))
        )
        with calm.store.read() as connection:
            rows = [orjson.loads(unpack(raw)) for raw in connection.execute(query).scalars()]
        times = [at for row in rows if (at := instant_of(row.get(stream.cursor.field)))]
        lookback = timedelta(seconds=stream.cursor.lookback)
        return sum(at >= max(times) - lookback for at in times)


def _contents(hub: Any, stream: str) -> dict[str, Record]:
    """The live records, without the time of change: if that alone moves, nothing is stored."""
    return {
        key: structs.replace(record, updated_at=None) if isinstance(record, Person) else record
        for key, record in hub.records(stream).items()
    }


@pytest.fixture(params=VENDORS)
def bench(request, connect_hub, sqlite_databases, clock) -> Iterator[Bench]:
    """One of the four vendors, with its people in it."""
    vendor = VENDORS[request.param]
    account = vendor.account(clock=clock, plan="unmetered")
    hub = connect_hub(vendor.connector, account, **vendor.settings)
    keys = []
    for number in range(PEOPLE):
        made = hub.mutate("create", vendor.people[0], properties=vendor.person(number))
        keys.append(str(made["id"]))
        clock.sleep(60)
    fresh = Store.open(sqlite_databases.migrated(), clock)
    yield Bench(vendor, hub, fresh, keys)
    fresh.close()


def test_a_plateau(bench):
    """A bulk edit gives hundreds of records one time of change, more than a page holds."""
    bench.read()
    for key in bench.keys:
        bench.hub.mutate("update", bench.leading, id=key, properties=bench.vendor.edit)

    report = bench.read()

    assert report.streams[0].counts.stored == PEOPLE
    bench.settle()
    bench.check("plateau")


def test_late_commits(bench):
    """Records change between two pages under a time that the cursor has passed."""
    bench.strike("late_commit", object_type=bench.leading, count=5, seconds=300)

    bench.read()

    assert "late_commit" in bench.struck()
    bench.settle()
    bench.check("late commit")


def test_deletes(bench):
    """Three records are deleted, one is edited; the others stay."""
    bench.read()
    for key in bench.keys[:3]:
        bench.hub.mutate("archive", bench.leading, id=key)
    edit = bench.vendor.edit
    bench.hub.mutate("update", bench.leading, id=bench.keys[3], properties=edit)

    bench.settle()

    assert not set(bench.keys[:3]) & set(bench.hub.records(bench.leading))
    bench.check("delete")


def test_merges(bench):
    """One record absorbs another: the loser leaves the hub, the survivor stays."""
    bench.read()
    survivor, loser = bench.keys[:2]
    bench.hub.mutate("merge", bench.leading, id=survivor, other=loser)

    bench.settle()

    held = bench.hub.records(bench.leading)
    assert (survivor in held, loser in held) == (True, False)
    bench.check("merge")


def test_a_token_that_expires_in_mid_listing(bench):
    """The second page meets an expired token: it is renewed once, and the same run goes on."""
    bench.strike("expired_token")

    report = bench.read()

    assert (report.status, bench.struck()) == ("succeeded", {"expired_token"})
    assert len(bench.hub.records(bench.leading)) >= PEOPLE
    bench.settle()
    bench.check("token expiry")


def test_a_429_without_retry_after(bench):
    """The second page is refused without a word of when: the hub waits, and the run goes on."""
    bench.strike("rate_limited", retry_after="absent")

    report = bench.read()

    assert (report.status, bench.struck()) == ("succeeded", {"rate_limited"})
    assert bench.hub.waits.seconds
    bench.settle()
    bench.check("429")


@pytest.mark.parametrize("where", ["page fetched", "page committed"])
def test_a_crash_between_page_and_checkpoint(bench, where):
    """Killed before or after the second page's commit: the next run goes on from there."""
    passed = 0

    def die(reached: str) -> None:
        nonlocal passed
        passed += reached == where
        if passed == 2:
            raise KeyboardInterrupt

    boundary.listen(die)
    try:
        with pytest.raises(KeyboardInterrupt):
            bench.read()
    finally:
        boundary.listen(None)

    bench.settle()
    bench.check(f"crash at {where}")


def test_a_schema_change_in_mid_run(bench):
    """A field appears between two pages: no record is lost, this run or the next."""
    bench.strike("schema_drift", object_type=bench.leading, field=bench.vendor.new_field)

    report = bench.read()

    assert (report.status, bench.struck()) == ("succeeded", {"schema_drift"})
    bench.settle()
    bench.check("schema change")


# --- every stream, in every kind of weather ---------------------------------------------------


@pytest.fixture(params=VENDORS)
def full_bench(request, connect_hub, sqlite_databases, clock) -> Iterator[Bench]:
    """One of the four vendors as the simulated business left it, all streams of it."""
    vendor = VENDORS[request.param]
    world = World.build(seed=5, people=60, systems=(request.param,))
    clock.sleep((world.end - clock.now()).total_seconds() + 3_600)
    account = vendor.account(clock=clock, plan="unmetered")
    account.seed(world)
    hub = connect_hub(vendor.connector, account, **vendor.settings)
    everything = tuple(stream.name for stream in vendor.connector.streams_for(hub.ctx.config))
    fresh = Store.open(sqlite_databases.migrated(), clock)
    yield Bench(replace(vendor, people=everything), hub, fresh, [])
    fresh.close()


@pytest.mark.parametrize("name", [name for name in NAMED if name != "partial_batch"])
def test_a_named_scenario_over_all_streams(full_bench, name):
    """What ``hub emulate --scenario`` stages: three runs in it, one in calm weather, the truth."""
    full_bench.hub.emulator.faults.replace(named(name, seed=3))

    for _ in range(3):
        full_bench.read()

    assert full_bench.struck()
    full_bench.settle()
    full_bench.check(name)
