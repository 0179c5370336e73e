"""The same world on SQLite and on PostgreSQL: the same rows, people, numbers, profiles and plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connectors.hubspot.emulator import create
from hub import app, pipeline
from hub.core.clock import ManualClock
from hub.core.ids import IdSource
from hub.emulation.server import serve
from tests.faults.harness import Ground, configure
from tests.faults.photograph import Names, Photograph, photograph

if TYPE_CHECKING:
    from hub.pipeline import Hub, Lane
    from tests.conftest import Databases

ACTOR = "os:acceptance"


@pytest.mark.slow
@pytest.mark.postgres
def test_both_databases_give_the_same_hub(
    tmp_path: Path, sqlite_databases: Databases, postgres_databases: Databases
) -> None:
    """Everything but row ids, golden ids and times of computation is equal, to the last bit."""
    ground = Ground.prepare(tmp_path / "business", people=150, seed=11)

    small = held_on(sqlite_databases.migrated(), ground, tmp_path / "sqlite")
    large = held_on(postgres_databases.migrated(), ground, tmp_path / "postgres")

    assert all(len(small[aspect]) > 10 for aspect in ("profiles", "profile metrics", "plan"))
    assert len(small["snapshots"]) > 5
    assert different(small, large) == {}


def held_on(url: str, ground: Ground, folder: Path) -> Photograph:
    """What a hub on that database holds after its first run, and what it plans to write."""
    clock = ManualClock(ground.now)
    emulator = create(clock=clock)
    emulator.seed(ground.world)
    folder.mkdir()
    with serve(emulator) as address:
        toml = configure(ground, emulator.settings(address), url, folder)
        loaded = app.load(toml, clock=clock, ids=IdSource(clock))
        with loaded.open_hub(ACTOR) as hub, loaded.lanes() as lanes:
            report = pipeline.run(hub, lanes, actor=ACTOR)
            assert [stream.error for stream in report.pulled.streams if stream.error] == []
            return {**photograph(hub.store), "plan": planned(hub, lanes)}


def planned(hub: Hub, lanes: list[Lane]) -> Counter[str]:
    """Every change of the plans, field by field, and what is withheld why."""
    pusher = hub.pusher(ACTOR)
    plans = [pusher.plan(place) for lane in lanes for place in lane.destinations]
    with hub.store.read() as connection:
        names = Names(connection)
    changes = (
        (plan.destination, diff.native_id, diff.field, diff.purpose, diff.before, diff.after)
        for plan in plans
        for diff in plan.diffs
    )
    withheld = {f"withheld: {why}": n for plan in plans for why, n in plan.withheld.items()}
    return Counter(names.told(repr(change)) for change in changes) + Counter(withheld)


def different(one: Photograph, other: Photograph) -> Mapping[str, Counter[str]]:
    """Rows of each aspect that only one of two hubs holds."""
    differing = {name: (one[name] - other[name]) + (other[name] - one[name]) for name in one}
    return {name: rows for name, rows in differing.items() if rows}
