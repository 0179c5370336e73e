"""Withdrawals into HubSpot: done when HubSpot says so, and never the other way round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

from connectors.hubspot.consent import read_back, write_consent
from connectors.hubspot.emulator import HubSpotEmulator
from hub.core.connector import Change, ConsentChange, Context, RowResult
from hub.core.errors import RetryLater
from hub.core.released import Released
from hub.emulation.faults import Scenario
from hub.privacy.gate import Gate
from hub.testing.scripted import scripted

# The gate releases profile changes so far; its key stands in for the release of a withdrawal.
KEY = Gate({}).restore(Change("0", {}, "none")).key
EMAIL = "ada@example.com"
WRITE = "POST /communication-preferences/2026-09/statuses/batch/write"


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


@pytest.mark.parametrize("place", [0, 57, 99])
def test_an_address_that_sinks_the_batch_fails_alone(
    emulator: HubSpotEmulator, dial: Callable[..., Context], place: int
) -> None:
    """HubSpot takes no ada@home, nor the batch that it stands in: the others are withdrawn."""
    points = [f"p{number}@example.com" for number in range(99)]
    points.insert(place, "ada@home")

    results = send(dial(emulator), *(change("1", point) for point in points))

    bad = results.pop(place)
    assert all(result.ok for result in results)
    assert (bad.ok, bad.error, bad.retryable) == (False, "VALIDATION_ERROR", False)
    assert emulator.calls.counts()[WRITE] <= 15


def test_one_address_of_two_contacts_is_written_once(
    emulator: HubSpotEmulator, dial: Callable[..., Context], contact: str
) -> None:
    """HubSpot refuses a batch that says the same twice."""
    results = send(dial(emulator), change(contact), change("2", EMAIL.upper()))

    assert [result.ok for result in results] == [True, True]
    assert emulator.calls.counts()[WRITE] == 1


@pytest.mark.parametrize(
    ("categories", "retryable"),
    [
        (["VALIDATION_ERROR"], False),
        (["INTERNAL_ERROR"], True),
        (["VALIDATION_ERROR", "INTERNAL_ERROR"], True),
        ([], True),
    ],
    ids=["for-good", "for-now", "either", "nothing-said"],
)
def test_only_what_is_refused_for_good_is_not_tried_again(
    emulator: HubSpotEmulator,
    dial: Callable[..., Context],
    categories: list[str],
    retryable: bool,
) -> None:
    """Errors of a batch name no address: one that may pass leaves hope for each that is missing."""
    types = {"results": [{"id": "101", "name": "Marketing Information"}]}
    taken = {"subscriberIdString": "p1@example.com", "subscriptionId": 101}
    shown = [{**taken, "status": "UNSUBSCRIBED"}]
    errors = [{"category": category} for category in categories]
    with scripted() as server:
        server.then(body=types, at="/communication-preferences/2026-09/definitions")
        server.then(207, {"results": [taken], "errors": errors}, at=WRITE.split()[1])
        read = {"results": [{"subscriberIdString": "p1@example.com", "statuses": shown}]}
        server.then(body=read, at="/communication-preferences/2026-09/statuses/batch/read")
        ctx = dial(emulator, base_url=server.url)

        good, bad = send(ctx, change("1", "p1@example.com"), change("2", "p2@example.com"))

    assert (good.ok, bad.ok, bad.retryable) == (True, False, retryable)


def test_a_status_that_could_not_be_read_back_is_asked_for_again(
    emulator: HubSpotEmulator, dial: Callable[..., Context], contact: str
) -> None:
    """It is neither done nor refused: the next run settles it."""
    ctx, withdrawal = dial(emulator), change(contact)
    unread = {"kind": "partial_failure", "path": "*/statuses/batch/read"}
    emulator.faults.replace(Scenario.model_validate({"faults": [unread]}))

    with pytest.raises(RetryLater, match="could not be read"):
        send(ctx, withdrawal)
    emulator.faults.replace(Scenario())

    assert read_back(ctx, [withdrawal]) == [True]


def test_one_bad_address_costs_no_other(
    emulator: HubSpotEmulator, dial: Callable[..., Context], contact: str
) -> None:
    """Changes are judged one by one: a text that is no address, a contact that is gone."""
    good, malformed, gone = send(
        dial(emulator), change(contact), change(contact, "ada at home"), change("404404")
    )

    assert (good.ok, malformed.ok, gone.ok) == (True, False, False)
    assert "e-mail address" in malformed.error
    assert "e-mail address" in gone.error
