"""The wire: who signs in how, and what becomes of answers that are no success."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.shopify.api import Api
from connectors.shopify.client import NotVisible, TooCostly, http
from connectors.shopify.config import ShopifySettings
from connectors.shopify.connector import SHOPIFY
from connectors.shopify.documents import CUSTOMERS, ORDERS
from connectors.shopify.reader import ShopReader
from hub.core.connector import Context
from hub.core.errors import HubError, NeedsReauth, RetryLater, StopRun
from hub.core.secrets import Secret
from hub.testing.client import Waits, manual_clock, open_context
from hub.testing.scripted import ScriptedServer, scripted

GRAPHQL = "/admin/api/2026-10/graphql.json"
TOKENS = "/admin/oauth/access_token"
EMPTY = {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
NOBODY = {"data": {"customers": EMPTY}}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A shop that answers as the test says."""
    with scripted() as server:
        yield server


Open = Callable[..., Context]


@pytest.fixture
def connect(server: ScriptedServer) -> Iterator[Open]:
    """Opens the connector on that shop; keyword arguments are settings."""
    with ExitStack() as stack:

        def opened(**settings: object) -> Context:
            base = {"shop": "harbour.myshopify.com", "base_url": server.url}
            credential = settings or {"token": Secret.of("shpat_test")}
            waits = Waits(manual_clock())
            return stack.enter_context(open_context(SHOPIFY, base | credential, waits))

        yield opened


def error(code: str, path: list[object] | None = None, **beside: object) -> dict[str, object]:
    told = {"message": "Ada of ada@example.org", "extensions": {"code": code}, "path": path}
    return {"errors": [told], **beside}


def cost(asked: float, left: float, rate: float = 100) -> dict[str, object]:
    status = {"maximumAvailable": 2000, "currentlyAvailable": left, "restoreRate": rate}
    return {"cost": {"requestedQueryCost": asked, "throttleStatus": status}}


def ask(ctx: Context) -> object:
    return Api(ctx).page(CUSTOMERS, (), first=100, query=None)


def variables(server: ScriptedServer) -> list[dict[str, Any]]:
    """What each query asked with."""
    bodies = [json.loads(seen.body) for seen in server.seen if seen.path == GRAPHQL]
    return [body["variables"] for body in bodies]


# --- signing in ------------------------------------------------------------------------------


def test_an_app_signs_in_as_itself(server: ScriptedServer, connect: Open) -> None:
    """Client credentials fetch a token, which travels in Shopify's own header."""
    server.then(200, {"access_token": "shpua_1", "expires_in": 86_399}, at=TOKENS)
    server.then(200, NOBODY, at=GRAPHQL)

    ask(connect(client_id="app", client_secret=Secret.of("shhh")))

    form, query = server.seen
    assert form.body == b"grant_type=client_credentials&client_id=app&client_secret=shhh"
    assert query.headers["x-shopify-access-token"] == "shpua_1"


def test_an_installed_app_renews_its_token_once(server: ScriptedServer, connect: Open) -> None:
    """A token that was refused is renewed with the refresh token that the last answer brought."""
    for number in (1, 2):
        fresh = {"access_token": f"shpua_{number}", "refresh_token": f"r{number}"}
        server.then(200, fresh | {"expires_in": 3_600}, at=TOKENS)
    server.then(401, {"errors": "[API] Invalid API key or access token"}, at=GRAPHQL)
    server.then(200, NOBODY, at=GRAPHQL)

    secrets = {"client_secret": Secret.of("shhh"), "refresh_token": Secret.of("r0")}
    ask(connect(client_id="app", **secrets))

    forms = [seen.body.decode() for seen in server.seen if seen.path == TOKENS]
    assert [form.rsplit("=", 1)[-1] for form in forms] == ["r0", "r1"]


def test_a_legacy_token_works_and_says_when_it_ends(server: ScriptedServer, connect: Open) -> None:
    """Static tokens are taken until Shopify rejects them; the notice names the day and the way."""
    server.then(200, NOBODY)
    ctx = connect()

    ask(ctx)

    assert server.seen[0].headers["x-shopify-access-token"] == "shpat_test"
    assert "2027-01-01" in str(ctx.wire.notice())
    assert "Dev Dashboard" in str(ctx.wire.notice())


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"client_id": "app"},
        {"client_secret": Secret.of("s")},
        {"token": Secret.of("t"), "client_id": "app", "client_secret": Secret.of("s")},
        {"token": Secret.of("t"), "refresh_token": Secret.of("r")},
    ],
    ids=["none", "half", "other half", "two", "two kinds"],
)
def test_there_is_exactly_one_credential(credential: dict[str, object]) -> None:
    """Anything else is a mistake in hub.toml."""
    with pytest.raises(ValidationError, match="exactly one credential"):
        ShopifySettings.model_validate({"shop": "harbour.myshopify.com", **credential})


def test_a_shop_is_reached_at_its_permanent_domain() -> None:
    """Without base_url, over https."""
    settings = ShopifySettings.model_validate(
        {"shop": "harbour.myshopify.com", "token": Secret.of("shpat_test")}
    )

    assert http(settings).base == "https://harbour.myshopify.com"


# --- answers that are no success -------------------------------------------------------------


def test_a_throttled_query_waits_for_the_points_that_it_lacks(
    server: ScriptedServer, connect: Open
) -> None:
    """Of 900 points 400 are there, 100 come back a second: five seconds, then it is asked again."""
    server.then(200, error("THROTTLED", extensions=cost(900, 400))).then(200, NOBODY)
    ctx = connect()

    ask(ctx)

    assert isinstance(ctx.wait, Waits)
    assert len(server.seen) == 2
    assert 5 <= sum(ctx.wait.seconds) < 6


def test_a_spent_bucket_is_waited_for_before_the_next_query(
    server: ScriptedServer, connect: Open
) -> None:
    """An answer that leaves 100 of 500 points holds the next query for four seconds, unasked."""
    server.then(200, NOBODY | {"extensions": cost(500, 100)})
    ctx = connect()
    ask(ctx)

    ask(ctx)

    assert isinstance(ctx.wait, Waits)
    assert sum(ctx.wait.seconds) == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize(
    ("status", "body", "kind", "told"),
    [
        (200, error("ACCESS_DENIED", ["customers", 0, "email"]), NotVisible, "customers.email"),
        (
            200,
            error("ACCESS_DENIED", ["customers"], data={"customers": EMPTY}),
            NotVisible,
            "protected customer data",
        ),
        (200, error("MAX_COST_EXCEEDED"), TooCostly, "cost"),
        (200, error("INTERNAL_SERVER_ERROR"), RetryLater, "INTERNAL_SERVER_ERROR"),
        (200, error("SHOP_INACTIVE"), StopRun, "closed"),
        (200, error("undefinedField", data={"customers": EMPTY}), StopRun, "undefinedField"),
        (200, {"errors": "Not Found"}, StopRun, "refused the query"),
        (200, {"data": None}, StopRun, "neither data nor errors"),
        (200, {}, StopRun, "neither data nor errors"),
        (200, {"data": {"customers": None}}, StopRun, "no list of customers"),
        (
            200,
            {"data": {"customers": {"nodes": [], "pageInfo": {"hasNextPage": True}}}},
            StopRun,
            "does not say where",
        ),
        (401, {"errors": "[API] Invalid API key"}, NeedsReauth, "refused"),
        (402, {"errors": "Payment Required"}, StopRun, "not paid for"),
        (403, {"errors": "Forbidden"}, NotVisible, "scope"),
        (404, {"errors": "Not Found"}, StopRun, "no such shop"),
        (423, {"errors": "Locked"}, StopRun, "closed"),
        (503, b"<html>", RetryLater, "503"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_a_failure_is_never_an_empty_page(
    server: ScriptedServer,
    connect: Open,
    status: int,
    body: object,
    kind: type[HubError],
    told: str,
) -> None:
    """It raises what the engine understands, with codes and places and without Shopify's prose."""
    server.then(status, body)

    with pytest.raises(kind, match=told) as failure:
        ask(connect())

    assert "ada@example.org" not in str(failure.value)


@pytest.mark.parametrize("served", ["2026-07", "unstable"])
def test_another_version_than_asked_for_stops_the_run(
    server: ScriptedServer, connect: Open, served: str
) -> None:
    """Shopify answers unknown versions with another one; its data must not pass for ours."""
    server.then(200, NOBODY, headers={"X-Shopify-Api-Version": served})

    with pytest.raises(StopRun, match=f"2026-10 was asked for, {served} answered"):
        ask(connect())


def test_a_deprecated_field_is_told_once(
    server: ScriptedServer, connect: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """The header that names it is a warning for the log, not one for each page."""
    named = {"X-Shopify-API-Deprecated-Reason": "Customer.email"}
    server.then(200, NOBODY, headers=named)
    api = Api(connect())

    for _ in range(3):
        api.page(CUSTOMERS, (), first=100, query=None)

    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Customer.email" in caplog.text


# --- pages -----------------------------------------------------------------------------------


def test_a_query_that_costs_too_much_is_asked_for_half(
    server: ScriptedServer, connect: Open
) -> None:
    """50, 25, 12: the size that Shopify takes is kept for the pages that follow."""
    one = {"id": "gid://shopify/Customer/1"}
    more = {"nodes": [one], "pageInfo": {"hasNextPage": True, "endCursor": "c1"}}
    for _ in range(2):
        server.then(200, error("MAX_COST_EXCEEDED"))
    server.then(200, {"data": {"customers": more}}).then(200, NOBODY)
    reader = ShopReader(CUSTOMERS, (), lookback=600, lag=60, ids_every=None)

    list(reader(connect(), {}))

    assert [asked["first"] for asked in variables(server)] == [50, 25, 12, 12]


def test_a_search_that_goes_round_stops(server: ScriptedServer, connect: Open) -> None:
    """A server that passes over the search term would bring the first page again and again."""
    same = {
        "nodes": [{"id": "gid://shopify/Customer/5"}],
        "pageInfo": {"hasNextPage": True, "endCursor": "c1"},
    }
    server.then(200, {"data": {"customers": same}})
    reader = ShopReader(CUSTOMERS, (), lookback=600, lag=60, ids_every=None)

    with pytest.raises(StopRun, match="not in the order of ids"):
        list(reader(connect(), {}))

    assert [asked["query"] for asked in variables(server)] == [None, "id:>=6"]


def test_a_query_that_is_too_costly_for_one_record_stops(
    server: ScriptedServer, connect: Open
) -> None:
    """There is nothing left to halve."""
    server.then(200, error("MAX_COST_EXCEEDED"))
    reader = ShopReader(CUSTOMERS, (), lookback=600, lag=60, ids_every=None)

    with pytest.raises(TooCostly):
        list(reader(connect(), {}))

    assert [asked["first"] for asked in variables(server)] == [50, 25, 12, 6, 3, 1]


def test_lines_beyond_the_first_page_are_read_to_the_end(
    server: ScriptedServer, connect: Open
) -> None:
    """An order of 14 lines, ten of which came with it, has 14 lines."""
    first = {
        "nodes": [{"id": str(number)} for number in range(10)],
        "pageInfo": {"hasNextPage": True, "endCursor": "c10"},
    }
    rest = {
        "nodes": [{"id": str(number)} for number in range(10, 14)],
        "pageInfo": {"hasNextPage": False, "endCursor": "c14"},
    }
    order = {"id": "gid://shopify/Order/1", "lineItems": first}
    server.then(200, {"data": {"orders": EMPTY | {"nodes": [order]}}})
    server.then(200, {"data": {"node": {"lineItems": rest}}})

    [read], more = Api(connect()).page(ORDERS, (), first=100, query=None)

    assert not more
    assert [line["id"] for line in read["lineItems"]] == [str(number) for number in range(14)]
    assert variables(server)[1] == {"id": "gid://shopify/Order/1", "after": "c10"}
