"""The whole shop as JSON, and back: for looking at it, and for surviving a restart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from connectors.shopify.emulator.metafields import Definition, Metafield
from connectors.shopify.emulator.records import Customer
from connectors.shopify.emulator.sales_records import Checkout, Order, Product
from connectors.shopify.emulator.shop import Entity, Shop


class ShopState(BaseModel):
    """Everything that makes up a shop, but not its tokens and limits."""

    model_config = ConfigDict(frozen=True)

    opened_at: datetime
    last_number: int
    customers: list[Customer]
    orders: list[Order]
    checkouts: list[Checkout]
    products: list[Product]
    metafields: list[Metafield]
    definitions: list[Definition]
    merged: dict[int, int]


def dump(shop: Shop) -> Mapping[str, object]:
    """The shop as JSON."""
    state = ShopState(
        opened_at=shop.opened_at,
        last_number=shop.last_number,
        customers=list(shop.customers.in_order()),
        orders=list(shop.orders.in_order()),
        checkouts=list(shop.checkouts.in_order()),
        products=list(shop.products.in_order()),
        metafields=list(shop.metafields.by_number.values()),
        definitions=list(shop.metafields.definitions.values()),
        merged=shop.merged,
    )
    return state.model_dump(mode="json")


def restore(shop: Shop, dumped: str) -> None:
    """Bring an empty shop into the dumped state; restoring is no effect."""
    state = ShopState.model_validate_json(dumped)
    shop.opened_at, shop.last_number = state.opened_at, state.last_number
    shop.merged.update(state.merged)
    records: list[Entity] = [*state.customers, *state.orders, *state.checkouts, *state.products]
    for record in records:
        shop.keep(record, indexed_at_once=True)
    for customer in state.customers:
        for value, book in ((customer.email, shop.emails), (customer.phone, shop.phones)):
            if value:
                book[value] = customer.number
    for product in state.products:
        shop.variants.update({variant.number: variant for variant in product.variants})
    for order in state.orders:
        _link_refunds(shop, order)
    for metafield in state.metafields:
        shop.metafields.put(metafield)
    for definition in state.definitions:
        shop.metafields.define(definition)


def _link_refunds(shop: Shop, order: Order) -> None:
    """Let refunds speak of the order's own lines again, not of copies."""
    lines = {line.number: line for line in order.lines}
    for refund in order.refunds:
        shop.refunds[refund.number] = refund
        for back in refund.lines:
            back.line_item = lines[back.line_item.number]
