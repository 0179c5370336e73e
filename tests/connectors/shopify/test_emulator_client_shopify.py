"""Shopify's own Python library drives the emulator, so the shapes are not only ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest

from connectors.shopify.emulator import ShopifyEmulator

shopify = pytest.importorskip("shopify", reason="`make test-slow` installs ShopifyAPI")
pytestmark = pytest.mark.slow


@pytest.fixture
def client(emulator: ShopifyEmulator, url: str) -> Iterator[Any]:
    """Shopify's client, pointed at the emulator."""
    address = url.removeprefix("http://")
    session = shopify.Session("harbour-goods.myshopify.com", "2026-10", emulator.token)
    session.url = address
    session.protocol = "http"
    shopify.ShopifyResource.activate_session(session)
    yield shopify.GraphQL()
    shopify.ShopifyResource.clear_session()


def ask(client: Any, document: str, **variables: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(client.execute(document, variables))
    return answer


def test_a_customer_is_created_and_found(client: Any) -> None:
    """A mutation, then a search over the time of change, through the client's own transport."""
    made = ask(
        client,
        """mutation($input: CustomerInput!) { customerCreate(input: $input) {
             customer { id } userErrors { message } } }""",
        input={"email": "ann@example.com", "firstName": "Ann"},
    )

    listed = ask(
        client,
        "query($q: String) { customers(first: 5, query: $q) { nodes { id displayName } } }",
        q="updated_at:>='2026-01-01T00:00:00Z'",
    )

    customer = made["data"]["customerCreate"]["customer"]["id"]
    assert listed["data"]["customers"]["nodes"] == [{"id": customer, "displayName": "Ann"}]
    assert listed["extensions"]["cost"]["actualQueryCost"] == 3


def test_a_refused_token_arrives_as_the_clients_own_error(
    client: Any, emulator: ShopifyEmulator
) -> None:
    """The client raises what its users catch."""
    client.headers["X-Shopify-Access-Token"] = "shpat_unknown"

    with pytest.raises(HTTPError) as refused:
        client.execute("{ shop { name } }")

    assert refused.value.code == 401


def test_pages_are_walked(client: Any, emulator: ShopifyEmulator) -> None:
    """Over three pages, each customer once."""
    made = [
        emulator.mutate(
            {"op": "create", "object": "customers", "properties": {"email": f"p{n}@example.com"}}
        )["id"]
        for n in range(5)
    ]
    document = """query($after: String) { customers(first: 2, after: $after) {
      edges { node { id } } pageInfo { hasNextPage endCursor } } }"""

    listed, after, more = [], None, True
    while more:
        page = ask(client, document, after=after)["data"]["customers"]
        listed += [edge["node"]["id"] for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert listed == made
