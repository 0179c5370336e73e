"""A Shopify shop in this process: called without a socket, or served over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from connectors.shopify.emulator import ShopifyEmulator, create
from hub.core.clock import ManualClock
from hub.emulation.server import serve
from hub.emulation.world import World
from tests.connectors.wire import InProcess, opening

VERSION = "2026-10"


class Shopfront(InProcess[ShopifyEmulator]):
    """Sends requests to an emulator and returns what it answers."""

    def post(
        self, document: str, variables: object = None, *, version: str = VERSION, token: str = ""
    ) -> httpx.Response:
        """The answer to a GraphQL document."""
        return self.raw(
            "POST",
            f"/admin/api/{version}/graphql.json",
            json={"query": document, "variables": variables or {}},
            headers={"X-Shopify-Access-Token": token or self.emulator.token},
        )

    def ask(self, document: str, **variables: object) -> dict[str, Any]:
        """The data that a document brings."""
        answer = self.post(document, variables)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        assert "errors" not in body, body["errors"]
        data: dict[str, Any] = body["data"]
        return data

    def errors(self, document: str, **variables: object) -> list[dict[str, Any]]:
        """The errors of an answer that still comes with HTTP 200."""
        answer = self.post(document, variables)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json().get("errors", [])
        return found

    def add_customer(self, number: int = 0, **values: object) -> str:
        """The global id of a new customer that a user enters."""
        properties = {"email": f"p{number}@example.com", "firstName": f"P{number}", **values}
        return self.mutate("create", "customers", properties=properties)

    def mutate(self, op: str, object_: str, **command: object) -> str:
        """Do what a user does; the id of a new record."""
        done = self.emulator.mutate({"op": op, "object": object_, **command})
        return str(done.get("id", ""))


@pytest.fixture(scope="session")
def world() -> World:
    """A small town, the same for every test."""
    return World.build(seed=8, people=120, systems=("shopify", "pos"))


@pytest.fixture
def emulator(clock: ManualClock) -> ShopifyEmulator:
    """An empty shop on the standard plan."""
    return create(clock=clock)


@pytest.fixture
def url(emulator: ShopifyEmulator) -> Iterator[str]:
    """Base URL under which that shop is served."""
    with serve(emulator) as address:
        yield address


@pytest.fixture
def open_shop() -> Iterator[Callable[[ShopifyEmulator], Shopfront]]:
    """Makes shopfronts of further shops and closes them."""
    with opening(Shopfront) as connect:
        yield connect


@pytest.fixture
def shop(emulator: ShopifyEmulator, open_shop: Callable[[ShopifyEmulator], Shopfront]) -> Shopfront:
    """The empty shop, to be asked."""
    return open_shop(emulator)
