"""Reading through trouble: spent credentials, refusals, budgets, a killed run, odd answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.zendesk.emulator import ZendeskEmulator, create
from connectors.zendesk.emulator.access import APP
from hub.core.clock import ManualClock
from hub.core.errors import BudgetExhausted, NeedsReauth, StopRun
from hub.core.secrets import Secret
from hub.emulation.world import World
from hub.sync.pull import StreamReport
from tests.connectors.zendesk.accounts import (
    CURSOR,
    Connect,
    add_users,
    export,
    filled,
    played,
    requests,
)


def test_a_token_that_expires_in_mid_pass_is_renewed_once(
    connect: Connect, clock: ManualClock, world: World
) -> None:
    """The second page meets an expired token; nothing is lost."""
    hub = connect(filled(clock, world))
    hub.strike({"kind": "expired_token", "path": "*/cursor", "at": [2], "times": 1})

    report = hub.pull("users")

    assert report.error is None
    assert set(hub.records("users")) == set(hub.emulator.live_ids("users"))
    assert requests(hub, "/oauth/tokens") == 2


def test_a_rotated_refresh_token_is_the_one_used_next(connect: Connect, clock: ManualClock) -> None:
    """Zendesk deletes the old pair at each renewal; three renewals in a row go through."""
    hub = connect(
        create(clock=clock, token_life=timedelta(minutes=30)),
        refresh_token=Secret.of(APP.refresh_token or ""),
    )
    for _ in range(3):
        assert hub.pull("users").error is None
        clock.sleep(3_600)

    assert requests(hub, "/oauth/tokens") == 3


@pytest.mark.parametrize("shape", ["absent", "zero", "seconds", "date"])
def test_a_429_is_waited_out(hub: Any, shape: str) -> None:
    """In every form of Retry-After: two refusals cost two waits and no record."""
    add_users(hub, 3)
    fault = {"kind": "rate_limited", "retry_after": shape, "seconds": 20, "times": 2}
    hub.strike({**fault, "path": "*/cursor"})

    report = hub.pull("users")

    asked = 40 if shape in ("seconds", "date") else 0
    assert report.counts.stored == 4
    assert sum("429" in reason for _, reason in hub.waits.told) == 2
    assert sum(hub.waits.seconds) >= asked - 2


def test_the_edge_says_429_in_its_own_shape(connect: Connect, emulator: Any) -> None:
    """A body without Zendesk's error code is a refusal for haste all the same."""
    edge = {"detail": "Rate limited by Zendesk edge protection", "status": "429"}
    with played() as server:
        server.then(429, edge, at=CURSOR).then(body=export("c", end=True), at=CURSOR)

        hub = connect(emulator, base_url=server.url)
        report = hub.pull("users")

    assert report.error is None
    assert any("429" in reason for _, reason in hub.waits.told)


def test_a_wait_of_hours_stops_the_run_with_its_checkpoint(
    connect: Connect, clock: ManualClock
) -> None:
    """It is not waited for; the next run goes on where this one stopped."""
    hub = connect(create(clock=clock, export_page=10))
    add_users(hub, 24)
    fault = {"kind": "rate_limited", "retry_after": "seconds", "seconds": 32_400, "at": [2]}
    hub.strike({**fault, "path": "*/cursor"})

    first: StreamReport = hub.pull("users")
    hub.strike()
    clock.sleep(32_400)
    second = hub.pull("users").counts

    assert isinstance(first.error, BudgetExhausted)
    assert (first.status, first.counts.stored) == ("partial", 10)
    assert second.stored == 15


def test_an_export_keeps_to_its_own_budget(connect: Connect, clock: ManualClock) -> None:
    """Twenty pages a minute: the header is read, so that no request is refused."""
    hub = connect(create(clock=clock, export_page=10))
    for number in range(295):
        hub.mutate("create", "users", properties={"name": f"N{number}"})
    clock.sleep(120)

    report = hub.pull("users")

    assert (report.pages, report.counts.stored) == (30, 296)
    assert 429 not in {call.status for call in hub.emulator.calls.since()}
    assert any("cursor export" in reason for _, reason in hub.waits.told)


def test_a_killed_run_loses_one_page_at_most(connect: Connect, clock: ManualClock) -> None:
    """Killed after its second page is committed: the next run reads the rest and not the first."""
    hub = connect(create(clock=clock, export_page=10))
    add_users(hub, 34)

    def die(report: StreamReport) -> None:
        if report.pages == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.pull("users", on_page=die)
    clock.sleep(3_600)  # past the lease of the killed run
    rest = hub.pull("users").counts

    assert set(hub.records("users")) == set(hub.emulator.live_ids("users"))
    assert (rest.read, rest.stored) == (15, 15)


def test_a_field_that_appears_in_mid_pass_costs_nothing(
    connect: Connect, clock: ManualClock, world: World
) -> None:
    """Unknown keys are kept and change no record's meaning."""
    hub = connect(filled(clock, world))
    drift = {"kind": "schema_drift", "object_type": "users", "field": "drifted", "at": [2]}
    hub.strike({**drift, "path": "*/cursor"})

    report = hub.pull("users")

    assert (report.error, report.counts.quarantined) == (None, 0)
    assert set(hub.records("users")) == set(hub.emulator.live_ids("users"))


def test_an_agents_credential_stops_the_exports_only(
    connect: Connect, clock: ManualClock, world: World
) -> None:
    """The message says that an admin is needed; what an agent may see is read."""
    hub = connect(filled(clock, world, role="agent", feedback="legacy"))

    users, ratings = hub.pull("users"), hub.pull("satisfaction_ratings")

    assert isinstance(users.error, StopRun)
    assert "admin" in str(users.error)
    assert ratings.counts.stored > 0


@pytest.mark.parametrize("setting", ["client_secret", "refresh_token"])
def test_a_refused_credential_needs_a_person(
    connect: Connect, emulator: ZendeskEmulator, setting: str
) -> None:
    """It ends in NeedsReauth with the next step, without the secret."""
    hub = connect(emulator, **{setting: Secret.of("zd-wrong-9f8e7d6c")})

    error = hub.pull("users").error

    assert isinstance(error, NeedsReauth)
    assert "hub check --connect" in str(error)
    assert "zd-wrong" not in str(error)


def test_a_legacy_token_reads_and_is_warned_of(
    connect: Connect, emulator: ZendeskEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    """E-mail and token still work; every start names the day on which they will not."""
    legacy = emulator.legacy_settings("http://127.0.0.1")
    kept = {name: legacy[name] for name in ("email", "api_token")}

    hub = connect(emulator, client_id=None, client_secret=None, **kept)
    report = hub.pull("users")

    assert report.error is None
    assert "stops working on 2027-04-30" in (hub.ctx.wire.notice() or "")
    assert kept["api_token"].reveal() not in caplog.text


def test_an_export_that_turns_in_a_circle_is_an_error(connect: Connect, emulator: Any) -> None:
    """A cursor that stays where it is, short of the end, stops the stream: no endless loop."""
    with played() as server:
        server.then(body=export("c", end=False), at=CURSOR)

        error = connect(emulator, base_url=server.url).pull("users").error

    assert isinstance(error, StopRun)
    assert "leads from a page to itself" in str(error)
