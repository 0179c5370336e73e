"""A process that searches an account as fast as its limiter lets it: see test_shared_limits.py."""

from __future__ import annotations

import sys
from pathlib import Path

from connectors.hubspot.client import LIMITS, translate
from connectors.hubspot.emulator import TOKEN
from hub.core.auth import StaticToken
from hub.core.clock import SystemClock
from hub.core.http import Http, HttpClient
from hub.core.limiter import Limiters
from hub.core.secrets import Secret
from hub.store.budgets import StoreBoard
from hub.store.engine import Store
from hub.store.keys import Keys

SEARCH = {"filterGroups": [], "properties": [], "sorts": [], "limit": 1, "after": 0}


def main(database: str, url: str, keys: str, times: str) -> None:
    """Search ``times`` times on the machine's clock."""
    clock, store = SystemClock(), Store.open(database)
    client = HttpClient(
        "hubspot",
        Http(url, StaticToken(Secret.of(TOKEN)), LIMITS, translate),
        clock=clock,
        wait=lambda seconds, _: clock.sleep(seconds),
        limiters=Limiters(clock, StoreBoard(store, Keys.load(Path(keys)))),
    )
    for _ in range(int(times)):
        client.post("/crm/objects/2026-09/contacts/search", json=SEARCH, idempotent=True)
    client.close()
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
