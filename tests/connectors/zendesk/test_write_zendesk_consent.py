"""Withdrawals: into which field, and believed only when Zendesk shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from connectors.zendesk.connector import ZENDESK
from connectors.zendesk.consent import read_back, write_consent
from connectors.zendesk.emulator import ZendeskEmulator, create
from hub.core.clock import ManualClock, to_micros
from hub.core.connector import ConsentChange, RowResult
from hub.privacy.resolution import Event, fold

OWN = ("cxhub_consent_email", "cxhub_consent_at")
SMS = {"field": "sms_ok", "decided": None, "purpose": "marketing", "channel": "sms"}

Connect = Callable[..., Any]
Write = Callable[..., RowResult]


@pytest.fixture
def write(released: Callable[..., Sequence[Any]]) -> Write:
    """What became of one change that the gate released."""
    return lambda hub, change: write_consent(hub.ctx, released(change))[0]


def user(hub: Any, **values: object) -> str:
    properties = {"name": "Ada", "email": "ada@example.com", **values}
    return str(hub.mutate("create", "users", properties=properties)["id"])


def withdrawal(native_id: str, **values: Any) -> ConsentChange:
    wanted = {"point": "ada@example.com", "purpose": "marketing", "channel": "email"}
    return ConsentChange(native_id, **{**wanted, "decision": "withdraw", "trace": "t1", **values})


def held(hub: Any, native_id: str) -> dict[str, object]:
    answer = hub.ctx.wire.get(f"/api/v2/users/{native_id}")
    fields: dict[str, object] = answer.json["user"]["user_fields"]
    return fields


def test_a_withdrawal_unticks_the_box_and_dates_it(hub: Any, write: Write) -> None:
    """The hub's own two fields are created first; afterwards Zendesk itself says no."""
    ada = user(hub)

    result = write(hub, withdrawal(ada))

    fields = held(hub, ada)
    assert result.ok
    assert fields[OWN[0]] is False
    assert str(fields[OWN[1]]).startswith("2026-01-01")
    assert read_back(hub.ctx, [withdrawal(ada)]) == [True]


def test_what_is_written_is_read_as_a_withdrawal(hub: Any, write: Write) -> None:
    """The next run brings it as such, dated; of a user who never decided it brings nothing."""
    ada, _ = user(hub), user(hub, name="Bob", email="bob@example.com")
    write(hub, withdrawal(ada))
    hub.clock.sleep(120)

    hub.pull("user_consents")

    [event] = hub.ledger()
    assert (event.purpose, event.channel, event.decision) == ("marketing", "email", "withdraw")
    assert event.point == hub.keys.point("email", "ada@example.com")


def test_a_withdrawal_of_which_only_the_day_is_known_beats_a_grant_of_that_day(
    hub: Any, write: Write
) -> None:
    """An agent unticks the box in the afternoon; Zendesk's date says midnight."""
    write(hub, withdrawal(user(hub)))  # so that the fields are there
    hub.clock.sleep(86_400)
    grant = Event(
        "form", 0, None, "marketing", "email", "grant", "confirmed", None, "form 7",
        to_micros(hub.clock.now() + timedelta(hours=9)), 0, None, "human_act",
    )  # fmt: skip
    bob = user(hub, name="Bob", email="bob@example.com")
    hub.clock.sleep(15 * 3_600)
    day = hub.clock.now().date().isoformat()
    for field, value in zip(OWN, (False, day), strict=True):
        hub.emulator.mutate({"op": "consent", "id": bob, "field": field, "value": value})
    hub.clock.sleep(120)

    hub.pull("user_consents")

    point = hub.keys.point("email", "bob@example.com")
    [said] = [each for each in hub.ledger() if each.point == point]
    unticked = Event(
        said.event_id, 0, None, "marketing", "email", said.decision, said.strength, None, None,
        said.asserted_at, said.observed_at, None, said.origin,
    )  # fmt: skip
    now = to_micros(hub.clock.now())
    answer = fold([grant, unticked], purpose="marketing", channel="email", point=None, now=now)
    assert answer.state == "withdrawn"


def test_nothing_is_done_before_zendesk_shows_it(hub: Any) -> None:
    """A default box is no withdrawal, though it is not ticked."""
    ada = user(hub)

    assert read_back(hub.ctx, [withdrawal(ada)]) == [False]


def test_a_second_withdrawal_creates_no_field(hub: Any, write: Write) -> None:
    """The fields are there by then."""
    ada = user(hub)
    write(hub, withdrawal(ada))
    before = hub.emulator.calls.counts()["POST /api/v2/user_fields"]

    result = write(hub, withdrawal(ada))

    assert result.ok
    assert hub.emulator.calls.counts()["POST /api/v2/user_fields"] == before == len(OWN)


def test_without_bulk_import_it_is_written_all_the_same(
    connect_hub: Connect, clock: ManualClock, write: Write
) -> None:
    """One update per user, and read back."""
    hub = connect_hub(ZENDESK, create(clock=clock, bulk=False))
    ada = user(hub)

    assert write(hub, withdrawal(ada)).ok


def test_a_business_field_is_used_but_never_created(
    connect_hub: Connect, emulator: ZendeskEmulator, write: Write
) -> None:
    """A box of the business that does not exist is a failure with a reason, not a new field."""
    hub = connect_hub(ZENDESK, emulator, consents=[SMS])
    ada = user(hub)
    sms = withdrawal(ada, channel="sms")

    missing = write(hub, sms)
    body = {"user_field": {"key": "sms_ok", "type": "checkbox", "title": "SMS"}}
    hub.ctx.wire.post("/api/v2/user_fields", json=body)
    hub.emulator.mutate({"op": "consent", "id": ada, "field": "sms_ok", "value": True})
    there = write(hub, sms)

    assert (missing.ok, missing.error) == (False, "Zendesk does not show the withdrawal")
    assert there.ok
    assert held(hub, ada) == {"sms_ok": False}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"decision": "grant"}, "customer's own act"),
        ({"purpose": "analytics"}, "no user field stands for analytics by email"),
        ({"channel": "fax"}, "no user field stands for marketing by fax"),
    ],
    ids=lambda value: str(value),
)
def test_what_cannot_be_written_says_why(
    hub: Any, write: Write, values: dict[str, str], told: str
) -> None:
    """It is refused for good, and nothing is sent."""
    ada = user(hub)
    before = len(hub.emulator.effects)

    result = write(hub, withdrawal(ada, **values))

    assert (result.ok, result.retryable) == (False, False)
    assert told in result.error
    assert len(hub.emulator.effects) == before


def test_a_user_that_is_gone_is_tried_again_later(hub: Any, write: Write) -> None:
    """Zendesk shows no withdrawal of somebody whom it does not show."""
    ada = user(hub)
    hub.mutate("archive", "users", id=ada)

    result = write(hub, withdrawal(ada))

    assert (result.ok, result.retryable) == (False, True)
