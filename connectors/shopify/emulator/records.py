"""What every record of a shop has: a global id, times, money; and customers with their consent.

Attributes carry the GraphQL fields' names in Python's spelling; the schema reads them by that name.
Times are exact to the microsecond inside and shown to the second, as Shopify does.

Source: Shopify's changelog "Exclusive > timestamp filters exclude the full second" (2026-10-19).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

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
