"""What Shopify tells by itself: which record changed, vanished or was merged.

1. Believe it: the signature is made with the app's client secret over the raw body.
2. Find the ids. Webhook bodies have the shape of the REST interface, which the hub does not read
   otherwise, so nothing but ids is taken from them.
3. Ask for the records by GraphQL: one mapping serves both ways, and a delivery that comes late
   brings the record as it is now.

Source: Shopify's webhook documentation (read November 2026). That a delivery keeps its
``X-Shopify-Webhook-Id`` when it is sent again is remembered, not confirmed: if it did not, the
record would be read twice and stored once all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from connectors.shopify.api import Api
from connectors.shopify.config import ShopifySettings
from connectors.shopify.documents import (
    CUSTOMER_CONSENTS,
    CUSTOMERS,
    ORDERS,
    PRODUCTS,
    REFUNDS,
    Kind,
)
from connectors.shopify.rows import gid, refund_rows
from hub.core.connector import Context, Delivery, Page, Row, Webhook
from hub.core.errors import SkipRecord
from hub.core.webhooks import signed

Pages = list[tuple[str, Page]]
"""Pages with the names of their streams."""
Body = Mapping[str, Any]

NAME = "shopify"
_CONSENT_TOPICS = ("customers_marketing_consent", "customers_email_marketing_consent")
_PRIVACY = ("customers/data_request", "customers/redact", "shop/redact")


def verify(ctx: Context, delivery: Delivery) -> None:
    """Nothing, if the app's own secret signed the delivery.

    Raises:
        SkipRecord: If it did not; Shopify wants 401 for that.
    """
    settings: ShopifySettings = ctx.config
    assert settings.client_secret is not None  # without one there are no webhooks
    signed(settings.client_secret, delivery.body, _header(delivery, "x-shopify-hmac-sha256"))


def event_id(delivery: Delivery) -> str:
    """The delivery's own id."""
    return _header(delivery, "x-shopify-webhook-id")


def parse(ctx: Context, delivery: Delivery) -> Pages:
    """The records that the delivery is about, as they are now."""
    topic = _header(delivery, "x-shopify-topic")
    subject, _, event = topic.partition("/")
    if topic in _PRIVACY:
        told = "%s: %s received: the hub does not act on it yet, answer it by hand"
        ctx.log.warning(told, ctx.connection, topic)
        return []
    found = {"customers": _customers, "orders": _orders, "refunds": _orders, "products": _products}
    about = "customers" if subject in _CONSENT_TOPICS else subject
    return found[about](ctx, event, _body(delivery)) if about in found else []


def _customers(ctx: Context, event: str, body: Body) -> Pages:
    if event == "merge":
        return _merged(ctx, body)
    one = _id(body, "Customer", "customer_id")
    if event == "delete":
        gone = Page((), deletes=[one])
        return [("customers", gone), ("customer_consents", gone)]
    return _customer_pages(ctx, one, {})


def _merged(ctx: Context, body: Body) -> Pages:
    kept, lost = (
        str(body.get(f"admin_graphql_api_customer_{which}_id") or "")
        for which in ("kept", "deleted")
    )
    if body.get("status") not in (None, "completed") or not (kept and lost):
        return []  # a merge that failed
    return _customer_pages(ctx, kept, {lost: kept})


def _customer_pages(ctx: Context, one: str, merges: Mapping[str, str]) -> Pages:
    pages: Pages = []
    if ctx.reads("customers"):
        pages.append(("customers", Page(_read(ctx, CUSTOMERS, one, "customers"), merges=merges)))
    if ctx.reads("customer_consents"):
        consents = _read(ctx, CUSTOMER_CONSENTS, one, "")
        pages.append(("customer_consents", Page(consents, deletes=list(merges))))
    return pages


def _orders(ctx: Context, event: str, body: Body) -> Pages:
    one = _id(body, "Order", "order_id")
    if event == "delete":
        return [("orders", Page((), deletes=[one]))]
    pages: Pages = []
    if ctx.reads("orders"):
        pages.append(("orders", Page(_read(ctx, ORDERS, one, "orders"))))
    if ctx.reads("refunds"):
        pages.append(("refunds", Page(refund_rows(_read(ctx, REFUNDS, one, "")))))
    return pages


def _products(ctx: Context, event: str, body: Body) -> Pages:
    one = _id(body, "Product", "product_id")
    if event == "delete":
        return [("products", Page((), deletes=[one]))]
    if not ctx.reads("products"):
        return []
    return [("products", Page(_read(ctx, PRODUCTS, one, "products")))]


def _read(ctx: Context, kind: Kind, one: str, stream: str) -> list[Row]:
    settings: ShopifySettings = ctx.config
    return Api(ctx).by_id(kind, [one], settings.metafields(stream))


def _id(body: Body, kind: str, number: str) -> str:
    """The global id that the body names, by itself or by a number."""
    held = body.get(number) or body.get("id")
    whole = None if body.get(number) else body.get("admin_graphql_api_id")
    if isinstance(whole, str) and whole.startswith(gid(kind, "")):
        return whole
    if isinstance(held, int) or (isinstance(held, str) and held.isdecimal()):
        return gid(kind, held)
    raise SkipRecord("the delivery names no record", reason="no-id")


def _body(delivery: Delivery) -> Body:
    try:
        body = orjson.loads(delivery.body)
    except orjson.JSONDecodeError as err:
        raise SkipRecord("the delivery is not JSON", reason="not-json") from err
    return body if isinstance(body, dict) else {}


def _header(delivery: Delivery, name: str) -> str:
    found = delivery.headers.get(name)
    if not found:
        raise SkipRecord(f"the delivery has no {name}: it is not Shopify's", reason="no-header")
    return found


def webhooks(settings: ShopifySettings) -> Mapping[str, Webhook]:
    """One webhook for all topics; none without the secret that signs them."""
    if settings.client_secret is None:
        return {}
    return {NAME: Webhook(verify, parse, event_id, rereads=True)}
