"""A changed mapping reaches what is stored already, although the source brings nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from hub.core.connector import FullPass, Page, Row
from hub.core.records import ConsentClaim, Person, decode
from hub.store import schema


def shouting(row: Row) -> Person:
    """Another mapping: it writes names in capitals and refuses the name that it cannot stand."""
    if row["name"] == "Bad":
        raise ValueError("no")
    claims = [ConsentClaim(purpose="marketing", channel="email", decision="deny")]
    return Person(given_name=row["name"].upper(), consents=claims)


def people(count: int) -> list[dict[str, Any]]:
    return [{"id": str(n), "name": f"Name {n}"} for n in range(count)]


def names(source) -> set[str | None]:
    query = select(schema.source_records.c.canonical).where(
        schema.source_records.c.entity == "person"
    )
    with source.store.read() as connection:
        records = [decode(body) for body in connection.execute(query).scalars()]
    return {record.given_name for record in records if isinstance(record, Person)}


def change_mapping(source) -> None:
    source.map_person, source.mapping_version = shouting, 2


def test_stored_rows_are_mapped_again_without_being_read(source):
    """The source has nothing new; the records, their consent and their people still change."""
    source.people = [Page(rows=people(3))]
    source.sync("people")

    change_mapping(source)
    [report] = source.sync("people").streams

    assert names(source) == {"NAME 0", "NAME 1", "NAME 2"}
    assert (report.remapped, report.counts.stored, report.counts.events) == (3, 3, 3)
    assert report.counts.balanced


def test_a_mapping_that_did_not_change_maps_nothing_again(source):
    """Neither the first sync nor the one after a re-mapping looks at stored rows."""
    source.people = [Page(rows=people(3))]
    first = source.sync("people")
    change_mapping(source)
    source.sync("people")

    again = source.sync("people", full=True)

    assert [report.streams[0].remapped for report in (first, again)] == [0, 0]
    assert (again.counts.unchanged, again.counts.stored) == (3, 0)


def test_a_row_that_no_longer_maps_keeps_its_record(source):
    """It waits in quarantine; the record says what it said before."""
    source.people = [Page(rows=[{"id": "1", "name": "Bad"}, *people(1)])]
    source.sync("people")

    change_mapping(source)
    counts = source.sync("people").counts

    assert (counts.stored, counts.quarantined) == (1, 1)
    assert names(source) == {"Bad", "NAME 0"}


def test_mapping_again_is_no_sign_of_life(source):
    """A record that a complete pass does not bring is deleted, although its row was mapped anew."""
    source.deletes = FullPass(max_percent=50)
    source.people = [Page(rows=people(4), complete=True)]
    source.sync("people")

    change_mapping(source)
    source.people = [Page(rows=people(3), complete=True)]
    counts = source.sync("people", full=True).counts

    assert counts.deleted == 1


def test_a_killed_re_mapping_goes_on_with_what_is_left(source, monkeypatch):
    """Half of the rows are through when the process dies: the next run takes the other half."""
    monkeypatch.setattr("hub.sync.remap.PAGE", 2)
    source.people = [Page(rows=people(4))]
    source.sync("people")
    change_mapping(source)
    kept = source.map_person
    source.map_person = lambda row: _die_at(row, "Name 2")
    with pytest.raises(KeyboardInterrupt):
        source.sync("people")

    source.map_person = kept
    [report] = source.sync("people").streams

    assert report.remapped == 2
    assert names(source) == {f"NAME {n}" for n in range(4)}


def _die_at(row: Row, name: str) -> Person:
    if row["name"] == name:
        raise KeyboardInterrupt
    return shouting(row)


def test_a_pass_that_begins_anew_forgets_what_an_unfinished_one_had_seen(source):
    """The files were replaced during a pause: who is only in the old ones is gone."""
    source.deletes = FullPass(max_percent=50)
    source.people = [Page(rows=people(4), complete=True)]
    source.sync("people")
    source.people.append(Page(rows=people(4)))  # an unfinished pass saw everybody
    source.sync("people")

    source.people.append(Page(rows=people(3), begins=True, complete=True))
    counts = source.sync("people").counts

    assert counts.deleted == 1


def test_a_pass_after_a_complete_one_starts_with_nobody_seen(source):
    """Two passes in one run: the second one sees for itself who is there."""
    source.deletes = FullPass(max_percent=50)
    source.people = [Page(rows=people(4), complete=True), Page(rows=people(3), complete=True)]

    counts = source.sync("people").counts

    assert counts.deleted == 1
