"""What search knows of each kind of record, and what its syntax can ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.shopify.emulator.records import Customer
from connectors.shopify.emulator.sales_records import Checkout, Order, Product
from connectors.shopify.emulator.search import Kind
from connectors.shopify.emulator.tables import Facts

_TIMES: Mapping[str, Kind] = {"id": "id", "created_at": "time", "updated_at": "time"}
CUSTOMER_FIELDS: Mapping[str, Kind] = {
    **_TIMES,
    "customer_date": "time",
    "email": "text",
    "phone": "text",
    "first_name": "text",
    "last_name": "text",
    "state": "text",
    "tag": "list",
}
ORDER_FIELDS: Mapping[str, Kind] = {
    **_TIMES,
    "processed_at": "time",
    "customer_id": "text",
    "name": "text",
    "email": "text",
    "financial_status": "text",
    "tag": "list",
}
CHECKOUT_FIELDS: Mapping[str, Kind] = {**_TIMES, "recovery_state": "text"}
PRODUCT_FIELDS: Mapping[str, Kind] = {
    **_TIMES,
    "title": "text",
    "product_type": "text",
    "vendor": "text",
    "status": "text",
    "tag": "list",
}
"""What the search syntax can ask of each kind."""


def _stamps(record: Customer | Order | Checkout | Product) -> dict[str, Any]:
    return {
        "id": record.number,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def customer_facts(customer: Customer) -> Facts:
    """What search knows of a customer."""
    first, last = (customer.first_name or "").lower(), (customer.last_name or "").lower()
    email, phone = customer.email or "", customer.phone or ""
    return {
        **_stamps(customer),
        "customer_date": customer.created_at,
        "name": f"{last} {first}",
        "first_name": first,
        "last_name": last,
        "email": email,
        "phone": phone,
        "state": customer.state.lower(),
        "tag": [tag.lower() for tag in customer.tags],
        "default": f"{first} {last} {email} {phone}",
    }


def order_facts(order: Order) -> Facts:
    """What search knows of an order."""
    email = (order.email or "").lower()
    return {
        **_stamps(order),
        "processed_at": order.processed_at,
        "customer_id": str(order.customer_number or ""),
        "name": order.name,
        "email": email,
        "financial_status": order.display_financial_status.lower(),
        "tag": [tag.lower() for tag in order.tags],
        "default": f"{order.name} {email}",
    }


def checkout_facts(checkout: Checkout) -> Facts:
    """What search knows of an abandoned checkout."""
    recovered = "recovered" if checkout.completed_at else "not_recovered"
    return {**_stamps(checkout), "recovery_state": recovered, "default": checkout.name}


def product_facts(product: Product) -> Facts:
    """What search knows of a product."""
    title = product.title.lower()
    return {
        **_stamps(product),
        "title": title,
        "product_type": product.product_type.lower(),
        "vendor": product.vendor.lower(),
        "status": product.status.lower(),
        "tag": [tag.lower() for tag in product.tags],
        "default": title,
    }
