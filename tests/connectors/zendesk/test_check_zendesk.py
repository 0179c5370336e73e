"""``hub check --connect``: what an admin learns before the first run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from connectors.zendesk.connector import ZENDESK
from connectors.zendesk.emulator import ZendeskEmulator, create
from hub.core.clock import ManualClock
from hub.core.connector import CheckItem
from hub.core.secrets import Secret
from hub.testing.scripted import scripted

Check = Callable[..., Mapping[str, CheckItem]]


@pytest.fixture
def check(connect_hub: Callable[..., Any], clock: ManualClock) -> Check:
    """The lines of a check of an account, by what they are about."""

    def run(emulator: ZendeskEmulator | None = None, **settings: object) -> Mapping[str, CheckItem]:
        hub = connect_hub(ZENDESK, emulator or create(clock=clock), **settings)
        return {item.what: item for item in ZENDESK.check(hub.ctx)}

    return run


def test_a_sound_account_is_green(check: Check) -> None:
    """Credential, role, limits, exports, CSAT, fields and bulk, each with what was found."""
    found = check(birth_date=None)

    assert all(item.ok for item in found.values())
    assert found["role"].detail == "admin; exports need an admin"
    assert found["limits"].detail == "400 requests a minute"
    assert found["bulk updates"].detail == ""


def test_a_legacy_token_is_warned_of(check: Check, clock: ManualClock) -> None:
    """It works; the hub itself adds the day on which it will not."""
    emulator = create(clock=clock)
    legacy = emulator.legacy_settings("")
    kept = {name: legacy[name] for name in ("email", "api_token")}

    line = check(emulator, client_id=None, client_secret=None, **kept)["credential"]

    assert line.ok
    assert line.detail == "a legacy API token"


def test_an_agents_credential_is_told_what_it_lacks(check: Check, clock: ManualClock) -> None:
    """The role, and the exports that it may not read, each with a fix."""
    found = check(create(clock=clock, role="agent"), birth_date=None)

    failed = {what for what, item in found.items() if not item.ok}
    assert failed >= {"read users", "read tickets"}
    assert all(found[what].fix for what in failed)


@pytest.mark.parametrize(
    ("feedback", "lacks"),
    [("legacy", "read survey_responses"), ("surveys", "read satisfaction_ratings")],
)
def test_it_says_which_csat_the_account_has(
    check: Check, clock: ManualClock, feedback: Any, lacks: str
) -> None:
    """The other kind is no fault: its stream is empty."""
    found = check(create(clock=clock, feedback=feedback))

    missing = {what for what, item in found.items() if "not on this plan" in item.detail}
    assert missing == {lacks}
    assert found[lacks].ok


def test_a_field_that_nobody_created_is_named(check: Check) -> None:
    """The business's own ones; the hub's come into being when it first writes."""
    box = {"field": "newsletter", "decided": "news_at", "purpose": "marketing"}

    line = check(consents=[box], birth_date="born")["user fields"]

    assert (line.ok, line.detail) == (False, "missing: born, news_at, newsletter")


def test_bulk_import_that_is_off_is_said(check: Check, clock: ManualClock) -> None:
    """With what it costs and whom to ask; looking has no effect."""
    emulator = create(clock=clock, bulk=False)

    line = check(emulator)["bulk updates"]

    assert line.ok
    assert "one request per record" in line.detail
    assert len(emulator.effects) == 0


def test_an_account_that_wants_a_list_with_records_is_asked_no_more(
    connect_hub: Callable[..., Any], clock: ManualClock
) -> None:
    """400 for the empty list says that bulk import is not what is refused."""
    rows: dict[str, object] = {"meta": {"has_more": False}, "end_of_stream": True}
    for name in ("users", "tickets", "user_fields", "satisfaction_ratings", "survey_responses"):
        rows[name] = []
    with scripted() as server:
        server.then(body={"access_token": "t", "expires_in": 1800}, at="/oauth/tokens")
        server.then(body={"user": {"role": "admin"}}, at="/api/v2/users/me")
        server.then(400, {"error": "InvalidValue"}, at="/api/v2/users/update_many")
        server.then(body=rows)
        hub = connect_hub(ZENDESK, create(clock=clock), base_url=server.url, birth_date=None)

        found = ZENDESK.check(hub.ctx)

    assert all(item.ok for item in found)
    assert found[-1].detail == ""


def test_a_refused_credential_is_one_red_line(check: Check) -> None:
    """With the next step, and without the secret."""
    [line] = check(client_secret=Secret.of("zd-wrong-1a2b3c")).values()

    assert (line.what, line.ok, bool(line.fix)) == ("credential", False, True)
    assert "zd-wrong" not in line.detail
