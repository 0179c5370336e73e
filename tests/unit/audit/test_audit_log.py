"""Entries and the transaction they are written in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from hub.audit.log import AuditEvent, entries, record, record_many
from hub.audit.search import Query, search
from hub.audit.sequencer import drain
from hub.audit.verify import entry_time, leaf_hash
from hub.core.clock import to_micros
from hub.store.engine import Store
from hub.store.schema import audit_leaves

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)


def event(kind: str = "sync.page", **fields: object) -> AuditEvent:
    return AuditEvent(kind, "os:kim", NOON, **fields)  # type: ignore[arg-type]


def test_an_entry_is_canonical_json() -> None:
    """The bytes that are hashed do not depend on the order in which details were given."""
    entry = event(connection="shop", what={"rows": 5, "digest": "ab", "ok": True}).entry()

    assert entry == (
        b'{"at":1767268800000000,"by":"os:kim","connection":"shop","kind":"sync.page",'
        b'"subject":null,"what":{"digest":"ab","ok":true,"rows":5}}'
    )


@given(st.dictionaries(st.text(max_size=8), SCALARS), st.text(max_size=8), st.none() | st.text())
def test_an_entry_reads_back_as_the_same_event(
    what: dict[str, str | int | bool | None], actor: str, subject: str | None
) -> None:
    """Nothing of an event is lost on the way into the log, and its time is found by position."""
    told = AuditEvent("sync.page", actor, NOON, subject=subject, what=what)

    assert AuditEvent.parse(told.entry()) == told
    assert entry_time(told.entry()) == to_micros(NOON)


@pytest.mark.parametrize("what", [{"text": "x" * 65_536}, {"text": "é" * 40_000}])
def test_an_entry_longer_than_a_bundle_can_hold_is_refused(what: dict[str, str]) -> None:
    """Two bytes hold its length on export; refusing it at export would be too late."""
    with pytest.raises(ValueError, match="do not fit"):
        event(what=what).entry()


@pytest.mark.parametrize("year", [1999, 2400])
def test_a_time_of_another_width_is_refused(year: int) -> None:
    """The verifier orders entries by a time of 16 digits."""
    with pytest.raises(ValueError, match="do not fit"):
        AuditEvent("sync.page", "os:kim", datetime(year, 1, 1, tzinfo=UTC)).entry()


def test_a_leaf_is_written_with_its_data_or_not_at_all(store: Store) -> None:
    """A transaction that fails leaves no event of what did not happen."""
    with pytest.raises(RuntimeError), store.write() as connection:
        record(connection, event())
        raise RuntimeError("the page failed")

    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(audit_leaves)).scalar() == 0


def test_the_stored_hash_is_that_of_the_stored_bytes(store: Store) -> None:
    """What the sequencer builds the tree from is the hash of what is kept."""
    with store.write() as connection:
        leaf = record(connection, event())

    with store.read() as connection:
        row = connection.execute(select(audit_leaves)).one()
    assert (row.leaf_id, row.body) == (leaf, event().entry())
    assert row.leaf_hash == leaf_hash(row.body)


def test_events_of_one_call_keep_their_order(store: Store) -> None:
    """Events of the same microsecond are told in the order in which they were recorded."""
    events = [event(what={"number": number}) for number in range(50)]
    with store.write() as connection:
        record_many(connection, events)

    drain(store)

    with store.read() as connection:
        assert entries(connection, 0, 50) == [each.entry() for each in events]


def test_leaf_ids_come_from_the_given_source(store: Store) -> None:
    """Tests and replays choose the ids; production draws them at random."""
    with store.write() as connection:
        leaf = record(connection, event(), bits=lambda width: width)

    assert leaf == 62


SEARCHES = {
    "kind": (Query(kind="consent.granted"), [2]),
    "beginning of kind": (Query(kind="consent.*"), [3, 2]),
    "no wildcard within": (Query(kind="consent%"), []),
    "actor": (Query(actor="key:7f"), [3]),
    "subject": (Query(subject="p1"), [2, 1]),
    "connection": (Query(connection="desk"), [1]),
    "since": (Query(since=NOON.replace(minute=2)), [3, 2]),
    "until": (Query(until=NOON.replace(minute=2)), [1]),
    "all together": (Query("consent.*", "os:kim", "p1", "shop", NOON), [2]),
}


@pytest.mark.parametrize(("query", "expected"), SEARCHES.values(), ids=SEARCHES)
def test_search_finds_what_fits_newest_first(
    store: Store, query: Query, expected: list[int]
) -> None:
    """Each filter keeps exactly the events that it names."""
    events = [
        AuditEvent("sync.page", "os:kim", NOON.replace(minute=1), "p1", "desk", {"n": 1}),
        AuditEvent("consent.granted", "os:kim", NOON.replace(minute=2), "p1", "shop", {"n": 2}),
        AuditEvent("consent.withdrawn", "key:7f", NOON.replace(minute=3), "p2", "shop", {"n": 3}),
    ]
    with store.write() as connection:
        record_many(connection, events)

    with store.read() as connection:
        found = [each.event.what["n"] for each in search(connection, query, 10)]

    assert found == expected
