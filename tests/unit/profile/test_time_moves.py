"""Time alone moves profiles: a day later everybody says what a fresh hub would say that day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from sqlalchemy import select

from hub.core.clock import ManualClock
from hub.core.records import Feedback, Interaction, Subscription, Ticket
from hub.core.records import PartyRef as Party
from hub.core.settings import RiskSection
from hub.profile import run as stage
from hub.profile.paths import value_at
from hub.store import dirty
from hub.store.engine import Store
from hub.store.schema import profiles
from hub.voc.method import method
from hub.voc.own_scorer import Terms
from tests.conftest import SqliteDatabases
from tests.unit.journeys.histories import START, History
from tests.unit.profile.stages import look


def ago(days: float) -> datetime:
    return START - timedelta(days=days)


def fill(store: Store) -> History:
    """Four customers of whom much is known, and one who keeps the hub alive for months."""
    history = History(store)
    for golden_id in ("g1", "g2", "g3", "g4", "g5"):
        history.person(golden_id, golden={"given_name": golden_id, "birth_date": "1981-01-09"})
    stuck = Ticket(at=ago(2), channel="email", subject="Invoice twice", assignee_stations=3)
    history.add("g1", "desk/tickets/1", stuck)
    low = Feedback(at=ago(1), instrument="nps", score=2, scale_min=0, scale_max=10)
    history.add("g1", "surveys/answers/1", low)
    history.add("g2", "app/events/1", Interaction(at=ago(3), kind="return"))
    until = Subscription(party=Party(id="1"), started_at=ago(300), ended_at=ago(-40))
    history.add("g3", "billing/contracts/1", until)
    for number, days in enumerate(range(3, 150, 8)):
        history.add("g4", f"app/events/4-{number}", Interaction(at=ago(days), kind="login"))
    for number, days in enumerate(range(0, 100, 20)):
        history.add("g5", f"app/events/5-{number}", Interaction(at=ago(-days), kind="login"))
    with store.write() as connection:
        dirty.mark(connection, "profile", ["g1", "g2", "g3", "g4", "g5"], cause="test", seq=1)
    return history


def told(store: Store) -> dict[str, Any]:
    with store.read() as connection:
        rows = connection.execute(select(profiles.c.golden_id, profiles.c.body)).all()
    return {row.golden_id: orjson.loads(row.body) for row in rows}


@pytest.fixture
def opened(sqlite_databases: SqliteDatabases, clock: ManualClock) -> Iterator[Callable[[], Store]]:
    """Opens stores with the same customers in them, on the test's clock."""
    stores: list[Store] = []

    def another() -> Store:
        stores.append(Store.open(sqlite_databases.migrated(), clock=clock))
        fill(stores[-1])
        return stores[-1]

    yield another
    for store in stores:
        store.close()


@pytest.mark.parametrize(
    "days",
    [
        (8, 9, 15),
        pytest.param((1,), marks=pytest.mark.slow),
        pytest.param((41,), marks=pytest.mark.slow),
        pytest.param((59, 62, 95), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_after_idle_days_it_says_what_a_fresh_hub_would(
    days: tuple[int, ...], opened: Callable[[], Store], clock: ManualClock
) -> None:
    """However many days it was looked at in between: no mark, no new record, the same profile."""
    old = opened()
    look(old)
    first, begun = told(old), clock.now()

    for day in days:
        clock.sleep((begun + timedelta(days=day, hours=7) - clock.now()).total_seconds())
        look(old)
    fresh = opened()
    look(fresh)

    assert told(old) == told(fresh)
    assert told(old) != first


def test_what_time_moves(opened: Callable[[], Store], clock: ManualClock) -> None:
    """Flags fall, risk decays, a contract ends, and a birthday makes somebody older."""
    store = opened()
    seen = []
    for sleep in (0, 15, 47):
        clock.sleep(sleep * 86_400)
        look(store)
        seen.append(told(store))

    assert [value_at(each["g2"], "risk.recent_return") for each in seen] == [True, False, False]
    flagged = [value_at(each["g1"], "risk.unresolved_detractor") for each in seen]
    assert flagged == [True, True, False]
    points = [value_at(each["g1"], "risk.points") for each in seen]
    assert all(isinstance(each, int) for each in points)
    assert points[0] != points[1]
    assert [value_at(each["g3"], "risk.band") for each in seen][-1] == "left"
    assert [value_at(each["g1"], "who.age_band") for each in seen] == ["40-49"] * 3


def test_a_second_run_on_the_same_day_looks_at_nobody(
    opened: Callable[[], Store], clock: ManualClock
) -> None:
    """From the first minute of a day to its last a profile is the same."""
    store = opened()
    look(store)
    clock.sleep(86_399)

    assert look(store) == stage.ProfileReport(0, 0, 0)


def test_the_day_turns_on_the_clocks_of_the_business(
    opened: Callable[[], Store], clock: ManualClock
) -> None:
    """Midnight in Sydney is one in the afternoon in London."""
    store, sydney = opened(), ZoneInfo("Australia/Sydney")
    look(store, stage.Rules(zone=sydney), Terms(zone=sydney))
    clock.sleep(12 * 3_600)
    before = look(store, stage.Rules(zone=sydney), Terms(zone=sydney))
    clock.sleep(2 * 3_600)

    assert before.looked_at == 0
    assert look(store, stage.Rules(zone=sydney), Terms(zone=sydney)).looked_at == 5


def test_a_feed_that_falls_silent_makes_risks_unknown(
    sqlite_store: Store, clock: ManualClock
) -> None:
    """Log-ins that are not read any more are no log-ins that stopped: below the floor no points."""
    store = sqlite_store
    history = fill(store)
    for number, days in enumerate((-120, -60, 1)):
        other = Ticket(at=ago(days), status="solved", solved_at=ago(days - 1))
        history.add(None, f"help/tickets/{number}", other)
    by = method(Path("/nowhere"), RiskSection(floor=50))

    look(store, stage.Rules(floor=50), Terms(by=by))
    heard = told(store)["g4"]["risk"]
    clock.sleep(130 * 86_400)
    look(store, stage.Rules(floor=50), Terms(by=by))
    silent = told(store)["g4"]["risk"]

    assert heard["coverage"]["value"] >= 50 > silent["coverage"]["value"]
    assert heard["points"]["value"] is not None
    assert silent["points"]["value"] is None
    assert silent["points"]["status"] == (
        f"unknown: coverage {silent['coverage']['value']} %, below 50 %"
    )
    assert silent["band"]["value"] == "unknown"
    assert silent["health_colour"]["value"] == "unknown"
