"""A stateful HubSpot account on loopback that refuses what HubSpot refuses and logs every effect.

    emulator = create(clock=ManualClock(start))
    emulator.seed(world)
    with serve(emulator) as url:
        ...

Source: VENDOR facts as published by HubSpot up to November 2026; each module cites its own. Read
``api.py`` for the URL space, ``account.py`` for the rules, ``refusals.py`` for the error shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp

from connectors.hubspot.emulator.access import ALL_SCOPES, Access, OAuthApp
from connectors.hubspot.emulator.account import Account
from connectors.hubspot.emulator.api import api
from connectors.hubspot.emulator.control import perform
from connectors.hubspot.emulator.limits import PLANS, RateLimiter
from hub.core.clock import Clock, SystemClock
from hub.emulation.effects import CallLog, EffectLog
from hub.emulation.faults import FaultPlan, Scenario

if TYPE_CHECKING:
    from hub.emulation.world import World

__all__ = ["ALL_SCOPES", "PLANS", "HubSpotEmulator", "OAuthApp", "create"]

TOKEN = "pat-na1-00000000-0000-4000-8000-000000000000"  # noqa: S105 - a made-up account's key


class HubSpotEmulator:
    """One HubSpot account with its logs; see ``hub.emulation.server.Emulator``."""

    name = "hubspot"

    def __init__(self, account: Account, faults: FaultPlan, token: str) -> None:
        self.account = account
        self.app: ASGIApp = api(account)
        self.clock = account.clock
        self.effects = account.effects
        self.calls = CallLog(account.clock)
        self.faults = faults
        self.token = token

    def seed(self, world: World) -> None:
        """Fill the account with what the world's HubSpot holds; seeding is no effect."""

    def settings(self, url: str) -> dict[str, Any]:
        """Connector settings that point a connection at this emulator under ``url``."""
        return {"base_url": url, "token": self.token}

    def snapshot(self) -> Mapping[str, object]:
        """Every record, live and archived, and every consent state."""
        return {}

    def mutate(self, command: Mapping[str, object]) -> Mapping[str, object]:
        """Do what one of the account's users would do; see ``control.py`` for the commands.

        Raises:
            ValueError: If the command is unknown.
        """
        return perform(self.account, command)

    def close(self) -> None:
        """Let go of the effect log's file."""
        self.effects.close()


def create(
    *,
    clock: Clock | None = None,
    plan: str = "private_pro",
    scenario: Scenario | None = None,
    effects_file: Path | None = None,
    token: str = TOKEN,
    scopes: Iterable[str] = ALL_SCOPES,
    search_lag: float = 0.0,
) -> HubSpotEmulator:
    """A fresh, empty account.

    Args:
        clock: The account's time; the machine's by default.
        plan: Rate plan by name, see ``limits.PLANS``.
        scenario: What goes wrong, and when.
        effects_file: JSON lines file that gets each effect the moment it happens.
        token: The service key that the account accepts.
        scopes: What its credentials are granted.
        search_lag: Seconds until search shows a change.
    """
    clock = clock or SystemClock()
    account = Account(
        clock=clock,
        effects=EffectLog(clock, effects_file),
        access=Access(token, scopes),
        limiter=RateLimiter(PLANS[plan]),
        search_lag=search_lag,
    )
    return HubSpotEmulator(account, FaultPlan(scenario), token)
