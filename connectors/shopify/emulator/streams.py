"""The shop's records by the streams of the connector that reads them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from connectors.shopify.emulator.records import gid
from connectors.shopify.emulator.sales_records import Refund
from connectors.shopify.emulator.shop import Entity, Shop

KINDS: Mapping[str, str] = {
    "customers": "Customer",
    "customer_consents": "Customer",
    "orders": "Order",
    "refunds": "Refund",
    "abandoned_checkouts": "AbandonedCheckout",
    "products": "Product",
}
"""Kind of record that a stream of the connector reads."""
Stream = Literal[
    "customers", "customer_consents", "orders", "refunds", "abandoned_checkouts", "products"
]


def record_of(shop: Shop, stream: str, record_id: str) -> Entity:
    """The record of a stream, by global id or bare number.

    Raises:
        ValueError: If there is none.
    """
    known = gid(KINDS[stream], int(record_id)) if record_id.isdecimal() else record_id
    record: Entity | None = shop.find(known)
    if record is None or record.kind != KINDS[stream]:
        raise ValueError(f"{stream}: no record {record_id}")
    return record


def records_of(shop: Shop, stream: str) -> list[Entity]:
    """The live records that a stream reads, by ascending number."""
    held: Mapping[str, Mapping[int, Entity]] = {
        "Customer": shop.customers.records,
        "Order": shop.orders.records,
        "Refund": shop.refunds,
        "AbandonedCheckout": shop.checkouts.records,
        "Product": shop.products.records,
    }
    if stream not in KINDS:
        raise ValueError(f"no stream {stream}; there are: {', '.join(KINDS)}")
    found = held[KINDS[stream]]
    return [found[number] for number in sorted(found)]


def stamp(shop: Shop, record: Entity, at: datetime) -> None:
    """Let a record, and the order of a refund, have changed at another time."""
    record.updated_at = at
    if isinstance(record, Refund):
        shop.orders.records[record.order_number].updated_at = at
    shop.keep(record)
