"""A process that asks a rotating vendor for something, again and again: see test_vault.py."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hub.core.auth import OAuth, Refresh
from hub.core.http import Http
from hub.core.secrets import Secret
from hub.core.tokens import Tokens
from hub.store.engine import Store
from hub.store.vault import KeyRing, SealedTokens, Vault
from hub.testing.client import open_client

AUTH = OAuth("/token", Refresh("acme", Secret.of("secret-0"), Secret.of("refresh-0")))


class Killed(SealedTokens):
    """Its process dies when the vendor has answered and nothing is written yet."""

    def rotate(self, credential: str, old: Tokens | None, new: Tokens) -> Tokens:
        os._exit(9)


def main(database: str, url: str, folder: str, requests: str, dies: str = "") -> None:
    """Ask ``requests`` times; with ``dies``, be killed at the first rotation."""
    store = Store.open(database)
    vault = Vault(store, KeyRing.load(Path(folder), None))
    tokens = (Killed if dies else SealedTokens)(lambda: vault)
    with open_client(Http(url, AUTH), store=tokens) as client:
        for _ in range(int(requests)):
            client.get("/v1/things")
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
