"""HubSpot: contacts, companies, deals, tickets, feedback and consent in; profile properties out."""

from __future__ import annotations

from hub.core.connector import Connector
from hub.core.hookspecs import hookimpl


@hookimpl
def hub_connector() -> Connector:
    """The hubspot connector."""
    from connectors.hubspot.connector import HUBSPOT  # the HTTP stack loads when it is used

    return HUBSPOT
