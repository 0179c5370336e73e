"""Webhook deliveries: signed over the raw body, with ids that a repetition keeps."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest

from connectors.shopify.emulator import APP

if TYPE_CHECKING:
    from tests.connectors.shopify.conftest import Shopfront


def test_a_delivery_is_signed_over_its_raw_body(shop: Shopfront) -> None:
    """The formula of Shopify's documentation, computed here on its own."""
    sent = shop.emulator.deliver("customers/update", shop.add_customer())

    digest = hmac.new(APP.client_secret.encode(), sent.body, hashlib.sha256).digest()
    assert sent.headers["X-Shopify-Hmac-SHA256"] == base64.b64encode(digest).decode()


def test_a_repetition_keeps_its_ids(shop: Shopfront) -> None:
    """Only so can a receiver notice that it was there before."""
    ann = shop.add_customer()
    names = ("X-Shopify-Webhook-Id", "X-Shopify-Event-Id")

    first = shop.emulator.deliver("customers/update", ann)
    again = shop.emulator.deliver("customers/update", ann, again=True)
    other = shop.emulator.deliver("customers/update", ann)

    assert [first.headers[name] for name in names] == [again.headers[name] for name in names]
    assert not {other.headers[name] for name in names} & {first.headers[name] for name in names}


def test_a_merge_names_who_stays_and_who_is_gone(shop: Shopfront) -> None:
    """By global ids, since the loser cannot be looked up any more."""
    ann, bea = shop.add_customer(0), shop.add_customer(1)
    shop.mutate("merge", "customers", id=ann, other=bea)

    body = json.loads(shop.emulator.deliver("customers/merge", ann, merged_id=bea).body)

    assert body["admin_graphql_api_customer_kept_id"] == ann
    assert body["admin_graphql_api_customer_deleted_id"] == bea


@pytest.mark.parametrize(
    ("topic", "key"),
    [
        ("customers/create", "id"),
        ("customers_email_marketing_consent/update", "customer_id"),
        ("customers_marketing_consent/update", "customer_id"),
        ("customers/delete", "id"),
    ],
)
def test_every_topic_about_a_customer_names_the_number(
    shop: Shopfront, topic: str, key: str
) -> None:
    """REST bodies carry numbers."""
    ann = shop.add_customer()

    sent = shop.emulator.deliver(topic, ann)

    assert f"gid://shopify/Customer/{json.loads(sent.body)[key]}" == ann
    assert sent.headers["X-Shopify-Topic"] == topic


def test_a_record_that_is_gone_has_no_body(shop: Shopfront) -> None:
    """A test that asks for one is told at once."""
    with pytest.raises(ValueError, match="no body for customers/update"):
        shop.emulator.deliver("customers/update", "gid://shopify/Customer/404")
