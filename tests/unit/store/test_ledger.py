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
DAY = timedelta(days=1)
CREATED = SEEN - timedelta(days=400)
KEYS = Keys(b"k" * 32)


def observation(**changes: Any) -> Observation:
    plain: dict[str, Any] = {
        "key": SourceKey("crm", "people", "1"), "rid": 1, "said_by": 1, "version": 1,
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
        (claim("withdraw", asserted_at=SEEN - 3 * DAY), None, SEEN - 1.5 * DAY, "day"),
        (claim("deny", asserted_at=SEEN - DAY), CREATED, SEEN, "day"),
        (claim("object", asserted_at=SEEN), None, SEEN, "day"),
        (claim("withdraw", asserted_at=SEEN + DAY), None, SEEN, "day"),
        (claim(asserted_at=SEEN - DAY), None, SEEN - DAY, "source"),
        (claim("withdraw"), CREATED, SEEN, "observed"),
        (claim("object"), None, SEEN, "observed"),
        (claim(), CREATED, CREATED, "created"),
        (claim(), SEEN + timedelta(days=1), SEEN, "created"),
        (claim(), None, None, "unknown"),
        (claim("unrestrict"), CREATED, CREATED, "created"),
    ],
    ids=[
        "dated", "clock-a-little-ahead", "clock-far-ahead", "withdrawal-on-a-day",
        "denial-on-a-day", "objection-today", "withdrawal-tomorrow", "grant-on-a-day",
        "undated-withdrawal",
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


@pytest.mark.parametrize("at", [CREATED, None], ids=["dated", "undated"])
@pytest.mark.parametrize("decision", ["grant", "withdraw"])
def test_a_claim_is_an_event_per_version(store: Store, decision, at) -> None:
    """Said, unsaid, said again: two acts; the same version replayed is the same event."""
    said = claim(decision, asserted_at=at, point="ada@home.example")

    events = append(store, *((observation(version=n), said) for n in (1, 3, 3)))

    assert sorted((event.said_by, event.version) for event in events) == [(1, 1), (1, 3)]
    assert {event.point for event in events} == {KEYS.point("email", "ada@home.example")}


def test_a_grant_told_with_another_term_is_another_event(store: Store) -> None:
    """What was given for good is given for a year now, under the same date."""
    said = claim(asserted_at=CREATED)
    limited = claim(asserted_at=CREATED, valid_until=SEEN)

    events = append(store, (observation(), said), (observation(), limited))

    assert {event.valid_until for event in events} == {None, to_micros(SEEN)}


def end(store: Store, *grants: tuple[Observation, ConsentClaim]) -> list[Any]:
    """Ends grants in one transaction; returns every event of the ledger."""
    with store.write() as connection:
        ledger.end(connection, grants, KEYS)
        return list(connection.execute(select(schema.consent_events)))


def test_silence_is_an_expiry_that_counts_from_when_it_was_noticed(store: Store) -> None:
    """Nobody dates what is no longer said; the event names record and version, once."""
    granted = claim(asserted_at=CREATED, evidence="box 7", point="0436 719 342", strength="single")

    [event] = end(store, *[(observation(rid=9, version=2), granted)] * 2)

    assert (event.decision, event.origin, event.rid) == ("expire", "silence", 9)
    assert (event.asserted_at, event.asserted_as) == (to_micros(SEEN), "observed")
    assert (event.said_by, event.version, event.evidence) == (1, 2, None)
    assert event.point == KEYS.point("phone", "+61436719342")


def test_a_grant_that_was_never_written_ends_nothing(store: Store) -> None:
    """Its address was unreadable; the end of it must not be one for the whole person."""
    assert end(store, (observation(version=2), claim(point="not an address"))) == []
