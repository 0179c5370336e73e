"""What a system declares today, as one word: what it refused may be taken once that differs."""

from __future__ import annotations

from hub import __version__
from hub.core.connector import HUB_API, Context
from hub.store.keys import Keys


def declared(keys: Keys, ctx: Context, version: str, *more: object) -> str:
    """A keyed hash of the hub's and the connector's release, the settings, and ``more``."""
    parts = (__version__, HUB_API, version, ctx.connection, ctx.config, *more)
    return keys.payload("\x1f".join(map(repr, parts)).encode()).hex()
