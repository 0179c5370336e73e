"""Connector settings as lines of hub.toml."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from hub.core.secrets import Secret

Refer = Callable[[str, Secret], str]
"""Keeps a secret somewhere and returns the reference to it; given the setting's name."""


def setting_lines(settings: Mapping[str, Any], refer: Refer) -> list[str]:
    """One ``key = value`` line per setting, references in place of secrets.

    >>> setting_lines({"base_url": "http://127.0.0.1:1"}, lambda name, secret: "")
    ['base_url = "http://127.0.0.1:1"']
    """
    return [f"{key} = {_value(key, value, refer)}" for key, value in settings.items()]


def _value(name: str, value: Any, refer: Refer) -> str:
    if isinstance(value, Mapping):
        inside = (f"{json.dumps(key)} = {_value(key, item, refer)}" for key, item in value.items())
        return "{ " + ", ".join(inside) + " }"
    if isinstance(value, Secret):
        return json.dumps(refer(name, value))
    return json.dumps(value)
