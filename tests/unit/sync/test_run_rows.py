"""A run is on record from its first moment, so that one that was killed is not missing."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from hub.core.clock import to_micros
from hub.core.connector import Context, Page, State
from hub.store import leases, schema
from hub.store.leases import LEASE_SECONDS
from hub.store.runs import WITHOUT_A_WORD, silent


def rows(store):
    """Status and error of every run, oldest first."""
    runs = schema.runs.c
    with store.read() as connection:
        query = select(runs.status, runs.error, runs.counts).order_by(runs.started_at, runs.run_id)
        return [
            (row.status, row.error, json.loads(row.counts)) for row in connection.execute(query)
        ]


def killed(source, clock) -> None:
    """A run that dies behind its first page, as if nobody had released its lease."""

    def dies(ctx: Context, state: State) -> Iterator[Page]:
        yield Page([{"id": "1", "name": "Ada"}], next_state={"next": 1})
        raise KeyboardInterrupt

    source.read_people = dies
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leases, "release", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            source.sync("people")
    with source.store.write() as connection:
        connection.execute(schema.leases.update().values(holder="elsewhere:1"))
    del source.read_people
    clock.sleep(1)


def silenced(source, clock) -> int:
    with source.store.read() as connection:
        return len(silent(connection, to_micros(clock.now())))


def test_a_killed_run_is_on_record_and_silent_once_its_lease_is_over(source, clock):
    """As long as the lease runs, it may be at work on another machine."""
    killed(source, clock)
    before = silenced(source, clock)

    clock.sleep(LEASE_SECONDS)

    assert rows(source.store) == [("running", None, {})]
    assert (before, silenced(source, clock)) == (0, 1)


def test_the_next_run_writes_down_that_the_one_before_was_interrupted(source, clock):
    """It holds the lease, so the other one cannot be at work any more."""
    source.people = [Page([{"id": "1", "name": "Ada"}])]
    killed(source, clock)
    clock.sleep(LEASE_SECONDS)

    source.sync("people")

    first, second = rows(source.store)
    assert first == ("interrupted", WITHOUT_A_WORD, {})
    assert (second[0], silenced(source, clock)) == ("succeeded", 0)


def test_a_run_at_work_is_not_silent(source, clock):
    """Its row says running, and its lease is held."""
    seen = []

    def looks(ctx: Context, state: State) -> Iterator[Page]:
        seen.append((rows(source.store), silenced(source, clock)))
        yield Page([{"id": "1", "name": "Ada"}], next_state={"next": 1})

    source.read_people = looks
    source.sync("people")

    assert seen == [([("running", None, {})], 0)]
    assert [status for status, *_ in rows(source.store)] == ["succeeded"]


def test_a_stream_that_somebody_else_reads_is_told_and_leaves_his_run_alone(source, clock):
    """Only who holds the lease may say that another run is over."""
    killed(source, clock)  # its lease still runs

    report = source.sync("people")

    assert report.status == "failed"
    assert sorted(status for status, *_ in rows(source.store)) == ["failed", "running"]
    assert silenced(source, clock) == 0
