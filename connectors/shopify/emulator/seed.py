"""Fills a shop with what the simulated world's Shopify holds; plays the world's later edits.

The world is vendor-neutral; this module says how Shopify would hold it. What Shopify would never
have accepted (a telephone that is none, a second customer with the same one) is left off. Returns
become refunds of their order. The world knows no carts: for some orders a checkout was left behind
first and came to the order in the end, and some customers left one for good.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.shopify.emulator import customers, sales
from connectors.shopify.emulator.metafields import Definition, Metafield
from connectors.shopify.emulator.records import Address, Consent, Customer, Money
from connectors.shopify.emulator.refusals import InputRefused
from connectors.shopify.emulator.sales_records import Checkout, LineItem, Order, Product, Variant
from connectors.shopify.emulator.shop import Shop
from hub.core.normalise import phone as e164
from hub.emulation.world.dice import chance, dice

if TYPE_CHECKING:
    from hub.emulation.world import World
    from hub.emulation.world.model import Change, ConsentEvent, OrderLine, Presence
    from hub.emulation.world.model import Order as WorldOrder

SYSTEM = "shopify"
FIRST_PRODUCT, FIRST_CHECKOUT = 8_000_001, 30_000_001
LEFT_FIRST, LEFT_FOR_GOOD = 0.05, 0.05
"""Shares of orders with a checkout that was left before it was paid, and one that never was."""

CUSTOM = (
    Definition(1, "CUSTOMER", "loyalty", "card_number", "Loyalty card", "single_line_text_field"),
    Definition(2, "CUSTOMER", "facts", "birth_date", "Birth date", "date"),
)
"""Metafields that this business added to its customers."""

_OPT_IN = {"double-opt-in": "CONFIRMED_OPT_IN", "form": "SINGLE_OPT_IN"}


def seed_from(world: World, shop: Shop) -> None:
    """Fill the shop; records keep the world's numbers and times, and nothing is an effect."""
    for definition in CUSTOM:
        shop.metafields.define(definition)
    variants = _stock(world, shop)
    for presence in world.presences(SYSTEM):
        _add_customer(shop, presence)
    for event in world.of(SYSTEM, world.consents):
        _record_consent(shop, event)
    for order in world.of(SYSTEM, world.orders):
        if not order.return_of:
            add_order(shop, order, variants)
    for order in world.of(SYSTEM, world.orders):
        if order.return_of:
            _add_refund(shop, order)
    _leave_checkouts(world, shop)


def apply_changes(changes: Iterable[Change], shop: Shop) -> None:
    """Play later edits of the shop's own users, each an effect of a user at the shop's time."""
    for change in changes:
        if change.system == SYSTEM:
            _apply(change, shop)


def _apply(change: Change, shop: Shop) -> None:
    if change.order is not None:
        variants = {variant.sku: variant for variant in shop.variants.values()}
        order = add_order(shop, change.order, variants)
        shop.touch(order)  # whenever it was placed, it is new now
        shop.log("create", order, actor="user")
        return
    customer = shop.customers.records[int(change.local_id)]
    if change.kind == "deleted_contact":
        customers.delete(shop, customer, actor="user")
    elif change.kind == "merged_contact":
        lost = shop.customers.records[int(change.merged_id)]
        customers.merge(shop, customer, lost, actor="user")
    elif change.presence is not None:
        values = _fitting(shop, change.presence, customer)
        customers.update(shop, customer, values, actor="user")
    elif change.consent is not None:
        channel, consent = change.consent.channel, _consent(change.consent)
        customers.set_consent(shop, customer, channel, consent, actor="user")


# --- customers -------------------------------------------------------------------------------


def _add_customer(shop: Shop, presence: Presence) -> None:
    number = int(presence.local_id)
    customer = Customer(number, presence.created_at, presence.updated_at)
    values = _fitting(shop, presence, None)
    for name, value in values.items():
        setattr(customer, name, value)
    customer.addresses = _addresses(shop, presence)
    for name, book in (("email", shop.emails), ("phone", shop.phones)):
        if value := values.get(name):
            book[value] = number
    shop.keep(customer, indexed_at_once=True)
    for definition, value in zip(CUSTOM, (presence.loyalty_no, presence.born), strict=True):
        if value:
            _attach(shop, customer, definition, value)


def _attach(shop: Shop, customer: Customer, definition: Definition, value: str) -> None:
    number, at = shop.next_number(), customer.created_at
    place = (definition.namespace, definition.key, definition.type)
    shop.metafields.put(Metafield(number, customer.id, *place, value, at, at))


def _fitting(shop: Shop, presence: Presence, customer: Customer | None) -> dict[str, Any]:
    """The values that Shopify accepts, as it keeps them."""
    offered = {
        "first_name": presence.given_name,
        "last_name": presence.family_name,
        "email": presence.email,
        "phone": presence.phone,
        "locale": presence.language or "en",
    }
    kept: dict[str, Any] = {}
    for name, value in offered.items():
        try:
            kept |= customers.accepted(shop, {name: value}, customer)
        except InputRefused:
            continue
    return kept


def _addresses(shop: Shop, presence: Presence) -> list[Address]:
    if not presence.street:
        return []
    return [
        Address(
            number=shop.next_number(),
            address1=presence.street,
            city=presence.city or None,
            province_code=presence.state or None,
            zip=presence.postcode or None,
            country_code=presence.country or None,
            first_name=presence.given_name or None,
            last_name=presence.family_name or None,
            phone=e164(presence.phone) or None,
        )
    ]


def _record_consent(shop: Shop, event: ConsentEvent) -> None:
    customer = shop.customers.records[int(event.local_id)]
    setattr(customer, f"{event.channel}_consent", _consent(event))
    if event.decided_at is not None and event.decided_at > customer.updated_at:
        customer.updated_at = event.decided_at
        shop.keep(customer, indexed_at_once=True)


def _consent(event: ConsentEvent) -> Consent:
    if event.decision != "grant":
        return Consent("UNSUBSCRIBED", None, event.decided_at, "SHOPIFY")
    level = _OPT_IN.get(event.evidence, "UNKNOWN")
    return Consent("SUBSCRIBED", level, event.decided_at, "SHOPIFY")


# --- what is sold ----------------------------------------------------------------------------


def _stock(world: World, shop: Shop) -> dict[str, Variant]:
    """Every article as a product with one variant, by its sku."""
    opened = datetime.combine(world.start, datetime.min.time(), world.end.tzinfo)
    shop.opened_at = opened
    for place, article in enumerate(world.products):
        number, price = sales.FIRST_VARIANT + place, Money(article.price, shop.currency)
        variant = Variant(number, FIRST_PRODUCT + place, article.sku, price)
        shop.variants[variant.number] = variant
        product = Product(
            variant.product_number,
            opened,
            opened,
            title=article.title,
            product_type=article.category,
            variants=[variant],
        )
        shop.keep(product, indexed_at_once=True)
    return {variant.sku: variant for variant in shop.variants.values()}


def add_order(shop: Shop, order: WorldOrder, variants: dict[str, Variant]) -> Order:
    """The order as the shop keeps it."""
    customer = shop.customers.records.get(int(order.local_id or 0))
    made = Order(
        number=int(order.order_id),
        created_at=order.placed_at,
        updated_at=order.placed_at,
        currency_code=order.currency,
        lines=_lines(shop, order.lines, order.currency, variants, "LineItem"),
        customer_number=customer.number if customer else None,
        email=customer.email if customer else None,
        phone=customer.phone if customer else None,
        shipping_address=customer.default_address if customer else None,
    )
    if customer is not None:
        customer.order_numbers.append(made.number)
    shop.keep(made, indexed_at_once=True)
    return made


def _lines(
    shop: Shop,
    lines: Iterable[OrderLine],
    currency: str,
    variants: dict[str, Variant],
    kind: str,
) -> list[LineItem]:
    return [
        LineItem(
            number=shop.next_number(),
            title=line.title,
            sku=line.sku,
            quantity=line.quantity,
            unit_price=Money(line.unit_price, currency),
            variant_number=variants[line.sku].number,
            kind=kind,
        )
        for line in lines
    ]


def _add_refund(shop: Shop, back: WorldOrder) -> None:
    order = shop.orders.records[int(back.return_of)]
    sales.refund_lines(
        shop, order, {line.sku: -line.quantity for line in back.lines}, back.placed_at
    )
    shop.keep(order, indexed_at_once=True)


def _leave_checkouts(world: World, shop: Shop) -> None:
    rng, number = dice(world.seed, "checkouts"), FIRST_CHECKOUT
    for order in shop.orders.in_order():
        left_first, left_for_good = chance(rng, LEFT_FIRST), chance(rng, LEFT_FOR_GOOD)
        for happened, completed in ((left_first, True), (left_for_good, False)):
            ago = timedelta(minutes=rng.randrange(60, 60 * 24 * 3))
            if happened and order.customer_number is not None:
                shop.keep(
                    _checkout(shop, number, order, order.created_at - ago, completed),
                    indexed_at_once=True,
                )
                number += 1


def _checkout(shop: Shop, number: int, order: Order, at: datetime, completed: bool) -> Checkout:
    done = order.created_at if completed else None
    lines = [
        LineItem(
            shop.next_number(),
            line.title,
            line.sku,
            line.quantity,
            line.unit_price,
            line.variant_number,
            kind="AbandonedCheckoutLineItem",
        )
        for line in order.lines
    ]
    return Checkout(
        number=number,
        created_at=at,
        updated_at=done or at,
        currency_code=order.currency_code,
        lines=lines,
        customer_number=order.customer_number,
        completed_at=done,
    )
