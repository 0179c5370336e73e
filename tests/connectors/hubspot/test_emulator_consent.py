"""Subscription statuses: what programs may write, and what a person's own refusal prevents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.connectors.hubspot.conftest import Wire

BASE = "/communication-preferences/2026-09"
ANN = f"{BASE}/statuses/ann@example.com"
EMAIL = "channel=EMAIL"


def change(state: str, **more: object) -> dict[str, object]:
    return {"channel": "EMAIL", "subscriptionId": 101, "statusState": state, **more}


def state(wire: Wire, subscription: int = 101) -> str:
    """What the account says of Ann and one subscription type."""
    rows = wire.get(f"{ANN}?{EMAIL}").json()["results"]
    return str({row["subscriptionId"]: row["status"] for row in rows}[subscription])


def test_nothing_said_is_not_specified(wire: Wire) -> None:
    """Absence is neither yes nor no."""
    assert state(wire) == "NOT_SPECIFIED"


def test_a_withdrawal_is_written_once_and_read_back(wire: Wire) -> None:
    """The second identical withdrawal is a call without effect."""
    for _ in range(2):
        wire.post(ANN, change("UNSUBSCRIBED", legalBasis="NON_GDPR"))

    assert state(wire) == "UNSUBSCRIBED"
    assert len(wire.emulator.effects) == 1


def test_a_status_carries_its_legal_basis_and_time(wire: Wire) -> None:
    """The evidence travels with the state."""
    more = {"legalBasis": "CONSENT_WITH_NOTICE", "legalBasisExplanation": "form of 1 May"}

    (row,) = wire.post(ANN, change("SUBSCRIBED", **more)).json()["results"]

    assert (row["legalBasis"], row["legalBasisExplanation"], row["timestamp"]) == (
        "CONSENT_WITH_NOTICE",
        "form of 1 May",
        "2026-01-01T00:00:00.000Z",
    )


def test_a_program_cannot_undo_what_the_person_refused(wire: Wire) -> None:
    """Whoever unsubscribed themselves subscribes themselves again, or not at all."""
    refusal = {"op": "consent", "email": "ann@example.com", "subscription": 101}
    wire.post("/__emulator__/mutate", refusal)

    answer = wire.post(ANN, change("SUBSCRIBED"))

    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert state(wire) == "UNSUBSCRIBED"


def test_an_opt_out_of_everything_covers_each_type_and_shows_on_the_contact(wire: Wire) -> None:
    """`hs_email_optout` is how connectors see it that never read statuses."""
    record_id = wire.create(email="ann@example.com")

    wire.post(f"{ANN}/unsubscribe-all?{EMAIL}", None)

    assert state(wire, 103) == "UNSUBSCRIBED"
    shown = wire.get(f"~/contacts/{record_id}?properties=hs_email_optout").json()
    assert shown["properties"]["hs_email_optout"] == "true"
    (wide,) = wire.get(f"{ANN}/unsubscribe-all?{EMAIL}").json()["results"]
    assert wide["wideStatusType"] == "PORTAL_WIDE"


def test_a_refusal_of_one_type_moves_the_contacts_modification_time(wire: Wire) -> None:
    """An incremental read of contacts notices a withdrawal."""
    record_id = wire.create(email="ann@example.com")
    wire.emulator.clock.sleep(60)

    wire.post(ANN, change("UNSUBSCRIBED"))

    shown = wire.get(f"~/contacts/{record_id}?properties=hs_email_optout_101").json()
    assert shown["properties"]["hs_email_optout_101"] == "true"
    assert shown["updatedAt"] == "2026-01-01T00:01:00.000Z"


def test_batches_read_and_write_many_addresses(wire: Wire) -> None:
    """One unknown subscription type does not sink the other address."""
    inputs = [
        change("UNSUBSCRIBED", subscriberIdString="ann@example.com"),
        change("UNSUBSCRIBED", subscriberIdString="bob@example.com", subscriptionId=999),
    ]

    written = wire.post(f"{BASE}/statuses/batch/write", {"inputs": inputs}).json()
    addresses = {"inputs": ["Ann@example.com", "bob@example.com"]}
    read = wire.post(f"{BASE}/statuses/batch/read?{EMAIL}", addresses).json()["results"]

    assert (len(written["results"]), len(written["errors"])) == (1, 1)
    assert [row["statuses"][0]["status"] for row in read] == ["UNSUBSCRIBED", "NOT_SPECIFIED"]


@pytest.mark.parametrize(
    "odd",
    [{"subscriberIdString": "bob@home"}, {"subscriberIdString": "Ann@example.com"}],
    ids=["no-address", "twice"],
)
def test_an_odd_input_sinks_the_batch(wire: Wire, odd: dict[str, object]) -> None:
    """It is refused as a whole, and nothing changes."""
    inputs = [change("UNSUBSCRIBED", subscriberIdString="ann@example.com")]
    inputs.append(change("UNSUBSCRIBED", **odd))

    answer = wire.post(f"{BASE}/statuses/batch/write", {"inputs": inputs})

    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert len(wire.emulator.effects) == 0


@pytest.mark.parametrize(("base", "status"), [(BASE, 200), (BASE.replace("2026-09", "v4"), 207)])
def test_a_batch_may_be_read_in_part(wire: Wire, base: str, status: int) -> None:
    """What a fault spoils is an error and no result; a scenario about writes leaves reads alone."""
    addresses = {"inputs": ["ann@example.com", "bob@example.com"]}
    wire.inject(kind="partial_failure", path="*/statuses/batch/read", times=1)

    answer = wire.post(f"{base}/statuses/batch/read?{EMAIL}", addresses)
    wire.inject(kind="partial_failure")
    whole = wire.post(f"{base}/statuses/batch/read?{EMAIL}", addresses).json()

    assert answer.status_code == status
    assert [row["subscriberIdString"] for row in answer.json()["results"]] == ["bob@example.com"]
    assert [error["category"] for error in answer.json()["errors"]] == ["INTERNAL_ERROR"]
    assert (len(whole["results"]), "errors" in whole) == (2, False)


def test_a_batch_of_opt_outs_is_one_effect_per_address(wire: Wire) -> None:
    """Repeating it adds nothing."""
    addresses = {"inputs": ["ann@example.com", "bob@example.com"]}
    for _ in range(2):
        wire.post(f"{BASE}/statuses/batch/unsubscribe-all?{EMAIL}", addresses)

    read = wire.post(f"{BASE}/statuses/batch/unsubscribe-all/read?{EMAIL}", addresses)

    assert len(wire.emulator.effects) == 2
    assert [len(row["wideStatuses"]) for row in read.json()["results"]] == [1, 1]


@pytest.mark.parametrize(
    ("version", "key"),
    [("2026-09", "results"), ("v4", "results"), ("v3", "subscriptionDefinitions")],
)
def test_subscription_types_are_listed(wire: Wire, version: str, key: str) -> None:
    """Each version names the list its own way."""
    types = wire.get(f"/communication-preferences/{version}/definitions").json()[key]

    assert [kind["purpose"] for kind in types] == ["Marketing", "Service", "Sales"]
