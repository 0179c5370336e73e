"""Permissions that users give and take in fields of their own, as they arrive in the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.zendesk.emulator import ZendeskEmulator
from tests.connectors.zendesk.accounts import Connect, add_users, edit

NEWSLETTER = {"field": "newsletter", "decided": "newsletter_at", "purpose": "marketing"}


@pytest.fixture
def newsletter_hub(connect: Connect, emulator: ZendeskEmulator) -> Any:
    """An account whose users have a checkbox for a newsletter, and when they decided."""
    hub = connect(emulator, consents=[NEWSLETTER])
    ctx_fields = [("newsletter", "checkbox"), ("newsletter_at", "date")]
    for key, kind in ctx_fields:
        body = {"user_field": {"key": key, "type": kind, "title": key}}
        hub.ctx.wire.post("/api/v2/user_fields", json=body)
    return hub


def test_a_ticked_box_grants_and_a_dated_untick_withdraws(newsletter_hub: Any) -> None:
    """Both reach the ledger for that address; a box nobody touched says nothing."""
    hub = newsletter_hub
    [user] = add_users(hub, 1, user_fields={"newsletter": True, "newsletter_at": "2026-01-01"})
    add_users(hub, 1, email="untouched@example.com")
    hub.pull("user_consents")
    hub.emulator.mutate({"op": "consent", "id": user, "field": "newsletter", "value": False})
    change = {"op": "consent", "id": user, "field": "newsletter_at", "value": "2026-01-03"}
    hub.emulator.mutate(change)
    hub.clock.sleep(120)

    hub.pull("user_consents")

    events = hub.ledger()
    assert [event.decision for event in events] == ["grant", "withdraw"]
    assert {event.point for event in events} == {hub.keys.point("email", "p0@example.com")}


def test_a_changed_name_is_no_news_of_consent(newsletter_hub: Any) -> None:
    """The record of permissions holds permissions and points only."""
    hub = newsletter_hub
    [user] = add_users(hub, 1, user_fields={"newsletter": True})
    hub.pull("user_consents")
    edit(hub, user, name="Renamed")

    counts = hub.pull("user_consents").counts

    assert (counts.read, counts.stored) == (1, 0)
