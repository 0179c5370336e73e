"""Rows as canonical records: what each field becomes, and what nothing and nonsense become."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.shopify import mapping
from connectors.shopify.config import ShopifySettings
from connectors.shopify.rows import refund_rows
from hub.core.connector import Row
from hub.core.errors import SkipRecord
from hub.core.records import Address, ConsentClaim, Identifier, PartyRef, Record, decode, encode
from hub.core.secrets import Secret

SETTINGS = ShopifySettings.model_validate(
    {
        "shop": "harbour.myshopify.com",
        "token": Secret.of("shpat_test"),
        "identifiers": {"loyalty.card_number": "loyalty"},
        "attributes": {"customers": ["custom.shirt_size"]},
    }
)


def amount(value: str, currency: str = "AUD") -> dict[str, Any]:
    return {"shopMoney": {"amount": value, "currencyCode": currency}}


def metafield(name: str, value: str) -> dict[str, str]:
    namespace, _, key = name.partition(".")
    return {"namespace": namespace, "key": key, "type": "single_line_text_field", "value": value}


CUSTOMER: Row = {
    "id": "gid://shopify/Customer/7",
    "createdAt": "2025-03-01T08:00:00Z",
    "updatedAt": "2026-01-02T09:30:00Z",
    "firstName": " Ada ",
    "lastName": "Lovelace",
    "locale": "en-AU",
    "state": "ENABLED",
    "tags": ["vip", "wholesale"],
    "defaultEmailAddress": {"emailAddress": "ada@example.org"},
    "defaultPhoneNumber": {"phoneNumber": "+61400000001"},
    "defaultAddress": {"id": "gid://shopify/MailingAddress/2"},
    "addressesV2": [
        {"id": "gid://shopify/MailingAddress/1", "city": "Perth", "countryCodeV2": "AU"},
        {
            "id": "gid://shopify/MailingAddress/2",
            "address1": "1 Hay St",
            "address2": "Unit 2",
            "city": "Hobart",
            "province": "Tasmania",
            "zip": "7000",
            "countryCodeV2": "AU",
        },
    ],
    "metafields": [
        metafield("facts.birth_date", "1990-12-10"),
        metafield("loyalty.card_number", "M000042"),
        metafield("custom.shirt_size", "L"),
        metafield("custom.unasked", "x"),
    ],
}
CONSENTS: Row = {
    "id": "gid://shopify/Customer/7",
    "updatedAt": "2026-01-02T09:30:00Z",
    "defaultEmailAddress": {
        "emailAddress": "ada@example.org",
        "marketingState": "SUBSCRIBED",
        "marketingOptInLevel": "CONFIRMED_OPT_IN",
        "marketingUpdatedAt": "2025-05-05T05:05:05Z",
    },
    "defaultPhoneNumber": {
        "phoneNumber": "+61400000001",
        "smsMarketingConsent": {
            "state": "UNSUBSCRIBED",
            "optInLevel": "SINGLE_OPT_IN",
            "updatedAt": "2025-06-06T06:06:06Z",
        },
    },
}
REFUND: Row = {
    "id": "gid://shopify/Refund/3",
    "note": "broken",
    "createdAt": "2025-07-03T00:00:00Z",
    "processedAt": "2025-07-03T01:00:00Z",
    "totalRefundedSet": amount("19.95"),
}
ORDER: Row = {
    "id": "gid://shopify/Order/9",
    "name": "#1009",
    "createdAt": "2025-07-01T10:00:00Z",
    "processedAt": "2025-07-01T09:59:00Z",
    "updatedAt": "2025-07-03T01:00:00Z",
    "cancelledAt": None,
    "test": False,
    "sourceName": "WEB",
    "displayFinancialStatus": "PARTIALLY_REFUNDED",
    "customer": {"id": "gid://shopify/Customer/7"},
    "totalPriceSet": amount("64.90"),
    "refunds": [REFUND],
    "lineItems": [
        {
            "id": "gid://shopify/LineItem/1",
            "sku": "TEE-L",
            "name": "Tee - L",
            "quantity": 2,
            "originalUnitPriceSet": amount("29.95"),
            "discountedTotalSet": amount("54.90"),
        }
    ],
}
CHECKOUT: Row = {
    "id": "gid://shopify/AbandonedCheckout/5",
    "createdAt": "2025-08-01T10:00:00Z",
    "updatedAt": "2025-08-01T11:00:00Z",
    "completedAt": None,
    "customer": {"id": "gid://shopify/Customer/7"},
    "totalPriceSet": amount("12000", "JPY"),
    "lineItems": [
        {
            "sku": "MUG",
            "title": "Mug",
            "quantity": 3,
            "originalUnitPriceSet": amount("4000", "JPY"),
            "discountedTotalPriceSet": amount("12000", "JPY"),
        }
    ],
}
PRODUCT: Row = {
    "id": "gid://shopify/Product/4",
    "title": "Tee",
    "productType": "Apparel",
    "vendor": "Harbour",
    "status": "ACTIVE",
    "createdAt": "2025-01-01T00:00:00Z",
    "updatedAt": "2025-02-01T00:00:00Z",
    "priceRangeV2": {"minVariantPrice": {"amount": "29.95", "currencyCode": "AUD"}},
    "variants": [
        {"id": "1", "sku": None},
        {"id": "2", "sku": "TEE-L"},
        {"id": "3", "sku": "TEE-M"},
    ],
}
[REFUND_ROW] = refund_rows([ORDER])

MAPS: Mapping[str, tuple[Callable[[Row, ShopifySettings], Record], Row]] = {
    "customers": (mapping.person, CUSTOMER),
    "customer_consents": (mapping.permissions, CONSENTS),
    "orders": (mapping.order, ORDER),
    "refunds": (mapping.refund, REFUND_ROW),
    "abandoned_checkouts": (mapping.cart, CHECKOUT),
    "products": (mapping.product, PRODUCT),
}


def each_row() -> list[Any]:
    return [pytest.param(*MAPS[stream], id=stream) for stream in MAPS]


# --- what a row becomes ----------------------------------------------------------------------


def test_a_customer_is_a_person() -> None:
    """Names, contact points, the default address first, and the metafields that settings name."""
    person = mapping.person(CUSTOMER, SETTINGS)

    assert (person.given_name, person.family_name, person.language) == ("Ada", "Lovelace", "en-AU")
    assert (person.emails, person.phones) == (["ada@example.org"], ["+61400000001"])
    assert person.birth_date == date(1990, 12, 10)
    assert person.identifiers == [Identifier(kind="loyalty", value="M000042")]
    assert person.addresses[0] == Address(
        line1="1 Hay St", line2="Unit 2", city="Hobart", region="Tasmania", postcode="7000",
        country="AU",
    )  # fmt: skip
    assert [address.city for address in person.addresses] == ["Hobart", "Perth"]
    assert person.updated_at == datetime(2026, 1, 2, 9, 30, tzinfo=UTC)
    assert person.attributes == {
        "account": "enabled", "tags": "vip, wholesale", "custom.shirt_size": "L",
    }  # fmt: skip


def test_marketing_states_are_claims_about_their_addresses() -> None:
    """A confirmed subscription grants; an unsubscription withdraws; both are dated."""
    signal = mapping.permissions(CONSENTS, SETTINGS)

    assert signal.party == PartyRef(id="gid://shopify/Customer/7", stream="customers")
    assert signal.claims == [
        ConsentClaim(
            purpose="marketing",
            channel="email",
            point="ada@example.org",
            decision="grant",
            strength="confirmed",
            asserted_at=datetime(2025, 5, 5, 5, 5, 5, tzinfo=UTC),
        ),
        ConsentClaim(
            purpose="marketing",
            channel="sms",
            point="+61400000001",
            decision="withdraw",
            asserted_at=datetime(2025, 6, 6, 6, 6, 6, tzinfo=UTC),
        ),
    ]


@pytest.mark.parametrize(
    ("email", "sms", "meaning"),
    [
        ("NOT_SUBSCRIBED", "NEVER_SUBSCRIBED", "unknown"),
        ("PENDING", "PENDING", "pending"),
        ("REDACTED", "REDACTED", "not visible"),
        ("INVALID", "A_STATE_OF_TOMORROW", "unknown"),
    ],
)
def test_other_states_are_no_decision(email: str, sms: str, meaning: str) -> None:
    """They permit nothing and withdraw nothing; which kind of nothing it is stays visible."""
    row = copy.deepcopy(CONSENTS)
    row["defaultEmailAddress"]["marketingState"] = email
    row["defaultPhoneNumber"]["smsMarketingConsent"]["state"] = sms

    signal = mapping.permissions(row, SETTINGS)

    assert signal.claims == []
    assert signal.attributes == {"email": meaning, "sms": meaning}


def test_an_order_counts_lines_and_refunds_once() -> None:
    """Lines at what was paid for them, the total with everything, refunds apart."""
    order = mapping.order(ORDER, SETTINGS)

    assert (order.total_minor, order.currency, order.channel) == (6490, "AUD", "web")
    assert order.at == datetime(2025, 7, 1, 9, 59, tzinfo=UTC)
    assert order.party == PartyRef(id="gid://shopify/Customer/7", stream="customers")
    [line] = order.items
    assert (line.sku, line.quantity, line.unit_price) == ("TEE-L", 2, Decimal("29.95"))
    assert line.amount_minor == 5490
    assert [(refund.amount_minor, refund.reason) for refund in order.refunds] == [(1995, "broken")]
    assert order.attributes == {"number": "#1009", "financial_status": "partially_refunded"}


@pytest.mark.parametrize(
    ("change", "cancelled"),
    [
        ({}, False),
        ({"cancelledAt": "2025-07-02T00:00:00Z"}, True),
        ({"test": True}, True),
    ],
    ids=["an order", "a cancelled one", "a test"],
)
def test_test_orders_are_no_sales(change: Row, cancelled: bool) -> None:
    """Neither what was cancelled nor what a developer tried counts as bought."""
    assert mapping.order(ORDER | change, SETTINGS).cancelled is cancelled


def test_a_refund_is_an_event_of_its_customer() -> None:
    """It names its order and amount, and hangs on the order's customer."""
    event = mapping.refund(REFUND_ROW, SETTINGS)

    assert (event.kind, event.subject) == ("refund", "broken")
    assert event.party == PartyRef(id="gid://shopify/Customer/7", stream="customers")
    assert event.attributes == {
        "order": "gid://shopify/Order/9", "number": "#1009", "amount_minor": 1995,
        "currency": "AUD",
    }  # fmt: skip


def test_a_refund_is_the_same_row_when_only_its_order_changed() -> None:
    """What moves with the order stands in the one field that the stream ignores."""
    [later] = refund_rows([ORDER | {"updatedAt": "2025-09-09T00:00:00Z", "test": True}])

    assert {k: v for k, v in later.items() if v != REFUND_ROW[k]} == {
        "updatedAt": "2025-09-09T00:00:00Z"
    }


def test_a_currency_without_minor_units_keeps_its_amounts() -> None:
    """12,000 yen are 12,000 minor units."""
    cart = mapping.cart(CHECKOUT, SETTINGS)

    assert (cart.total_minor, cart.currency, cart.completed_at) == (12_000, "JPY", None)
    assert cart.items[0].amount_minor == 12_000


def test_a_product_has_the_price_of_its_cheapest_variant() -> None:
    """And the stock number of the first variant that has one."""
    product = mapping.product(PRODUCT, SETTINGS)

    assert (product.sku, product.name, product.category) == ("TEE-L", "Tee", "Apparel")
    assert (product.unit_price, product.currency) == (Decimal("29.95"), "AUD")
    assert product.attributes["skus"] == "TEE-L, TEE-M"


# --- what nothing and nonsense become --------------------------------------------------------


@pytest.mark.parametrize(("map_row", "row"), each_row())
def test_unknown_fields_change_nothing(
    map_row: Callable[[Row, ShopifySettings], Record], row: Row
) -> None:
    """A field that Shopify adds tomorrow is kept in the raw row and does not disturb the map."""
    assert map_row(row | {"newField": {"x": [1]}}, SETTINGS) == map_row(row, SETTINGS)


def nulled(row: Row, path: tuple[Any, ...] = ()) -> Iterator[tuple[str, Row]]:
    """The row with one value anywhere inside it null, for each of its values but the id."""
    value: Any = row
    for step in path:
        value = value[step]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, found in inner:
        if path or name != "id":
            changed: Any = copy.deepcopy(row)
            place = changed
            for step in path:
                place = place[step]
            place[name] = None
            yield ".".join(map(str, (*path, name))), changed
        if isinstance(found, dict | list) and found:
            yield from nulled(row, (*path, name))


@pytest.mark.parametrize(("map_row", "row"), each_row())
def test_every_field_may_be_null(
    map_row: Callable[[Row, ShopifySettings], Record], row: Row
) -> None:
    """At any depth: the row maps to a record that survives storage, or is refused with a reason."""
    tried = 0
    for place, changed in nulled(row):
        tried += 1
        try:
            record = map_row(changed, SETTINGS)
        except SkipRecord as err:
            assert err.reason in ("no-amount", "no-date"), place
        else:
            assert decode(encode(record)) == record, place

    assert tried >= len(row)


@pytest.mark.parametrize(
    "addresses", [[], [{"id": "gid://shopify/MailingAddress/1"}]], ids=["none", "emptied"]
)
def test_a_customer_of_whom_nothing_is_visible_is_not_blanked(
    addresses: list[dict[str, str]],
) -> None:
    """Redacted data put the row into quarantine, which keeps what the hub knows already."""
    hidden = dict.fromkeys(("firstName", "lastName", "defaultEmailAddress"))

    with pytest.raises(SkipRecord, match="no approval for protected customer data") as refusal:
        mapping.person(
            CUSTOMER | hidden | {"defaultPhoneNumber": None, "addressesV2": addresses}, SETTINGS
        )

    assert refusal.value.reason == "not-visible"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"totalPriceSet": amount("a lot")}, "bad-value"),
        ({"totalPriceSet": amount("1e400")}, "bad-value"),
        ({"totalPriceSet": amount("9.99", "dollars")}, "bad-value"),
        ({"totalPriceSet": None}, "no-amount"),
        ({"processedAt": "yesterday"}, "bad-value"),
        ({"processedAt": None, "createdAt": None}, "no-date"),
    ],
    ids=["words", "infinite", "no currency", "none", "no instant", "no date"],
)
def test_an_order_that_cannot_be_counted_is_refused(change: Row, reason: str) -> None:
    """With the field, without its value."""
    with pytest.raises(SkipRecord) as refusal:
        mapping.order(ORDER | change, SETTINGS)

    assert refusal.value.reason == reason
    assert "dollars" not in str(refusal.value)


def test_the_mapping_version_follows_the_settings_that_mean_something() -> None:
    """Another purpose maps rows anew; another secret does not."""
    told = SETTINGS.model_copy(update={"purpose": "newsletter"})
    rotated = SETTINGS.model_copy(update={"token": Secret.of("shpat_other")})

    assert mapping.version(told) != mapping.version(SETTINGS)
    assert mapping.version(rotated) == mapping.version(SETTINGS)
