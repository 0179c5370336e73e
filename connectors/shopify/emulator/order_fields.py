"""The fields of orders, refunds, checkouts and products that are more than an attribute."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.shopify.emulator.connections import cursor_of
from connectors.shopify.emulator.queries import Count
from connectors.shopify.emulator.records import Customer, Money
from connectors.shopify.emulator.request import (
    Info,
    Resolver,
    always,
    pages_of,
    reading,
    shop_of,
)
from connectors.shopify.emulator.sales_records import (
    Checkout,
    LineItem,
    Order,
    Product,
    Refund,
    Variant,
)


def _customer(record: Order | Checkout, info: Info) -> Customer | None:
    return shop_of(info).customer_of(record)


def _nothing(record: Order | Checkout, _info: Info) -> Money:
    """This shop has no taxes, discounts or shipping."""
    return Money(0, record.currency_code)


def _refunds(order: Order, _info: Info, first: int | None = None) -> list[Refund]:
    return order.refunds[:first]


def _return_status(order: Order, _info: Info) -> str:
    return "RETURNED" if order.refunds else "NO_RETURN"


def _order(refund: Refund, info: Info) -> Order:
    return shop_of(info).orders.records[refund.order_number]


def _nothing_off(line: LineItem, _info: Info) -> Money:
    return Money(0, line.unit_price.currency_code)


def _variant(line: LineItem, info: Info) -> Variant | None:
    return None if line.variant_number is None else shop_of(info).variants.get(line.variant_number)


def _product(line: LineItem, info: Info) -> Product | None:
    variant = _variant(line, info)
    return shop_of(info).products.records.get(variant.product_number) if variant else None


def _product_of(variant: Variant, info: Info) -> Product:
    return shop_of(info).products.records[variant.product_number]


def _display_name(variant: Variant, info: Info) -> str:
    return f"{_product_of(variant, info).title} - {variant.title}"


def _prices(product: Product, _info: Info) -> Mapping[str, Money]:
    prices = sorted((v.unit_price for v in product.variants), key=lambda price: price.minor)
    return {"minVariantPrice": prices[0], "maxVariantPrice": prices[-1]}


def _checkout_url(checkout: Checkout, info: Info) -> str:
    return f"https://{shop_of(info).domain}/checkouts/{checkout.number}/recover"


def _pieces(checkout: Checkout, _info: Info) -> int:
    return sum(line.quantity for line in checkout.lines)


def _cursor(record: Checkout | Product, _info: Info) -> str:
    return cursor_of(record.number)


_MONEY_OF_A_LINE: Mapping[str, Resolver] = {
    "LineItem.discountedTotalSet": reading("total"),
    "LineItem.discountedUnitPriceSet": reading("unit_price"),
    "LineItem.originalTotal": reading("total.amount"),
    "LineItem.originalTotalSet": reading("total"),
    "LineItem.originalUnitPriceSet": reading("unit_price"),
    "LineItem.totalDiscountSet": _nothing_off,
    "AbandonedCheckoutLineItem.discountedTotalPriceSet": reading("total"),
    "AbandonedCheckoutLineItem.discountedUnitPriceSet": reading("unit_price"),
    "AbandonedCheckoutLineItem.originalTotalPriceSet": reading("total"),
    "AbandonedCheckoutLineItem.originalUnitPriceSet": reading("unit_price"),
    "RefundLineItem.subtotal": reading("subtotal_set.amount"),
    "RefundLineItem.totalTaxSet": lambda line, info: _nothing_off(line.line_item, info),
}

FIELDS: Mapping[str, Resolver] = {
    **_MONEY_OF_A_LINE,
    "AbandonedCheckout.abandonedCheckoutUrl": _checkout_url,
    "AbandonedCheckout.billingAddress": always(None),
    "AbandonedCheckout.customer": _customer,
    "AbandonedCheckout.defaultCursor": _cursor,
    "AbandonedCheckout.discountCodes": always(()),
    "AbandonedCheckout.lineItems": pages_of("lines"),
    "AbandonedCheckout.lineItemsQuantity": _pieces,
    "AbandonedCheckout.shippingAddress": always(None),
    "AbandonedCheckout.subtotalPriceSet": reading("total_price_set"),
    "AbandonedCheckout.taxesIncluded": always(True),
    "AbandonedCheckout.totalDiscountSet": _nothing,
    "AbandonedCheckout.totalLineItemsPriceSet": reading("total_price_set"),
    "AbandonedCheckout.totalTaxSet": _nothing,
    "AbandonedCheckoutLineItem.product": _product,
    "AbandonedCheckoutLineItem.variant": _variant,
    "AbandonedCheckoutLineItem.variantTitle": always(None),
    "LineItem.isGiftCard": always(False),
    "LineItem.name": reading("title"),
    "LineItem.product": _product,
    "LineItem.refundableQuantity": reading("current_quantity"),
    "LineItem.requiresShipping": always(True),
    "LineItem.taxable": always(True),
    "LineItem.variant": _variant,
    "LineItem.variantTitle": always(None),
    "LineItem.vendor": always(None),
    "Order.billingAddress": reading("shipping_address"),
    "Order.cancelReason": lambda order, _info: "CUSTOMER" if order.cancelled_at else None,
    "Order.closed": always(False),
    "Order.closedAt": always(None),
    "Order.confirmed": always(True),
    "Order.currentSubtotalPriceSet": reading("current_total_price_set"),
    "Order.customer": _customer,
    "Order.displayFulfillmentStatus": always("FULFILLED"),
    "Order.lineItems": pages_of("lines"),
    "Order.presentmentCurrencyCode": reading("currency_code"),
    "Order.refunds": _refunds,
    "Order.returnStatus": _return_status,
    "Order.sourceName": always("web"),
    "Order.subtotalPrice": reading("total_price_set.amount"),
    "Order.subtotalPriceSet": reading("total_price_set"),
    "Order.taxesIncluded": always(True),
    "Order.test": always(False),
    "Order.totalDiscountsSet": _nothing,
    "Order.totalPrice": reading("total_price_set.amount"),
    "Order.totalRefunded": reading("total_refunded_set.amount"),
    "Order.totalShippingPriceSet": _nothing,
    "Order.totalTaxSet": _nothing,
    "Product.defaultCursor": _cursor,
    "Product.description": reading("title"),
    "Product.isGiftCard": always(False),
    "Product.priceRangeV2": _prices,
    "Product.publishedAt": reading("created_at"),
    "Product.totalInventory": always(100),
    "Product.totalVariants": lambda product, _info: len(product.variants),
    "Product.variants": pages_of("variants"),
    "Product.variantsCount": lambda product, _info: Count(len(product.variants)),
    "ProductVariant.barcode": always(None),
    "ProductVariant.displayName": _display_name,
    "ProductVariant.product": _product_of,
    "Refund.order": _order,
    "Refund.refundLineItems": pages_of("lines"),
    "Refund.totalRefunded": reading("total_refunded_set"),
    "RefundLineItem.restocked": always(True),
    "RefundLineItem.restockType": always("RETURN"),
}
"""Resolvers of orders, their lines and refunds, of checkouts and of products."""
