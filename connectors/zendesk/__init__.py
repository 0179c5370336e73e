"""Zendesk: users, organizations, tickets, comments, CSAT and consent in; profile fields out."""

from __future__ import annotations

from hub.core.connector import Connector
from hub.core.hookspecs import hookimpl


@hookimpl
def hub_connector() -> Connector:
    """The zendesk connector."""
    from connectors.zendesk.connector import ZENDESK  # the HTTP stack loads when it is used

    return ZENDESK
