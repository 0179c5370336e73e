"""Withdrawals into HubSpot: done when HubSpot says so, and never the other way round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from connectors.hubspot.consent import read_back, write_consent
from connectors.hubspot.emulator import HubSpotEmulator
from hub.core.connector import Change, ConsentChange, Context, RowResult
from hub.core.released import Released
from hub.emulation.faults import Scenario
from hub.privacy.gate import Gate

# The gate releases profile changes so far; its key stands in for the release of a withdrawal.
KEY = Gate({}).restore(Change("0", {}, "none")).key
EMAIL = "ada@example.com"


@pytest.fixture
def contact(emulator: HubSpotEmulator) -> str:
    """A contact who subscribed to marketing."""
    new = {"op": "create", "object": "contacts", "properties": {"email": EMAIL}}
    made = str(emulator.mutate(new)["id"])
    subscribed = {"op": "consent", "email": EMAIL, "state": "SUBSCRIBED", "subscription": 101}
    emulator.mutate(subscribed)
    return made


def change(
    contact: str,
    point: str | None = None,
    decision: Literal["grant", "withdraw"] = "withdraw",
    purpose: str = "marketing",
    channel: str = "email",
) -> ConsentChange:
    return ConsentChange(contact, point, purpose, channel, decision, trace=f"t-{purpose}-{channel}")


def send(ctx: Context, *changes: ConsentChange) -> list[RowResult]:
    return write_consent(ctx, [Released(change, "test", KEY) for change in changes])


def state(emulator: HubSpotEmulator, type_id: int = 101) -> str:
    return emulator.account.subscriptions.status(EMAIL, type_id).state


@pytest.mark.parametrize("point", [EMAIL, "ADA@example.com", None], ids=["as is", "case", "own"])
def test_a_withdrawal_stands_in_hubspot(
    emulator: HubSpotEmulator, dial: Callable[..., Context], contact: str, point: str | None
) -> None:
    """For the address named, or for the contact's own."""
    ctx = dial(emulator)
    withdrawal = change(contact, point)

    before = read_back(ctx, [withdrawal])
    [result] = send(ctx, withdrawal)

    assert before == [False]
    assert (result.ok, state(emulator)) == (True, "UNSUBSCRIBED")
    assert read_back(ctx, [withdrawal]) == [True]


def test_every_type_of_the_purpose_is_unsubscribed(
    emulator: HubSpotEmulator, dial: Callable[..., Context], contact: str
) -> None:
    """Two types stand for marketing, the third is left alone."""
    ctx = dial(emulator, subscriptions={"101": "marketing", "One to One": "marketing"})

    [result] = send(ctx, change(contact))

    assert result.ok
    assert [state(emulator, number) for number in (101, 102, 103)] == [
        "UNSUBSCRIBED",
        "NOT_SPECIFIED",
        "UNSUBSCRIBED",
    ]


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        ({"decision": "grant"}, "the customer's own act"),
        ({"channel": "sms"}, "by e-mail address only"),
        ({"purpose": "research"}, "no subscription type stands for research"),
    ],
)
def test_what_hubspot_cannot_express_is_said(
    emulator: HubSpotEmulator,
    dial: Callable[..., Context],
    contact: str,
    refused: dict[str, str],
    told: str,
) -> None:
    """Nothing is written, and the reason is no matter of time."""
    effects = len(emulator.effects)

    [result] = send(dial(emulator), change(contact, **refused))  # type: ignore[arg-type]

    assert told in result.error
    assert (result.ok, result.retryable, len(emulator.effects)) == (False, False, effects)


def test_a_withdrawal_whose_answer_got_lost_is_done_once(
    emulator: HubSpotEmulator, dial: Callable[..., Context], contact: str
) -> None:
    """It is sent again, has no second effect, and is read back."""
    ctx, effects = dial(emulator), len(emulator.effects)
    lost = {"kind": "timeout_after_effect", "path": "*/batch/write", "times": 1}
    emulator.faults.replace(Scenario.model_validate({"faults": [lost]}))

    [result] = send(ctx, change(contact))

    assert result.ok
    assert len(emulator.effects) - effects == 1


def test_one_bad_address_costs_no_other(
    emulator: HubSpotEmulator, dial: Callable[..., Context], contact: str
) -> None:
    """Changes are judged one by one: a text that is no address, a contact that is gone."""
    good, malformed, gone = send(
        dial(emulator), change(contact), change(contact, "ada at home"), change("404404")
    )

    assert (good.ok, malformed.ok, gone.ok) == (True, False, False)
    assert "by e-mail address only" in malformed.error
    assert "by e-mail address only" in gone.error
