"""What a shop sells: orders with lines and refunds, abandoned checkouts, products."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from connectors.shopify.emulator.records import Address, Money, Numbered, total


@dataclass
class LineItem(Numbered):
    """One article of an order or a checkout."""

    number: int
    title: str
    sku: str
    quantity: int
    unit_price: Money
    variant_number: int | None = None
    refunded: int = 0
    kind: str = "LineItem"

    @property
    def total(self) -> Money:
        """Price of all pieces."""
        return self.unit_price.times(self.quantity)

    @property
    def current_quantity(self) -> int:
        """Pieces that were not given back."""
        return self.quantity - self.refunded


@dataclass
class RefundLine(Numbered):
    """What was given back of one line."""

    kind = "RefundLineItem"
    number: int
    line_item: LineItem
    quantity: int

    @property
    def price_set(self) -> Money:
        """Price of one piece."""
        return self.line_item.unit_price

    @property
    def subtotal_set(self) -> Money:
        """What was paid back for it."""
        return self.line_item.unit_price.times(self.quantity)


@dataclass
class Refund(Numbered):
    """Money given back for goods of one order."""

    kind = "Refund"
    number: int
    order_number: int
    created_at: datetime
    updated_at: datetime
    lines: list[RefundLine]
    note: str | None = None

    @property
    def processed_at(self) -> datetime:
        """When the money went back."""
        return self.created_at

    @property
    def total_refunded_set(self) -> Money:
        """What was paid back."""
        amounts = [line.subtotal_set for line in self.lines]
        return total(amounts, amounts[0].currency_code)


@dataclass
class Order(Numbered):
    """One order of the web shop, in one currency and without taxes and discounts."""

    kind = "Order"
    number: int
    created_at: datetime
    updated_at: datetime
    currency_code: str
    lines: list[LineItem]
    customer_number: int | None = None
    email: str | None = None
    phone: str | None = None
    shipping_address: Address | None = None
    refunds: list[Refund] = field(default_factory=list)
    note: str | None = None
    tags: tuple[str, ...] = ()
    cancelled_at: datetime | None = None

    @property
    def name(self) -> str:
        """As the customer reads it."""
        return f"#{self.number}"

    @property
    def processed_at(self) -> datetime:
        """When it was placed."""
        return self.created_at

    @cached_property
    def total_price_set(self) -> Money:
        """What was to be paid; lines never change afterwards."""
        return total([line.total for line in self.lines], self.currency_code)

    @property
    def total_refunded_set(self) -> Money:
        """What was paid back so far."""
        return total([refund.total_refunded_set for refund in self.refunds], self.currency_code)

    @property
    def current_total_price_set(self) -> Money:
        """What remains after returns."""
        left = self.total_price_set.minor - self.total_refunded_set.minor
        return Money(left, self.currency_code)

    @property
    def display_financial_status(self) -> str:
        """Paid, or how much of it was paid back."""
        if not self.refunds:
            return "PAID"
        return "PARTIALLY_REFUNDED" if self.current_total_price_set.minor else "REFUNDED"


@dataclass
class Checkout(Numbered):
    """A cart with an address that was not paid for; ``completed_at`` if it was later."""

    kind = "AbandonedCheckout"
    number: int
    created_at: datetime
    updated_at: datetime
    currency_code: str
    lines: list[LineItem]
    customer_number: int | None = None
    completed_at: datetime | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """As the merchant reads it."""
        return f"#{self.number}"

    @cached_property
    def total_price_set(self) -> Money:
        """What would have been paid."""
        return total([line.total for line in self.lines], self.currency_code)


@dataclass
class Variant(Numbered):
    """One form in which a product is sold."""

    kind = "ProductVariant"
    number: int
    product_number: int
    sku: str
    unit_price: Money
    title: str = "Default Title"

    @property
    def price(self) -> str:
        """In major units."""
        return self.unit_price.amount


@dataclass
class Product(Numbered):
    """One article of the catalogue."""

    kind = "Product"
    number: int
    created_at: datetime
    updated_at: datetime
    title: str
    product_type: str
    variants: list[Variant]
    vendor: str = "Harbour Goods"
    status: str = "ACTIVE"
    tags: tuple[str, ...] = ()

    @property
    def handle(self) -> str:
        """The title as a path segment."""
        words = "".join(c if c.isalnum() else " " for c in self.title.lower()).split()
        return "-".join(words)
