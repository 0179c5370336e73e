"""Rows of real shops' warehouse copies, in GraphQL's shape again: every one of them maps."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.shopify import mapping
from connectors.shopify.config import ShopifySettings
from connectors.shopify.rows import gid, metafields, refund_rows
from hub.core.connector import Row
from hub.core.records import ConsentSignal, Order, Record, decode, encode
from hub.core.secrets import Secret

SHARED = Path(os.environ.get("CXHUB_SHARED", Path(__file__).parents[4] / "shared"))
SAMPLES = SHARED / "vendors" / "sample-rows" / "shopify"
SETTINGS = ShopifySettings.model_validate(
    {"shop": "harbour.myshopify.com", "token": Secret.of("shpat_test")}
)
Sample = dict[str, str | None]

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SAMPLES.exists(), reason="the shared data sets are not here"),
]


def sampled(table: str) -> Iterator[Sample]:
    """The rows of a table; the warehouse writes null as nothing or a blank."""
    with (SAMPLES / f"shopify_{table}_data.csv").open(newline="", encoding="utf-8-sig") as lines:
        for row in csv.DictReader(lines):
            yield {name: (value or "").strip() or None for name, value in row.items()}


def money(row: Sample, name: str) -> dict[str, Any]:
    """An amount of the GraphQL tables, or of the older ones, which name one currency a row."""
    amount = row.get(f"{name}_set_shop_amount") or row.get(name)
    currency = row.get(f"{name}_set_shop_currency_code") or row.get("currency")
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def is_true(value: str | None) -> bool:
    return (value or "").upper() == "TRUE"


def customer(row: Sample) -> Row:
    email, phone = row["email"], row["phone"]
    return {
        "id": gid("Customer", row["id"]),
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "firstName": row["first_name"],
        "lastName": row["last_name"],
        "state": (row["state"] or "").upper(),
        "defaultEmailAddress": email and {"emailAddress": email},
        "defaultPhoneNumber": phone and {"phoneNumber": phone},
    }


def consents(row: Sample) -> Row:
    state = row["email_marketing_consent_state"]
    email = {
        "emailAddress": row["email"],
        "marketingState": state,
        "marketingOptInLevel": row["email_marketing_consent_opt_in_level"],
        "marketingUpdatedAt": row["email_marketing_consent_updated_at"],
    }
    return {"id": gid("Customer", row["id"]), "defaultEmailAddress": email}


def address(row: Sample) -> Row:
    of = {"id": gid("Customer", row["customer_id"]), "firstName": row["first_name"]}
    listed = {
        "id": gid("MailingAddress", row["id"]),
        "address1": row["address_1"],
        "address2": row["address_2"],
        "city": row["city"],
        "province": row["province"],
        "zip": row["zip"],
        "countryCodeV2": row["country_code"],
    }
    return of | {"addressesV2": [listed]}


def order(row: Sample) -> Row:
    return {
        "id": gid("Order", row["id"]),
        "name": row["name"],
        "createdAt": row["created_at"],
        "processedAt": row["processed_at"],
        "updatedAt": row["updated_at"],
        "cancelledAt": row["cancelled_at"],
        "test": is_true(row["test"]),
        "sourceName": row["source_name"],
        "customer": {"id": gid("Customer", row["customer_id"])} if row["customer_id"] else None,
        "totalPriceSet": money(row, "total_price"),
    }


def line(row: Sample) -> Row:
    """An order of this one line."""
    total = "original_total" if "original_total_set_shop_amount" in row else "price"
    item = {
        "sku": row["sku"],
        "name": row["name"],
        "quantity": int(row["quantity"] or 0),
        "discountedTotalSet": money(row | {"currency": "GBP"}, total),
    }
    return {
        "id": gid("Order", row["order_id"]),
        "createdAt": "2025-07-18T09:00:00Z",
        "totalPriceSet": item["discountedTotalSet"],
        "lineItems": [item],
    }


def refund(row: Sample) -> Row:
    of = {"id": gid("Order", row["order_id"]), "updatedAt": row.get("updated_at")}
    listed = {
        "id": gid("Refund", row["id"]),
        "note": row["note"],
        "createdAt": row["created_at"],
        "processedAt": row.get("processed_at"),
        "totalRefundedSet": money(row, "total_refunded"),
    }
    [found] = refund_rows([of | {"refunds": [listed]}])
    return found


def checkout(row: Sample) -> Row:
    return {
        "id": gid("AbandonedCheckout", row["id"]),
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "completedAt": row["completed_at"],
        "customer": {"id": gid("Customer", row["customer_id"])},
        "totalPriceSet": money(row, "total_price"),
    }


def product(row: Sample) -> Row:
    return {
        "id": gid("Product", row["id"]),
        "title": row["title"],
        "productType": row["product_type"],
        "vendor": row["vendor"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }


def variant(row: Sample) -> Row:
    """A product of this one variant."""
    price = {"minVariantPrice": {"amount": row["price"], "currencyCode": "USD"}}
    listed = {"id": gid("ProductVariant", row["id"]), "sku": row["sku"]}
    return {"id": gid("Product", row["product_id"]), "priceRangeV2": price, "variants": [listed]}


Shape = Callable[[Sample], Row]
Map = Callable[[Row, ShopifySettings], Record]
TABLES: list[tuple[str, Shape, Map]] = [
    ("gql_customer", customer, mapping.person),
    ("customer", customer, mapping.person),
    ("gql_customer", consents, mapping.permissions),
    ("gql_customer_address", address, mapping.person),
    ("gql_order", order, mapping.order),
    ("order", order, mapping.order),
    ("gql_order_line", line, mapping.order),
    ("order_line", line, mapping.order),
    ("gql_refund", refund, mapping.refund),
    ("refund", refund, mapping.refund),
    ("gql_abandoned_checkout", checkout, mapping.cart),
    ("abandoned_checkout", checkout, mapping.cart),
    ("gql_product", product, mapping.product),
    ("product", product, mapping.product),
    ("gql_product_variant", variant, mapping.product),
    ("product_variant", variant, mapping.product),
]


@pytest.mark.parametrize(
    ("table", "shape", "map_row"), TABLES, ids=[f"{t}-{s.__name__}" for t, s, _ in TABLES]
)
def test_every_sampled_row_maps(table: str, shape: Shape, map_row: Map) -> None:
    """None is skipped, and each becomes a record of the hub that survives storage."""
    rows = [shape(row) for row in sampled(table)]

    records = [map_row(row, SETTINGS) for row in rows]

    assert len(records) == len(rows) >= 2
    assert [decode(encode(record)) for record in records] == records


def test_sampled_amounts_are_kept_to_the_cent() -> None:
    """The totals of the sampled orders, as their shops would add them up."""
    records = [mapping.order(order(row), SETTINGS) for row in sampled("gql_order")]

    assert [record.total_minor for record in records[:3]] == [5500, 5999, 200_000]
    assert all(isinstance(record, Order) and record.currency for record in records)


def test_sampled_states_are_granted_withdrawn_or_unknown() -> None:
    """Of ten customers five subscribed, two unsubscribed and three never decided."""
    signals = [mapping.permissions(consents(row), SETTINGS) for row in sampled("gql_customer")]

    said = [signal.claims[0].decision if signal.claims else "unknown" for signal in signals]
    assert all(isinstance(signal, ConsentSignal) for signal in signals)
    assert {each: said.count(each) for each in said} == {"grant": 5, "withdraw": 2, "unknown": 3}


@pytest.mark.parametrize("table", ["gql_metafield", "metafield"])
def test_sampled_metafields_are_read_by_name(table: str) -> None:
    """Each one with a value is found under its namespace and key."""
    rows = list(sampled(table))

    found = metafields({"metafields": rows})

    assert found == {f"{r['namespace']}.{r['key']}": r["value"] for r in rows if r["value"]}
    assert found
