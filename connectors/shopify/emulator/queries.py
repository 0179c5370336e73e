"""The fields of ``QueryRoot``: listings, counts, and records by id."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.shopify.emulator.connections import Connection, Listing, page, within
from connectors.shopify.emulator.facts import (
    CHECKOUT_FIELDS,
    CUSTOMER_FIELDS,
    ORDER_FIELDS,
    PRODUCT_FIELDS,
)
from connectors.shopify.emulator.metafields import Definition, Metafield
from connectors.shopify.emulator.records import gid, split_gid
from connectors.shopify.emulator.refusals import invalid_id, too_many
from connectors.shopify.emulator.request import (
    Info,
    Request,
    Resolver,
    reading,
    request_of,
    require_owner,
    shop_of,
)
from connectors.shopify.emulator.sales_records import Order, Refund
from connectors.shopify.emulator.search import Dialect, Kind, Query, parse
from connectors.shopify.emulator.shop import Shop
from connectors.shopify.emulator.tables import Table
from connectors.shopify.emulator.versions import EXACT_SECONDS_SINCE, SUPPORTED

MAX_INPUT = 250
"""Items of a list argument."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many records match, or that there are at least so many."""

    count: int
    precision: str = "EXACT"


# --- listings --------------------------------------------------------------------------------


def listing(
    table: Table[Any],
    searchable: Mapping[str, Kind],
    info: Info,
    arguments: Mapping[str, Any],
    among: Sequence[int] | None = None,
) -> Listing:
    """What ``query`` leaves of a table, in the order of ``sortKey``.

    Args:
        table: The records.
        searchable: What ``query`` may ask of them.
        info: Which request asks.
        arguments: Of the connection.
        among: Numbers of the records to choose from; all by default.
    """
    request = request_of(info)
    table.settle(request.shop.now())
    query = _understood(request, searchable, info, arguments)
    order = table.orders[arguments["sortKey"]]
    entries = table.sorted_by(order) if among is None else table.sorted_among(among, order)
    bounds = query.bounds.get(order)
    low, high = within(entries, bounds.low, bounds.high) if bounds else (0, len(entries))
    return Listing(
        order,
        entries,
        low,
        high,
        accept=lambda number: query.matches(table.shown(number)),
        node=table.records.__getitem__,
        depth=request.shop.depth,
    )


def _understood(
    request: Request, searchable: Mapping[str, Kind], info: Info, arguments: Mapping[str, Any]
) -> Query:
    dialect = Dialect(
        searchable,
        whole_seconds=request.version >= EXACT_SECONDS_SINCE,
        loose_bounds=request.shop.loose_bounds,
    )
    text = arguments.get("query")
    query = parse(text, dialect)
    if query.warnings:
        warnings = [{"field": name, "message": said} for name, said in query.warnings]
        path = info.path.as_list()
        request.warnings.append({"path": path, "query": text, "warnings": warnings})
    return query


def order_listing(
    info: Info, arguments: Mapping[str, Any], among: Sequence[int] | None = None
) -> Listing:
    """Orders, without those that are too old for the token's scopes."""
    request = request_of(info)
    orders = request.shop.orders
    found = listing(orders, ORDER_FIELDS, info, arguments, among)
    if "read_all_orders" in request.scopes:
        return found
    return replace(
        found,
        accept=lambda number: request.shows(orders.records[number]) and found.accept(number),
    )


def _customer_listing(info: Info, arguments: Mapping[str, Any]) -> Listing:
    return listing(shop_of(info).customers, CUSTOMER_FIELDS, info, arguments)


def _customers(_root: object, info: Info, **arguments: Any) -> Connection:
    return page(_customer_listing(info, arguments), arguments)


def _orders(_root: object, info: Info, **arguments: Any) -> Connection:
    return page(order_listing(info, arguments), arguments)


def _checkouts(_root: object, info: Info, **arguments: Any) -> Connection:
    return page(listing(shop_of(info).checkouts, CHECKOUT_FIELDS, info, arguments), arguments)


def _products(_root: object, info: Info, **arguments: Any) -> Connection:
    return page(listing(shop_of(info).products, PRODUCT_FIELDS, info, arguments), arguments)


def _counted(make: Callable[[Info, Mapping[str, Any]], Listing]) -> Resolver:
    def count(_root: object, info: Info, **arguments: Any) -> Count:
        found = make(info, {"sortKey": "ID", **arguments})
        matches = (found.accept(entry[1]) for entry in found.entries[found.low : found.high])
        number, limit = sum(matches), arguments.get("limit")
        if limit is not None and number > limit:
            return Count(limit, "AT_LEAST")
        return Count(number)

    return count


# --- records by id ---------------------------------------------------------------------------


def _one(kind: str) -> Resolver:
    def find(_root: object, info: Info, id: str) -> Any:
        if split_gid(id)[0] != kind:
            raise invalid_id(id)
        return _seen(shop_of(info).find(id), info)

    return find


def _seen(record: Any, info: Info) -> Any:
    """The record, unless it is or belongs to an order that is too old for the token."""
    order = record
    if isinstance(record, Refund):
        order = shop_of(info).orders.records[record.order_number]
    hidden = isinstance(order, Order) and not request_of(info).shows(order)
    return None if hidden else record


def _node(_root: object, info: Info, id: str) -> Any:
    kind, _ = split_gid(id)
    if not kind:
        raise invalid_id(id)
    record = shop_of(info).find(id)
    if isinstance(record, Metafield):
        kind, _ = split_gid(record.owner_id)
    elif isinstance(record, Definition):
        kind = record.owner_type.capitalize()
    require_owner(info, kind, "read")
    return _seen(record, info)


def _nodes(root: object, info: Info, ids: Sequence[str]) -> list[Any]:
    if len(ids) > MAX_INPUT:
        raise too_many("ids", MAX_INPUT)
    return [_node(root, info, id) for id in ids]


def _by_identifier(_root: object, info: Info, identifier: Mapping[str, str]) -> Any:
    shop = shop_of(info)
    ((name, value),) = identifier.items()
    if name == "id":
        return shop.find(value)
    return shop.customer_by("email" if name == "emailAddress" else "phone", value)


# --- the shop and the app --------------------------------------------------------------------


def _shop(_root: object, info: Info) -> Shop:
    return shop_of(info)


def _installation(_root: object, info: Info) -> Mapping[str, object]:
    scopes = sorted(request_of(info).scopes)
    return {
        "kind": "AppInstallation",
        "id": gid("AppInstallation", 1),
        "accessScopes": [{"handle": scope, "description": scope} for scope in scopes],
        "app": {
            "id": gid("App", 1),
            "title": "Customer hub",
            "handle": "customer-hub",
            "apiKey": shop_of(info).access.app.client_id,
        },
    }


def _versions(_root: object, _info: Info) -> list[Mapping[str, object]]:
    return [{"handle": name, "displayName": name, "supported": True} for name in SUPPORTED]


def _plan(shop: Shop, _info: Info) -> Mapping[str, object]:
    return {
        "displayName": shop.plan,
        "publicDisplayName": shop.plan,
        "partnerDevelopment": False,
        "shopifyPlus": shop.plan == "Shopify Plus",
    }


FIELDS: Mapping[str, Resolver] = {
    "QueryRoot.abandonedCheckouts": _checkouts,
    "QueryRoot.currentAppInstallation": _installation,
    "QueryRoot.customer": _one("Customer"),
    "QueryRoot.customerByIdentifier": _by_identifier,
    "QueryRoot.customers": _customers,
    "QueryRoot.customersCount": _counted(_customer_listing),
    "QueryRoot.node": _node,
    "QueryRoot.nodes": _nodes,
    "QueryRoot.order": _one("Order"),
    "QueryRoot.orders": _orders,
    "QueryRoot.ordersCount": _counted(order_listing),
    "QueryRoot.product": _one("Product"),
    "QueryRoot.products": _products,
    "QueryRoot.publicApiVersions": _versions,
    "QueryRoot.shop": _shop,
    "Shop.currencyCode": reading("currency"),
    "Shop.createdAt": reading("opened_at"),
    "Shop.updatedAt": reading("opened_at"),
    "Shop.email": lambda shop, _info: f"owner@{shop.domain}",
    "Shop.ianaTimezone": lambda _shop, _info: "Australia/Brisbane",
    "Shop.myshopifyDomain": reading("domain"),
    "Shop.plan": _plan,
    "Shop.taxesIncluded": lambda _shop, _info: True,
    "Shop.url": lambda shop, _info: f"https://{shop.domain}",
}
"""Resolvers of the query root, the shop and the app."""
