"""When the next request goes, is slowed, waits, or the run stops for today."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.auth import NoAuth
from hub.core.clock import ManualClock
from hub.core.errors import BudgetExhausted
from hub.core.http import Http
from hub.core.limiter import Limiter, Limiters, Verdict
from hub.core.limits import (
    CostMeter,
    FieldsMeter,
    Gauge,
    HeaderMeter,
    Lane,
    Limits,
    PairMeter,
    retry_after,
)
from hub.testing.client import Waits, manual_clock, open_client
from hub.testing.scripted import scripted

NOW = datetime(2026, 1, 1, tzinfo=UTC)

TEN_SECONDS = HeaderMeter(
    "10 seconds", remaining="x-left", limit="x-max", resets="x-interval", unit="milliseconds"
)
DAILY = HeaderMeter("daily", remaining="x-daily-left", window=3600, daily=True)


@pytest.fixture
def limiter(clock: ManualClock) -> Limiter:
    return Limiter(Limits(meters=(TEN_SECONDS, DAILY)), clock)


def ask(limiter: Limiter, path: str = "/v1/things") -> Verdict:
    """One request that is over at once."""
    verdict = limiter.ask(path)
    if verdict.action in ("go", "slow"):
        limiter.done(path)
    return verdict


def test_plenty_left_goes_at_once(limiter: Limiter) -> None:
    """A full budget costs no wait."""
    limiter.learn({"x-left": "90", "x-max": "100", "x-interval": "10000"}, None)

    assert ask(limiter) == Verdict("go")


def test_a_budget_running_low_is_spread_over_its_window(limiter: Limiter) -> None:
    """With 5 of 100 left for 10 seconds, requests go every other second."""
    limiter.learn({"x-left": "5", "x-max": "100", "x-interval": "10000"}, None)

    first, second, third = ask(limiter), ask(limiter), ask(limiter)

    assert first.action == "go"
    assert second.action == "slow"
    assert [second.seconds, third.seconds] == pytest.approx([2, 4])
    assert "10 seconds limit runs low" in second.reason


def test_a_spent_budget_waits_until_it_is_renewed(limiter: Limiter, clock: ManualClock) -> None:
    """Nothing left: wait for the rest of the window, then go."""
    limiter.learn({"x-left": "0", "x-max": "100", "x-interval": "10000"}, None)

    verdict = ask(limiter)
    clock.sleep(10)

    assert (verdict.action, verdict.seconds) == ("wait", 10)
    assert ask(limiter).action == "go"


def test_a_spent_day_stops(limiter: Limiter) -> None:
    """The daily budget is not waited for: the run stops and resumes tomorrow."""
    limiter.learn({"x-daily-left": "0"}, None)

    assert ask(limiter) == Verdict("stop", 3600, "daily limit used up")


def test_a_window_longer_than_patience_stops(clock: ManualClock) -> None:
    """A budget that is renewed in an hour is as good as a daily one."""
    limiter = Limiter(Limits(meters=(TEN_SECONDS,), patience=60), clock)

    limiter.learn({"x-left": "0", "x-interval": "3600000"}, None)

    assert ask(limiter).action == "stop"


def test_requests_in_flight_count_before_the_vendor_counts_them(limiter: Limiter) -> None:
    """Two left and two under way: a third would be refused."""
    limiter.learn({"x-left": "2", "x-max": "10", "x-interval": "10000"}, None)
    limiter.ask("/v1/things")
    limiter.ask("/v1/things")

    assert limiter.ask("/v1/things").action == "wait"


def test_a_hold_stops_every_request_of_the_credential(limiter: Limiter, clock: ManualClock) -> None:
    """One thread's 429 is every thread's pause."""
    limiter.hold(5, "asked for patience")

    held = ask(limiter)
    clock.sleep(5)

    assert held == Verdict("wait", 5, "asked for patience")
    assert ask(limiter).action == "go"


def test_an_odd_hold_ends_within_a_day(limiter: Limiter, clock: ManualClock) -> None:
    """A vendor that writes an epoch where seconds belong must not lock the hub out for years."""
    limiter.hold(1_795_000_000_000, "the system asked for patience")

    clock.sleep(86_400)

    assert limiter.ask("/x").action == "go"


def test_a_shorter_hold_does_not_shorten_a_longer_one(limiter: Limiter) -> None:
    """Two 429 at once: the longer patience counts."""
    limiter.hold(30, "long")
    limiter.hold(5, "short")

    assert ask(limiter).seconds == 30


def test_a_lane_paces_its_paths_only(clock: ManualClock) -> None:
    """A vendor's search endpoint at 5 a second does not slow the rest."""
    limiter = Limiter(Limits(lanes=(Lane("/search", per_second=5),)), clock)

    searches = [limiter.ask("/contacts/search").seconds for _ in range(3)]

    assert searches == pytest.approx([0, 0.2, 0.4])
    assert limiter.ask("/contacts").seconds == 0


@given(
    rate=st.floats(0.5, 50),
    gaps=st.lists(st.floats(0, 2), min_size=2, max_size=40),
)
def test_the_pace_is_never_exceeded(rate: float, gaps: list[float]) -> None:
    """Whenever requests come, two starts are at least one interval apart."""
    clock = ManualClock(NOW)
    limiter = Limiter(Limits(per_second=rate), clock)
    starts = []

    for gap in gaps:
        clock.sleep(gap)
        starts.append(clock.now() + timedelta(seconds=limiter.ask("/").seconds))

    apart = [(b - a).total_seconds() for a, b in pairwise(starts)]
    assert min(apart) >= 1 / rate - 1e-5


def test_threads_share_the_pace(clock: ManualClock) -> None:
    """Twenty threads asking at once get twenty different turns."""
    limiter = Limiter(Limits(per_second=10), clock)
    turns: list[float] = []

    def one() -> None:
        turns.append(limiter.ask("/").seconds)

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(turns) == pytest.approx([n / 10 for n in range(20)])


def test_connections_with_one_credential_share_a_limiter(clock: ManualClock) -> None:
    """Vendors count by credential, not by the name of a connection."""
    limiters = Limiters(clock)

    assert limiters.of("a", Limits()) is limiters.of("a", Limits())
    assert limiters.of("a", Limits()) is not limiters.of("b", Limits())


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        ("seconds", "30", 30),
        ("milliseconds", "30000", 30),
        ("epoch", str(NOW.timestamp() + 30), 30),
        ("epoch", "0", 0),
        ("seconds", "soon", 60),
    ],
)
def test_reset_headers_are_read_in_their_unit(unit: str, value: str, expected: float) -> None:
    """Seconds, milliseconds or an instant; nonsense falls back to the declared window."""
    meter = HeaderMeter("m", remaining="left", resets="resets", unit=unit)  # type: ignore[arg-type]

    gauge = meter.read({"left": "5", "resets": value}, None, NOW)

    assert gauge is not None
    assert gauge.resets_in == pytest.approx(expected)


@pytest.mark.parametrize("left", ["many", "", "inf", "nan"])
def test_a_header_that_is_no_number_says_nothing(left: str) -> None:
    """A proxy's odd header neither stops nor speeds up anything."""
    assert TEN_SECONDS.read({"x-left": left}, None, NOW) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("0", 0),
        ("-5", 0),
        ("7", 7),
        ("2.5", 2.5),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60),
        ("Wed, 31 Dec 2025 23:59:00 GMT", 0),
        ("soon", None),
        ("nan", None),
    ],
)
def test_retry_after_in_every_shape(value: str | None, expected: float | None) -> None:
    """Absent, zero, seconds, fractions, dates before and after now, nonsense."""
    headers = {} if value is None else {"retry-after": value}

    assert retry_after(headers, NOW) == expected


def test_real_headers_slow_and_stop_a_client() -> None:
    """Through the client: the answer's headers decide what the next request does."""
    waits = Waits(manual_clock())
    with scripted() as server:
        server.then(200, headers={"X-Left": "0", "X-Max": "100", "X-Interval": "10000"})
        server.then(200, headers={"X-Daily-Left": "0"})
        http = Http(server.url, NoAuth(), limits=Limits(meters=(TEN_SECONDS, DAILY)))
        with open_client(http, waits=waits) as client:
            client.get("/v1/things")
            client.get("/v1/things")
            with pytest.raises(BudgetExhausted, match="daily limit used up"):
                client.get("/v1/things")

    assert waits.told == [(10, "under_test: 10 seconds limit used up")]
    assert len(server.seen) == 2


def test_a_meter_may_read_the_body(clock: ManualClock) -> None:
    """GraphQL vendors report cost in the answer itself."""

    class Cost:
        def read(self, headers: object, body: object, now: datetime) -> Gauge | None:
            match body:
                case {"available": float() | int() as left}:
                    return Gauge("cost", left, 1000, 4)
            return None

    limiter = Limiter(Limits(meters=(Cost(),)), clock)
    limiter.learn({}, {"available": 0})

    assert ask(limiter) == Verdict("wait", 4, "cost limit used up")


# --- budgets of some paths, and budgets that time restores -------------------------------------

EXPORTS = FieldsMeter("exports", "x-limit-exports", path="/exports/")
POINTS = CostMeter("points")


def exports_left(left: int) -> dict[str, str]:
    return {"x-limit-exports": f"total=10; remaining={left}; resets=60"}


def cost(left: float, asked: float = 100) -> dict[str, object]:
    throttle = {"maximumAvailable": 1000.0, "currentlyAvailable": left, "restoreRate": 50.0}
    return {"extensions": {"cost": {"requestedQueryCost": asked, "throttleStatus": throttle}}}


@pytest.fixture
def lanes(clock: ManualClock) -> Limiter:
    return Limiter(Limits(meters=(TEN_SECONDS, EXPORTS), patience=120), clock)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("usage=101/15000", (14_899, 15_000)),
        ("per-app-usage=9/250(appName=x), usage=101/15000", (14_899, 15_000)),
        ("usage=15001/15000", (-1, 15_000)),
        ("101/15000", None),
        ("usage=many/15000", None),
        ("", None),
    ],
    ids=["alone", "beside another", "overspent", "no key", "no number", "absent"],
)
def test_a_pair_is_read_by_its_key(value: str, expected: tuple[float, float] | None) -> None:
    """Used and limit; a longer key that ends alike is another budget."""
    meter = PairMeter("daily", "x-info", key="usage", daily=True)

    gauge = meter.read({"x-info": value}, None, NOW)

    assert (gauge and (gauge.remaining, gauge.limit, gauge.daily)) == (
        expected and (*expected, True)
    )


def test_a_spent_pair_stops_the_day(clock: ManualClock) -> None:
    """The vendor counts a rolling day: nothing goes until the meter's window is over."""
    meter = PairMeter("daily", "x-info", daily=True)
    limiter = Limiter(Limits(meters=(meter,)), clock)

    limiter.learn({"x-info": "usage=15000/15000"}, None)

    assert ask(limiter) == Verdict("stop", 3600, "daily limit used up")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("total=20; remaining=19; resets=60", (19, 20, 60)),
        ("remaining=3,resets=5", (3, None, 5)),
        ("total=20; remaining=0", (0, 20, 60)),
        ("total=20", None),
        ("remaining=few", None),
    ],
    ids=["semicolons", "commas", "no resets", "no remaining", "no number"],
)
def test_named_fields_are_read(value: str, expected: tuple[float | None, ...] | None) -> None:
    """In either notation; what the header leaves out is declared or unknown."""
    gauge = EXPORTS.read({"x-limit-exports": value}, None, NOW)

    assert (gauge and (gauge.remaining, gauge.limit, gauge.resets_in)) == expected


def test_a_spent_lane_waits_alone(lanes: Limiter, clock: ManualClock) -> None:
    """The exports of this minute are used up; tickets go on."""
    lanes.learn(exports_left(0), None)

    assert ask(lanes, "/exports/users") == Verdict("wait", 60, "exports limit used up")
    assert ask(lanes, "/tickets").action == "go"
    clock.sleep(60)
    assert ask(lanes, "/exports/users").action == "go"


def test_a_lane_that_runs_low_is_slowed_alone(lanes: Limiter) -> None:
    """One export left for sixty seconds: the next but one is spread, tickets are not."""
    lanes.learn(exports_left(1), None)

    ask(lanes, "/exports/users")

    assert ask(lanes, "/exports/users") == Verdict("slow", 60, "exports limit runs low")
    assert ask(lanes, "/tickets").action == "go"


def test_requests_of_other_paths_take_nothing_from_a_lane(lanes: Limiter) -> None:
    """Eight tickets under way are no exports."""
    lanes.learn(exports_left(5), None)
    for _ in range(8):
        lanes.ask("/tickets")

    assert ask(lanes, "/exports/users").action == "go"


def test_a_429_of_a_spent_lane_holds_that_lane(lanes: Limiter) -> None:
    """The vendor's own figure says whose 429 it was."""
    lanes.learn(exports_left(0) | {"x-left": "300", "x-interval": "60000"}, None)

    lanes.hold(90, "asked for patience", "/exports/users")

    assert ask(lanes, "/exports/users").seconds == 90
    assert ask(lanes, "/tickets").action == "go"


@pytest.mark.parametrize("headers", [{}, {"x-left": "0", "x-interval": "60000"} | exports_left(0)])
def test_a_429_that_may_be_the_accounts_holds_all(lanes: Limiter, headers: dict[str, str]) -> None:
    """No figure, or the account's own is spent too: everything waits."""
    lanes.learn(headers, None)

    lanes.hold(90, "asked for patience", "/exports/users")

    assert ask(lanes, "/tickets").seconds == 90


def test_points_are_waited_for_as_they_are_restored(clock: ManualClock) -> None:
    """60 of the 100 points that the next query needs are missing: 1.2 seconds at 50 a second."""
    limiter = Limiter(Limits(meters=(POINTS,)), clock)
    limiter.learn({}, cost(left=40))

    waits = ask(limiter)
    clock.sleep(waits.seconds)

    assert waits == Verdict("wait", 1.2, "points limit used up")
    assert ask(limiter).action in ("go", "slow")


def test_few_points_go_at_the_pace_of_their_restoration(clock: ManualClock) -> None:
    """A tenth left: a query of 10 points every fifth of a second uses what comes back."""
    limiter = Limiter(Limits(meters=(POINTS,)), clock)
    limiter.learn({}, cost(left=90, asked=10))

    assert [ask(limiter).seconds for _ in range(3)] == pytest.approx([0, 0.2, 0.4])


def test_queries_in_flight_take_their_points(clock: ManualClock) -> None:
    """250 points and two queries of 100 under way: a third would be refused."""
    limiter = Limiter(Limits(meters=(POINTS,)), clock)
    limiter.learn({}, cost(left=250))
    limiter.ask("/graphql")
    limiter.ask("/graphql")

    assert limiter.ask("/graphql").action == "wait"


@pytest.mark.parametrize(
    "body",
    [None, {"data": {}}, {"extensions": {"cost": {}}}, {"extensions": {"cost": "high"}}],
    ids=["no body", "no extensions", "no throttle", "no object"],
)
def test_an_answer_without_cost_says_nothing(body: object) -> None:
    """Errors and other vendors' answers leave the last reading alone."""
    assert POINTS.read({}, body, NOW) is None
