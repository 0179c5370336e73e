"""A stateful Zendesk account on loopback that refuses what Zendesk refuses and logs every effect.

    emulator = create(clock=ManualClock(start))
    emulator.seed(world)
    with serve(emulator) as url:
        ...

Read ``api.py`` for the URL space, ``people.py`` for the rules of users, ``ticket_writes.py`` for
tickets that programs make, ``exports.py`` for what the incremental exports promise,
``refusals.py`` for error shapes.

Source: Zendesk's published API documentation up to November 2026; modules cite their own parts.
Not confirmed against a live account, and therefore not to be relied on by a connector: the bodies
of 400 for a cursor that is none and for a ``per_page`` above 1000, 415, a null ``after_cursor`` of
an export that found nothing, the keys that tell why one record of a job failed, 403 for merging
agents, for agents that change staff and for bulk updates on an account without bulk imports
(documented for imports alone), the body of 409, which parameters are checked before a job is
queued, the reserved keys of custom fields, where ``metric_sets`` stands in an answer, and what is
listed in ``feedback.py``. Not emulated: one user write a second over the whole account, the
allowance of the Help Center, which is counted apart, and search.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp

from connectors.zendesk.emulator.access import (
    API_TOKEN,
    API_USER,
    APP,
    DEFAULT_LIFE,
    READ,
    WRITE,
    Access,
)
from connectors.zendesk.emulator.account import Account, Feedback
from connectors.zendesk.emulator.api import api
from connectors.zendesk.emulator.control import perform, table_of
from connectors.zendesk.emulator.jobs import JobDesk
from connectors.zendesk.emulator.limits import PLANS, RateLimiter
from connectors.zendesk.emulator.refusals import Refusal
from connectors.zendesk.emulator.seed import OPENED, apply_changes, open_account, seed_from
from connectors.zendesk.emulator.state import dump, restore
from hub.core.clock import Clock, SystemClock
from hub.core.secrets import Secret
from hub.emulation.effects import CallLog, EffectLog
from hub.emulation.faults import FaultPlan, Scenario
from hub.emulation.state import keep

if TYPE_CHECKING:
    from hub.emulation.world import World
    from hub.emulation.world.model import Change

__all__ = ["PLANS", "ZendeskEmulator", "create", "seed_from"]


class ZendeskEmulator:
    """One Zendesk account with its logs; see ``hub.emulation.server.Emulator``."""

    name = "zendesk"

    def __init__(self, account: Account, faults: FaultPlan, state_file: Path | None) -> None:
        self.account = account
        self.app: ASGIApp = api(account)
        self.clock = account.clock
        self.calls = CallLog(account.clock)
        self.faults = faults
        self._state_file = state_file

    @property
    def effects(self) -> EffectLog:
        """What changed, the work of finished background jobs included."""
        self.account.settle()
        return self.account.effects

    def seed(self, world: World) -> None:
        """Fill the account with what the world's Zendesk holds; seeding is no effect."""
        seed_from(world, self.account)

    def apply(self, changes: Iterable[Change]) -> None:
        """Play what Zendesk's own users do later; each edit is an effect of one of them."""
        apply_changes(changes, self.account)

    def settings(self, url: str) -> dict[str, Any]:
        """Connector settings that point a connection at this emulator under ``url``.

        They also name the fields that the simulated business added to its account.
        """
        return {
            "base_url": url,
            "client_id": APP.client_id,
            "client_secret": Secret.of(APP.client_secret),
            "identifiers": {"loyalty_number": "loyalty_card"},
            "birth_date": "date_of_birth",
        }

    def legacy_settings(self, url: str) -> dict[str, Any]:
        """Settings of a connection that still uses an API token."""
        token = Secret.of(API_TOKEN)
        kept = {k: v for k, v in self.settings(url).items() if not k.startswith("client_")}
        return kept | {"email": API_USER, "api_token": token}

    def live_ids(self, stream: str) -> Collection[str]:
        """Ids of the live records; consent is kept on users."""
        self.account.settle()
        return {str(entry.id) for entry in table_of(self.account, stream).live()}

    def snapshot(self) -> Mapping[str, object]:
        """Every record, live and deleted, and every definition."""
        self.account.settle()
        return dump(self.account)

    def mutate(self, command: Mapping[str, object]) -> Mapping[str, object]:
        """Do what one of the account's users would do; see ``control.py`` for the commands.

        Raises:
            ValueError: If the command is unknown, or Zendesk's own screens would refuse it.
        """
        try:
            return perform(self.account, command)
        except Refusal as refusal:
            raise ValueError(refusal.prose()) from refusal

    def close(self) -> None:
        """Keep the state, if a file was named for it, and let go of the effect log's file."""
        keep(self._state_file, self.snapshot)
        self.account.effects.close()


def create(
    *,
    clock: Clock | None = None,
    plan: str = "professional",
    scenario: Scenario | None = None,
    effects_file: Path | None = None,
    state_file: Path | None = None,
    role: str = "admin",
    scopes: Iterable[str] = (READ, WRITE),
    api_tokens: bool = True,
    token_life: timedelta = DEFAULT_LIFE,
    bulk: bool = True,
    feedback: Feedback = "surveys",
    listed_metrics: bool = True,
    export_page: int = 1000,
    job_seconds: float = 1.0,
) -> ZendeskEmulator:
    """An account: empty but for its owner, or as its state file left it.

    Args:
        clock: Source of the account's time; the machine's clock by default.
        plan: Name in ``limits.PLANS``.
        scenario: The faults that strike, and when.
        effects_file: Gets each effect as a JSON line the moment it happens.
        state_file: Keeps the account from one life of the emulator to the next.
        role: Role of the user on whose behalf credentials act.
        scopes: What OAuth tokens grant.
        api_tokens: Whether API tokens are still let in; Zendesk ends that on 30 April 2027.
        token_life: How long an access token lives unless its request says otherwise.
        bulk: Whether bulk imports are switched on; on a new account they are not.
        feedback: ``legacy`` satisfaction ratings, or ``surveys``.
        listed_metrics: Whether the side-load ``metric_sets`` is a list beside the tickets.
        export_page: Most rows per page of an export, to test paging in a small account.
        job_seconds: How long a job is queued, and then again how long it works.
    """
    clock = clock or SystemClock()
    granted = frozenset(scopes)
    account = Account(
        clock=clock,
        effects=EffectLog(clock, effects_file),
        access=Access(clock, role=role, scopes=granted, api_tokens=api_tokens, life=token_life),
        limiter=RateLimiter(PLANS[plan]),
        jobs=JobDesk(job_seconds),
        bulk=bulk,
        feedback=feedback,
        listed_metrics=listed_metrics,
        export_page=export_page,
    )
    if state_file is not None and state_file.exists():
        restore(account, state_file.read_text(encoding="utf-8"))
    else:
        open_account(account, clock.now() - OPENED)
    return ZendeskEmulator(account, FaultPlan(scenario), state_file)
