"""Whose record is in doubt: pairs in review across two customers that nobody has decided."""

from __future__ import annotations

import pytest

from hub.identity.doubt import in_doubt
from hub.store import bulk
from hub.store.engine import Store
from hub.store.schema import cluster_members, decisions, links, source_records, streams

ALL = (1, 2, 3)


@pytest.fixture
def records(store: Store) -> Store:
    """Three records: the first two are one customer."""
    with store.write() as connection:
        stream = (1, "crm", "people", "person")
        names = ("stream_id", "connection", "stream", "entity")
        bulk.insert(connection, streams, names, [stream])
        columns = (
            "rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping",
            "created_at", "changed_at",
        )  # fmt: skip
        rows = [(rid, 1, f"p{rid}", "person", 1, b"", b"", 0, 0) for rid in ALL]
        bulk.insert(connection, source_records, columns, rows)
        members = [(1, "g1", 0), (2, "g1", 0), (3, "g3", 0)]
        bulk.insert(connection, cluster_members, ("rid", "golden_id", "since"), members)
    return store


def pair(store: Store, one: int, two: int, verdict: str = "review") -> None:
    columns = ("rid_a", "rid_b", "weight", "verdict", "evidence", "epoch")
    with store.write() as connection:
        bulk.insert(connection, links, columns, [(one, two, 5.0, verdict, b"[]", 1)])


def doubted(store: Store) -> set[int]:
    with store.read() as connection:
        return in_doubt(connection, ALL)


def test_both_records_of_a_pair_in_review_are_in_doubt(records: Store) -> None:
    """Either may be the other's; the third record, of the same customer, is not concerned."""
    pair(records, 2, 3)

    assert doubted(records) == {2, 3}


@pytest.mark.parametrize(
    ("one", "two", "verdict"), [(1, 2, "review"), (2, 3, "cannot"), (1, 2, "auto")],
    ids=["joined-otherwise", "kept-apart", "joined"],
)  # fmt: skip
def test_what_is_decided_anyway_is_no_doubt(
    records: Store, one: int, two: int, verdict: str
) -> None:
    """A pair inside one customer is settled by its other links, whatever it would say alone."""
    pair(records, one, two, verdict)

    assert doubted(records) == set()


@pytest.mark.parametrize(("revoked", "left"), [(None, set()), (9, {2, 3})], ids=["stands", "taken"])
def test_a_stewards_word_ends_the_doubt_while_it_stands(
    records: Store, revoked: int | None, left: set[int]
) -> None:
    """Bound or separated, it is known; a decision that was taken back is none."""
    pair(records, 2, 3)
    columns = ("decision_id", "kind", "key_a", "key_b", "actor", "reason", "at", "revoked_at")
    row = ("d1", "cannot_link", "crm/people/p2", "crm/people/p3", "kim", "two people", 1, revoked)
    with records.write() as connection:
        bulk.insert(connection, decisions, columns, [row])

    assert doubted(records) == left
