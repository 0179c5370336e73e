"""Deliveries as Shopify's webhooks make and sign them.

Bodies have the shape of Shopify's REST interface, with numbers for ids beside the global ones.

Source: Shopify "Verify webhook deliveries" and "Delivery structure" (read November 2026): the
signature is base64 of HMAC-SHA256 with the app's client secret over the raw body. Unconfirmed:
which fields a body carries beyond ids, times, names and marketing states.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.shopify.emulator.records import Consent, Customer, split_gid
from connectors.shopify.emulator.sales_records import Order, Product, Refund
from connectors.shopify.emulator.shop import Shop
from connectors.shopify.emulator.versions import SUPPORTED

Body = Mapping[str, Any]
REDACTIONS = ("customers/data_request", "customers/redact", "shop/redact")
"""Topics that every app of the store must answer."""


@dataclass(frozen=True, slots=True)
class SignedDelivery:
    """One request that Shopify makes to a webhook's endpoint."""

    headers: Mapping[str, str]
    body: bytes


def delivery(
    shop: Shop, topic: str, record_id: str = "", *, merged_id: str = "", again: bool = False
) -> SignedDelivery:
    """The request that tells of ``topic``, signed with the secret of the shop's app.

    Args:
        shop: Whose record it is.
        topic: Such as ``customers/update``.
        record_id: Global id of the record; of the survivor of a merge.
        merged_id: Global id of the customer that a merge swallowed.
        again: A repetition of the last delivery about the same: its ids stay.

    Raises:
        ValueError: If there is no such record, or no body for the topic.
    """
    body = json.dumps(_body(shop, topic, record_id, merged_id), separators=(",", ":")).encode()
    number = shop.deliveries if again else shop.deliveries + 1
    shop.deliveries = number
    event = uuid.uuid5(uuid.NAMESPACE_URL, f"{shop.domain}/events/{number}")
    webhook = uuid.uuid5(uuid.NAMESPACE_URL, f"{shop.domain}/webhooks/{number}")
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-API-Version": SUPPORTED[-1],
        "X-Shopify-Event-Id": str(event),
        "X-Shopify-Hmac-SHA256": signature(shop.access.app.client_secret, body),
        "X-Shopify-Shop-Domain": shop.domain,
        "X-Shopify-Topic": topic,
        "X-Shopify-Triggered-At": _stamp(shop.now()),
        "X-Shopify-Webhook-Id": str(webhook),
    }
    return SignedDelivery(headers, body)


def signature(secret: str, body: bytes) -> str:
    """What ``X-Shopify-Hmac-SHA256`` carries for a raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def _body(shop: Shop, topic: str, record_id: str, merged_id: str) -> Body:
    subject, _, event = topic.partition("/")
    if topic in REDACTIONS:
        return _redaction(shop, record_id)
    if event == "delete":
        return {"id": split_gid(record_id)[1], "admin_graphql_api_id": record_id}
    if event == "merge":
        return {
            "admin_graphql_api_customer_kept_id": record_id,
            "admin_graphql_api_customer_deleted_id": merged_id,
            "admin_graphql_api_job_id": None,
            "status": "completed",
            "errors": [],
        }
    record = shop.find(record_id)
    if record is None or subject not in _BODIES:
        raise ValueError(f"no body for {topic} about {record_id}")
    return _BODIES[subject](record)


def _redaction(shop: Shop, record_id: str) -> Body:
    body: dict[str, Any] = {"shop_id": 1, "shop_domain": shop.domain}
    if record_id:
        body["customer"] = {"id": split_gid(record_id)[1]}
    return body


def _customer(customer: Customer) -> Body:
    return {
        **_common(customer),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "email": customer.email,
        "phone": customer.phone,
        "state": customer.state.lower(),
        "tags": ", ".join(customer.tags),
        "note": customer.note,
    }


def _email_consent(customer: Customer) -> Body:
    return {
        "customer_id": customer.number,
        "email_address": customer.email,
        "email_marketing_consent": _consent(customer.email_consent),
    }


def _sms_consent(customer: Customer) -> Body:
    return {
        "customer_id": customer.number,
        "phone": customer.phone,
        "sms_marketing_consent": _consent(customer.sms_consent),
    }


def _consent(consent: Consent) -> Body:
    return {
        "state": consent.state.lower(),
        "opt_in_level": consent.opt_in_level.lower() if consent.opt_in_level else None,
        "consent_updated_at": _stamp(consent.updated_at) if consent.updated_at else None,
    }


def _order(order: Order) -> Body:
    number = order.customer_number
    return {
        **_common(order),
        "name": order.name,
        "currency": order.currency_code,
        "total_price": order.total_price_set.amount,
        "financial_status": order.display_financial_status.lower(),
        "customer": None if number is None else {"id": number},
    }


def _refund(refund: Refund) -> Body:
    return {**_common(refund), "order_id": refund.order_number, "note": refund.note}


def _product(product: Product) -> Body:
    return {**_common(product), "title": product.title, "product_type": product.product_type}


_BODIES: Mapping[str, Callable[[Any], Body]] = {
    "customers": _customer,
    "customers_email_marketing_consent": _email_consent,
    "customers_marketing_consent": _sms_consent,
    "orders": _order,
    "refunds": _refund,
    "products": _product,
}


def _common(record: Customer | Order | Refund | Product) -> dict[str, Any]:
    return {
        "id": record.number,
        "admin_graphql_api_id": record.id,
        "created_at": _stamp(record.created_at),
        "updated_at": _stamp(record.updated_at),
    }


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")
