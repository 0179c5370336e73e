"""The shopify connector: its streams, its writer, and what it leaves undone.

The folder:

config.py     what an admin writes in hub.toml
client.py     how Shopify is reached: credential, limits, errors in the hub's words
documents.py  every GraphQL document that is sent
api.py        what is asked with them, one method each
reader.py     everything that changed, and everything that is gone
rows.py       what a row is, and how its values are read
mapping.py    rows as canonical records
fields.py     what the hub writes, as Shopify's metafields
writer.py     profiles to customers
consent.py    withdrawals into marketing states
webhook.py    what Shopify tells by itself
check.py      what an admin must know before the first run
emulator/     a shop on loopback that refuses what Shopify refuses
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from connectors.shopify import documents, mapping
from connectors.shopify.check import check
from connectors.shopify.client import http
from connectors.shopify.config import ShopifySettings
from connectors.shopify.consent import read_back, write_consent
from connectors.shopify.documents import Kind
from connectors.shopify.reader import RowsOf, ShopReader, by_id
from connectors.shopify.rows import KEY, UPDATED, refund_rows
from connectors.shopify.webhook import webhooks
from connectors.shopify.writer import PROFILES
from hub.core.clock import Clock
from hub.core.connector import (
    Connector,
    Deletes,
    Emulator,
    FullPass,
    Row,
    Since,
    Stream,
    Unsupported,
)
from hub.core.records import Cart, ConsentSignal, Interaction, Order, Person, Product, Record

RowMapping = Callable[[Row, ShopifySettings], Record]
"""A function of ``mapping.py``."""

_OUT_OF_SIGHT = Unsupported(
    "an app without read_all_orders loses sight of orders after 60 days, so absence says nothing; "
    "the webhook orders/delete tells"
)
_KEPT = Unsupported("Shopify deletes no refund")
_EXPIRES = Unsupported("Shopify drops old checkouts by itself; they did happen")


def streams(settings: ShopifySettings) -> tuple[Stream, ...]:
    """Everything that is read. A customer's consent is a record of its own beside it."""
    gone = FullPass()  # of ids, every deletes_every
    return (
        _stream(settings, "customers", documents.CUSTOMERS, Person, mapping.person, gone),
        _stream(
            settings,
            "customer_consents",
            documents.CUSTOMER_CONSENTS,
            ConsentSignal,
            mapping.permissions,
            gone,
        ),
        _stream(settings, "orders", documents.ORDERS, Order, mapping.order, _OUT_OF_SIGHT),
        _stream(
            settings,
            "refunds",
            documents.REFUNDS,
            Interaction,
            mapping.refund,
            _KEPT,
            rows_of=refund_rows,
        ),
        _stream(
            settings,
            "abandoned_checkouts",
            documents.ABANDONED_CHECKOUTS,
            Cart,
            mapping.cart,
            _EXPIRES,
        ),
        _stream(settings, "products", documents.PRODUCTS, Product, mapping.product, gone),
    )


def _stream(
    settings: ShopifySettings,
    name: str,
    kind: Kind,
    entity: type[Record],
    map_row: RowMapping,
    deletes: Deletes,
    *,
    rows_of: RowsOf = list,
) -> Stream:
    return Stream(
        name=name,
        entity=entity,
        map=lambda row: map_row(row, settings),
        key=KEY,
        reader=ShopReader(
            kind=kind,
            keys=settings.metafields(name),
            lookback=settings.lookback,
            lag=settings.search_lag,
            ids_every=settings.deletes_every if isinstance(deletes, FullPass) else None,
            rows_of=rows_of,
        ),
        cursor=Since(UPDATED, lookback=settings.lookback, ordered=False),
        deletes=deletes,
        by_id=by_id(kind, settings.metafields(name)) if isinstance(deletes, FullPass) else None,
        ignore=frozenset({UPDATED}),  # the hub's own writes to a customer move no more than this
        updated=UPDATED,
        mapping_version=mapping.version(settings),
    )


def emulator(clock: Clock, plan: str = "standard") -> Emulator:
    """An empty shop on loopback that lives on ``clock``."""
    from connectors.shopify.emulator import create  # a web server: only where one is wanted

    return create(clock=clock, plan=plan)


PLANS = ("standard", "advanced", "plus", "enterprise", "unmetered")
"""Rate plans of the emulator."""


SHOPIFY = Connector(
    name="shopify",
    summary="Shopify: customers, consent, orders, refunds, checkouts, products; profiles back",
    config=ShopifySettings,
    streams=streams,
    http=http,
    webhooks=webhooks,
    writers=(PROFILES,),
    check=check,
    emulator=emulator,
    plans={plan: partial(emulator, plan=plan) for plan in PLANS},
    tasks=Unsupported("Shopify keeps no work for staff: hand tasks to the desk or the CRM"),
    notes=Unsupported(
        "a customer has one note, which the shop's staff write themselves; it is not the hub's"
    ),
    erase=Unsupported("later: customerRequestDataErasure comes with erasure requests"),
    write_consent=write_consent,
    read_back=read_back,
    homepage="https://shopify.dev/docs/api/admin-graphql",
)
