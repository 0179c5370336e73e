"""The connector keeps every promise of the contract, and its mapping says what it means."""

import pytest
from hub.core.errors import SkipRecord
from hub.core.records import PartyRef
from hub.testing import CHECKS, Check, Subject, conduct

import hub_acme
from hub_acme.mapping import order, person

SUBJECT = Subject.of(hub_acme.hub_connector(), "hub_acme")
TO_DO = {"nothing-is-left-to-do"}  # see connector.toml


@pytest.mark.parametrize("check", [c for c in CHECKS if c.id not in TO_DO], ids=lambda c: c.id)
def test_it_keeps_its_promises(check: Check) -> None:
    """One test per promise of the contract."""
    finding = conduct(check, SUBJECT)

    assert finding.outcome != "failed", f"{check.promise} {finding.detail}"


def test_a_customer_becomes_a_person() -> None:
    """Names and contact points arrive where the hub looks for them."""
    row = {"id": "7", "email": "ada@example.org", "first_name": "Ada", "last_name": "Lovelace"}

    found = person(row)

    assert (found.given_name, found.family_name) == ("Ada", "Lovelace")
    assert found.emails == ["ada@example.org"]


def test_an_order_names_its_customer() -> None:
    """An order hangs on the customer's record, which may arrive later."""
    placed = {"placed_at": "2026-01-02T03:04:05Z", "currency": "AUD", "total": 995}

    found = order({"id": "1", "customer_id": "7", **placed})

    assert (found.party, found.total_minor) == (PartyRef(id="7"), 995)


def test_an_order_without_an_amount_is_skipped() -> None:
    """It goes to quarantine with a reason, and the page goes on."""
    with pytest.raises(SkipRecord, match="missing required field"):
        order({"id": "1", "placed_at": "2026-01-02T03:04:05Z", "currency": "AUD"})
