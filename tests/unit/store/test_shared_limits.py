"""Processes that use one credential share what its vendor allows, through the database."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from connectors.hubspot.client import LIMITS, translate
from connectors.hubspot.emulator import TOKEN, HubSpotEmulator, create
from hub.core.auth import StaticToken
from hub.core.budgets import Hold, Notes, Reading
from hub.core.clock import ManualClock
from hub.core.errors import BudgetExhausted, StoreError
from hub.core.http import Http, HttpClient
from hub.core.limiter import LOOK_AGAIN, Limiter, Limiters, Verdict
from hub.core.limits import CostMeter, Gauge, HeaderMeter, Lane, Limits
from hub.core.secrets import Secret
from hub.emulation.faults import Fault, Scenario
from hub.emulation.server import serve
from hub.store.budgets import StoreBoard
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.testing.client import Waits, open_client
from tests.unit.store.searching_child import SEARCH

CHILD = Path(__file__).with_name("searching_child.py")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = Keys(b"k" * 32)
MINUTE = HeaderMeter("minute", remaining="x-left", limit="x-max", window=60)
DAY = HeaderMeter("daily", remaining="x-day", window=3600, daily=True)
PLAIN = Limits(meters=(MINUTE, DAY))


@pytest.fixture
def stores(database: str, clock: ManualClock) -> Iterator[tuple[Store, Store]]:
    """One database, opened by two processes."""
    both = Store.open(database, clock), Store.open(database, clock)
    yield both
    for store in both:
        store.close()


@pytest.fixture
def pair(stores: tuple[Store, Store], clock: ManualClock) -> tuple[Limiter, Limiter]:
    """Two processes with the same credential; each has asked once, so each knows of the other."""
    return limiters(stores, clock, PLAIN)


def limiters(
    stores: tuple[Store, Store], clock: ManualClock, limits: Limits
) -> tuple[Limiter, Limiter]:
    boards = [StoreBoard(store, KEYS, f"host:{n}") for n, store in enumerate(stores)]
    a, b = (Limiters(clock, board).of("acme token", limits) for board in boards)
    for limiter in (a, b):
        ask(limiter)
    clock.sleep(1)
    return a, b


def ask(limiter: Limiter, path: str = "/things") -> Verdict:
    verdict = limiter.ask(path)
    if verdict.action in ("go", "slow"):
        limiter.done(path)
    return verdict


# --- notes --------------------------------------------------------------------------------------


def test_merging_keeps_the_newest_of_each_and_forgets_what_is_over() -> None:
    """Whoever merges first, both know the same."""
    old, new = Gauge("minute", 50, 100, 60), Gauge("minute", 3, 100, 60)
    at = [NOW + timedelta(seconds=n) for n in range(4)]
    mine = Notes({"minute": Reading(old, at[0])}, {"": Hold(at[3], "long")}, {"a": at[1]})
    theirs = Notes({"minute": Reading(new, at[1])}, {"": Hold(at[2], "short")}, {"b": at[0]})

    merged = mine.merged(theirs, at[1])

    assert merged == theirs.merged(mine, at[1])
    assert (merged.readings["minute"].gauge, merged.holds[""].reason) == (new, "long")
    assert set(merged.seen) == {"a", "b"}
    assert merged.merged(Notes(), NOW + timedelta(minutes=2)) == Notes()


def test_notes_come_back_as_they_were_stored() -> None:
    """Each field, to the microsecond."""
    gauge = Gauge("points", 12.5, None, 3.25, daily=True, path="/x", cost=2.5, restores=50)
    at = NOW + timedelta(microseconds=1)
    notes = Notes({"points": Reading(gauge, at)}, {"/x": Hold(at, "why", stops=True)}, {"a": at})

    assert Notes.from_json(notes.to_json()) == notes


def test_the_board_tells_nothing_of_the_credential(stores: tuple[Store, Store]) -> None:
    """A name may hold the hash of a weak password: it stands there under the hub's own key."""
    board = StoreBoard(stores[0], KEYS)
    board.change("Basic 5f4dcc3b", lambda found: replace(found, seen={"a": NOW}))

    with stores[0].read() as connection:
        row = connection.exec_driver_sql("SELECT * FROM rate_budgets").one()

    assert b"5f4dcc3b" not in b"".join(bytes(part) for part in row[:2])
    assert board.read("Basic 5f4dcc3b").seen == {"a": NOW}
    assert StoreBoard(stores[1], Keys(b"x" * 32)).read("Basic 5f4dcc3b") == Notes()


# --- two limiters -------------------------------------------------------------------------------


def test_a_hold_in_one_holds_the_other(pair: tuple[Limiter, Limiter], clock: ManualClock) -> None:
    """One process's 429 is the other's pause, and both go on after it."""
    a, b = pair
    a.hold(30, "asked for patience")
    clock.sleep(0.25)

    assert ask(b) == Verdict("wait", 29.75, "asked for patience")
    clock.sleep(29.75)
    assert ask(b).action == "go"


def test_a_budget_that_one_has_spent_is_spent_for_the_other(
    pair: tuple[Limiter, Limiter], clock: ManualClock
) -> None:
    """The figure reaches who has asked for nothing meanwhile."""
    a, b = pair
    a.learn({"x-left": "0", "x-max": "100"}, None)
    ask(a)
    clock.sleep(1)
    ask(a)

    clock.sleep(0.25)

    assert ask(b) == Verdict("wait", 58.75, "minute limit used up")


def test_a_stop_outlives_the_process_and_ends(
    stores: tuple[Store, Store], pair: tuple[Limiter, Limiter], clock: ManualClock
) -> None:
    """A run started after the crash of the one that was told asks for nothing before its time."""
    pair[0].hold(3600, "the system's budget is used up", stops=True)

    late = Limiters(clock, StoreBoard(stores[1], KEYS, "host:9")).of("acme token", PLAIN)

    assert ask(late) == Verdict("stop", 3600, "the system's budget is used up")
    clock.sleep(3600)
    assert ask(late).action == "go"


def test_the_pace_is_shared_and_taken_back(stores: tuple[Store, Store], clock: ManualClock) -> None:
    """Two of them keep half the pace each; who is gone for ten seconds leaves it to the other."""
    limits = Limits(per_second=10, lanes=(Lane("/search", per_second=2),))
    a, b = limiters(stores, clock, limits)

    assert [ask(a).seconds for _ in range(3)] == pytest.approx([0, 0.2, 0.4])
    assert [ask(b, "/search").seconds for _ in range(3)] == pytest.approx([0, 1, 2])
    clock.sleep(11)
    assert [ask(a).seconds for _ in range(3)] == pytest.approx([0, 0.1, 0.2])


def test_each_keeps_to_its_share_of_what_is_left(
    pair: tuple[Limiter, Limiter], clock: ManualClock
) -> None:
    """Five left for two: two each at the same time, and the odd one for nobody."""
    for limiter in pair:
        limiter.learn({"x-left": "5"}, None)

    started = [limiter.ask("/things").action for limiter in pair for _ in range(3)]

    assert started == ["go", "go", "wait"] * 2


def test_restored_points_are_shared(stores: tuple[Store, Store], clock: ManualClock) -> None:
    """Both wait until there is enough for both."""
    a, _ = limiters(stores, clock, Limits(meters=(CostMeter("points"),)))
    throttle = {"maximumAvailable": 1000, "currentlyAvailable": 100, "restoreRate": 50}
    cost = {"requestedQueryCost": 100, "throttleStatus": throttle}

    a.learn({}, {"extensions": {"cost": cost}})

    assert ask(a) == Verdict("wait", 2, "points limit used up")


def test_credentials_have_budgets_of_their_own(
    stores: tuple[Store, Store], clock: ManualClock
) -> None:
    """Another account's patience is not ours."""
    one = Limiters(clock, StoreBoard(stores[0], KEYS, "a")).of("acme one", PLAIN)
    other = Limiters(clock, StoreBoard(stores[1], KEYS, "b")).of("acme other", PLAIN)

    one.hold(60, "asked for patience")

    assert ask(other).action == "go"


def test_a_thousand_requests_a_second_cost_four_looks(
    stores: tuple[Store, Store], clock: ManualClock
) -> None:
    """No transaction per request: one write and three reads a second, whatever the pace."""
    statements: list[str] = []
    event.listen(
        stores[0].engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: statements.append(statement.split()[0]),
    )
    limiter = Limiters(clock, StoreBoard(stores[0], KEYS, "a")).of("acme token", PLAIN)

    for _ in range(2000):
        ask(limiter)
        clock.sleep(0.001)

    assert statements.count("UPDATE") == 2
    assert statements.count("SELECT") == 8


def test_sharing_ends_with_the_hub(stores: tuple[Store, Store], clock: ManualClock) -> None:
    """A limiter that outlives the open database asks it no more."""
    shared = Limiters(clock, StoreBoard(stores[0], KEYS, "a"))
    limiter = shared.of("acme token", PLAIN)
    shared.share(None)
    stores[0].close()
    limiter.hold(5, "asked for patience")

    assert ask(limiter).seconds == 5
    assert StoreBoard(stores[1], KEYS).read("acme token") == Notes()


class Away(StoreBoard):
    """A board whose database is out of reach until told otherwise."""

    away = True
    looks = 0

    def read(self, credential: str) -> Notes:
        self._refuse()
        return super().read(credential)

    def change(self, credential: str, change: Callable[[Notes], Notes]) -> Notes:
        self._refuse()
        return super().change(credential, change)

    def _refuse(self) -> None:
        self.looks += 1
        if self.away:
            raise StoreError("the database is locked", code="HUB-511")


def test_a_board_out_of_reach_fails_no_request(
    stores: tuple[Store, Store], clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The process goes by its own count, says so once, and asks a locked database seldom."""
    board = Away(stores[0], KEYS, "a")
    limiter = Limiters(clock, board).of("acme token", Limits(per_second=10, meters=(MINUTE,)))

    paced = [ask(limiter).seconds for _ in range(3)]
    limiter.hold(5, "asked for patience")
    held = ask(limiter).seconds
    for _ in range(60):
        clock.sleep(1)
        ask(limiter)

    assert paced == pytest.approx([0, 0.1, 0.2])
    assert held == 5
    assert board.looks == 3
    [warning] = caplog.messages
    assert "HUB-511" in warning and "its own count" in warning


def test_a_board_that_is_back_is_shared_again(
    stores: tuple[Store, Store], clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """What the vendor said meanwhile reaches the others; a second outage is told again."""
    board = Away(stores[0], KEYS, "a")
    here = Limiters(clock, board).of("acme token", PLAIN)
    other = Limiters(clock, StoreBoard(stores[1], KEYS, "b")).of("acme token", PLAIN)
    here.hold(600, "asked for patience")

    board.away = False
    clock.sleep(LOOK_AGAIN.total_seconds())
    ask(here)
    heard = ask(other).reason
    board.away = True
    clock.sleep(2)
    ask(here)

    assert heard == "asked for patience"
    assert len(caplog.messages) == 2


# --- two clients of one account -----------------------------------------------------------------


@dataclass(frozen=True)
class Account:
    """An emulated account and the clients of two processes that use its key."""

    emulator: HubSpotEmulator
    clients: list[HttpClient]
    waits: Waits

    def statuses(self) -> list[int]:
        return [call.status for call in self.emulator.calls.since(0)]


@contextmanager
def account(stores: tuple[Store, Store], clock: ManualClock, *, shared: bool) -> Iterator[Account]:
    emulator = create(clock=clock, plan="private_free")
    waits = Waits(clock)
    with ExitStack() as stack:
        url = stack.enter_context(serve(emulator))
        http = Http(url, StaticToken(Secret.of(TOKEN)), LIMITS, translate)
        boards: list[Any] = [StoreBoard(store, KEYS, str(n)) for n, store in enumerate(stores)]
        own = [Limiters(clock, board if shared else None) for board in boards]
        clients = [
            stack.enter_context(open_client(http, waits=waits, limiters=limiter)) for limiter in own
        ]
        yield Account(emulator, clients, waits)


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "alone"])
def test_two_clients_stay_within_the_vendors_window_together(
    stores: tuple[Store, Store], clock: ManualClock, shared: bool
) -> None:
    """Five searches a second for the account, told by no header: alone, each would take four."""
    with account(stores, clock, shared=shared) as hubspot:
        for client in hubspot.clients * 10:
            client.post("/crm/objects/2026-09/contacts/search", json=SEARCH, idempotent=True)

    refused = hubspot.statuses().count(429)
    assert (refused == 0) == shared


def test_a_spent_day_in_one_stops_the_other(
    stores: tuple[Store, Store], clock: ManualClock
) -> None:
    """The other asks for nothing more; tomorrow both go on."""
    with account(stores, clock, shared=True) as hubspot:
        a, b = hubspot.clients
        b.get("/crm/objects/2026-09/contacts")
        clock.sleep(1)
        daily = Fault(kind="rate_limited", policy="DAILY", times=1)
        hubspot.emulator.faults.replace(Scenario(faults=(daily,)))
        for client in (a, b):
            with pytest.raises(BudgetExhausted, match="used up"):
                client.get("/crm/objects/2026-09/contacts")
        clock.sleep(86_400)
        a.get("/crm/objects/2026-09/contacts")

    assert hubspot.statuses() == [200, 429, 200]


@pytest.mark.slow
def test_two_processes_stay_within_the_vendors_window_together(
    database: str, tmp_path: Path
) -> None:
    """The same on real clocks, but for the moment in which they get to know each other."""
    emulator = create(plan="private_free")
    with serve(emulator) as url:
        command = [sys.executable, str(CHILD), database, url, str(tmp_path), "16"]
        both = [subprocess.Popen(command) for _ in range(2)]
        ended = [process.wait(60) for process in both]

    statuses = [call.status for call in emulator.calls.since(0)]
    assert ended == [0, 0]
    assert statuses.count(200) == 32
    assert statuses.count(429) <= 5  # eleven where nothing is shared: eight searches a second
