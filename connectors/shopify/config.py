"""What an admin writes under ``[connections.NAME.settings]``.

shop = "harbour-goods.myshopify.com"
client_id = "6a1f…"
client_secret = "${env:SHOPIFY_CLIENT_SECRET}"

[connections.shop.settings.identifiers]
"loyalty.card_number" = "loyalty"
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from hub.core.durations import Duration
from hub.core.secrets import Secret
from hub.core.settings import Section

Text = Annotated[str, Field(min_length=1)]
Metafield = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{2,255}\.[A-Za-z0-9_-]{2,64}$")]
"""A metafield as ``namespace.key``."""
Described = Literal["customers", "orders", "products"]
"""Streams whose records carry metafields."""


class ShopifySettings(Section):
    """One shop: how to reach it, and what its own words mean."""

    shop: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$")]
    """The shop's permanent domain, as Settings > Domains shows it."""
    client_id: Text | None = None
    """The app's client id."""
    client_secret: Secret | None = None
    """The app's client secret; it also signs the webhooks."""
    refresh_token: Secret | None = None
    """Refresh token of an app that a user installed; without it the app signs in as itself."""
    token: Secret | None = None
    """Legacy access token (shpat_…) instead of client_id; such tokens end on 1 January 2027."""
    api_version: Annotated[str, Field(pattern=r"^20\d\d-(01|04|07|10)$")] = "2026-10"
    """Dated version of the Admin API; Shopify supports each for at least 12 months."""
    base_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """Another address than the shop's own: for an emulator on 127.0.0.1."""
    lookback: Annotated[int, Duration("1m", "30d")] = 600
    """How far behind the cursor each run reads again, for records that commit late."""
    search_lag: Annotated[int, Duration("0s", "1h")] = 60
    """How long a change may take to show in Shopify's search."""
    deletes_every: Annotated[int, Duration("5m", "31d")] = 86_400
    """How often every id is listed, to notice which records are gone."""
    purpose: Text = "marketing"
    """The purpose that a marketing subscription stands for."""
    birth_date: Metafield | None = "facts.birth_date"
    """Customer metafield that holds the date of birth."""
    identifiers: Mapping[Metafield, Text] = {}
    """Customer metafield to kind of identifier: { "loyalty.card_number" = "loyalty" }."""
    attributes: Mapping[Described, tuple[Metafield, ...]] = {}
    """Further metafields to keep, per stream: { customers = ["custom.favourite_store"] }."""

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        app = self.client_id is not None and self.client_secret is not None
        legacy = self.token is not None and self.client_id is None and self.refresh_token is None
        if (app and self.token is None) or legacy:
            return self
        wanted = "client_id and client_secret (and refresh_token if a user installed it), or token"
        raise PydanticCustomError("credential", "needs exactly one credential", {"wanted": wanted})

    @property
    def base(self) -> str:
        """Where the shop is."""
        return self.base_url or f"https://{self.shop}"

    def kept(self, stream: str) -> tuple[str, ...]:
        """The metafields of a stream's records that are kept as they are."""
        return tuple(
            name for kind, names in self.attributes.items() if kind == stream for name in names
        )

    def metafields(self, stream: str) -> tuple[str, ...]:
        """The metafields that a stream asks for, each once."""
        own = (self.birth_date, *self.identifiers) if stream == "customers" else ()
        return tuple(dict.fromkeys(name for name in (*own, *self.kept(stream)) if name))
