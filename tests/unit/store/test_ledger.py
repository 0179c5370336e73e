"""What the ledger writes down about a claim: when it counts from, and about which address."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.core.clock import to_micros
from hub.core.ids import SourceKey
from hub.core.records import ConsentClaim
from hub.store import ledger, schema
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.ledger import Observation

SEEN = datetime(2026, 1, 1, tzinfo=UTC)
SOON = SEEN + timedelta(minutes=5)
CREATED = SEEN - timedelta(days=400)
KEYS = Keys(b"k" * 32)


def observation(**changes: Any) -> Observation:
    plain: dict[str, Any] = {
        "key": SourceKey("crm", "people", "1"), "rid": 1, "version": 1,
        "observed_at": to_micros(SEEN), "created_at": CREATED, "region": "AU", "brand": "",
        "run": "r",
    }  # fmt: skip
    return Observation(**{**plain, **changes})


def claim(decision: Any = "grant", **changes: Any) -> ConsentClaim:
    return ConsentClaim(purpose="marketing", channel="email", decision=decision, **changes)


def append(store: Store, *claims: tuple[Observation, ConsentClaim]) -> list[Any]:
    """Appends in one transaction; returns every event of the ledger."""
    with store.write() as connection:
        ledger.append(connection, claims, KEYS)
        return list(connection.execute(select(schema.consent_events)))


@pytest.mark.parametrize(
    ("said", "created", "at", "how"),
    [
        (claim(asserted_at=CREATED), CREATED, CREATED, "source"),
        (claim(asserted_at=SOON), None, SOON, "source"),
        (claim(asserted_at=SOON + timedelta(minutes=1)), None, SEEN, "clamped"),
        (claim("withdraw"), CREATED, SEEN, "observed"),
        (claim("object"), None, SEEN, "observed"),
        (claim(), CREATED, CREATED, "created"),
        (claim(), SEEN + timedelta(days=1), SEEN, "created"),
        (claim(), None, None, "unknown"),
        (claim("unrestrict"), CREATED, CREATED, "created"),
    ],
    ids=[
        "dated", "clock-a-little-ahead", "clock-far-ahead", "undated-withdrawal",
        "undated-objection", "undated-grant", "created-in-the-future", "undated-of-no-date",
        "undated-lifting",
    ],
)  # fmt: skip
def test_when_a_claim_counts_from(store: Store, said, created, at, how) -> None:
    """An undated refusal counts from when it was seen, an undated grant from the earliest proof."""
    [event] = append(store, (observation(created_at=created), said))

    assert (event.asserted_at, event.asserted_as) == (at and to_micros(at), how)


def test_an_undated_grant_never_beats_a_withdrawal_seen_before(store: Store) -> None:
    """The customer list still says yes, years after the record was made: no later than that."""
    withdrawn = observation(observed_at=to_micros(SEEN - timedelta(days=1)))

    events = append(store, (withdrawn, claim("withdraw")), (observation(version=2), claim()))

    at = {event.decision: event.asserted_at for event in events}
    assert at["grant"] < at["withdraw"]


def test_a_grant_for_an_unreadable_address_is_none(store: Store) -> None:
    """It must not become a grant for the whole person; a refusal may."""
    assert append(store, (observation(), claim(point="not an address"))) == []

    [refused] = append(store, (observation(), claim("withdraw", point="not an address")))
    assert (refused.decision, refused.point) == ("withdraw", None)


def test_the_same_dated_claim_is_one_event(store: Store) -> None:
    """Read again, under a later version of the record: the customer said it once."""
    said = claim(asserted_at=CREATED, point="ada@home.example")

    events = append(store, (observation(), said), (observation(version=2), said))

    assert len(events) == 1
    assert events[0].point == KEYS.point("email", "ada@home.example")


def test_an_undated_claim_is_an_event_per_version(store: Store) -> None:
    """The field turned, turned back and turned again: three acts."""
    turns = [(observation(version=n), claim("withdraw")) for n in (1, 2, 2, 3)]

    assert len(append(store, *turns)) == 3
