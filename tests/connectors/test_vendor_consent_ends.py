"""What a vendor's users take back without a refusal ends the permission, at the gate as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, select

from connectors.hubspot.connector import HUBSPOT
from connectors.hubspot.emulator import create as hubspot_account
from connectors.zendesk.connector import ZENDESK
from connectors.zendesk.emulator import create as zendesk_account
from hub.core.clock import to_micros
from hub.core.connector import OutField
from hub.core.settings import DEFAULT_PURPOSES
from hub.privacy.gate import Decision, Gate
from hub.privacy.permissions import load
from hub.store.schema import cluster_members, consent_events, source_records, streams

EMAIL = "ada@example.com"
Turn = Callable[[Any, str, bool], None]
"""Lets a vendor's user give a permission, or take away every sign of it."""


def _hubspot(hub: Any, key: str, yes: bool) -> None:
    state = "SUBSCRIBED" if yes else "NOT_SPECIFIED"
    hub.emulator.mutate({"op": "consent", "email": EMAIL, "subscription": 101, "state": state})
    # A status alone moves no contact, and polling goes by those.
    hub.mutate("update", "contacts", id=key, properties={"city": f"Perth {yes}"})


def _zendesk(hub: Any, key: str, yes: bool) -> None:
    said = {"newsletter": True, "newsletter_at": "2026-01-01"} if yes else {}
    for field in ("newsletter", "newsletter_at"):
        act = {"op": "consent", "id": key, "field": field, "value": said.get(field)}
        hub.emulator.mutate(act)


@pytest.fixture
def hubspot(connect_hub, clock) -> tuple[Any, str, str, Turn]:
    """A HubSpot account with one contact."""
    hub = connect_hub(HUBSPOT, hubspot_account(clock=clock, plan="unmetered"))
    made = hub.mutate("create", "contacts", properties={"email": EMAIL})
    return hub, "contacts", str(made["id"]), _hubspot


@pytest.fixture
def zendesk(connect_hub, clock) -> tuple[Any, str, str, Turn]:
    """A Zendesk account with one user and a checkbox for a newsletter."""
    box = {"field": "newsletter", "decided": "newsletter_at", "purpose": "marketing"}
    account = zendesk_account(clock=clock, plan="unmetered")
    hub = connect_hub(ZENDESK, account, consents=[box])
    for key, kind in (("newsletter", "checkbox"), ("newsletter_at", "date")):
        body = {"user_field": {"key": key, "type": kind, "title": key}}
        hub.ctx.wire.post("/api/v2/user_fields", json=body)
    made = hub.mutate("create", "users", properties={"name": "Ada", "email": EMAIL})
    return hub, "users", str(made["id"]), _zendesk


def judged(hub: Any, stream: str, key: str) -> Decision:
    """What the gate says of the person's address, under marketing."""
    record, about = source_records.c, streams.c
    query = (
        select(record.rid)
        .join(streams, about.stream_id == record.stream_id)
        .where(about.stream == stream, record.source_id == key)
    )
    now = to_micros(hub.clock.now())
    with hub.store.write() as connection:
        rid = connection.execute(query).scalar_one()
        connection.execute(cluster_members.delete())
        connection.execute(insert(cluster_members).values(rid=rid, golden_id="g1", since=0))
        said = load(connection, ["g1"], DEFAULT_PURPOSES, now)["g1"]
    offers = OutField("offers", "who.email", "marketing")
    address = {"offers": (hub.keys.point("email", EMAIL),)}
    return Gate(DEFAULT_PURPOSES).judge("g1", "crm", [offers], said, address)


@pytest.mark.parametrize("vendor", ["hubspot", "zendesk"])
def test_a_permission_that_the_vendor_shows_no_longer_is_none(vendor, request) -> None:
    """Given, cleared without a refusal, given again: the gate goes along, the ledger says why."""
    hub, stream, key, turn = request.getfixturevalue(vendor)
    verdicts = []
    for yes in (True, False, True):
        turn(hub, key, yes)
        hub.clock.sleep(86_400)
        assert hub.sync().status == "succeeded"
        [verdict] = judged(hub, stream, key).verdicts
        verdicts.append(verdict)

    assert [verdict.reason for verdict in verdicts] == [
        "consent given", "consent is expired", "consent given",
    ]  # fmt: skip
    assert [verdict.allowed for verdict in verdicts] == [True, False, True]
    with hub.store.read() as connection:
        end = connection.execute(
            select(consent_events).where(consent_events.c.event_id == verdicts[1].event)
        ).one()
    assert (end.decision, end.origin, end.version) == ("expire", "silence", 2)
