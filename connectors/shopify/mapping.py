"""Shopify's records as the hub's: one function per stream. Pure: the same row, the same record."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Literal

from connectors.shopify.config import ShopifySettings
from connectors.shopify.rows import KEY, ORDER, VALUES, inside, metafields, money, objects
from hub.core.connector import Row
from hub.core.errors import SkipRecord
from hub.core.records import (
    Address,
    Cart,
    ConsentClaim,
    ConsentSignal,
    Interaction,
    Order,
    OrderItem,
    PartyRef,
    Person,
    Product,
    Refund,
)
from hub.core.values import Object, birth_date, identifiers, known, lower, present, text

_VERSION = 1  # raise it when a map below changes

_PROTECTED = ("firstName", "lastName", "defaultEmailAddress", "defaultPhoneNumber")


def version(settings: ShopifySettings) -> int:
    """A number that changes when the same row would become another record."""
    meaning = settings.model_dump_json(
        include={"purpose", "birth_date", "identifiers", "attributes"}
    )
    return _VERSION << 32 | zlib.crc32(meaning.encode())


# --- records ---------------------------------------------------------------------------------


def person(row: Row, settings: ShopifySettings) -> Person:
    """The person behind a customer.

    Raises:
        SkipRecord: If nothing of the person is visible. Shopify keeps no customer without a name,
            an e-mail or a phone, so the app may not see them; what is known of them stays.
    """
    if not (_addresses(row) or any(row.get(name) for name in _PROTECTED)):
        raise SkipRecord(_NOT_VISIBLE, reason="not-visible", where=str(row.get(KEY, "?")))
    held = metafields(row)
    return Person(
        given_name=text(row, "firstName"),
        family_name=text(row, "lastName"),
        birth_date=birth_date(held, settings.birth_date or ""),
        language=text(row, "locale"),
        emails=present(text(inside(row, "defaultEmailAddress"), "emailAddress")),
        phones=present(text(inside(row, "defaultPhoneNumber"), "phoneNumber")),
        addresses=_addresses(row),
        identifiers=identifiers(settings.identifiers, held.get),
        created_at=VALUES.instant(row, "createdAt"),
        updated_at=VALUES.instant(row, "updatedAt"),
        attributes=known(
            _kept(row, "customers", settings), account=lower(row, "state"), tags=_tags(row)
        ),
    )


def order(row: Row, settings: ShopifySettings) -> Order:
    """The order, its lines and its refunds, in the shop's currency.

    A test order counts as a cancelled one: nobody bought anything.
    """
    total = money(row, "totalPriceSet.shopMoney")
    if total is None:
        raise VALUES.refused(row, "totalPriceSet", "no-amount", "an amount in a currency")
    cancelled = VALUES.instant(row, "cancelledAt") is not None or row.get("test") is True
    ordered = VALUES.instant(row, "processedAt") or VALUES.required_instant(row, "createdAt")
    return Order(
        order_ref=str(row[KEY]),
        at=ordered,
        currency=total[1],
        total_minor=total[0],
        party=_customer(row),
        channel=lower(row, "sourceName"),
        cancelled=cancelled,
        items=[_item(line, "name", "discountedTotalSet") for line in objects(row, "lineItems")],
        refunds=[_refund(refund) for refund in objects(row, "refunds")],
        attributes=known(
            _kept(row, "orders", settings),
            number=text(row, "name"),
            financial_status=lower(row, "displayFinancialStatus"),
        ),
    )


def refund(row: Row, _settings: ShopifySettings) -> Interaction:
    """The refund as an event in the customer's history; its money is counted in the order."""
    given = money(row, "totalRefundedSet.shopMoney")
    return Interaction(
        at=VALUES.instant(row, "processedAt") or VALUES.required_instant(row, "createdAt"),
        kind="refund",
        party=_customer(inside(row, ORDER)),
        subject=text(row, "note"),
        attributes=known(
            order=text(inside(row, ORDER), "id"),
            number=text(inside(row, ORDER), "name"),
            amount_minor=given[0] if given else None,
            currency=given[1] if given else None,
        ),
    )


def cart(row: Row, _settings: ShopifySettings) -> Cart:
    """The checkout that was left; ``completed_at`` says that the customer came back."""
    total = money(row, "totalPriceSet.shopMoney")
    return Cart(
        at=VALUES.instant(row, "createdAt") or VALUES.required_instant(row, "updatedAt"),
        party=_customer(row),
        currency=total[1] if total else None,
        total_minor=total[0] if total else None,
        completed_at=VALUES.instant(row, "completedAt"),
        items=[
            _item(line, "title", "discountedTotalPriceSet") for line in objects(row, "lineItems")
        ],
    )


def product(row: Row, settings: ShopifySettings) -> Product:
    """The product at the price of its cheapest variant; ``sku`` is that of its first one."""
    skus = [found for each in objects(row, "variants") if (found := text(each, "sku"))]
    price = "priceRangeV2.minVariantPrice"
    priced = money(row, price)
    return Product(
        sku=skus[0] if skus else None,
        name=text(row, "title"),
        category=text(row, "productType"),
        unit_price=VALUES.number(inside(row, price), "amount") if priced else None,
        currency=priced[1] if priced else None,
        attributes=known(
            _kept(row, "products", settings),
            vendor=text(row, "vendor"),
            status=lower(row, "status"),
            skus=", ".join(skus) or None,
        ),
    )


# --- consent ---------------------------------------------------------------------------------

_DECISIONS: Mapping[str | None, Literal["grant", "withdraw"]] = {
    "SUBSCRIBED": "grant",
    "UNSUBSCRIBED": "withdraw",
}
_STRENGTHS: Mapping[str | None, Literal["confirmed", "single"]] = {
    "CONFIRMED_OPT_IN": "confirmed",
    "SINGLE_OPT_IN": "single",
}
_SAID_NOTHING = {"PENDING": "pending", "REDACTED": "not visible"}


def permissions(row: Row, settings: ShopifySettings) -> ConsentSignal:
    """What a customer said about marketing by e-mail and by SMS.

    SUBSCRIBED grants, UNSUBSCRIBED withdraws; anything else is no decision and permits nothing. The
    attributes say which kind of none: unknown, pending (asked, not answered) or not visible.
    """
    email, phone = inside(row, "defaultEmailAddress"), inside(row, "defaultPhoneNumber")
    sms = inside(phone, "smsMarketingConsent")
    said = {
        "email": (
            text(email, "emailAddress"),
            text(email, "marketingState"),
            text(email, "marketingOptInLevel"),
            VALUES.instant(email, "marketingUpdatedAt"),
        ),
        "sms": (
            text(phone, "phoneNumber"),
            text(sms, "state"),
            text(sms, "optInLevel"),
            VALUES.instant(sms, "updatedAt"),
        ),
    }
    return ConsentSignal(
        party=PartyRef(id=str(row[KEY]), stream="customers"),
        claims=[
            ConsentClaim(
                purpose=settings.purpose,
                channel=channel,
                point=point,
                decision=decision,
                strength=_STRENGTHS.get(level, "unknown") if decision == "grant" else "unknown",
                asserted_at=at,
            )
            for channel, (point, state, level, at) in said.items()
            if point and (decision := _DECISIONS.get(state)) is not None
        ],
        attributes={
            channel: _SAID_NOTHING.get(state, "unknown")
            for channel, (_, state, _, _) in said.items()
            if state is not None and state not in _DECISIONS
        },
    )


# --- parts -----------------------------------------------------------------------------------

_NOT_VISIBLE = (
    "no name, address, e-mail or phone of this customer is visible: the app has no approval for "
    "protected customer data. Request it (Dev Dashboard > the app > API access); what the hub "
    "knows already stays as it is"
)


def _customer(row: Object) -> PartyRef | None:
    found = text(inside(row, "customer"), "id")
    return PartyRef(id=found, stream="customers") if found else None


def _addresses(row: Row) -> list[Address]:
    """The customer's own address first."""
    own = text(inside(row, "defaultAddress"), "id")
    each = sorted(objects(row, "addressesV2"), key=lambda found: found.get(KEY) != own)
    read = [
        Address(
            line1=text(found, "address1"),
            line2=text(found, "address2"),
            city=text(found, "city"),
            region=text(found, "province"),
            postcode=text(found, "zip"),
            country=text(found, "countryCodeV2"),
        )
        for found in each
    ]
    return [address for address in read if address != Address()]


def _item(line: Object, name: str, total: str) -> OrderItem:
    paid = money(line, f"{total}.shopMoney")
    quantity = VALUES.count(line, "quantity")
    return OrderItem(
        sku=text(line, "sku"),
        name=text(line, name),
        quantity=1 if quantity is None else quantity,
        unit_price=VALUES.number(inside(line, "originalUnitPriceSet.shopMoney"), "amount"),
        amount_minor=paid[0] if paid else 0,
    )


def _refund(row: Row) -> Refund:
    given = money(row, "totalRefundedSet.shopMoney")
    return Refund(
        at=VALUES.instant(row, "processedAt") or VALUES.required_instant(row, "createdAt"),
        amount_minor=given[0] if given else 0,
        reason=text(row, "note"),
    )


def _tags(row: Row) -> str | None:
    tags = row.get("tags")
    return ", ".join(map(str, tags)) or None if isinstance(tags, list) else None


def _kept(row: Row, stream: str, settings: ShopifySettings) -> dict[str, str]:
    """The metafields that the settings name to be kept."""
    held = metafields(row)
    return {name: held[name] for name in settings.kept(stream) if name in held}
