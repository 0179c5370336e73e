"""A stateful Shopify shop on loopback that refuses what Shopify refuses and logs every effect.

    emulator = create(clock=ManualClock(start))
    emulator.seed(world)
    with serve(emulator) as url:
        ...

Read ``schema.graphql`` for what is served, ``api.py`` for the way of a request, ``queries.py`` and
``customer_mutations.py`` for what it does, ``refusals.py`` for error shapes, ``control.py`` for
what the shop's users do.

Source: Shopify's Admin GraphQL schema 2026-10 and its developer documentation up to November 2026;
modules cite their own parts, and say what of it is not confirmed against a live shop. Simplified: a
merge is finished when it is answered; prices hold no taxes, discounts or shipping.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp

from connectors.shopify.emulator.access import ALL_SCOPES, Access
from connectors.shopify.emulator.api import api
from connectors.shopify.emulator.connections import MAX_DEPTH
from connectors.shopify.emulator.control import perform
from connectors.shopify.emulator.limits import PLANS
from connectors.shopify.emulator.refusals import InputRefused
from connectors.shopify.emulator.seed import apply_changes, seed_from
from connectors.shopify.emulator.shop import Shop, Visibility
from connectors.shopify.emulator.state import dump, restore
from connectors.shopify.emulator.streams import records_of
from connectors.shopify.emulator.webhooks import SignedDelivery, delivery
from hub.core.clock import Clock, SystemClock
from hub.core.secrets import Secret
from hub.emulation.effects import CallLog, EffectLog
from hub.emulation.faults import FaultPlan, Scenario
from hub.emulation.oauth import App
from hub.emulation.quotas import PointBucket
from hub.emulation.state import keep

if TYPE_CHECKING:
    from hub.emulation.world import World
    from hub.emulation.world.model import Change

__all__ = ["ALL_SCOPES", "APP", "PLANS", "TOKEN", "ShopifyEmulator", "create"]

TOKEN = "shpat_00000000000000000000000000000000"  # noqa: S105 - a made-up shop's key
APP = App("hub-client-id", "hub-client-secret", refresh_token="hub-refresh-token")  # noqa: S106


class ShopifyEmulator:
    """One shop with its logs; see ``hub.emulation.server.Emulator``."""

    name = "shopify"

    def __init__(self, shop: Shop, faults: FaultPlan, token: str, state_file: Path | None) -> None:
        self.shop = shop
        self.app: ASGIApp = api(shop)
        self.clock = shop.clock
        self.effects = shop.effects
        self.calls = CallLog(shop.clock)
        self.faults = faults
        self.token = token
        self._state_file = state_file

    def seed(self, world: World) -> None:
        """Fill the shop with what the world's Shopify holds; seeding is no effect."""
        seed_from(world, self.shop)

    def apply(self, changes: Iterable[Change]) -> None:
        """Play the world's later edits; each is an effect of a user."""
        apply_changes(changes, self.shop)

    def settings(self, url: str) -> dict[str, Any]:
        """Connector settings that point a connection at this emulator under ``url``.

        They also name the metafield that the simulated business keeps its loyalty cards in.
        """
        app = self.shop.access.app
        return {
            "shop": self.shop.domain,
            "base_url": url,
            "client_id": app.client_id,
            "client_secret": Secret.of(app.client_secret),
            "identifiers": {"loyalty.card_number": "loyalty_card"},
        }

    def live_ids(self, stream: str) -> Collection[str]:
        """Global ids of the live records; every customer has a consent record beside it."""
        return {record.id for record in records_of(self.shop, stream)}

    def mutate(self, command: Mapping[str, object]) -> Mapping[str, object]:
        """Do what one of the shop's users would do; see ``control.py`` for the commands.

        Raises:
            ValueError: If the command is unknown, or Shopify's own screens would refuse it.
        """
        try:
            return perform(self.shop, command)
        except InputRefused as refused:
            raise ValueError(str(refused)) from refused

    def deliver(self, topic: str, record_id: str = "", **more: Any) -> SignedDelivery:
        """The signed request that a webhook of this shop makes; see ``webhooks.delivery``."""
        return delivery(self.shop, topic, record_id, **more)

    def snapshot(self) -> Mapping[str, object]:
        """Every record, definition and metafield of the shop."""
        return dump(self.shop)

    def close(self) -> None:
        """Keep the state, if a file was named for it, and let go of the effect log's file."""
        keep(self._state_file, self.snapshot)
        self.effects.close()


def create(
    *,
    clock: Clock | None = None,
    plan: str = "standard",
    scenario: Scenario | None = None,
    effects_file: Path | None = None,
    state_file: Path | None = None,
    token: str = TOKEN,
    app: App = APP,
    scopes: Iterable[str] = ALL_SCOPES,
    search_lag: float = 0.0,
    loose_bounds: bool = False,
    depth: int = MAX_DEPTH,
    protected: Visibility = "full",
) -> ShopifyEmulator:
    """A shop: empty, or as its state file left it.

    Args:
        clock: The shop's time; the machine's by default.
        plan: Rate plan by name, see ``limits.PLANS``.
        scenario: What goes wrong, and when.
        effects_file: JSON lines file that gets each effect the moment it happens.
        state_file: Where the shop is kept between two lives of the emulator.
        token: A static token that the shop accepts.
        app: The app whose credentials it accepts.
        scopes: What every token is granted.
        search_lag: Seconds until listings show a change; records by id show it at once.
        loose_bounds: ``>`` and ``<`` in searches let the bound itself through, as users reported.
        depth: How many nodes of a listing can be paged through.
        protected: What the app sees of protected customer data.
    """
    clock = clock or SystemClock()
    limits = PLANS[plan]
    shop = Shop(
        clock=clock,
        effects=EffectLog(clock, effects_file),
        access=Access(clock, app, token, scopes),
        bucket=PointBucket(limits.size, limits.restore_rate),
        lag=search_lag,
        loose_bounds=loose_bounds,
        depth=depth,
        protected=protected,
    )
    if state_file is not None and state_file.exists():
        restore(shop, state_file.read_text(encoding="utf-8"))
    return ShopifyEmulator(shop, FaultPlan(scenario), token, state_file)
