"""What a shop's users do with orders, refunds, checkouts and products; apps only read them here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from connectors.shopify.emulator import customers
from connectors.shopify.emulator.records import Customer, Money, split_gid
from connectors.shopify.emulator.sales_records import (
    Checkout,
    LineItem,
    Order,
    Product,
    Refund,
    RefundLine,
    Variant,
)
from connectors.shopify.emulator.shop import Entity, Shop

FIRST_VARIANT = 44_000_001
_EDITABLE: Mapping[str, tuple[str, ...]] = {
    "Order": ("note", "tags", "email", "phone", "cancelled_at"),
    "Refund": ("note",),
    "AbandonedCheckout": ("note", "completed_at"),
    "Product": ("title", "product_type", "vendor", "status", "tags"),
}


def create(shop: Shop, kind: str, values: Mapping[str, Any]) -> Entity:
    """The record that a user made.

    Raises:
        ValueError: If the values do not describe one.
    """
    record = _MAKE[kind](shop, values)
    shop.keep(record)
    shop.log("create", record, set(values), actor="user")
    return record


def update(shop: Shop, record: Entity, values: Mapping[str, Any]) -> set[str]:
    """Names of what really changed; values that the kind has no place for are left off."""
    kept = {name: values[name] for name in _EDITABLE[record.kind] if name in values}
    changed = {name for name, value in kept.items() if getattr(record, name) != value}
    for name in changed:
        setattr(record, name, kept[name])
    if changed:
        shop.touch(record)
        shop.log("update", record, changed, actor="user")
    return changed


def remove(shop: Shop, record: Entity) -> None:
    """Delete a record for good; of a customer, as Shopify demands, the orders first.

    Raises:
        ValueError: For a refund, which nobody can take back.
    """
    match record:
        case Customer():
            for order in shop.orders_of(record):
                remove(shop, order)
            customers.delete(shop, record, actor="user")
            return
        case Order():
            _remove_order(shop, record)
        case Checkout():
            shop.checkouts.remove(record.number)
        case Product():
            shop.products.remove(record.number)
        case Refund():
            raise ValueError(f"{record.id}: refunds cannot be deleted")
    shop.log("delete", record, actor="user")


def _remove_order(shop: Shop, order: Order) -> None:
    shop.orders.remove(order.number)
    for refund in order.refunds:
        del shop.refunds[refund.number]
    customer = shop.customer_of(order)
    if customer is not None:
        customer.order_numbers.remove(order.number)


# --- new records -----------------------------------------------------------------------------


def _order(shop: Shop, values: Mapping[str, Any]) -> Order:
    customer, at = _customer(shop, values), _time(shop, values, "created_at")
    order = Order(
        number=shop.orders.next_number(),
        created_at=at,
        updated_at=shop.now(),
        currency_code=values.get("currency", shop.currency),
        lines=_lines(shop, values, "LineItem"),
        customer_number=customer.number if customer else None,
        email=customer.email if customer else values.get("email"),
    )
    if customer is not None:
        customer.order_numbers.append(order.number)
    return order


def _checkout(shop: Shop, values: Mapping[str, Any]) -> Checkout:
    customer = _customer(shop, values)
    return Checkout(
        number=shop.checkouts.next_number(),
        created_at=_time(shop, values, "created_at"),
        updated_at=shop.now(),
        currency_code=values.get("currency", shop.currency),
        lines=_lines(shop, values, "AbandonedCheckoutLineItem"),
        customer_number=customer.number if customer else None,
        completed_at=_time(shop, values, "completed_at") if "completed_at" in values else None,
    )


def _refund(shop: Shop, values: Mapping[str, Any]) -> Refund:
    order = shop.find(str(values.get("order", "")))
    if not isinstance(order, Order):
        raise ValueError(f"no order {values.get('order')}")
    refund = refund_lines(shop, order, values["lines"], shop.now())
    if not refund.lines:
        raise ValueError(f"{order.id}: nothing of that was ordered")
    return refund


def refund_lines(shop: Shop, order: Order, pieces: Mapping[str, int], at: datetime) -> Refund:
    """The refund of so many pieces of those articles, as it now stands in the order."""
    lines = []
    for line in order.lines:
        if quantity := min(pieces.get(line.sku, 0), line.current_quantity):
            line.refunded += quantity
            lines.append(RefundLine(shop.next_number(), line, quantity))
    refund = Refund(shop.next_number(), order.number, at, at, lines)
    order.refunds.append(refund)
    order.updated_at = max(order.updated_at, at)
    shop.refunds[refund.number] = refund
    return refund


def _product(shop: Shop, values: Mapping[str, Any]) -> Product:
    number = shop.products.next_number()
    variant = Variant(
        number=max(shop.variants, default=FIRST_VARIANT) + 1,
        product_number=number,
        sku=str(values["sku"]),
        unit_price=Money(int(values["price"]), shop.currency),
    )
    shop.variants[variant.number] = variant
    now, kind = shop.now(), str(values.get("product_type", ""))
    return Product(number, now, now, str(values["title"]), kind, [variant])


_MAKE: Mapping[str, Callable[[Shop, Mapping[str, Any]], Entity]] = {
    "Order": _order,
    "Refund": _refund,
    "AbandonedCheckout": _checkout,
    "Product": _product,
}


def _customer(shop: Shop, values: Mapping[str, Any]) -> Customer | None:
    named = values.get("customer")
    if named is None:
        return None
    number = int(named) if str(named).isdecimal() else split_gid(str(named))[1]
    if number not in shop.customers.records:
        raise ValueError(f"no customer {named}")
    return shop.customers.records[number]


def _lines(shop: Shop, values: Mapping[str, Any], kind: str) -> list[LineItem]:
    by_sku = {variant.sku: variant for variant in shop.variants.values()}
    lines = []
    for sku, quantity in values["lines"].items():
        if sku not in by_sku:
            raise ValueError(f"no article {sku}")
        variant = by_sku[sku]
        title = shop.products.records[variant.product_number].title
        price, number = variant.unit_price, shop.next_number()
        lines.append(LineItem(number, title, sku, quantity, price, variant.number, kind=kind))
    return lines


def _time(shop: Shop, values: Mapping[str, Any], name: str) -> datetime:
    given = values.get(name)
    return datetime.fromisoformat(given) if isinstance(given, str) else given or shop.now()
