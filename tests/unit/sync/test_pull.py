"""What a pull promises: every row accounted for, nothing stored twice, nothing lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from hub.core import boundary
from hub.core.connector import FullPass, Page, Reject
from hub.core.ids import SourceKey
from hub.store import schema
from hub.store.leases import acquire
from hub.store.records import find


def person(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": str(number), "name": f"Name {number}", **fields}


def line(number: int, customer: int, amount: int = 100) -> dict[str, Any]:
    return {
        "id": str(number),
        "order": f"o{number}",
        "at": "2025-12-01T10:00:00Z",
        "amount": amount,
        "customer": str(customer),
    }


def rows_of(source, table, **where):
    query = select(table).where(*(table.c[name] == value for name, value in where.items()))
    with source.store.read() as connection:
        return connection.execute(query).all()


def total(source, table) -> int:
    with source.store.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def forget_dirty(source) -> None:
    with source.store.write() as connection:
        connection.execute(text("DELETE FROM dirty"))


def test_every_row_that_was_read_is_counted_exactly_once(source):
    """Stored, in-page duplicate, unmappable and unreadable rows add up to what came in."""
    reject = Reject("too-many-columns", "9 columns, expected 8", "a.csv:3", b"x;y")
    source.people = [
        Page(rows=[person(1), person(1), person(2), {"id": "3"}, {}], rejects=[reject])
    ]

    counts = source.sync("people").counts

    assert (counts.read, counts.stored, counts.unchanged, counts.quarantined) == (6, 2, 1, 3)
    assert counts.balanced


def test_an_unchanged_source_stores_nothing_and_logs_nothing(source):
    """A full second read of the same rows leaves no row, ledger event or audit leaf behind."""
    source.people = [Page(rows=[person(1, consent="grant"), {"id": "9"}])]
    source.sync("people")
    before = [total(source, t) for t in (schema.audit_leaves, schema.consent_events)]

    second = source.sync("people", full=True).counts

    assert (second.stored, second.unchanged, second.quarantined) == (0, 2, 0)
    assert [total(source, t) for t in (schema.audit_leaves, schema.consent_events)] == before


def test_a_changed_row_becomes_the_next_version(source):
    """The record keeps its row id and counts up; the identity stage is asked to look again."""
    source.people = [Page(rows=[person(1)]), Page(rows=[person(1, emails=["a@example.org"])])]

    source.sync("people")

    [row] = rows_of(source, schema.source_records)
    assert row.version == 2
    assert b"a@example.org" in row.canonical
    assert [mark.key for mark in rows_of(source, schema.dirty, stage="identity")] == [str(row.rid)]


def test_a_fact_that_comes_before_its_party_keeps_a_place_for_it(source):
    """The line's customer gets a row id at once, and the customer's record later fills that row."""
    source.lines = [Page(rows=[line(1, customer=7)])]
    source.people = [Page(rows=[person(7)])]

    source.sync("lines")
    with source.store.read() as connection:
        place = find(connection, SourceKey("crm", "people", "7"))
    source.sync("people")

    [entry] = rows_of(source, schema.order_entries)
    [record] = rows_of(source, schema.source_records, entity="person")
    assert entry.party_rid == place == record.rid
    assert record.version == 1


def test_a_line_that_moves_to_another_customer_marks_both(source):
    """Whoever lost an order is measured again, not only who gained it."""
    source.lines = [Page(rows=[line(1, customer=1)]), Page(rows=[line(1, customer=2)])]
    source.sync("lines")
    forget_dirty(source)

    source.lines.append(Page(rows=[line(1, customer=1)]))
    source.sync("lines")

    assert len(rows_of(source, schema.dirty, stage="facts")) == 2


def test_a_reported_deletion_keeps_the_orders_of_the_customer(source):
    """A party that is gone leaves its cluster; what it bought happened."""
    source.people = [Page(rows=[person(1)]), Page(rows=[], deletes=["1", "unknown"])]
    source.lines = [Page(rows=[line(1, customer=1)])]

    report = source.sync()

    assert report.counts.deleted == 1
    assert rows_of(source, schema.source_records, entity="person")[0].deleted_at is not None
    assert total(source, schema.order_entries) == 1


def test_a_merge_names_the_record_that_absorbed_the_other(source):
    """The vendor's own merge is kept as a fact about who is who."""
    source.people = [Page(rows=[person(1), person(2)]), Page(rows=[], merges={"2": "1"})]

    source.sync("people")

    winner, loser = sorted(rows_of(source, schema.source_records), key=lambda r: r.source_id)
    assert loser.merged_into == winner.rid


def test_a_merge_that_is_told_after_the_deletion_is_still_one(source):
    """First the loser is gone, then it is said into whom: both are looked at again."""
    source.people = [Page(rows=[person(1), person(2)]), Page(rows=[], deletes=["2"])]
    source.sync("people")
    forget_dirty(source)

    source.people.append(Page(rows=[], merges={"2": "1"}))
    report = source.sync("people")

    winner, loser = sorted(rows_of(source, schema.source_records), key=lambda r: r.source_id)
    dirty = rows_of(source, schema.dirty, stage="identity")
    assert (loser.merged_into, loser.deleted_at is None) == (winner.rid, False)
    assert {row.key for row in dirty} == {str(winner.rid), str(loser.rid)}
    assert report.counts.deleted == 0


def test_a_merge_that_is_told_again_changes_nothing(source):
    """Overlapping windows bring it twice: no mark, and nothing to prove."""
    source.people = [Page(rows=[person(1), person(2)]), Page(rows=[], merges={"2": "1"})]
    source.sync("people")
    forget_dirty(source)
    proven = total(source, schema.audit_leaves)

    source.people.append(Page(rows=[], merges={"2": "1"}))
    source.sync("people")

    assert rows_of(source, schema.dirty) == []
    assert total(source, schema.audit_leaves) == proven


def test_a_record_that_is_listed_again_is_read_and_lives(source):
    """It was missing from one list of ids, stands in the next, and did not change in between."""
    source.deletes = FullPass(max_percent=10)
    held = {str(n): person(n) for n in range(20)}
    source.by_id = lambda _ctx, ids: [held[each] for each in ids if each in held]
    source.people = [
        Page(rows=[*held.values()], complete=True),
        Page(rows=[], alive=[each for each in held if each != "7"], complete=True),
    ]
    gone = source.sync("people").counts.deleted

    source.people.append(Page(rows=[], alive=[*held], complete=True))
    counts = source.sync("people").counts

    assert (gone, counts.read, counts.stored, counts.deleted) == (1, 1, 1, 0)
    assert all(row.deleted_at is None for row in rows_of(source, schema.source_records))


def test_a_record_that_is_listed_but_not_held_stays_gone(source):
    """The list lags the other way: what the source does not hold any more is not raised."""
    source.by_id = lambda _ctx, ids: []
    source.deletes = FullPass()
    source.people = [Page(rows=[person(1)], complete=True), Page(rows=[], deletes=["1"])]
    source.sync("people")

    source.people.append(Page(rows=[], alive=["1"], complete=True))
    counts = source.sync("people").counts

    assert (counts.read, counts.stored) == (0, 0)
    assert rows_of(source, schema.source_records)[0].deleted_at is not None


def test_absence_from_a_complete_pass_deletes(source):
    """One of twenty records is missing from a complete pass: it is gone."""
    source.deletes = FullPass(max_percent=10)
    everyone = [person(n) for n in range(20)]
    source.people = [Page(rows=everyone, complete=True)]
    source.sync("people")

    source.people = [Page(rows=everyone[1:], complete=True)]
    report = source.sync("people", full=True)

    assert report.counts.deleted == 1


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([person(n) for n in range(10)], "more than 10 %"),
        ([*[person(n) for n in range(1, 20)], {"name": "no key"}], "could not be read"),
    ],
    ids=["half-is-missing", "a-row-without-key"],
)
def test_the_fuse_holds_deletion_back(source, rows, why):
    """A short pass, or one with rows that nobody can attribute, deletes nothing and says why."""
    source.deletes = FullPass(max_percent=10)
    source.people = [Page(rows=[person(n) for n in range(20)], complete=True)]
    source.sync("people")

    source.people = [Page(rows=rows, complete=True)]
    report = source.sync("people", full=True)

    assert report.counts.deleted == 0
    assert why in report.streams[0].fuse.reason


def test_an_interrupted_pass_still_knows_what_it_had_seen(source):
    """Killed between two pages, resumed: no record of the first page is called missing."""
    source.deletes = FullPass(max_percent=100)
    first, second = [person(n) for n in range(5)], [person(n) for n in range(5, 9)]
    source.people = [Page(rows=first), Page(rows=second, complete=True)]
    source.sync("people")

    def die(_name):
        raise KeyboardInterrupt

    boundary.listen(lambda name: die(name) if name == "page committed" else None)
    try:
        with pytest.raises(KeyboardInterrupt):
            source.sync("people", full=True)
    finally:
        boundary.listen(None)
    report = source.sync("people")

    assert report.counts.read == 4
    assert report.counts.deleted == 0


def test_the_cursor_never_passes_rows_that_are_not_durable(source):
    """A crash before the commit leaves the checkpoint where it was, and the page is read again."""
    source.people = [Page(rows=[person(1)]), Page(rows=[person(2)])]

    def die(_name):
        raise KeyboardInterrupt

    boundary.listen(lambda name: die(name) if name == "page fetched" else None)
    try:
        with pytest.raises(KeyboardInterrupt):
            source.sync("people")
    finally:
        boundary.listen(None)

    assert total(source, schema.checkpoints) == 0
    assert source.sync("people").counts.stored == 2


def test_a_stream_that_fails_leaves_the_others_alone(source):
    """One broken stream makes the run partial; the other one is whole."""
    source.people = [Page(rows=[person(1)])]
    source.lines = [Page(rows=None)]  # type: ignore[arg-type]

    report = source.sync()

    assert report.status == "partial"
    assert [stream.status for stream in report.streams] == ["succeeded", "failed"]


def test_a_second_process_does_not_pull_the_same_stream(source):
    """The lease of a live holder turns the second one away, with its name."""
    acquire(source.store, "sync:crm/people", holder="other-host:1")
    source.people = [Page(rows=[person(1)])]

    [stream] = source.sync("people").streams

    assert "other-host:1" in str(stream.error)
    assert total(source, schema.source_records) == 0


def test_a_holder_past_its_lease_cannot_write(source):
    """A process that slept through its lease finds the fence raised, and its page rolls back."""

    def take_over(name):
        if name == "page fetched":
            source.clock.sleep(3600)
            acquire(source.store, "sync:crm/people", holder="other-host:1")

    source.people = [Page(rows=[person(1)])]
    boundary.listen(take_over)
    try:
        [stream] = source.sync("people").streams
    finally:
        boundary.listen(None)

    assert stream.error.code == "HUB-112"
    assert total(source, schema.source_records) == 0


def test_an_undated_withdrawal_is_an_event_each_time_the_field_turns(source):
    """Grant, withdrawal, grant, withdrawal: four events; a re-read or another edit adds none."""
    turns = ["grant", "withdraw", "withdraw", "grant", "withdraw"]
    source.people = [
        Page(rows=[person(1, consent=turn, emails=[f"{n}@example.org"])])
        for n, turn in enumerate(turns)
    ]

    source.sync("people")

    assert total(source, schema.consent_events) == 4


def test_a_row_repaired_at_its_source_leaves_quarantine(source):
    """The same record, readable now, closes its quarantined version."""
    source.people = [Page(rows=[{"id": "1"}]), Page(rows=[person(1)])]

    source.sync("people")

    assert [row.state for row in rows_of(source, schema.quarantine)] == ["replayed"]


def test_a_row_that_went_back_to_what_is_stored_leaves_quarantine(source):
    """Stored, broken, and again as stored: a replay must not bring the broken version back."""
    source.people = [Page(rows=[person(1)]), Page(rows=[{"id": "1"}]), Page(rows=[person(1)])]

    source.sync("people")

    assert [row.state for row in rows_of(source, schema.quarantine)] == ["replayed"]


def test_a_page_gives_way_to_a_stream_that_is_faster(source, monkeypatch):
    """A fact's stream keeps a place for the same person between look-up and insert: tried again."""
    from hub.sync.compare import Comparer

    source.people, source.lines = [Page(rows=[person(7)])], [Page(rows=[line(1, customer=7)])]
    looked_up: list[bool] = []
    compare = Comparer.compare

    def blind_at_first(self, connection, rows):
        result = compare(self, connection, rows)
        if not looked_up and rows and "name" in rows[0].row:
            result.changed = [(row, None) for row, _ in result.changed]
            looked_up.append(True)
        return result

    source.sync("lines")
    monkeypatch.setattr(Comparer, "compare", blind_at_first)
    report = source.sync("people")

    assert report.status == "succeeded"
    assert looked_up
    assert len(rows_of(source, schema.source_records, entity="person")) == 1


def test_quarantine_names_the_reason_without_the_value(source):
    """The message tells which field is wrong; the value stays in the raw row."""
    source.people = [Page(rows=[person(1, emails="secret@example.org")])]

    source.sync("people")

    [row] = rows_of(source, schema.quarantine)
    assert row.reason == "bad-type"
    assert "secret" not in row.message
    assert b"secret" in row.raw


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 2)), max_size=25), st.data())
def test_paging_does_not_change_what_is_stored(sqlite_databases, source_on, edits, data):
    """Any cut of the same sequence of rows into pages leaves the same latest records."""
    cut = data.draw(st.integers(1, 7))
    rows = [person(number, emails=[f"{turn}@example.org"]) for number, turn in edits]
    stored = []
    for size in (len(rows) or 1, cut):
        pages = [Page(rows=rows[at : at + size]) for at in range(0, len(rows), size)]
        source = source_on(sqlite_databases.migrated())
        source.people = pages
        source.sync("people")
        stored.append({(r.source_id, r.canonical) for r in rows_of(source, schema.source_records)})
        source.store.close()

    assert stored[0] == stored[1]


def test_a_row_that_is_bad_again_is_in_quarantine_again(source):
    """Bad, repaired, and exactly as bad as before: it must not vanish behind its first repair."""
    broken = {"id": "1", "name": 7}
    source.people = [Page(rows=[broken]), Page(rows=[person(1)])]
    source.sync("people")

    source.people.append(Page(rows=[broken]))
    counts = source.sync("people").counts

    assert counts.quarantined == 1
    assert [row.state for row in rows_of(source, schema.quarantine)] == ["open"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (person(1) | {"id": "a\0b"}, "nul"),
        (person(1) | {"id": "k" * 513}, "key-too-long"),
        (person(1, note=2**70), "not-json"),
        (person(1, note="\ud800"), "not-json"),
        (person(1, name="a\0b"), "nul"),
    ],
    ids=["nul-in-key", "long-key", "huge-integer", "lone-surrogate", "nul"],
)
def test_what_no_database_takes_goes_to_quarantine(source, row, reason):
    """One such row must not stop a stream for ever, on either database."""
    source.people = [Page(rows=[row, person(2)])]

    report = source.sync("people")

    assert report.status == "succeeded" or report.counts.quarantined == 1
    assert (report.counts.stored, report.counts.quarantined) == (1, 1)
    assert [r.reason for r in rows_of(source, schema.quarantine)] == [reason]


@pytest.mark.parametrize(
    "edit",
    [
        {"at": "2025-12-01T10:00:00"},
        {"amount": 2**63},
        {"customer": "c" * 3_000},
        {"order": "o" * 3_000},
    ],
    ids=["time-without-zone", "amount-beyond-64-bits", "long-party", "long-order"],
)
def test_a_fact_that_no_database_takes_goes_to_quarantine(source, edit):
    """PostgreSQL and SQLite refuse different things: the hub refuses them on both, row by row."""
    source.lines = [Page(rows=[line(1, customer=1) | edit, line(2, customer=2)])]

    report = source.sync("lines")

    assert (report.counts.stored, report.counts.quarantined) == (1, 1)
    assert [r.reason for r in rows_of(source, schema.quarantine)] == ["bad-type"]
