"""What the limiter costs a request: alone, and sharing what it knows with other processes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.results import Finding
from hub.core.clock import SystemClock
from hub.core.limiter import READ_EVERY, WRITE_EVERY, Limiter
from hub.core.limits import HeaderMeter, Limits
from hub.store.budgets import StoreBoard
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.upgrade import upgrade

LIMITS = Limits(meters=(HeaderMeter("minute", remaining="x-left", limit="x-max"),))
PLENTY = {"x-left": "1000000", "x-max": "1000000"}
KEYS = Keys(b"k" * 32)
CREDENTIAL = "https://example.net client hub"
PACE = 20
"""Requests a second of one connection: what a vendor with 200 in ten seconds allows."""


def measure(folder: Path, shrink: int) -> Finding:
    """Microseconds per request of a limiter that never has to wait."""
    url, seconds = f"sqlite:///{folder / 'hub.db'}", 10 / shrink
    store = Store.open(url)
    upgrade(store)
    alone, made = _requests(None, seconds)
    shared, looked = _requests(StoreBoard(store, KEYS, "host:1"), seconds)
    with subprocess.Popen([sys.executable, "-m", __name__, url, str(seconds)]):
        together, _ = _requests(StoreBoard(store, KEYS, "host:1"), seconds)
    sharers = sorted(StoreBoard(store, KEYS).read(CREDENTIAL).seen)
    board = StoreBoard(store, KEYS, "host:1")
    reads = _each(lambda: board.read(CREDENTIAL), 1000 // shrink)
    writes = _each(lambda: board.change(CREDENTIAL, lambda found: found), 400 // shrink)
    store.close()
    a_second = (1 / READ_EVERY.total_seconds() - 1) * reads + writes / WRITE_EVERY.total_seconds()
    return Finding(
        "Requests that the limiter lets go at once (ask, learn from two headers, done), one after"
        f" the other, for {seconds:g} s each; SQLite with `synchronous=FULL`.",
        ("", "microseconds a request"),
        (
            ("alone", f"{alone:.1f}"),
            ("shared, one process", f"{shared:.1f}"),
            ("shared by two processes that do nothing else", f"{together:.1f}"),
        ),
        (
            f"One look at the board: {reads:,.0f} µs; one note: {writes:,.0f} µs. Three looks and"
            f" one note a second make {a_second / 1000:.1f} ms a second, or"
            f" {a_second / PACE:,.0f} µs a request at {PACE} requests a second.",
            f"Checked: {made:,} and {looked:,} requests went, none waited; on the board stand"
            f" {' and '.join(sharers)}.",
        ),
    )


def _requests(board: StoreBoard | None, seconds: float) -> tuple[float, int]:
    """Microseconds a request, and how many went."""
    limiter = Limiter(LIMITS, SystemClock(), CREDENTIAL, board)
    count, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        if limiter.ask("/v1/things").action != "go":
            raise RuntimeError("the limiter held a request that nothing holds")
        limiter.learn(PLENTY, None)
        limiter.done("/v1/things")
        count += 1
    return spent / count * 1e6, count


def _each(work: Callable[[], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times * 1e6


def _other(url: str, seconds: str) -> None:
    store = Store.open(url)
    _requests(StoreBoard(store, KEYS, "host:2"), float(seconds))
    store.close()


if __name__ == "__main__":
    _other(*sys.argv[1:])
