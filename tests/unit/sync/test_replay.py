"""Replaying quarantined rows: the ordinary path again, never backwards."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel
from sqlalchemy import func, select

from hub.core.connector import Connector, Context, Feed, Page, Reader, Reject, Row, RowMap, Stream
from hub.core.errors import NotFound, SkipRecord, StopRun
from hub.core.records import Person, Record, decode
from hub.store import leases, quarantine, schema
from hub.store.quarantine import Filter
from hub.sync.pull import Source
from hub.sync.replay import ReplayReport, replay
from hub.sync.run import sync

if TYPE_CHECKING:
    from tests.unit.sync.conftest import ListSource


class NoSettings(BaseModel):
    """Nothing to configure."""


def strict(row: Row) -> Record:
    """Accepts names in lower case only."""
    if row["name"] != row["name"].lower():
        raise SkipRecord("the name has capitals", reason="capitals")
    return Person(given_name=row["name"])


def corrected(row: Row) -> Record:
    return Person(given_name=row["name"].lower())


def reader(source: ListSource) -> Reader:
    return lambda ctx, state: source.read_people(ctx, state)


def opened(source: ListSource, stream: Stream) -> Source:
    connector = Connector("list", "lists", NoSettings, (stream,), check=lambda _ctx: [])
    log = logging.getLogger("test")
    ctx = Context("crm", NoSettings(), None, source.clock, log, lambda _s, _r: None)
    return Source(ctx, connector, (stream,), region="AU")


def read(source: ListSource, *pages: Page) -> None:
    """Read pages of people under the strict mapping."""
    source.people = list(pages)
    stream = Stream("people", Person, strict, "id", reader(source), deletes=Feed())
    sync(source.store, source.keys, [opened(source, stream)], ids=source.ids, actor="os:test")


def again(
    source: ListSource, mapping: RowMap = corrected, *, key: str = "id", stream: str = "people"
) -> ReplayReport:
    """Replay under a corrected mapping."""
    declared = Stream(stream, Person, mapping, key, reader(source), mapping_version=2)
    place = opened(source, declared)
    run = source.ids.uuid7()
    return replay(source.store, source.keys, place, declared, run=run, actor="os:kim")


def names(source: ListSource) -> list[str]:
    table = schema.source_records.c
    query = select(table.canonical).where(table.deleted_at.is_(None)).order_by(table.source_id)
    with source.store.read() as connection:
        people = [decode(body) for body in connection.execute(query).scalars()]
    return [person.given_name or "" for person in people if isinstance(person, Person)]


def states(source: ListSource) -> dict[str, int]:
    query = select(schema.quarantine.c.state, func.count()).group_by(schema.quarantine.c.state)
    with source.store.read() as connection:
        return dict(tuple(row) for row in connection.execute(query))


def test_a_corrected_mapping_brings_the_rows_in(source: ListSource) -> None:
    """What was kept as it came is stored now, through the audited path, and its place is closed."""
    read(source, Page([{"id": "1", "name": "Ada"}, {"id": "2", "name": "bob"}]))

    report = again(source)

    assert (report.replayed, report.bad, report.unreadable, report.gone) == (1, 0, 0, 0)
    assert report.counts.stored == 1
    assert report.counts.balanced
    assert names(source) == ["ada", "bob"]
    assert states(source) == {"replayed": 1}


def test_a_second_replay_finds_nothing(source: ListSource) -> None:
    """Replaying twice stores nothing twice."""
    read(source, Page([{"id": "1", "name": "Ada"}]))
    again(source)

    report = again(source)

    assert report.counts.read == report.replayed == report.bad == 0


def test_rows_that_are_still_bad_stay_with_todays_reason(source: ListSource) -> None:
    """The admin reads why it fails now, not why it failed last week."""
    read(source, Page([{"id": "1", "name": "Ada"}]))

    def refuse(_row: Row) -> Record:
        raise SkipRecord("still wrong", reason="other")

    report = again(source, refuse)

    with source.store.read() as connection:
        (entry,) = quarantine.entries(connection, Filter(), 10)
    assert (report.replayed, report.bad) == (0, 1)
    assert (entry.reason, entry.message) == ("other", "still wrong")
    assert states(source) == {"open": 1}


def test_unparsed_bytes_wait_for_a_corrected_source(source: ListSource) -> None:
    """Nobody can map a line that never was a row."""
    reject = Reject("too-many-columns", "9 instead of 8", "people.csv:3", b"1,2,3\xff")
    read(source, Page([], rejects=[reject]))

    report = again(source)

    assert (report.unreadable, report.bad, report.counts.read) == (1, 0, 0)
    assert states(source) == {"open": 1}


def test_of_several_bad_versions_only_the_newest_counts(source: ListSource) -> None:
    """The older one must not be stored over it, whichever page it is in."""
    read(
        source,
        Page([{"id": "1", "name": "Old"}]),
        Page([{"id": "1", "name": "New"}]),
    )

    report = again(source)

    assert (report.counts.read, report.replayed) == (1, 2)
    assert names(source) == ["new"]


def test_a_record_deleted_since_is_not_brought_back(source: ListSource) -> None:
    """Its source said that it is gone; an old row is no news."""
    read(
        source,
        Page([{"id": "1", "name": "ada"}]),
        Page([{"id": "1", "name": "Ada"}]),
    )
    source.clock.sleep(60)
    read(source, *source.people, Page([], deletes=["1"]))

    report = again(source)

    assert (report.gone, report.replayed) == (1, 0)
    assert names(source) == []
    assert states(source) == {"gone": 1}


def test_a_row_without_a_key_is_closed_once_the_key_is_found(source: ListSource) -> None:
    """The admin corrected which column is the key."""
    read(source, Page([{"nr": "7", "name": "ada"}]))

    report = again(source, key="nr")

    assert report.replayed == 1
    assert states(source) == {"replayed": 1}


def test_the_checkpoint_stays_where_it_was(source: ListSource) -> None:
    """A replay reads nothing from the source."""
    read(source, Page([{"id": "1", "name": "Ada"}]))
    query = select(schema.checkpoints.c.state)
    with source.store.read() as connection:
        before = connection.execute(query).scalar_one()

    again(source)

    with source.store.read() as connection:
        assert connection.execute(query).scalar_one() == before


def test_a_stream_that_is_being_read_is_left_alone(source: ListSource) -> None:
    """Two writers on one stream would race for the same records."""
    read(source, Page([{"id": "1", "name": "Ada"}]))
    leases.acquire(source.store, "sync:crm/people", "elsewhere:1")

    with pytest.raises(StopRun):
        again(source)


def test_a_stream_that_was_never_read_says_so(source: ListSource) -> None:
    """A misspelt stream must not look like an empty quarantine."""
    with pytest.raises(NotFound, match="never read"):
        again(source, stream="peple")
