"""One shop: everything it holds and everything about it that an answer depends on.

Each change of state is written to the effect log, by the program (``api``) or the person (``user``)
who caused it. Writing what is already there changes nothing and is no effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from connectors.shopify.emulator.access import Access
from connectors.shopify.emulator.facts import (
    checkout_facts,
    customer_facts,
    order_facts,
    product_facts,
)
from connectors.shopify.emulator.metafields import Metafields
from connectors.shopify.emulator.records import Customer, gid, split_gid
from connectors.shopify.emulator.sales_records import Checkout, Order, Product, Refund, Variant
from connectors.shopify.emulator.tables import Table
from hub.core.clock import Clock
from hub.emulation.effects import Actor, EffectLog
from hub.emulation.quotas import PointBucket

Visibility = Literal["full", "null", "denied"]
"""Protected customer data: shown, null without a word, or null with an error per field."""

Entity: TypeAlias = Customer | Order | Checkout | Product | Refund
"""A record that users create and change."""


@dataclass
class Shop:
    """The shop's state.

    Attributes:
        bucket: Points of the app that is connected.
        lag: Seconds until search shows a change.
        loose_bounds: ``>`` and ``<`` in searches let the bound itself through.
        depth: How many nodes of a connection can be paged through.
        protected: What the app sees of protected customer data.
        deliveries: Webhook deliveries so far.
    """

    clock: Clock
    effects: EffectLog
    access: Access
    bucket: PointBucket
    domain: str = "harbour-goods.myshopify.com"
    name: str = "Harbour Goods"
    currency: str = "AUD"
    plan: str = "Basic"
    lag: float = 0.0
    loose_bounds: bool = False
    depth: int = 25_000
    protected: Visibility = "full"
    metafields: Metafields = field(default_factory=Metafields)
    variants: dict[int, Variant] = field(default_factory=dict)
    refunds: dict[int, Refund] = field(default_factory=dict)
    emails: dict[str, int] = field(default_factory=dict)
    phones: dict[str, int] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)
    opened_at: datetime = field(init=False)
    last_number: int = 70_000_000
    deliveries: int = 0
    _answers: int = 0

    def __post_init__(self) -> None:
        self.opened_at = self.clock.now()
        at = {"ID": "id", "CREATED_AT": "created_at", "UPDATED_AT": "updated_at"}
        self.customers = Table(customer_facts, {**at, "NAME": "name"}, self.lag)
        order_keys = {**at, "ORDER_NUMBER": "id", "PROCESSED_AT": "processed_at"}
        self.orders = Table(order_facts, order_keys, self.lag)
        checkout_keys = {"ID": "id", "CREATED_AT": "created_at"}
        self.checkouts = Table(checkout_facts, checkout_keys, self.lag)
        self.products = Table(product_facts, {**at, "TITLE": "title"}, self.lag)
        self._held: Mapping[str, Mapping[int, Any]] = {
            "Customer": self.customers.records,
            "Order": self.orders.records,
            "AbandonedCheckout": self.checkouts.records,
            "Product": self.products.records,
            "ProductVariant": self.variants,
            "Refund": self.refunds,
            "Metafield": self.metafields.by_number,
            "MetafieldDefinition": self.metafields.definitions_by_number,
            "Shop": {1: self},
        }

    def now(self) -> datetime:
        """The shop's time."""
        return self.clock.now()

    def request_id(self) -> str:
        """A new id for one answer, the same in every run."""
        self._answers += 1
        return f"{self._answers:08d}-emulated"

    def next_number(self) -> int:
        """A number for what is part of another record, such as a line of an order."""
        self.last_number += 1
        return self.last_number

    # --- looking up --------------------------------------------------------------------------

    def find(self, record_id: str) -> Any:
        """The record of a global id, or None; the id of a merged customer leads nowhere."""
        kind, number = split_gid(record_id)
        return self._held.get(kind, {}).get(number)

    @property
    def id(self) -> str:
        """The shop's own global id."""
        return gid("Shop", 1)

    def customer_by(self, field: str, value: str) -> Customer | None:
        """Who has that ``email`` or ``phone``; both are unique."""
        book = self.emails if field == "email" else self.phones
        number = book.get(value.strip().lower())
        return None if number is None else self.customers.records[number]

    def orders_of(self, customer: Customer) -> list[Order]:
        """The customer's orders, oldest first."""
        return [self.orders.records[number] for number in customer.order_numbers]

    def customer_of(self, record: Order | Checkout) -> Customer | None:
        """Whose order or checkout it is, as far as anybody knows."""
        number = record.customer_number
        return None if number is None else self.customers.records.get(number)

    # --- changing ----------------------------------------------------------------------------

    def keep(self, record: Entity, *, indexed_at_once: bool = False) -> None:
        """Put a new or changed record into its table, and let search notice."""
        now = None if indexed_at_once else self.now()
        match record:
            case Customer():
                self.customers.put(record, now)
            case Order():
                self.orders.put(record, now)
            case Checkout():
                self.checkouts.put(record, now)
            case Product():
                self.products.put(record, now)
            case Refund():
                self.orders.put(self.orders.records[record.order_number], now)

    def touch(self, record: Entity) -> None:
        """Stamp a record as changed now; a refund stamps its order too."""
        record.updated_at = self.now()
        if isinstance(record, Refund):
            self.orders.records[record.order_number].updated_at = record.updated_at
        self.keep(record)

    def log(self, method: str, record: Entity, fields: Iterable[str] = (), *, actor: Actor) -> None:
        """Write one effect."""
        self.effects.append(method, STREAMS[record.kind], record.id, fields, actor=actor)


STREAMS: Mapping[str, str] = {
    "Customer": "customers",
    "Order": "orders",
    "Refund": "refunds",
    "AbandonedCheckout": "abandoned_checkouts",
    "Product": "products",
}
"""Stream of the connector that reads a kind."""
