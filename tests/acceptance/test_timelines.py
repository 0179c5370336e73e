"""Five systems and two exports of one simulated business become timelines: nothing lost or doubled.

The expectation is counted from the records in the store, without the timeline's own queries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from hub import pipeline
from hub.cli.demo.stage import Stage, staged
from hub.core.records import decode
from hub.journeys import kinds
from hub.journeys.files import SHIPPED, read
from hub.journeys.funnel import funnel
from hub.journeys.inventory import inventory
from hub.journeys.timeline import Event, events_of, everybody
from hub.store.engine import Store
from hub.store.records import source_keys
from hub.store.schema import cluster_members, facts, order_entries, source_records

pytestmark = pytest.mark.slow

ACTOR = "os:test"


@dataclass(frozen=True, slots=True)
class Told:
    """A hub that has read everything, and what its timelines said then and after a second run."""

    stage: Stage
    store: Store
    first: list[list[Event]]
    again: list[list[Event]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder: Path = tmp_path_factory.mktemp("timelines")
    with (
        staged(folder, seed=5, people=120) as stage,
        stage.app.open_hub(ACTOR) as hub,
        stage.app.lanes() as lanes,
    ):
        pipeline.run(hub, lanes, actor=ACTOR)
        first = _everybody(hub.store)
        stage.clock.sleep(900)
        pipeline.run(hub, lanes, actor=ACTOR)
        yield Told(stage, hub.store, first, _everybody(hub.store))


def test_every_record_of_five_systems_stands_on_one_timeline(told):
    """The records that the events name are the dated ones of known customers, each once."""
    named = [source for events in told.first for source in _distinct(events)]

    expected = _dated_records(told.store)
    assert len({source.partition("/")[0] for source in expected}) >= 5
    assert sorted(named) == sorted(expected)


def test_a_second_reading_changes_no_timeline(told):
    """Every vendor is read again; what happened and its order remain."""
    assert told.again == told.first


def test_the_inventory_counts_what_the_timelines_hold(told):
    """Volumes add up to the events that customers met, and each type has its row."""
    now = told.stage.clock.now()
    met = [
        event
        for events in told.first
        for event in events
        if event.kind not in kinds.INTERNAL and event.at <= now
    ]

    rows = inventory(read(SHIPPED), told.first, now)

    assert sum(row.volume for row in rows) == len(met)
    assert {(row.kind, row.channel) for row in rows} == {(e.kind, e.channel) for e in met}


def test_the_shipped_journey_has_a_funnel(told):
    """Customers of the simulated shop go through it: some through, some lost, all accounted for."""
    found = funnel(read(SHIPPED), told.first, told.stage.clock.now())

    assert found.completed > 0
    assert found.lost > 0
    assert found.started == found.completed + found.open + found.lost


def _everybody(store: Store) -> list[list[Event]]:
    with store.read() as connection:
        return list(everybody(connection))


def _distinct(events: list[Event]) -> set[str]:
    return {source for event in events for source in event.sources}


def _dated_records(store: Store) -> list[str]:
    """Keys of the stored facts of known customers that say when something happened."""
    with store.read() as connection:
        known = set(connection.execute(select(cluster_members.c.rid)).scalars())
        of_known = {
            rid
            for table in (facts, order_entries)
            for rid, party in connection.execute(select(table.c.rid, table.c.party_rid))
            if party in known
        }
        bodies = connection.execute(select(source_records.c.rid, source_records.c.canonical))
        records = {rid: decode(body) for rid, body in bodies if rid in of_known}
        keys = source_keys(connection, records)
    return [str(keys[rid]) for rid, said in records.items() if events_of(str(keys[rid]), said)]
