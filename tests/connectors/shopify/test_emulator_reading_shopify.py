"""Listings of the emulated shop: pages, orders, filters, cursors, and what lags behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from connectors.shopify.emulator import ShopifyEmulator, create
from hub.core.clock import ManualClock
from hub.emulation.world import World

if TYPE_CHECKING:
    from tests.connectors.shopify.conftest import Shopfront

    Open = Callable[[ShopifyEmulator], Shopfront]

LIST = """query List($first: Int, $last: Int, $after: String, $before: String, $query: String,
                    $reverse: Boolean, $key: CustomerSortKeys) {
  customers(first: $first, last: $last, after: $after, before: $before, query: $query,
            reverse: $reverse, sortKey: $key) {
    nodes { id updatedAt createdAt } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


def pages(shop: Shopfront, size: int, **variables: Any) -> Iterator[dict[str, Any]]:
    """Every page of customers, forwards."""
    after: str | None = None
    while True:
        page = shop.ask(LIST, first=size, after=after, **variables)["customers"]
        yield page
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def ids(nodes: list[dict[str, Any]]) -> list[str]:
    return [node["id"] for node in nodes]


def found(shop: Shopfront, query: str, **variables: Any) -> list[str]:
    """Ids of the customers that a search finds."""
    return ids(shop.ask(LIST, first=250, query=query, **variables)["customers"]["nodes"])


@pytest.fixture
def crowd(shop: Shopfront, clock: ManualClock) -> list[str]:
    """Ids of seven customers that were added a minute apart."""
    made = []
    for number in range(7):
        clock.sleep(60)
        made.append(shop.add_customer(number))
    return made


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_pages_bring_everybody_once(shop: Shopfront, crowd: list[str], size: int) -> None:
    """However long a page is, nobody is missed and nobody comes twice."""
    listed = [node["id"] for page in pages(shop, size) for node in page["nodes"]]

    assert listed == crowd


def test_pages_go_backwards_too(shop: Shopfront, crowd: list[str]) -> None:
    """``last`` and ``before`` walk from the end to the beginning."""
    last = shop.ask(LIST, last=3)["customers"]
    before = shop.ask(LIST, last=3, before=last["pageInfo"]["startCursor"])["customers"]

    assert (ids(before["nodes"]), ids(last["nodes"])) == (crowd[1:4], crowd[4:])
    assert before["pageInfo"]["hasPreviousPage"]
    assert before["pageInfo"]["hasNextPage"]


def test_a_listing_is_turned_round(shop: Shopfront, crowd: list[str]) -> None:
    """``reverse`` lists the latest first, over more than one page."""
    listed = [n["id"] for page in pages(shop, 3, reverse=True) for n in page["nodes"]]

    assert listed == crowd[::-1]


def test_edges_and_nodes_agree(shop: Shopfront, crowd: list[str]) -> None:
    """Both forms of a connection show the same page; its last cursor is the page's end."""
    page = shop.ask(LIST, first=4)["customers"]

    assert [edge["node"]["id"] for edge in page["edges"]] == ids(page["nodes"])
    assert page["edges"][-1]["cursor"] == page["pageInfo"]["endCursor"]


def test_a_plateau_is_paged_by_id(shop: Shopfront, crowd: list[str], clock: ManualClock) -> None:
    """Records with one time of change come in the order of their ids, over several pages."""
    plateau = {"kind": "plateau", "object_type": "customers", "count": 7, "times": 1}
    shop.inject(plateau)

    listed = list(pages(shop, 2, key="UPDATED_AT"))

    times = {node["updatedAt"] for page in listed for node in page["nodes"]}
    assert len(times) == 1
    assert [node["id"] for page in listed for node in page["nodes"]] == crowd


def test_a_window_holds_its_lower_bound_and_not_its_upper(
    shop: Shopfront, crowd: list[str], clock: ManualClock
) -> None:
    """``>=`` takes the instant itself, ``<`` leaves it out."""
    start, end = (datetime(2026, 1, 1, 0, minute, tzinfo=clock.now().tzinfo) for minute in (2, 5))
    window = f"updated_at:>='{start.isoformat()}' AND updated_at:<'{end.isoformat()}'"

    assert found(shop, window, key="UPDATED_AT") == crowd[1:4]
    assert found(shop, window, key="ID") == crowd[1:4]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2026-10", ()), ("2026-07", (0,))],
    ids=["whole-second-left-out", "rest-of-the-second-let-through"],
)
def test_an_exclusive_bound_depends_on_the_version(
    shop: Shopfront, clock: ManualClock, version: str, expected: tuple[int, ...]
) -> None:
    """A change half a second later looks like the bound itself, and older versions let it in."""
    clock.sleep(0.5)
    made = [shop.add_customer()]
    query = (
        "{ customers(first: 5, query: \"updated_at:>'2026-01-01T00:00:00Z'\") { nodes { id } } }"
    )

    nodes = shop.post(query, version=version).json()["data"]["customers"]["nodes"]

    assert ids(nodes) == [made[place] for place in expected]


def test_bounds_can_be_loose_as_users_reported(clock: ManualClock, open_shop: Open) -> None:
    """With that option ``<`` lets the bound itself through, so that readers must not rely on it."""
    shop = open_shop(create(clock=clock, loose_bounds=True))
    made = shop.add_customer()

    assert found(shop, "updated_at:<'2026-01-01T00:00:00Z'") == [made]


def test_a_time_without_quotes_keeps_only_its_date(shop: Shopfront, crowd: list[str]) -> None:
    """The classic mistake reads the whole day."""
    assert found(shop, "updated_at:>=2026-01-01T00:06:00Z") == crowd
    assert found(shop, "updated_at:>='2026-01-01T00:06:00Z'") == crowd[5:]


def test_an_unknown_search_field_is_ignored_with_a_warning(
    shop: Shopfront, crowd: list[str]
) -> None:
    """A misspelt filter finds everybody and says so beside the data only."""
    answer = shop.post(LIST, {"first": 10, "query": "updatd_at:>'2030-01-01T00:00:00Z'"}).json()

    assert ids(answer["data"]["customers"]["nodes"]) == crowd
    assert answer["extensions"]["search"][0]["warnings"][0]["field"] == "updatd_at"


@pytest.mark.parametrize("value", ["abc", "gid://shopify/Customer/1"])
def test_an_id_that_is_no_number_finds_nobody_with_a_warning(
    shop: Shopfront, crowd: list[str], value: str
) -> None:
    """Not even a global id: searches know numbers."""
    answer = shop.post(LIST, {"first": 10, "query": f"id:{value}"}).json()

    assert answer["data"]["customers"]["nodes"] == []
    assert value in answer["extensions"]["search"][0]["warnings"][0]["message"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("id:>={2}", (2, 3, 4, 5, 6)),
        ("id:>{2} id:<{5}", (3, 4)),
        ("id:{1} OR id:{3}", (1, 3)),
        ("(id:{1} OR id:{3}) AND -id:{1}", (3,)),
        ("NOT id:>={1}", (0,)),
        ('email:"p4@example.com"', (4,)),
        ("first_name:p6", (6,)),
        ("p5@example", (5,)),
        ("created_at:<='2026-01-01T00:02:00Z'", (0, 1)),
        ("tag:vip", ()),
    ],
)
def test_the_search_syntax(
    shop: Shopfront, crowd: list[str], query: str, expected: tuple[int, ...]
) -> None:
    """Ranges, alternatives, parentheses, negation, quoted and bare words."""
    numbers = [made.rpartition("/")[2] for made in crowd]

    assert found(shop, query.format(*numbers)) == [crowd[place] for place in expected]


def test_search_lags_behind_the_record(clock: ManualClock, open_shop: Open) -> None:
    """A listing shows a change later; the record itself shows it at once."""
    shop = open_shop(create(clock=clock, search_lag=10))
    made = shop.add_customer()
    by_id = shop.ask("query($id: ID!) { customer(id: $id) { id } }", id=made)["customer"]

    at_once = found(shop, "")
    clock.sleep(10)
    later = found(shop, "")

    assert (by_id, at_once, later) == ({"id": made}, [], [made])


def test_an_order_that_search_does_not_show_yet_is_left_out(
    clock: ManualClock, open_shop: Open
) -> None:
    """Also in the customer's own listing, while their count is right at once."""
    shop = open_shop(create(clock=clock, search_lag=10))
    cup = {"title": "Cup", "sku": "CUP", "price": 450}
    shop.mutate("create", "products", properties=cup)
    ann = shop.add_customer()
    order = shop.mutate("create", "orders", properties={"customer": ann, "lines": {"CUP": 1}})
    document = """query($id: ID!) { customer(id: $id) {
      numberOfOrders orders(first: 5) { nodes { id } } } }"""

    at_once = shop.ask(document, id=ann)["customer"]
    clock.sleep(10)
    later = shop.ask(document, id=ann)["customer"]

    assert at_once == {"numberOfOrders": "1", "orders": {"nodes": []}}
    assert later["orders"]["nodes"] == [{"id": order}]


def test_a_changed_record_moves_to_the_end_while_pages_are_read(
    shop: Shopfront, crowd: list[str], clock: ManualClock
) -> None:
    """A cursor points at a time and an id, so that what moves behind it comes again."""
    reading = pages(shop, 3, key="UPDATED_AT")
    first = next(reading)
    clock.sleep(60)
    shop.mutate("update", "customers", id=crowd[0], properties={"note": "moved"})

    rest = [node["id"] for page in reading for node in page["nodes"]]

    assert ids(first["nodes"]) == crowd[:3]
    assert rest == [*crowd[3:], crowd[0]]


def test_paging_ends_at_the_depth_that_shopify_allows(clock: ManualClock, open_shop: Open) -> None:
    """Deeper pages are refused; a narrower query reaches the rest."""
    shop = open_shop(create(clock=clock, depth=4))
    made = [shop.add_customer(number) for number in range(6)]
    cursor = shop.ask(LIST, first=4)["customers"]["pageInfo"]["endCursor"]

    refused = shop.errors(LIST, first=4, after=cursor)
    rest = found(shop, f"id:>{made[3].rpartition('/')[2]}")

    assert refused[0]["extensions"]["code"] == "BAD_REQUEST"
    assert rest == made[4:]


def test_orders_older_than_sixty_days_need_a_scope(
    clock: ManualClock, open_shop: Open, world: World
) -> None:
    """Without ``read_all_orders`` a listing is silently short, and so are counts and ids."""
    clock.sleep((world.end - clock.now()).total_seconds())
    whole, short = (
        create(clock=clock, scopes=scopes)
        for scopes in (["read_all_orders", "read_orders"], ["read_orders"])
    )
    for emulator in (whole, short):
        emulator.seed(world)
    query = "{ orders(first: 250) { nodes { id createdAt } } ordersCount { count } }"
    everything, recent = (open_shop(emulator).ask(query) for emulator in (whole, short))
    hidden = ids(everything["orders"]["nodes"])[0]

    oldest = min(node["createdAt"] for node in recent["orders"]["nodes"])
    node = open_shop(short).ask("query($id: ID!) { node(id: $id) { id } }", id=hidden)["node"]

    assert datetime.fromisoformat(oldest) >= world.end - timedelta(days=60)
    assert recent["ordersCount"]["count"] == len(recent["orders"]["nodes"])
    assert len(recent["orders"]["nodes"]) < len(everything["orders"]["nodes"])
    assert node is None


def test_sorted_listings_are_sorted(clock: ManualClock, open_shop: Open, world: World) -> None:
    """Every sort key sorts by what it is called."""
    emulator = create(clock=clock)
    emulator.seed(world)
    shop = open_shop(emulator)
    query = "query($key: OrderSortKeys) { orders(first: 250, sortKey: $key) { nodes { %s } } }"

    for key, field in (("UPDATED_AT", "updatedAt"), ("CREATED_AT", "createdAt"), ("ID", "number")):
        nodes = shop.ask(query % field, key=key)["orders"]["nodes"]
        assert len(nodes) > 50
        assert all(one[field] <= other[field] for one, other in pairwise(nodes))


def test_protected_data_is_null_without_approval(clock: ManualClock, open_shop: Open) -> None:
    """Names and addresses are missing while the record is there: not visible is not deleted."""
    shop = open_shop(create(clock=clock, protected="null"))
    made = shop.add_customer()
    query = (
        "{ customers(first: 1) { nodes { id firstName defaultEmailAddress { emailAddress } } } }"
    )

    assert shop.ask(query)["customers"]["nodes"] == [
        {"id": made, "firstName": None, "defaultEmailAddress": None}
    ]


def test_protected_data_can_come_with_an_error_per_field(
    clock: ManualClock, open_shop: Open
) -> None:
    """The other form that users report: null, and ACCESS_DENIED for each."""
    shop = open_shop(create(clock=clock, protected="denied"))
    shop.add_customer()

    answer = shop.post("{ customers(first: 1) { nodes { firstName lastName } } }").json()

    assert answer["data"]["customers"]["nodes"] == [{"firstName": None, "lastName": None}]
    assert {e["extensions"]["code"] for e in answer["errors"]} == {"ACCESS_DENIED"}
    assert [e["path"][-1] for e in answer["errors"]] == ["firstName", "lastName"]
