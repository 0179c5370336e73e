"""``hub check --connect``: what an admin must know before the first run, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.salesforce import hub_connector
from connectors.salesforce.emulator import SalesforceEmulator, create
from hub.core.clock import ManualClock
from hub.core.connector import CheckItem
from hub.core.secrets import Secret
from hub.emulation.quotas import Window

Connect = Callable[..., Any]


def checked(hub: Any) -> dict[str, CheckItem]:
    """Every line of the check by what it looks at."""
    return {item.what: item for item in hub.connector.check(hub.ctx)}


def test_a_sound_org_is_green(connect_hub: Connect, emulator: SalesforceEmulator) -> None:
    """Version, budget, objects, opt-outs and writing are looked at, and nothing is changed."""
    hub = connect_hub(hub_connector(), emulator)

    items = checked(hub)

    assert all(item.ok for item in items.values())
    assert {"API version", "requests", "read Contact", "see opt-outs of Lead"} <= items.keys()
    assert "68.0" in items["API version"].detail
    assert len(emulator.effects) == 0


def test_a_version_that_the_org_does_not_have_is_named(
    connect_hub: Connect, clock: ManualClock
) -> None:
    """The fix names the newest one."""
    hub = connect_hub(hub_connector(), create(clock=clock, newest_version=66), api_version="66.0")
    item = checked(hub)["API version"]

    assert item.ok
    assert "newest is 66.0" in item.detail


@pytest.mark.parametrize(
    ("hidden", "what"),
    [("HasOptedOutOfEmail", "see opt-outs of Contact"), ("DoNotCall", "see opt-outs of Contact")],
)
def test_an_opt_out_that_cannot_be_seen_is_red(
    connect_hub: Connect, emulator: SalesforceEmulator, hidden: str, what: str
) -> None:
    """Nobody may take a hidden box for permission: the admin must know."""
    hub = connect_hub(hub_connector(), emulator)
    hub.mutate("hide", "contacts", field=hidden)

    item = checked(hub)[what]

    assert not item.ok
    assert hidden in item.detail
    assert "field-level security" in item.fix


@pytest.mark.parametrize(
    ("op", "object_", "field", "named"),
    [
        ("hide_object", "DataUsePurpose", {}, "DataUsePurpose.Name"),
        (
            "hide",
            "contact_point_consents",
            {"field": "EffectiveTo"},
            "ContactPointTypeConsent.EffectiveTo",
        ),
    ],
    ids=["purposes", "term"],
)
def test_consents_that_cannot_be_read_whole_are_red(
    connect_hub: Connect,
    emulator: SalesforceEmulator,
    op: str,
    object_: str,
    field: Any,
    named: str,
) -> None:
    """They are then taken on the restrictive side: the admin must know why."""
    hub = connect_hub(hub_connector(), emulator)
    hub.mutate(op, object_, **field)

    item = checked(hub)["see what consents are about"]

    assert not item.ok
    assert named in item.detail


def test_an_object_that_is_not_shown_is_red_and_the_others_are_not(
    connect_hub: Connect, emulator: SalesforceEmulator
) -> None:
    """The describe of Lead is a 404: that is one answer of the check, not its end."""
    hub = connect_hub(hub_connector(), emulator)
    hub.mutate("hide_object", "leads")

    items = checked(hub)

    assert (items["read Lead"].ok, items["read Contact"].ok) == (False, True)


def test_person_accounts_that_the_settings_do_not_know_are_red(
    connect_hub: Connect, clock: ManualClock
) -> None:
    """Else people would be read as organisations."""
    emulator = create(clock=clock, person_accounts=True)
    hub = connect_hub(hub_connector(), emulator, person_accounts=False)

    item = checked(hub)["person accounts"]

    assert not item.ok
    assert item.fix == "Write person_accounts = true"


def test_an_org_without_data_privacy_is_green_and_says_so(
    connect_hub: Connect, clock: ManualClock
) -> None:
    """Individuals are optional."""
    hub = connect_hub(hub_connector(), create(clock=clock, privacy=False))

    item = checked(hub)["read Individual"]

    assert item.ok
    assert "Data Protection and Privacy is off" in item.detail


def test_a_day_that_is_nearly_spent_is_red(connect_hub: Connect, clock: ManualClock) -> None:
    """Less than a tenth of the requests left is too little for a first read."""
    emulator = create(clock=clock)
    emulator.org.requests = Window(limit=200, span=timedelta(days=1))
    for _ in range(185):
        emulator.org.requests.take(clock.now())
    hub = connect_hub(hub_connector(), emulator)

    item = checked(hub)["requests"]

    assert not item.ok
    assert "of 200 requests left" in item.detail


def test_a_refused_credential_is_one_red_line(
    connect_hub: Connect, emulator: SalesforceEmulator
) -> None:
    """Nothing else can be looked at; the secret is not repeated."""
    hub = connect_hub(hub_connector(), emulator, client_secret=Secret.of("wrong-secret-1234"))

    [item] = hub.connector.check(hub.ctx)

    assert (item.what, item.ok) == ("credential", False)
    assert "wrong-secret-1234" not in item.detail
