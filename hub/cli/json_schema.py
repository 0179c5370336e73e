"""The JSON Schema of hub.toml, with the settings of every connector that is installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.core.connector import Connector
from hub.core.errors import HubError
from hub.core.plugins import installed, load_connector
from hub.core.settings import Settings

JsonSchema = dict[str, Any]


def json_schema() -> JsonSchema:
    """Draft 2020-12; a connection's ``settings`` follow from its ``connector``."""
    schema: JsonSchema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Settings.model_json_schema(),
        "title": "hub.toml",
    }
    connection = schema["$defs"]["ConnectionSection"]
    connection["allOf"] = [
        {
            "if": {"properties": {"connector": {"const": name}}, "required": ["connector"]},
            "then": {"properties": {"settings": _inlined(connector.config.model_json_schema())}},
        }
        for name, connector in _working_connectors().items()
    ]
    return schema


def _working_connectors() -> dict[str, Connector]:
    found = {}
    for name in installed():
        try:
            found[name] = load_connector(name)
        except HubError:
            continue  # hub doctor reports broken plugins; an editor needs the schema all the same
    return found


def _inlined(schema: Mapping[str, Any]) -> JsonSchema:
    """``schema`` without ``$defs``: two connectors may use one name for different models."""
    definitions = schema.get("$defs", {})

    def resolve(node: Any) -> Any:
        if isinstance(node, Mapping):
            if "$ref" in node:
                return resolve(definitions[str(node["$ref"]).rpartition("/")[2]])
            return {key: resolve(value) for key, value in node.items() if key != "$defs"}
        return [resolve(item) for item in node] if isinstance(node, list) else node

    return dict(resolve(schema))
