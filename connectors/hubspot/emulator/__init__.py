"""A stateful HubSpot account on loopback that refuses what HubSpot refuses and logs every effect.

    emulator = create(clock=ManualClock(start))
    emulator.seed(world)
    with serve(emulator) as url:
        ...

Read ``api.py`` for the URL space, ``account.py`` for the rules, ``refusals.py`` for error shapes.

Source: HubSpot's published API documentation up to November 2026; modules cite their own parts.
Not confirmed against a live account, and therefore not to be relied on by a connector: 404 for
deleting an id that never existed, 405 for writing feedback submissions, the refusal of an erased
address, what sinks a batch of subscription statuses, restoring without a new time of change, the
codes ``INVALID_DOUBLE``, ``CONFLICTING_UNIQUE_VALUE`` and ``PROPERTY_VALUE_TOO_LONG``, six filter
groups a search, traced batches succeeding in part, a unique property of tasks and the scopes to
define one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp

from connectors.hubspot.emulator.access import ALL_SCOPES, APP, Access
from connectors.hubspot.emulator.account import Account
from connectors.hubspot.emulator.api import api
from connectors.hubspot.emulator.control import perform, table_of
from connectors.hubspot.emulator.limits import PLANS, RateLimiter
from connectors.hubspot.emulator.refusals import Refusal
from connectors.hubspot.emulator.seed import apply_changes, seed_from
from connectors.hubspot.emulator.state import dump, restore
from hub.core.clock import Clock, SystemClock
from hub.core.secrets import Secret
from hub.emulation.effects import CallLog, EffectLog
from hub.emulation.faults import FaultPlan, Scenario
from hub.emulation.state import keep

if TYPE_CHECKING:
    from hub.emulation.world import World
    from hub.emulation.world.model import Change

__all__ = ["ALL_SCOPES", "APP", "PLANS", "HubSpotEmulator", "create", "seed_from"]

TOKEN = "pat-na1-00000000-0000-4000-8000-000000000000"  # noqa: S105 - a made-up account's key


class HubSpotEmulator:
    """One HubSpot account with its logs; see ``hub.emulation.server.Emulator``."""

    name = "hubspot"

    def __init__(
        self, account: Account, faults: FaultPlan, token: str, state_file: Path | None
    ) -> None:
        self.account = account
        self.app: ASGIApp = api(account)
        self.clock = account.clock
        self.effects = account.effects
        self.calls = CallLog(account.clock)
        self.faults = faults
        self.token = token
        self._state_file = state_file

    def seed(self, world: World) -> None:
        """Fill the account with what the world's HubSpot holds; seeding is no effect."""
        seed_from(world, self.account)

    def apply(self, changes: Iterable[Change]) -> None:
        """Play the world's later edits; each is an effect of a user."""
        apply_changes(changes, self.account)

    def settings(self, url: str) -> dict[str, Any]:
        """Connector settings that point a connection at this emulator under ``url``.

        They also name the properties that the simulated business added to its account.
        """
        return {
            "base_url": url,
            "token": Secret.of(self.token),
            "currency": "AUD",
            "identifiers": {"loyalty_number": "loyalty_card"},
            "ticket_reopens": "times_reopened",
            "ticket_agents": "agents_involved",
        }

    def live_ids(self, stream: str) -> Collection[str]:
        """Ids of the live records; every contact has a subscriptions record beside it."""
        return {record.id for record in table_of(self.account, stream).in_order()}

    def snapshot(self) -> Mapping[str, object]:
        """Every record, live and archived, every definition and every consent state."""
        return dump(self.account)

    def mutate(self, command: Mapping[str, object]) -> Mapping[str, object]:
        """Do what one of the account's users would do; see ``control.py`` for the commands.

        Raises:
            ValueError: If the command is unknown, or HubSpot's own screens would refuse it.
        """
        try:
            return perform(self.account, command)
        except Refusal as refusal:
            raise ValueError(refusal.message) from refusal

    def close(self) -> None:
        """Keep the state, if a file was named for it, and let go of the effect log's file."""
        keep(self._state_file, self.snapshot)
        self.effects.close()


def create(
    *,
    clock: Clock | None = None,
    plan: str = "private_pro",
    scenario: Scenario | None = None,
    effects_file: Path | None = None,
    state_file: Path | None = None,
    token: str = TOKEN,
    scopes: Iterable[str] = ALL_SCOPES,
    search_lag: float = 0.0,
) -> HubSpotEmulator:
    """An account: empty, or as its state file left it.

    Args:
        clock: The account's time; the machine's by default.
        plan: Rate plan by name, see ``limits.PLANS``.
        scenario: What goes wrong, and when.
        effects_file: JSON lines file that gets each effect the moment it happens.
        state_file: Where the account is kept between two lives of the emulator.
        token: The service key that the account accepts.
        scopes: What its credentials are granted.
        search_lag: Seconds until search shows a change.
    """
    clock = clock or SystemClock()
    account = Account(
        clock=clock,
        effects=EffectLog(clock, effects_file),
        access=Access(clock, token, scopes),
        limiter=RateLimiter(PLANS[plan]),
        search_lag=search_lag,
    )
    if state_file is not None and state_file.exists():
        restore(account, state_file.read_text(encoding="utf-8"))
    return HubSpotEmulator(account, FaultPlan(scenario), token, state_file)
