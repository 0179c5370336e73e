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
from hub.core.limits import (
    Gauge,
    HeaderMeter,
    Lane,
    Limiter,
    Limiters,
    Limits,
    Verdict,
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


def ask(limiter: Limiter) -> Verdict:
    """One request that is over at once."""
    verdict = limiter.ask("/v1/things")
    if verdict.action in ("go", "slow"):
        limiter.done()
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
