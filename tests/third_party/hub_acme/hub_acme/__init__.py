"""The Acme connector. Kept cheap to import: the hub looks at every plugin it is told to use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.core.hookspecs import hookimpl

if TYPE_CHECKING:
    from hub.core.connector import Connector


@hookimpl
def hub_connector() -> Connector:
    """The connector."""
    from hub_acme.connector import CONNECTOR

    return CONNECTOR
