"""A stateful Salesforce org on loopback that refuses what Salesforce refuses and logs every effect.

    emulator = create(clock=ManualClock(start))
    emulator.seed(world)
    with serve(emulator) as url:
        ...

Read ``api.py`` for the URL space, ``org.py`` and ``rules.py`` for the rules, ``soql.py`` for the
query language, ``refusals.py`` for error shapes.

Source: Salesforce's published API documentation up to November 2026 and recorded answers; modules
cite their own parts. Not confirmed against a live org, and therefore not to be relied on by a
connector: that a field of Activity may be an external id, which mistakes of one record spoil a
whole collection request (here: JSON of the wrong type, and fields that do not exist), the codes for
duplicate ids and permission rows, the sizes at which 414 and 431 begin, pages clamped to 200..2,000
records, a later page without the records that were deleted meanwhile, gaps of a merge's winner
filled from its loser, and ``Retry-After`` on 403.
Not emulated: Bulk API, SOAP, child sub-queries and aggregates, approval, sharing and validation
rules, record types, roll-up summaries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp

from connectors.salesforce.emulator.access import APP, SESSION_LIFE, TOKEN, Access
from connectors.salesforce.emulator.api import api
from connectors.salesforce.emulator.control import perform
from connectors.salesforce.emulator.limits import PLANS, allowance
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.refusals import Refusal
from connectors.salesforce.emulator.seed import apply_changes, seed_from
from connectors.salesforce.emulator.state import dump, restore
from connectors.salesforce.emulator.streams import records_of
from hub.core.clock import Clock, SystemClock
from hub.core.secrets import Secret
from hub.emulation.effects import CallLog, EffectLog
from hub.emulation.faults import FaultPlan, Scenario
from hub.emulation.oauth import App
from hub.emulation.state import keep

if TYPE_CHECKING:
    from hub.emulation.world import World
    from hub.emulation.world.model import Change

__all__ = ["APP", "PLANS", "TOKEN", "SalesforceEmulator", "create"]


class SalesforceEmulator:
    """One Salesforce org with its logs; see ``hub.emulation.server.Emulator``."""

    name = "salesforce"

    def __init__(self, org: Org, faults: FaultPlan, state_file: Path | None) -> None:
        self.org = org
        self.app: ASGIApp = api(org)
        self.clock = org.clock
        self.effects = org.effects
        self.calls = CallLog(org.clock)
        self.faults = faults
        self.token = TOKEN
        self._state_file = state_file

    def seed(self, world: World) -> None:
        """Fill the org with what the world's Salesforce holds; seeding is no effect."""
        seed_from(world, self.org)

    def apply(self, changes: Iterable[Change]) -> None:
        """Play the world's later edits; each is an effect of a user."""
        apply_changes(changes, self.org)

    def settings(self, url: str) -> dict[str, Any]:
        """Connector settings that point a connection at this emulator under ``url``.

        They also name the fields that the simulated business added to its org.
        """
        app = self.org.access.desk.app
        return {
            "base_url": url,
            "client_id": app.client_id,
            "client_secret": Secret.of(app.client_secret),
            "currency": "AUD",
            "person_accounts": "person_accounts" in self.org.options,
            "identifiers": {"Loyalty_Number__c": "loyalty_card"},
            "case_reopens": "Times_Reopened__c",
            "case_agents": "Agents_Involved__c",
        }

    def live_ids(self, stream: str) -> Collection[str]:
        """Ids of the records that a complete pass over a stream must bring."""
        return {record.id for record in records_of(self.org, stream)}

    def snapshot(self) -> Mapping[str, object]:
        """Every record, live and deleted, and every field."""
        return dump(self.org)

    def mutate(self, command: Mapping[str, object]) -> Mapping[str, object]:
        """Do what one of the org's users would do; see ``control.py`` for the commands.

        Raises:
            ValueError: If the command is unknown, or Salesforce's own screens would refuse it.
        """
        try:
            return perform(self.org, command)
        except Refusal as refusal:
            raise ValueError(f"{refusal.code}: {refusal.message}") from refusal

    def close(self) -> None:
        """Keep the state, if a file was named for it, and let go of the effect log's file."""
        keep(self._state_file, self.snapshot)
        self.effects.close()


def create(
    *,
    clock: Clock | None = None,
    plan: str = "enterprise",
    scenario: Scenario | None = None,
    effects_file: Path | None = None,
    state_file: Path | None = None,
    app: App = APP,
    session_life: timedelta | None = SESSION_LIFE,
    rotates: bool = False,
    newest_version: int = 68,
    privacy: bool = True,
    person_accounts: bool = False,
) -> SalesforceEmulator:
    """An org: empty, or as its state file left it.

    Args:
        clock: The org's time; the machine's by default.
        plan: Day's requests by name, see ``limits.PLANS``.
        scenario: What goes wrong, and when.
        effects_file: JSON lines file that gets each effect the moment it happens.
        state_file: Where the org is kept between two lives of the emulator.
        app: The external client app, with a public key for signed assertions.
        session_life: How long a session lasts; None: until it is ended.
        rotates: Whether each refresh gives a new refresh token and ends the previous one.
        newest_version: Newest API version that the org answers.
        privacy: Whether Data Protection and Privacy is on: Individual and consent objects exist.
        person_accounts: Whether people without a company are person accounts.
    """
    clock = clock or SystemClock()
    switches = {"privacy": privacy, "person_accounts": person_accounts}
    org = Org(
        clock=clock,
        effects=EffectLog(clock, effects_file),
        access=Access(clock, app, session_life, rotates),
        requests=allowance(plan),
        newest_version=newest_version,
        options=frozenset(name for name, is_on in switches.items() if is_on),
    )
    if state_file is not None and state_file.exists():
        restore(org, state_file.read_text(encoding="utf-8"))
    return SalesforceEmulator(org, FaultPlan(scenario), state_file)
