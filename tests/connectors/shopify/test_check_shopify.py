"""``hub check --connect``: what an admin must know before the first run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.shopify.check import check
from connectors.shopify.connector import SHOPIFY
from connectors.shopify.emulator import ALL_SCOPES, create
from hub.core.clock import ManualClock
from hub.core.connector import CheckItem
from hub.core.secrets import Secret

Look = Callable[..., dict[str, CheckItem]]


@pytest.fixture
def look(connect_hub: Callable[..., Any], clock: ManualClock) -> Look:
    """What check finds of a shop with two customers, by what is looked at."""

    def found(shop: dict[str, Any] | None = None, **settings: object) -> dict[str, CheckItem]:
        emulator = create(clock=clock, **(shop or {}))
        hub = connect_hub(SHOPIFY, emulator, **settings)
        for number in range(2):
            new = {"email": f"p{number}@example.com", "firstName": "Ada"}
            hub.mutate("create", "customers", properties=new)
        return {item.what: item for item in check(hub.ctx)}

    return found


def test_a_sound_shop_is_green_and_introduces_itself(look: Look) -> None:
    """Domain, currency, plan and version; every scope; customers can be seen."""
    found = look()

    assert [item.what for item in found.values() if not item.ok] == []
    assert "harbour-goods.myshopify.com, currency AUD" in found["shop"].detail
    assert "2026-10" in found["shop"].detail
    assert found["webhooks"].detail == "are verified"


def test_a_legacy_token_works_with_a_warning(look: Look) -> None:
    """It names the day on which it ends; without the secret there are no webhooks."""
    token = Secret.of(create().token)

    found = look(token=token, client_id=None, client_secret=None)

    assert found["credential"].ok
    assert "2027-01-01" in found["credential"].detail
    assert found["webhooks"].detail == "need client_secret"


@pytest.mark.parametrize(
    ("scope", "what"),
    [
        ("orders", "read orders, refunds, abandoned checkouts"),
        ("products", "read products"),
    ],
)
def test_a_missing_scope_is_named_with_the_way_to_it(look: Look, scope: str, what: str) -> None:
    """The others stay green: the admin may leave the stream out instead."""
    scopes = {each for each in ALL_SCOPES if scope not in each}

    found = look({"scopes": scopes})

    assert [item.what for item in found.values() if not item.ok] == [what]
    assert f"read_{scope} is not granted" in found[what].detail
    assert found[what].fix


def test_old_orders_out_of_sight_are_told(look: Look) -> None:
    """Without read_all_orders the history begins 60 days ago; that is no fault."""
    found = look({"scopes": {each for each in ALL_SCOPES if each != "read_all_orders"}})

    assert found["read old orders"].ok
    assert "60 days" in found["read old orders"].detail


@pytest.mark.parametrize("protected", ["null", "denied"])
def test_hidden_customer_data_are_found_before_the_first_run(look: Look, protected: str) -> None:
    """Whether Shopify says so or hides them without a word."""
    found = look({"protected": protected})

    hidden = found["protected customer data"]
    assert not hidden.ok
    assert "Request access" in hidden.fix


def test_another_shop_than_the_one_named_is_noticed(
    connect_hub: Callable[..., Any], clock: ManualClock
) -> None:
    """The credential opens a shop, but not the one in hub.toml."""
    hub = connect_hub(SHOPIFY, create(clock=clock), shop="another.myshopify.com")

    shop = {item.what: item for item in check(hub.ctx)}["shop"]

    assert not shop.ok
    assert shop.fix == 'Write shop = "harbour-goods.myshopify.com"'


def test_a_refused_credential_is_one_line_with_a_fix(look: Look) -> None:
    """Nothing else is looked at."""
    found = look(client_secret=Secret.of("not-the-secret"))

    [item] = found.values()
    assert (item.what, item.ok) == ("credential", False)
    assert item.fix
