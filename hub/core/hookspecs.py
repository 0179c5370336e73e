"""The one hook of the plugin system (pluggy): a plugin hands over its connector."""

from __future__ import annotations

import pluggy

from hub.core.connector import Connector

PROJECT = "hub"
ENTRY_POINT_GROUP = "hub.connectors"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class ConnectorSpec:
    """What a module named by an entry point of group ``hub.connectors`` implements."""

    @hookspec(firstresult=True)
    def hub_connector(self) -> Connector:
        """The plugin's connector. Import cheaply here: it runs when the connection is used."""
        raise NotImplementedError
