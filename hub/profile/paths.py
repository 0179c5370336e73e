"""Reading one field of a unified profile by its path."""

from __future__ import annotations

from collections.abc import Mapping

from hub.core.connector import Value

SEPARATOR = "; "
"""Between the entries of a list that travels as text."""


def value_at(profile: Mapping[str, object], path: str) -> Value:
    """The value under ``path``, such as ``voice.nps``; None where the profile has no data.

    Lists travel as text, joined by ``; ``: one that is known to be empty as an empty text, which
    clears what a system was told before.

    >>> value_at({"voice": {"nps": {"value": 9, "source": "metric:nps@1"}}}, "voice.nps")
    9
    >>> value_at({"voice": {}}, "voice.nps") is None
    True
    """
    node = _node(profile, path)
    value = node.get("value") if isinstance(node, dict) else node
    if isinstance(value, list):
        return SEPARATOR.join(str(item) for item in value)
    return value if isinstance(value, str | int | float | bool) else None


def leaf_at(profile: Mapping[str, object], path: str) -> Mapping[str, object]:
    """The whole field under ``path``: value, source, time, …; empty where there is none.

    >>> leaf_at({"voice": {"nps": {"value": 9, "source": "metric:nps@1"}}}, "voice.nps")["source"]
    'metric:nps@1'
    """
    node = _node(profile, path)
    return node if isinstance(node, dict) else {}


def _node(profile: Mapping[str, object], path: str) -> object:
    node: object = profile
    for part in path.split("."):
        if not isinstance(node, dict):  # as JSON is read
            return None
        node = node.get(part)
    return node
