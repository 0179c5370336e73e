"""Tokens, scopes, versions, points and injected trouble of the emulated shop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from connectors.shopify.emulator import APP, PLANS, ShopifyEmulator, create
from hub.core.clock import ManualClock

if TYPE_CHECKING:
    from tests.connectors.shopify.conftest import Shopfront

    Open = Callable[[ShopifyEmulator], Shopfront]

TOKENS = "/admin/oauth/access_token"
IDS = "{ customers(first: 5) { nodes { id } } }"


def grant(shop: Shopfront, grant_type: str = "client_credentials", **more: str) -> httpx.Response:
    form = {
        "grant_type": grant_type,
        "client_id": APP.client_id,
        "client_secret": APP.client_secret,
    }
    return shop.raw("POST", TOKENS, data=form | more)


# --- tokens ----------------------------------------------------------------------------------


def test_an_app_signs_in_as_itself_for_a_day(shop: Shopfront, clock: ManualClock) -> None:
    """The client credentials grant of Dev Dashboard apps."""
    answer = grant(shop).json()

    clock.sleep(23 * 3600)
    alive = shop.post(IDS, token=answer["access_token"]).status_code
    clock.sleep(3600)
    dead = shop.post(IDS, token=answer["access_token"]).status_code

    assert (answer["expires_in"], "refresh_token" in answer) == (86_399, False)
    assert (alive, dead) == (200, 401)


def test_a_refresh_replaces_both_tokens(shop: Shopfront, clock: ManualClock) -> None:
    """Expiring offline tokens: the old pair is worth nothing afterwards."""
    assert APP.refresh_token is not None
    first = grant(shop, "refresh_token", refresh_token=APP.refresh_token).json()

    second = grant(shop, "refresh_token", refresh_token=first["refresh_token"]).json()

    used = grant(shop, "refresh_token", refresh_token=first["refresh_token"])
    tokens = (first["access_token"], second["access_token"])
    assert [shop.post(IDS, token=token).status_code for token in tokens] == [401, 200]
    assert (used.status_code, used.json()["error"]) == (400, "invalid_grant")
    assert second["expires_in"] == 3_599


def test_a_token_request_may_be_json(shop: Shopfront) -> None:
    """Both encodings are in Shopify's examples."""
    body = {
        "grant_type": "client_credentials",
        "client_id": APP.client_id,
        "client_secret": APP.client_secret,
    }

    assert shop.raw("POST", TOKENS, json=body).status_code == 200


# --- versions --------------------------------------------------------------------------------


def test_an_old_version_is_served_by_the_oldest_and_says_so(shop: Shopfront) -> None:
    """Silently, but for two headers."""
    old, new = shop.post(IDS, version="2024-04"), shop.post(IDS)

    assert old.status_code == 200
    assert old.headers["x-shopify-api-version"] == "2026-01"
    assert "x-shopify-api-version-warning" in old.headers
    assert new.headers["x-shopify-api-version"] == "2026-10"
    assert "x-shopify-api-version-warning" not in new.headers


def test_deprecated_fields_are_named_in_a_header(shop: Shopfront) -> None:
    """By type and field, also inside fragments; a clean document has no such header."""
    document = """{ customers(first: 1) { nodes { ...Old defaultPhoneNumber { marketingState } } } }
      fragment Old on Customer { email }"""

    told = shop.post(document).headers["x-shopify-api-deprecated-reason"]

    assert sorted(told.split(", ")) == ["Customer.email", "CustomerPhoneNumber.marketingState"]
    assert "x-shopify-api-deprecated-reason" not in shop.post(IDS).headers


# --- points ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "points"),
    [
        ("{ shop { name } }", 1),
        ("{ shop { plan { publicDisplayName } } }", 2),
        ("{ customers(first: 10) { nodes { id } } }", 12),
        ("{ customers(first: 10) { edges { cursor node { id } } pageInfo { hasNextPage } } }", 12),
        ("{ customers(last: 5) { nodes { defaultEmailAddress { emailAddress } } } }", 12),
        ("{ orders(first: 4) { nodes { lineItems(first: 3) { nodes { id } } } } }", 26),
        ("{ orders(first: 2) { nodes { totalPriceSet { shopMoney { amount } } } } }", 8),
        ("{ orders(first: 2) { nodes { refunds(first: 3) { id } } } }", 10),
        ("{ a: shop { name } b: shop { name } }", 2),
        ("{ customers(first: 2) { nodes { ...F } } } fragment F on Customer { id tags }", 4),
        ('{ nodes(ids: ["gid://shopify/Customer/1", "gid://shopify/Customer/2"]) { id } }', 2),
    ],
)
def test_what_a_query_costs_is_known_before(shop: Shopfront, document: str, points: int) -> None:
    """Objects 1, connections 2 and their size, everything below times that size."""
    cost = shop.post(document).json()["extensions"]["cost"]

    assert cost["requestedQueryCost"] == points


def test_a_size_in_a_variable_counts(shop: Shopfront) -> None:
    """Given, or by its default."""
    document = "query($n: Int = 7) { customers(first: $n) { nodes { id } } }"

    costs = [
        shop.post(document, given).json()["extensions"]["cost"]["requestedQueryCost"]
        for given in ({}, {"n": 3})
    ]

    assert costs == [9, 5]


def test_only_what_came_back_is_paid(shop: Shopfront) -> None:
    """The bucket must hold the most that a query may cost, and loses what it did cost."""
    shop.add_customer()

    cost = shop.post("{ customers(first: 100) { nodes { id } } }").json()["extensions"]["cost"]

    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (102, 3)
    assert cost["throttleStatus"] == {
        "maximumAvailable": 2000.0,
        "currentlyAvailable": 1997,
        "restoreRate": 100.0,
    }


def test_a_mutation_costs_ten(shop: Shopfront) -> None:
    """Whatever it returns."""
    document = """mutation($input: CustomerInput!) {
      made: customerCreate(input: $input) { customer { id defaultAddress { id } } } }"""

    cost = shop.post(document, {"input": {"firstName": "Ann"}}).json()["extensions"]["cost"]

    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (10, 10)


def test_an_empty_bucket_throttles_until_it_is_filled(clock: ManualClock, open_shop: Open) -> None:
    """HTTP 200 with THROTTLED, and the numbers that tell how long to wait."""
    emulator = create(clock=clock)
    shop = open_shop(emulator)
    for number in range(100):
        shop.add_customer(number)
    emulator.shop.bucket.take(1_950, clock.now())
    document = "{ customers(first: 100) { nodes { id } } }"

    refused = shop.post(document)
    cost = refused.json()["extensions"]["cost"]
    status = cost["throttleStatus"]
    missing = cost["requestedQueryCost"] - status["currentlyAvailable"]
    clock.sleep(missing / status["restoreRate"])

    assert refused.status_code == 200
    assert refused.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert cost["actualQueryCost"] is None
    assert "errors" not in shop.post(document).json()


@pytest.mark.parametrize("plan", sorted(PLANS))
def test_each_plan_has_its_bucket(clock: ManualClock, open_shop: Open, plan: str) -> None:
    """Size and rate of the plan stand in every answer."""
    shop = open_shop(create(clock=clock, plan=plan))

    status = shop.post(IDS).json()["extensions"]["cost"]["throttleStatus"]

    expected = (PLANS[plan].size, PLANS[plan].restore_rate)
    assert (status["maximumAvailable"], status["restoreRate"]) == expected


# --- injected trouble ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "header"),
    [
        ("absent", None),
        ("zero", "0"),
        ("seconds", "7"),
        ("date", "Thu, 01 Jan 2026 00:00:07 GMT"),
    ],
)
def test_a_429_comes_in_every_shape(shop: Shopfront, shape: str, header: str | None) -> None:
    """The edge's refusal, which is not GraphQL's."""
    fault: dict[str, object] = {"kind": "rate_limited", "retry_after": shape, "seconds": 7}
    shop.inject(fault)

    answer = shop.post(IDS)

    assert answer.status_code == 429
    assert answer.headers.get("retry-after") == header
    assert isinstance(answer.json()["errors"], str)


def test_throttling_can_be_claimed(shop: Shopfront) -> None:
    """THROTTLED although the bucket is full."""
    shop.inject({"kind": "rate_limited", "policy": "THROTTLED", "times": 1})

    first, second = shop.post(IDS).json(), shop.post(IDS).json()

    assert first["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert "errors" not in second


@pytest.mark.parametrize("status", [500, 502, 503, 402, 423, 430])
def test_the_server_fails_with_any_status(shop: Shopfront, status: int) -> None:
    """Shopify's own among them: a frozen shop, a locked one, a security rejection."""
    shop.inject({"kind": "server_error", "status": status})

    answer = shop.post(IDS)

    assert answer.status_code == status
    assert answer.json()["errors"]


def test_the_server_fails_behind_http_200(shop: Shopfront) -> None:
    """An answer without data that no status gives away."""
    shop.inject({"kind": "server_error", "policy": "INTERNAL_SERVER_ERROR"})

    answer = shop.post(IDS)

    assert answer.status_code == 200
    assert "data" not in answer.json()
    assert answer.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"


def test_a_token_ends_in_the_middle(shop: Shopfront) -> None:
    """An issued token is dead for good; a new one works."""
    token = grant(shop).json()["access_token"]
    shop.inject({"kind": "expired_token", "times": 1})

    statuses = [shop.post(IDS, token=token).status_code for _ in range(2)]

    fresh = grant(shop).json()["access_token"]
    assert [*statuses, shop.post(IDS, token=fresh).status_code] == [401, 401, 200]


def test_a_static_token_only_fails_once(shop: Shopfront) -> None:
    """It has no end that could come."""
    shop.inject({"kind": "expired_token", "times": 1})

    assert [shop.post(IDS).status_code for _ in range(2)] == [401, 200]


def found(shop: Shopfront, query: str) -> list[str]:
    document = "query($q: String) { customers(first: 50, query: $q) { nodes { id } } }"
    nodes = shop.ask(document, q=query)["customers"]["nodes"]
    return [node["id"] for node in nodes]


def test_a_late_commit_is_stamped_in_the_past(shop: Shopfront, clock: ManualClock) -> None:
    """It appears below the time that a reader has already passed."""
    ids = [shop.add_customer(number) for number in range(3)]
    clock.sleep(3_600)
    before = len(shop.emulator.effects)
    late = {"kind": "late_commit", "object_type": "customers", "seconds": 600, "times": 1}
    shop.inject(late)

    recent = found(shop, "updated_at:>='2026-01-01T00:50:00Z'")

    changed = {effect.id for effect in shop.emulator.effects.since(before, "user")}
    assert changed == set(recent)
    assert len(recent) == 1
    assert changed <= set(ids)


@pytest.mark.parametrize(
    "stream",
    ["customers", "customer_consents", "orders", "refunds", "abandoned_checkouts", "products"],
)
def test_late_commits_reach_every_stream(
    clock: ManualClock, open_shop: Open, world: Any, stream: str
) -> None:
    """Each as an effect of a user on an id that the stream has."""
    emulator = create(clock=clock)
    emulator.seed(world)
    shop = open_shop(emulator)
    shop.inject({"kind": "late_commit", "object_type": stream, "count": 3, "times": 1})

    shop.post(IDS)

    effects = emulator.effects.since()
    assert len({effect.id for effect in effects}) == 3
    assert {effect.id for effect in effects} <= set(emulator.live_ids(stream))
    assert {effect.object for effect in effects} == {stream}


def test_a_definition_appears_and_vanishes_in_between(shop: Shopfront) -> None:
    """What drifts in Shopify is what a business adds to it: metafields."""
    ann = shop.add_customer()
    drift = {"kind": "schema_drift", "object_type": "customers", "field": "drifted", "times": 1}
    listed = "{ metafieldDefinitions(first: 5, ownerType: CUSTOMER) { nodes { key } } }"
    command = {"op": "metafield", "id": ann, "namespace": "custom", "key": "drifted", "value": "x"}
    shop.inject({**drift, "change": "add"})

    added = shop.ask(listed)["metafieldDefinitions"]["nodes"]
    shop.emulator.mutate(command)
    shop.inject({**drift, "change": "remove"})
    removed = shop.ask(listed)["metafieldDefinitions"]["nodes"]

    assert (added, removed) == ([{"key": "drifted"}], [])
    assert shop.emulator.shop.metafields.of(ann) == []
