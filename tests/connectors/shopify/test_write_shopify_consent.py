"""Withdrawals into Shopify: done when Shopify says so, and never the other way round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from connectors.shopify.connector import SHOPIFY
from connectors.shopify.consent import read_back, write_consent
from connectors.shopify.emulator import create
from hub.core.clock import ManualClock
from hub.core.connector import ConsentChange, RowResult

EMAIL, PHONE = "ada@example.com", "+61491570156"
Send = Callable[..., list[RowResult]]


@pytest.fixture
def hub(connect_hub: Callable[..., Any], clock: ManualClock) -> Any:
    """A hub connected to an empty shop."""
    return connect_hub(SHOPIFY, create(clock=clock, plan="unmetered"))


@pytest.fixture
def customer(hub: Any) -> str:
    """A customer who subscribed to marketing by e-mail and by SMS."""
    new = {"email": EMAIL, "phone": PHONE}
    made = str(hub.mutate("create", "customers", properties=new)["id"])
    for channel in ("email", "sms"):
        said = {"op": "consent", "id": made, "channel": channel, "state": "SUBSCRIBED"}
        hub.emulator.mutate(said)
    return made


@pytest.fixture
def send(hub: Any, released: Callable[..., list[Any]]) -> Send:
    """Writes changes and returns the results in order."""

    def written(*changes: ConsentChange) -> list[RowResult]:
        return write_consent(hub.ctx, released(*changes))

    return written


def change(
    customer: str,
    point: str | None = None,
    decision: Literal["grant", "withdraw"] = "withdraw",
    purpose: str = "marketing",
    channel: str = "email",
) -> ConsentChange:
    return ConsentChange(customer, point, purpose, channel, decision, f"t-{purpose}-{channel}")


def states(hub: Any, customer: str) -> tuple[str, str]:
    held = hub.emulator.shop.find(customer)
    return held.email_consent.state, held.sms_consent.state


@pytest.mark.parametrize(
    ("channel", "point", "left"),
    [
        ("email", EMAIL, ("UNSUBSCRIBED", "SUBSCRIBED")),
        ("email", "ADA@example.com", ("UNSUBSCRIBED", "SUBSCRIBED")),
        ("email", None, ("UNSUBSCRIBED", "SUBSCRIBED")),
        ("sms", PHONE, ("SUBSCRIBED", "UNSUBSCRIBED")),
        ("sms", "+61 491 570 156", ("SUBSCRIBED", "UNSUBSCRIBED")),
    ],
    ids=["e-mail", "other case", "own address", "phone", "phone with blanks"],
)
def test_a_withdrawal_stands_in_shopify(
    hub: Any, send: Send, customer: str, channel: str, point: str | None, left: tuple[str, str]
) -> None:
    """In the channel that it is about, and in no other."""
    withdrawal = change(customer, point, channel=channel)

    before = read_back(hub.ctx, [withdrawal])
    [result] = send(withdrawal)

    assert (before, result.ok, read_back(hub.ctx, [withdrawal])) == ([False], True, [True])
    assert states(hub, customer) == left


def test_a_withdrawal_that_stands_already_is_done_without_a_write(
    hub: Any, send: Send, customer: str
) -> None:
    """Saying it twice has one effect."""
    send(change(customer))
    effects = len(hub.emulator.effects)

    [again] = send(change(customer))

    assert again.ok
    assert len(hub.emulator.effects) == effects


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        ({"decision": "grant"}, "customer's own act"),
        ({"purpose": "analytics"}, "does not stand for analytics"),
        ({"channel": "post"}, "e-mail and SMS only"),
        ({"point": "former@example.com"}, "does not have that address"),
    ],
    ids=["an opt-in", "another purpose", "another channel", "a former address"],
)
def test_what_shopify_cannot_hold_is_refused_for_good(
    hub: Any, send: Send, customer: str, refused: dict[str, Any], why: str
) -> None:
    """With the reason, and nothing is written."""
    [result] = send(change(customer, **refused))

    assert (result.ok, result.retryable) == (False, False)
    assert why in result.error
    assert states(hub, customer) == ("SUBSCRIBED", "SUBSCRIBED")


def test_a_customer_that_is_gone_fails_alone(hub: Any, send: Send, customer: str) -> None:
    """Also one without an e-mail; the other withdrawal is written."""
    silent = str(hub.mutate("create", "customers", properties={"phone": "+61491570157"})["id"])
    nobody = "gid://shopify/Customer/999999"

    results = send(change(nobody), change(silent), change(customer))

    assert [result.ok for result in results] == [False, False, True]
    assert "no such customer" in results[0].error


def test_a_state_that_shopify_did_not_keep_is_not_done(
    hub: Any, send: Send, customer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only reading back says done: a mutation that answered without errors is no proof."""
    monkeypatch.setattr("connectors.shopify.api.Api.set_email_consent", lambda *_: [])

    [result] = send(change(customer))

    assert (result.ok, result.retryable) == (False, True)
    assert "does not show the withdrawal" in result.error
