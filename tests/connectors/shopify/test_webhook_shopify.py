"""Shopify's webhooks: believed by their signature, completed by GraphQL, stored once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from connectors.shopify.connector import SHOPIFY
from connectors.shopify.emulator import create
from connectors.shopify.webhook import NAME, event_id, verify
from hub.core.clock import ManualClock
from hub.core.connector import Delivery
from hub.core.errors import SkipRecord
from hub.core.secrets import Secret
from hub.store.schema import source_records
from hub.sync.inbox import Inbox
from hub.sync.pull import Source


@pytest.fixture
def hub(connect_hub: Callable[..., Any], clock: ManualClock) -> Any:
    """A hub connected to an empty shop."""
    return connect_hub(SHOPIFY, create(clock=clock, plan="unmetered"))


@pytest.fixture
def inbox(hub: Any) -> Inbox:
    """Where deliveries to that hub arrive."""
    streams = SHOPIFY.streams_for(hub.ctx.config)
    return Inbox(hub.store, hub.keys, Source(hub.ctx, SHOPIFY, streams, region="AU"), hub.ids)


def delivery(hub: Any, topic: str, body: object, number: int = 1) -> Delivery:
    """What Shopify posts, signed by its documentation: base64 of HMAC-SHA256 over the raw body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    secret = hub.ctx.config.client_secret.reveal().encode()
    signature = base64.b64encode(hmac.new(secret, raw, hashlib.sha256).digest()).decode()
    headers = {
        "x-shopify-topic": topic,
        "x-shopify-hmac-sha256": signature,
        "x-shopify-webhook-id": f"delivery-{number}",
    }
    return Delivery("POST", "/hooks/shop", headers, raw)


def customer(hub: Any, number: int = 0, **values: object) -> str:
    new = {"email": f"p{number}@example.com", "firstName": "Ada", **values}
    return str(hub.mutate("create", "customers", properties=new)["id"])


def about(record: str, **more: object) -> dict[str, object]:
    """A body in the REST interface's shape; what it says beside ids is old by the time it comes."""
    stale = {"id": int(record.rpartition("/")[2]), "first_name": "Old", "email": "old@example.com"}
    return stale | {"admin_graphql_api_id": record} | more


def take(inbox: Inbox, *deliveries: Delivery) -> list[bool]:
    """Whether each was new; all are worked off."""
    new = [inbox.accept(NAME, each) for each in deliveries]
    inbox.drain()
    return new


# --- belief ----------------------------------------------------------------------------------


def test_a_delivery_that_the_app_signed_is_believed(hub: Any) -> None:
    """The emulated shop and the test, each by itself, sign as the connector expects."""
    sent = hub.emulator.deliver("customers/update", customer(hub))
    headers = {name.lower(): value for name, value in sent.headers.items()}

    verify(hub.ctx, Delivery("POST", "/hooks/shop", headers, sent.body))
    verify(hub.ctx, delivery(hub, "customers/update", {"id": 1}))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: replace(d, body=d.body + b" "),
        lambda d: replace(d, headers=d.headers | {"x-shopify-hmac-sha256": "AAAA"}),
        lambda d: replace(d, headers={"x-shopify-topic": "customers/update"}),
    ],
    ids=["another body", "another signature", "no signature"],
)
def test_a_delivery_that_it_did_not_sign_is_refused(
    hub: Any, inbox: Inbox, spoil: Callable[[Delivery], Delivery]
) -> None:
    """Nothing of it is kept; the receiving end answers 401."""
    with pytest.raises(SkipRecord):
        inbox.accept(NAME, spoil(delivery(hub, "customers/update", {"id": 1})))


def test_a_connection_without_the_secret_has_no_webhooks(
    connect_hub: Callable[..., Any], clock: ManualClock
) -> None:
    """What cannot be verified is not received at all."""
    emulator = create(clock=clock)
    hub = connect_hub(
        SHOPIFY, emulator, client_id=None, client_secret=None, token=Secret.of(emulator.token)
    )

    assert SHOPIFY.webhooks_for(hub.ctx.config) == {}


def test_a_delivery_counts_once(hub: Any, inbox: Inbox) -> None:
    """Shopify sends again what was not acknowledged in time, under the same id."""
    one = customer(hub)
    sent = delivery(hub, "customers/create", about(one))

    assert event_id(sent) == "delivery-1"
    assert take(inbox, sent, sent) == [True, False]
    assert set(hub.records("customers")) == {one}


# --- what it brings --------------------------------------------------------------------------


@pytest.mark.parametrize("topic", ["customers/create", "customers/update", "customers/enable"])
def test_a_customer_is_read_afresh(hub: Any, inbox: Inbox, topic: str) -> None:
    """By its id, as it is now: what the body says of it may be old."""
    one = customer(hub)

    take(inbox, delivery(hub, topic, about(one)))

    person = hub.records("customers")[one]
    assert (person.given_name, person.emails) == ("Ada", ["p0@example.com"])
    assert set(hub.records("customer_consents")) == {one}


@pytest.mark.parametrize(
    ("topic", "key"),
    [
        ("customers_marketing_consent/update", "customer_id"),
        ("customers_email_marketing_consent/update", "customer_id"),
    ],
)
def test_a_change_of_consent_reaches_the_ledger(
    hub: Any, inbox: Inbox, topic: str, key: str
) -> None:
    """The topics name the customer by number only; what was decided is read from the customer."""
    one = customer(hub)
    hub.emulator.mutate({"op": "consent", "id": one, "state": "UNSUBSCRIBED"})

    take(inbox, delivery(hub, topic, {key: int(one.rpartition("/")[2])}))

    [event] = hub.ledger()
    assert (event.channel, event.decision) == ("email", "withdraw")


def test_a_deleted_customer_goes_with_its_consent_record(hub: Any, inbox: Inbox) -> None:
    """The body holds the number and nothing else."""
    one, two = customer(hub, 1), customer(hub, 2)
    hub.sync("customers", "customer_consents")
    hub.mutate("archive", "customers", id=one)

    take(inbox, delivery(hub, "customers/delete", {"id": int(one.rpartition("/")[2])}))

    assert set(hub.records("customers")) == set(hub.records("customer_consents")) == {two}


def test_a_merge_keeps_the_trail(hub: Any, inbox: Inbox) -> None:
    """The only way in which Shopify names loser and survivor of a merge."""
    kept, lost = customer(hub, 1), customer(hub, 2)
    hub.sync("customers", "customer_consents")
    hub.emulator.mutate({"op": "merge", "object": "customers", "id": kept, "other": lost})
    body = {
        "admin_graphql_api_customer_kept_id": kept,
        "admin_graphql_api_customer_deleted_id": lost,
        "status": "completed",
    }

    take(inbox, delivery(hub, "customers/merge", body))

    assert set(hub.records("customers")) == {kept}
    assert set(hub.records("customer_consents")) == {kept}
    assert merged_into(hub, lost) == kept


def merged_into(hub: Any, loser: str) -> str | None:
    with hub.store.read() as connection:
        rows = connection.execute(select(source_records)).all()
    names = {row.rid: row.source_id for row in rows}
    [found] = {row.merged_into for row in rows if row.source_id == loser and row.merged_into}
    return names.get(found)


@pytest.mark.parametrize(
    "body",
    [
        {"status": "failed", "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1"},
        {"status": "completed"},
    ],
    ids=["failed", "empty"],
)
def test_a_merge_that_did_not_happen_changes_nothing(
    hub: Any, inbox: Inbox, body: dict[str, object]
) -> None:
    """Shopify tells of failed merges, too."""
    one = customer(hub)
    hub.sync("customers")

    take(inbox, delivery(hub, "customers/merge", body))

    assert set(hub.records("customers")) == {one}


def test_an_order_and_its_refunds_are_read_afresh(hub: Any, inbox: Inbox) -> None:
    """orders/updated by the order's id, refunds/create by the number of its order."""
    hub.mutate("create", "products", properties={"title": "Tee", "sku": "T", "price": 2_995})
    lines = {"customer": customer(hub), "lines": {"T": 2}}
    order = str(hub.mutate("create", "orders", properties=lines)["id"])
    take(inbox, delivery(hub, "orders/updated", about(order)))
    refund = hub.mutate("create", "refunds", properties={"order": order, "lines": {"T": 1}})
    number = int(order.rpartition("/")[2])

    take(inbox, delivery(hub, "refunds/create", {"id": 5, "order_id": number}, number=2))

    assert [r.amount_minor for r in hub.records("orders")[order].refunds] == [2_995]
    assert set(hub.records("refunds")) == {refund["id"]}


def test_deleted_orders_and_products_go(hub: Any, inbox: Inbox) -> None:
    """Orders leave the hub in no other way."""
    product = {"title": "Tee", "sku": "T", "price": 2_995}
    article = str(hub.mutate("create", "products", properties=product)["id"])
    lines = {"customer": customer(hub), "lines": {"T": 2}}
    order = str(hub.mutate("create", "orders", properties=lines)["id"])
    hub.sync("orders", "products")

    for number, (topic, record) in enumerate((("orders", order), ("products", article))):
        gone = {"id": int(record.rpartition("/")[2])}
        take(inbox, delivery(hub, f"{topic}/delete", gone, number))

    assert hub.records("orders") == hub.records("products") == {}


def test_a_record_that_is_gone_already_brings_nothing(hub: Any, inbox: Inbox) -> None:
    """The customer was deleted before the delivery about its creation came."""
    take(inbox, delivery(hub, "customers/create", {"id": 404}))

    assert hub.records("customers") == {}


@pytest.mark.parametrize("topic", ["customers/redact", "customers/data_request", "shop/redact"])
def test_privacy_topics_are_told_to_the_admin(hub: Any, inbox: Inbox, topic: str) -> None:
    """They are acknowledged and logged, without the person's data, until the hub acts on them."""
    take(inbox, delivery(hub, topic, {"customer": {"id": 7, "email": "ada@example.com"}}))

    [told] = hub.told
    assert topic in told
    assert "ada@example.com" not in told


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("themes/publish", {"id": 1}),
        ("customers/update", {"name": "nobody"}),
        ("customers/update", b"not json"),
    ],
    ids=["another topic", "no id", "no JSON"],
)
def test_what_cannot_be_used_changes_nothing(
    hub: Any, inbox: Inbox, topic: str, body: object
) -> None:
    """The delivery is settled, so that it does not block those that follow."""
    one = customer(hub)

    take(inbox, delivery(hub, topic, body), delivery(hub, "customers/update", about(one), 2))

    assert set(hub.records("customers")) == {one}


@pytest.mark.parametrize(
    ("topic", "wanted"),
    [
        ("customers/update", {"customers"}),
        ("customers/update", {"customer_consents"}),
        ("orders/updated", {"refunds"}),
        ("orders/updated", {"orders"}),
        ("products/update", set[str]()),
    ],
)
def test_streams_that_are_not_read_are_not_asked_for(
    hub: Any, topic: str, wanted: set[str]
) -> None:
    """A scope that the admin never granted must not spoil the delivery."""
    webhook = SHOPIFY.webhooks_for(hub.ctx.config)[NAME]

    pages = webhook.parse(replace(hub.ctx, streams=wanted), delivery(hub, topic, {"id": 404}))

    asked = [call for call in hub.emulator.calls.since() if "graphql" in call.path]
    assert {name for name, _ in pages} == wanted
    assert len(asked) == len(wanted)
