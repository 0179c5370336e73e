"""Salesforce: people, accounts, cases, deals, activities and consent in; profile fields out."""

from __future__ import annotations

from hub.core.connector import Connector
from hub.core.hookspecs import hookimpl


@hookimpl
def hub_connector() -> Connector:
    """The salesforce connector."""
    from connectors.salesforce.connector import SALESFORCE  # the HTTP stack loads when it is used

    return SALESFORCE
