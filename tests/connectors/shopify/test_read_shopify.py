"""Reading an emulated shop over HTTP, through the sync engine, into a real database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from connectors.shopify.connector import SHOPIFY
from connectors.shopify.emulator import ShopifyEmulator, create
from hub.core.clock import ManualClock
from hub.core.errors import NeedsReauth, StopRun
from hub.core.secrets import Secret
from hub.emulation.world import World
from hub.store.schema import source_records
from hub.sync.pull import StreamReport

ALL = (
    "customers",
    "customer_consents",
    "orders",
    "refunds",
    "abandoned_checkouts",
    "products",
)
DAY = 86_400
GRAPHQL = "POST /admin/api/2026-10/graphql.json"


@pytest.fixture
def connect(connect_hub: Callable[..., Any]) -> Callable[..., Any]:
    """Connects a hub to a shop; keyword arguments replace settings."""

    def connected(emulator: ShopifyEmulator, **settings: object) -> Any:
        return connect_hub(SHOPIFY, emulator, **settings)

    return connected


@pytest.fixture
def hub(connect: Callable[..., Any], clock: ManualClock) -> Any:
    """A hub connected to an empty shop that counts no points."""
    return connect(create(clock=clock, plan="unmetered"))


@pytest.fixture
def full_hub(connect: Callable[..., Any], clock: ManualClock, world: World) -> Any:
    """A hub connected to a shop that holds the simulated world."""
    clock.sleep((world.end - clock.now()).total_seconds())
    emulator = create(clock=clock, plan="unmetered")
    emulator.seed(world)
    return connect(emulator)


def add_customers(hub: Any, count: int, **values: str) -> list[str]:
    """Global ids of new customers that a user enters; their addresses are numbered."""
    ids = []
    for number in range(count):
        new = {"email": f"p{number}@example.com", "firstName": f"P{number}", **values}
        ids.append(str(hub.mutate("create", "customers", properties=new)["id"]))
    return ids


def edit(hub: Any, customer: str, **values: object) -> None:
    at = {"modified_at": values.pop("modified_at")} if "modified_at" in values else {}
    hub.mutate("update", "customers", id=customer, properties=values, **at)


def calls(hub: Any) -> int:
    return int(hub.emulator.calls.counts()[GRAPHQL])


# --- what arrives ----------------------------------------------------------------------------


def test_the_first_read_brings_what_the_shop_holds(full_hub: Any) -> None:
    """Of each stream every live record, no other, none in quarantine."""
    report = full_hub.sync()

    assert (report.status, report.counts.quarantined) == ("succeeded", 0)
    for stream in ALL:
        assert set(full_hub.records(stream)) == set(full_hub.emulator.live_ids(stream)) != set()


def test_values_arrive_as_the_shop_shows_them(full_hub: Any) -> None:
    """Names and addresses of all customers equal the emulator's own books."""
    full_hub.sync("customers")

    read = {
        key: (person.given_name, person.family_name, person.emails, person.phones)
        for key, person in full_hub.records("customers").items()
    }
    held = {
        customer.id: (
            customer.first_name,
            customer.last_name,
            [customer.email] if customer.email else [],
            [customer.phone] if customer.phone else [],
        )
        for customer in full_hub.emulator.shop.customers.records.values()
    }
    assert read == held


def test_facts_hang_on_their_customers(full_hub: Any) -> None:
    """Orders, checkouts and refunds name the customer that the shop names, refunds their money."""
    shop = full_hub.emulator.shop
    full_hub.sync("orders", "abandoned_checkouts", "refunds")

    customers, orders = set(full_hub.emulator.live_ids("customers")), full_hub.records("orders")
    for order in shop.orders.records.values():
        known, owner = orders[order.id].party, shop.customer_of(order)
        assert (known.id if known else None) == (owner.id if owner else None)
    for stream in ("abandoned_checkouts", "refunds"):
        parties = {record.party.id for record in full_hub.records(stream).values()}
        assert parties <= customers
        assert parties
    in_orders = sum(refund.amount_minor for order in orders.values() for refund in order.refunds)
    apart = [event.attributes["amount_minor"] for event in full_hub.records("refunds").values()]
    assert in_orders == sum(apart) > 0


def test_an_unchanged_shop_stores_nothing(full_hub: Any) -> None:
    """A second run, incremental or full, stores no row and writes no consent event."""
    first = full_hub.sync()
    events = len(full_hub.ledger())

    assert [stream.error for stream in first.streams] == [None] * len(ALL)
    for full in (False, True):
        counts = full_hub.sync(full=full).counts
        assert (counts.stored, counts.deleted, counts.events) == (0, 0, 0)
    assert len(full_hub.ledger()) == events > 0


def test_a_second_run_reads_no_more_than_the_overlap(hub: Any) -> None:
    """Of 30 old customers and one changed an hour later, the next run reads that one again."""
    customers = add_customers(hub, 30)
    hub.clock.sleep(3_600)
    edit(hub, customers[7], lastName="Later")

    first = hub.sync("customers").counts
    hub.clock.sleep(3_600)
    second = hub.sync("customers").counts

    assert (first.read, first.stored) == (30, 30)
    assert (second.read, second.stored) == (1, 0)


def test_lines_and_addresses_beyond_a_page_arrive(hub: Any) -> None:
    """An order of 23 lines and a customer with 14 addresses are whole."""
    for number in range(23):
        new = {"title": f"T{number}", "sku": f"S{number}", "price": 100 + number}
        hub.mutate("create", "products", properties=new)
    addresses = [{"city": f"C{number}", "country_code": "AU"} for number in range(14)]
    [customer] = add_customers(hub, 1, addresses=addresses)  # type: ignore[arg-type]
    lines = {f"S{number}": 1 for number in range(23)}
    order = hub.mutate("create", "orders", properties={"customer": customer, "lines": lines})

    hub.sync("customers", "orders")

    items = hub.records("orders")[order["id"]].items
    cities = [address.city for address in hub.records("customers")[customer].addresses]
    assert sorted(item.sku for item in items) == sorted(lines)
    assert sorted(cities) == sorted(address["city"] for address in addresses)


def test_named_metafields_come_with_their_customer(
    connect: Callable[..., Any], clock: ManualClock
) -> None:
    """One is an identifier, one is kept, one was not asked for and stays in the shop."""
    hub = connect(
        create(clock=clock, plan="unmetered"),
        identifiers={"loyalty.card": "loyalty"},
        attributes={"customers": ["custom.size"]},
    )
    [customer] = add_customers(hub, 1)
    for name, value in (("loyalty.card", "M7"), ("custom.size", "L"), ("custom.secret", "x")):
        namespace, _, key = name.partition(".")
        place = {"namespace": namespace, "key": key}
        hub.emulator.mutate({"op": "metafield", "id": customer, "value": value, **place})

    hub.sync("customers")

    person = hub.records("customers")[customer]
    assert [(each.kind, each.value) for each in person.identifiers] == [("loyalty", "M7")]
    assert person.attributes["custom.size"] == "L"
    with hub.store.read() as connection:
        [row] = connection.execute(select(source_records)).all()
    assert b"custom.secret" not in orjson.dumps(str(row))


# --- what usually goes missing ---------------------------------------------------------------


def test_a_plateau_deeper_than_a_listing_is_read_whole(
    connect: Callable[..., Any], clock: ManualClock
) -> None:
    """More records with one time of change than Shopify pages through are not lost or looped."""
    hub = connect(create(clock=clock, plan="unmetered", depth=120))
    customers = add_customers(hub, 260)
    first = hub.sync("customers").counts
    hub.clock.sleep(7_200)
    for customer in customers:
        edit(hub, customer, lastName="Bulk")

    second = hub.sync("customers").counts

    assert (first.stored, second.stored) == (260, 260)
    assert {person.family_name for person in hub.records("customers").values()} == {"Bulk"}


def test_a_record_that_commits_late_is_read(hub: Any) -> None:
    """A change that appears under a time already passed is found within the look-back."""
    first, second = add_customers(hub, 2)
    hub.clock.sleep(3_600)
    edit(hub, second, lastName="Second")
    hub.sync("customers")
    late = hub.clock.now().timestamp() - 300
    hub.clock.sleep(3_600)
    at = type(hub.clock.now()).fromtimestamp(late, hub.clock.now().tzinfo)
    edit(hub, first, lastName="Late", modified_at=at)

    counts = hub.sync("customers").counts

    assert counts.stored == 1
    assert hub.records("customers")[first].family_name == "Late"


@pytest.mark.parametrize("loose", [False, True], ids=["exact bounds", "loose bounds"])
def test_what_search_shows_late_is_read_later(
    connect: Callable[..., Any], clock: ManualClock, loose: bool
) -> None:
    """A change that search hides during one run is in the next one's window, however much later."""
    hub = connect(create(clock=clock, plan="unmetered", search_lag=45, loose_bounds=loose))
    add_customers(hub, 1)
    hub.clock.sleep(3_600)
    [hidden] = add_customers(hub, 1, email="late@example.com")

    at_once = hub.sync("customers").counts
    hub.clock.sleep(DAY - 60)
    next_day = hub.sync("customers").counts

    assert (at_once.stored, next_day.stored) == (1, 1)
    assert hidden in hub.records("customers")


def test_a_record_that_shows_early_does_not_pull_the_cursor_over_one_that_shows_late(
    connect: Callable[..., Any], clock: ManualClock
) -> None:
    """The cursor stays behind the search by its lag, whatever time of change a record shows."""
    emulator = create(clock=clock, plan="unmetered", search_lag=1_800)
    hub = connect(emulator, search_lag="30m", lookback="1m")
    [known] = add_customers(hub, 1)
    hub.clock.sleep(3_600)
    [hidden] = add_customers(hub, 1, email="late@example.com")
    hub.clock.sleep(300)
    edit(hub, known, lastName="Now")  # listed by its old entry, shown with its new time

    hub.sync("customers")
    at_once = set(hub.records("customers"))
    hub.clock.sleep(DAY - 60)
    hub.sync("customers")

    assert at_once == {known}
    assert set(hub.records("customers")) == {known, hidden}


def test_a_deleted_customer_is_missed_when_ids_are_listed(hub: Any) -> None:
    """Once a day, by its absence; no earlier, and the others are not read again for it."""
    customers = add_customers(hub, 20)
    hub.clock.sleep(3_600)
    edit(hub, customers[7], lastName="Later")
    hub.sync("customers")
    hub.mutate("archive", "customers", id=customers[4])

    soon = hub.sync("customers").counts
    hub.clock.sleep(DAY)
    later = hub.sync("customers").counts

    assert (soon.deleted, later.deleted) == (0, 1)
    assert (later.read, later.stored) == (1, 0)  # the overlap: the customer changed last
    assert set(hub.records("customers")) == set(customers) - {customers[4]}


@pytest.mark.parametrize("stream", ["customers", "customer_consents"])
def test_a_customer_that_the_search_lost_for_a_while_comes_back(hub: Any, stream: str) -> None:
    """Missing from one list of ids and back in the next, unchanged: read by id, and live again."""
    customers = add_customers(hub, 20)
    hub.clock.sleep(3_600)
    edit(hub, customers[7], lastName="Later")  # so that the overlap does not bring the others
    hub.sync(stream)
    hub.mutate("lose", "customers", id=customers[4])
    hub.clock.sleep(DAY)
    lost = hub.sync(stream).counts
    without = set(hub.records(stream))

    hub.mutate("find", "customers", id=customers[4])
    hub.clock.sleep(DAY)
    found = hub.sync(stream).counts
    hub.clock.sleep(DAY)
    again = hub.sync(stream).counts

    assert (lost.deleted, without) == (1, set(customers) - {customers[4]})
    assert (found.stored, found.deleted) == (1, 0)
    assert set(hub.records(stream)) == set(customers)
    assert (again.stored, again.deleted) == (0, 0)


def test_many_absent_customers_blow_the_fuse(hub: Any) -> None:
    """Six of twenty gone: nothing is deleted, and the run says why."""
    customers = add_customers(hub, 20)
    hub.sync("customers")
    for customer in customers[:6]:
        hub.mutate("archive", "customers", id=customer)
    hub.clock.sleep(DAY)

    report = hub.pull("customers")

    assert report.counts.deleted == 0
    assert "10 %" in report.fuse.reason
    assert len(hub.records("customers")) == 20


def test_a_list_of_ids_that_was_interrupted_goes_on(hub: Any) -> None:
    """Killed between its two pages: the next run lists the rest, and nobody met is called gone."""
    customers = add_customers(hub, 260)
    hub.clock.sleep(3_600)
    edit(hub, customers[0], lastName="Later")
    hub.sync("customers")
    hub.mutate("archive", "customers", id=customers[255])
    hub.clock.sleep(DAY)

    def die(report: StreamReport) -> None:
        if report.pages == 2:  # one of the overlap, then the first 250 ids
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.sync("customers", on_page=die)
    hub.clock.sleep(3_600)  # past the lease of the killed run
    counts = hub.sync("customers").counts

    assert counts.deleted == 1
    assert set(hub.records("customers")) == set(customers) - {customers[255]}


def test_a_merged_customer_vanishes_and_the_survivor_shows_it(hub: Any) -> None:
    """Polling alone sees the loser go; what the survivor inherited is read at once."""
    kept, lost, *_others = add_customers(hub, 20)
    hub.sync("customers")
    hub.clock.sleep(DAY)
    hub.emulator.mutate({"op": "merge", "object": "customers", "id": kept, "other": lost})

    report = hub.pull("customers")

    assert (report.counts.deleted, report.error) == (1, None)
    assert kept in hub.records("customers")
    assert lost not in hub.records("customers")


def test_old_orders_out_of_sight_are_kept(hub: Any) -> None:
    """An order that Shopify does not list any more happened all the same."""
    new = {"title": "Tee", "sku": "TEE", "price": 2_995}
    hub.mutate("create", "products", properties=new)
    [customer] = add_customers(hub, 1)
    place = {"customer": customer, "lines": {"TEE": 2}}
    order = hub.mutate("create", "orders", properties=place)["id"]
    hub.sync("orders")
    hub.mutate("archive", "orders", id=order)
    hub.clock.sleep(2 * DAY)

    report = hub.pull("orders", full=True)

    assert report.counts.deleted == 0
    assert set(hub.records("orders")) == {order}


# --- what is not visible ---------------------------------------------------------------------


def test_denied_fields_stop_the_stream_and_blank_nothing(hub: Any) -> None:
    """Shopify says which field it hides: the error names it, and what the hub knows stays."""
    [customer] = add_customers(hub, 1)
    hub.sync("customers")
    hub.emulator.shop.protected = "denied"
    edit(hub, customer, firstName="Changed")

    report = hub.pull("customers")

    assert isinstance(report.error, StopRun)
    assert "protected customer data" in str(report.error)
    assert hub.records("customers")[customer].emails == ["p0@example.com"]


@pytest.mark.parametrize("full", [False, True], ids=["incremental", "full"])
def test_silently_hidden_fields_are_no_blanks_and_no_deletion(hub: Any, full: bool) -> None:
    """Shopify hides everything without a word: quarantine, and what the hub knows stays."""
    customers = add_customers(hub, 3)
    hub.sync("customers", "customer_consents")
    hub.emulator.shop.protected = "null"
    for customer in customers:
        edit(hub, customer, lastName="Changed")

    counts = hub.pull("customers", full=full).counts
    hub.sync("customer_consents", full=full)

    assert (counts.quarantined, counts.stored, counts.deleted) == (3, 0, 0)
    assert {p.emails[0] for p in hub.records("customers").values()} == {
        f"p{number}@example.com" for number in range(3)
    }
    assert hub.ledger() == []


# --- consent ---------------------------------------------------------------------------------


def test_decisions_reach_the_ledger_and_silence_does_not(hub: Any) -> None:
    """One subscribed, one unsubscribed, one was asked, one never was: two events, both dated."""
    hub.clock.sleep(60)  # past midnight, which would look like a decision without a time of day
    yes, no, asked, _never = add_customers(hub, 4)
    level = {"opt_in_level": "CONFIRMED_OPT_IN"}
    hub.emulator.mutate({"op": "consent", "id": yes, "state": "SUBSCRIBED", **level})
    hub.emulator.mutate({"op": "consent", "id": no, "state": "UNSUBSCRIBED"})
    hub.emulator.mutate({"op": "consent", "id": asked, "state": "PENDING"})
    decided = round(hub.clock.now().timestamp() * 1e6)
    hub.clock.sleep(3_600)

    hub.sync("customers", "customer_consents")

    events = {event.decision: event for event in hub.ledger()}
    assert sorted(events) == ["grant", "withdraw"]
    assert events["grant"].strength == "confirmed"
    assert {event.asserted_at for event in hub.ledger()} == {decided}
    assert events["withdraw"].point == hub.keys.point("email", "p1@example.com")
    assert hub.records("customer_consents")[asked].attributes == {"email": "pending"}


def test_a_later_withdrawal_by_sms_is_read(hub: Any) -> None:
    """A change of mind moves the customer's time of change, so the next run has it."""
    [customer] = add_customers(hub, 1, phone="+61491570156")
    hub.sync("customer_consents")
    hub.clock.sleep(DAY)
    hub.emulator.mutate({"op": "consent", "id": customer, "channel": "sms"})
    hub.clock.sleep(3_600)

    hub.sync("customer_consents")

    [event] = hub.ledger()
    assert (event.purpose, event.channel, event.decision) == ("marketing", "sms", "withdraw")
    assert event.point == hub.keys.point("phone", "+61491570156")


# --- trouble ---------------------------------------------------------------------------------


def test_a_token_that_expires_between_two_pages_is_renewed_once(hub: Any) -> None:
    """The second page meets an expired token; nothing is lost."""
    add_customers(hub, 60)
    hub.strike({"kind": "expired_token", "path": "*/graphql.json", "at": [2]})

    report = hub.sync("customers")

    assert report.counts.stored == 60
    assert hub.emulator.calls.counts()["POST /admin/oauth/access_token"] == 2


def test_an_installed_app_keeps_the_newest_refresh_token(
    connect: Callable[..., Any], clock: ManualClock
) -> None:
    """Its token lives an hour; the one that renews it is replaced on each use."""
    emulator = create(clock=clock, plan="unmetered")
    first = Secret.of(emulator.shop.access.app.refresh_token or "")
    hub = connect(emulator, refresh_token=first)
    add_customers(hub, 1)

    for _ in range(3):
        assert hub.sync("customers").status == "succeeded"
        hub.clock.sleep(4_000)

    assert hub.emulator.calls.counts()["POST /admin/oauth/access_token"] == 3


def test_a_throttled_shop_is_waited_for(connect: Callable[..., Any], clock: ManualClock) -> None:
    """Neither 429 nor THROTTLED (with HTTP 200) costs a record; both say why nothing moves."""
    hub = connect(create(clock=clock))
    add_customers(hub, 60)
    throttled = {"kind": "rate_limited", "path": "*/graphql.json", "at": [1]}
    hub.strike(throttled, throttled | {"at": [3], "policy": "THROTTLED"})

    report = hub.sync("customers")

    assert (report.counts.stored, report.status) == (60, "succeeded")
    told = [reason for _, reason in hub.waits.told]
    assert any("429" in reason for reason in told)
    assert any("more points than are left" in reason for reason in told)


def test_a_killed_run_loses_one_page_at_most(hub: Any) -> None:
    """Killed after its first page is committed: the next run reads the rest and not the first."""
    customers = add_customers(hub, 70)
    hub.clock.sleep(3_600)
    edit(hub, customers[-1], lastName="Last")

    def die(_report: StreamReport) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.sync("customers", on_page=die)
    before = len(hub.records("customers"))
    hub.clock.sleep(3_600)  # past the lease of the killed run
    rest = hub.sync("customers").counts

    assert len(hub.records("customers")) == 70
    assert 0 < before < 70
    assert rest.stored == 70 - before
    assert rest.read == rest.stored + 1  # the last change is in the overlap, too


def test_a_version_that_is_not_served_stops_before_anything_is_read(
    connect: Callable[..., Any], clock: ManualClock
) -> None:
    """Shopify answers 2025-07 with its oldest version and no error; the hub does."""
    hub = connect(create(clock=clock, plan="unmetered"), api_version="2025-07")
    add_customers(hub, 1)

    report = hub.pull("customers")

    assert isinstance(report.error, StopRun)
    assert "2025-07 was asked for, 2026-01 answered" in str(report.error)
    assert hub.records("customers") == {}


def test_a_missing_scope_stops_its_stream_only(
    connect: Callable[..., Any], clock: ManualClock
) -> None:
    """The message names what is not visible; the other streams go on."""
    scopes = {"read_customers"}
    hub = connect(create(clock=clock, plan="unmetered", scopes=scopes))
    add_customers(hub, 1)

    orders, customers = hub.pull("orders"), hub.pull("customers")

    assert isinstance(orders.error, StopRun)
    assert "may not see orders" in str(orders.error)
    assert customers.counts.stored == 1


def test_a_refused_credential_needs_a_person(
    connect: Callable[..., Any], clock: ManualClock
) -> None:
    """A wrong secret ends in NeedsReauth, without the secret."""
    wrong = Secret.of("not-the-secret-of-this-app")
    hub = connect(create(clock=clock), client_secret=wrong)

    error = hub.pull("customers").error

    assert isinstance(error, NeedsReauth)
    assert "not-the-secret" not in str(error)
