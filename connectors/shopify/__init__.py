"""Shopify: customers, consent, orders, refunds, checkouts, products in; profile metafields out."""

from __future__ import annotations

from hub.core.connector import Connector
from hub.core.hookspecs import hookimpl


@hookimpl
def hub_connector() -> Connector:
    """The shopify connector."""
    from connectors.shopify.connector import SHOPIFY  # the HTTP stack loads when it is used

    return SHOPIFY
