"""What a shop holds: customers with their marketing consent, orders, checkouts, products.

Attributes carry the GraphQL fields' names in Python's spelling; the schema reads them by that name.
Times are exact to the microsecond inside and shown to the second, as Shopify does.

Source: Shopify's changelog "Exclusive > timestamp filters exclude the full second" (2026-10-19).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from hub.core.money import exponent

GID = "gid://shopify/"


def gid(kind: str, number: int) -> str:
    """A global id.

    >>> gid("Customer", 7)
    'gid://shopify/Customer/7'
    """
    return f"{GID}{kind}/{number}"


def split_gid(record_id: str) -> tuple[str, int]:
    """Kind and number of a global id; an empty kind for what is none.

    >>> split_gid("gid://shopify/Customer/7"), split_gid("7")
    (('Customer', 7), ('', 0))
    """
    kind, _, number = record_id.removeprefix(GID).partition("/")
    if not record_id.startswith(GID) or not number.isdecimal():
        return "", 0
    return kind, int(number)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units; ``MoneyV2``, and ``MoneyBag`` of a shop with one currency."""

    minor: int
    currency_code: str

    @property
    def shop_money(self) -> Money:
        """In the shop's currency."""
        return self

    @property
    def presentment_money(self) -> Money:
        """In the currency that the customer saw."""
        return self

    @property
    def amount(self) -> str:
        """In major units, with at least one decimal place.

        >>> Money(4550, "AUD").amount, Money(4500, "AUD").amount, Money(7, "JPY").amount
        ('45.5', '45.0', '7.0')
        """
        exact = Decimal(self.minor).scaleb(-exponent(self.currency_code))
        whole, _, decimals = f"{exact:f}".partition(".")
        return f"{whole}.{decimals.rstrip('0') or '0'}"

    def times(self, quantity: int) -> Money:
        """That amount ``quantity`` times."""
        return Money(self.minor * quantity, self.currency_code)


def total(amounts: Sequence[Money], currency: str) -> Money:
    """The sum of amounts of one currency."""
    return Money(sum(amount.minor for amount in amounts), currency)


class Numbered:
    """A record with a global id made of its kind and its number."""

    kind: str
    number: int

    @property
    def id(self) -> str:
        """Global id."""
        return gid(self.kind, self.number)

    @property
    def legacy_resource_id(self) -> str:
        """The number as text."""
        return str(self.number)


# --- customers -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Consent:
    """A customer's marketing state on one channel."""

    state: str = "NOT_SUBSCRIBED"
    opt_in_level: str | None = None
    updated_at: datetime | None = None
    collected_from: str | None = None


@dataclass
class Address(Numbered):
    """Where a customer lives or an order goes."""

    kind = "MailingAddress"
    number: int
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    company: str | None = None
    country_code: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    province_code: str | None = None
    zip: str | None = None

    @property
    def country_code_v2(self) -> str | None:
        """Two letters, as an enum value."""
        return self.country_code

    @property
    def country(self) -> str | None:
        """The emulator knows countries by their code alone."""
        return self.country_code

    @property
    def province(self) -> str | None:
        """The emulator knows provinces by their code alone."""
        return self.province_code


@dataclass
class Customer(Numbered):
    """One customer account.

    Attributes:
        order_numbers: Orders placed, oldest first.
    """

    kind = "Customer"
    number: int
    created_at: datetime
    updated_at: datetime
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    note: str | None = None
    locale: str = "en"
    state: str = "DISABLED"
    tags: tuple[str, ...] = ()
    tax_exempt: bool = False
    addresses: list[Address] = field(default_factory=list)
    email_consent: Consent = Consent()
    sms_consent: Consent = Consent()
    order_numbers: list[int] = field(default_factory=list)

    @property
    def display_name(self) -> str:
        """Name, or else address, or else telephone."""
        name = " ".join(part for part in (self.first_name, self.last_name) if part)
        return name or self.email or self.phone or ""

    @property
    def default_address(self) -> Address | None:
        """The first address."""
        return self.addresses[0] if self.addresses else None

    @property
    def can_delete(self) -> bool:
        """Whether nothing was ever ordered."""
        return not self.order_numbers


# --- orders ----------------------------------------------------------------------------------


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


# --- products --------------------------------------------------------------------------------


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


# --- metafields ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Metafield(Numbered):
    """One value that an app or a merchant attached to a record."""

    kind = "Metafield"
    number: int
    owner_id: str
    namespace: str
    key: str
    type: str
    value: str
    created_at: datetime
    updated_at: datetime

    @cached_property
    def compare_digest(self) -> str:
        """Changes whenever the value does; what Shopify digests is not published."""
        return hashlib.sha256(f"{self.type}\n{self.value}".encode()).hexdigest()

    @property
    def json_value(self) -> object:
        """The value as JSON: text stays text, everything else is parsed."""
        if self.type in TEXT_TYPES:
            return self.value
        return json.loads(self.value)

    @property
    def size_in_bytes(self) -> int:
        """Length of the value."""
        return len(self.value.encode())


TEXT_TYPES = frozenset(
    {
        "single_line_text_field",
        "multi_line_text_field",
        "id",
        "date",
        "date_time",
        "url",
        "color",
    }
)
"""Metafield types whose value is plain text."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A metafield that the shop knows by name and type.

    Attributes:
        unique: No two owners may hold the same value.
        validations: Name and value of each further rule.
    """

    number: int
    owner_type: str
    namespace: str
    key: str
    name: str
    type: str
    description: str | None = None
    admin_access: str = "PUBLIC_READ_WRITE"
    storefront_access: str = "NONE"
    unique: bool = False
    pinned_position: int | None = None
    validations: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """Global id."""
        return gid("MetafieldDefinition", self.number)
