"""Acme's rows as canonical records. Pure: the same row gives the same record."""

from hub.core.maps import maps_to, numbers, ref
from hub.core.records import Order, Person

person = maps_to(
    Person,
    given_name="first_name",
    family_name="last_name",
    emails=["email"],
    phones=["phone"],
    identifiers=numbers(loyalty="loyalty_no"),
    created_at="created_at",
    updated_at="updated_at",
)
"""A customer."""

order = maps_to(
    Order,
    order_ref="id",
    at="placed_at",
    currency="currency",
    total_minor="total",
    party=ref("customer_id"),
)
"""An order, with the customer it names; Acme's amounts are minor units."""
