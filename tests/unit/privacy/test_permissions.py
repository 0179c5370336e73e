"""Whose words count for whom: members, doubtful matches, records that are gone, brands."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from hub.core.settings import DEFAULT_PURPOSES
from hub.privacy.permissions import load
from hub.store import bulk, schema
from hub.store.engine import Store

Say = Callable[..., None]
HOME = b"home"


@pytest.fixture
def say(store: Store) -> Say:
    """Appends what record ``rid`` said about marketing by e-mail to its home address."""

    def append(rid: int, decision: str, at: int, brand: str = "") -> None:
        row = {
            "event_id": f"{rid}-{decision}-{at}", "rid": rid, "point": HOME,
            "purpose": "marketing", "channel": "email", "brand": brand, "decision": decision,
            "strength": "single", "given_by": "self", "asserted_at": at, "asserted_as": "source",
            "observed_at": at, "origin": "source_sync",
        }  # fmt: skip
        with store.write() as connection:
            bulk.insert(connection, schema.consent_events, tuple(row), [tuple(row.values())])

    return append


def put(store: Store, table, **row) -> None:
    with store.write() as connection:
        bulk.insert(connection, table, tuple(row), [tuple(row.values())])


def member(store: Store, rid: int, golden_id: str) -> None:
    put(store, schema.cluster_members, rid=rid, golden_id=golden_id, since=0)


def state(store: Store, golden_id: str = "g1", brand: str | None = None) -> str:
    with store.read() as connection:
        said = load(connection, [golden_id], DEFAULT_PURPOSES, 1_000, brand)[golden_id]
    return said.of("marketing", "email", HOME).state


@pytest.mark.parametrize("verdict", ["review", "auto"])
def test_a_match_in_doubt_takes_the_stricter_side(store, say, verdict):
    """Held apart, by a steward's queue or by a guard: the other record's withdrawal counts."""
    member(store, 1, "g1")
    member(store, 2, "g2")
    say(1, "grant", 10)
    say(2, "withdraw", 20)
    put(store, schema.links, rid_a=1, rid_b=2, weight=9.0, verdict=verdict, evidence=b"{}", epoch=1)

    assert state(store) == "withdrawn"


def test_a_match_in_doubt_lends_no_grant(store, say):
    """Only refusals cross a doubtful link."""
    member(store, 1, "g1")
    member(store, 2, "g2")
    say(2, "grant", 10)
    put(
        store, schema.links, rid_a=1, rid_b=2, weight=4.0, verdict="review", evidence=b"{}", epoch=1
    )

    assert state(store) == "unknown"


@pytest.mark.parametrize("merged_since", [False, True])
def test_a_withdrawal_outlives_the_record_that_carried_it(store, say, merged_since):
    """The source deletes it, and it leaves the customer, who is merged later: still refused."""
    member(store, 1, "g1")
    say(1, "grant", 10)
    say(2, "withdraw", 20)
    put(store, schema.streams, stream_id=1, connection="crm", stream="people", entity="person")
    put(
        store, schema.source_records, rid=2, stream_id=1, source_id="2", entity="person",
        version=1, fingerprint=b"", mapping=b"", created_at=0, changed_at=0, deleted_at=30,
    )  # fmt: skip
    former = "g0" if merged_since else "g1"
    body = orjson.dumps({"records": ["crm/people/2"]})
    put(store, schema.identity_events, event_id=1, at=30, kind="left", golden_id=former, body=body)
    for golden_id, target in {"g1": None, former: "g1" if merged_since else None}.items():
        put(
            store, schema.golden_ids, golden_id=golden_id, status="merged" if target else "live",
            redirect_to=target, created_at=0, changed_at=0,
        )  # fmt: skip

    assert state(store) == "withdrawn"


def test_a_record_that_left_by_a_steward_takes_its_words_along(store, say):
    """It was somebody else's: nothing it said counts here any more."""
    member(store, 1, "g1")
    say(1, "grant", 10)
    say(2, "withdraw", 20)
    put(store, schema.streams, stream_id=1, connection="crm", stream="people", entity="person")
    put(
        store, schema.source_records, rid=2, stream_id=1, source_id="2", entity="person",
        version=1, fingerprint=b"", mapping=b"", created_at=0, changed_at=0,
    )  # fmt: skip
    body = orjson.dumps({"records": ["crm/people/2"]})
    put(store, schema.identity_events, event_id=1, at=30, kind="left", golden_id="g1", body=body)
    put(store, schema.golden_ids, golden_id="g1", status="live", created_at=0, changed_at=0)

    assert state(store) == "granted"


@pytest.mark.parametrize(
    ("given", "refused", "asked", "expected"),
    [
        ("acme", None, "acme", "granted"),
        ("acme", None, "other", "unknown"),
        ("", None, "acme", "unknown"),
        ("acme", None, "", "unknown"),
        ("acme", "acme", "acme", "withdrawn"),
        ("acme", "other", "acme", "granted"),
        ("acme", "", "acme", "withdrawn"),
        ("", "acme", "", "withdrawn"),
    ],
)
def test_a_grant_is_for_its_brand(store, say, given, refused, asked, expected):
    """A permission holds for the brand it was given to; a refusal without a brand for all."""
    member(store, 1, "g1")
    say(1, "grant", 10, brand=given)
    if refused is not None:
        say(1, "withdraw", 20, brand=refused)

    assert state(store, brand=asked) == expected
