"""Files of any dialect: POS exports, customer lists, surveys, usage logs, in and out."""

from __future__ import annotations

from hub.core.connector import Connector
from hub.core.hookspecs import hookimpl


@hookimpl
def hub_connector() -> Connector:
    """The csv connector."""
    from connectors.csv.connector import CSV  # numpy and the time-zone tables load when used

    return CSV
