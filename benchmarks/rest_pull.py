"""REST listings into SQLite through a connector, beside dlt's ``rest_api`` source.

1. One listing from a server that answers at once: what reading and storing cost.
2. Sixteen listings at 50 ms an answer, 16 in flight: how near the run comes to the time in which
   sixteen readers who do nothing but wait would be through.
"""

from __future__ import annotations

import importlib.util
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from math import ceil
from pathlib import Path

from benchmarks.process import Ran, run
from benchmarks.rest_server import PAGE
from benchmarks.results import Finding

RECORDS = 40_000
LISTINGS = 16
SHORT = 2_000
"""Records in each of the sixteen listings."""
LATENCY_MS = 50
ROUNDS = 2
READERS = ("hub", "dlt")


def measure(folder: Path, divisor: int) -> Finding:
    """Both readers in turn, twice, on both servers; the best of each counts."""
    if importlib.util.find_spec("dlt") is None:
        raise RuntimeError("dlt is not installed; `make bench` installs it")
    records = RECORDS // divisor
    with _server(records, 0) as url:
        fast = _rounds(folder / "fast", url, 1, records)
    with _server(SHORT, LATENCY_MS) as url:
        slow = _rounds(folder / "slow", url, LISTINGS, SHORT)
    return _finding(records, fast, slow)


@contextmanager
def _server(records: int, latency_ms: int) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.rest_server", str(records), str(latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _rounds(folder: Path, url: str, listings: int, records: int) -> dict[str, list[Ran]]:
    ran: dict[str, list[Ran]] = {reader: [] for reader in READERS}
    for number in range(ROUNDS):
        for reader in READERS:
            home = folder / f"{reader}-{number}"
            home.mkdir(parents=True)
            command = [sys.executable, "-W", "ignore", "-m", "benchmarks.rest_load"]
            ran[reader].append(run([*command, reader, url, str(home), str(listings)], home))
            _check(reader, home, listings, records)
    return ran


def _check(reader: str, home: Path, listings: int, records: int) -> None:
    if reader == "hub":
        tables = {"source_records": listings * records}
    else:
        tables = {f"customers_{number}": records for number in range(listings)}
    with closing(sqlite3.connect(home / f"{reader}.db")) as connection:
        for table, wanted in tables.items():
            found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            if found != wanted:
                raise RuntimeError(f"{reader}: {found} rows in {table}, not {wanted}")


def _finding(records: int, fast: dict[str, list[Ran]], slow: dict[str, list[Ran]]) -> Finding:
    floor = LISTINGS * ceil(SHORT / PAGE) * LATENCY_MS / 1000 / LISTINGS
    rows = [
        *_rows(f"{records:,} records, no latency", records, fast),
        *_rows(f"{LISTINGS} × {SHORT:,} records, {LATENCY_MS} ms", LISTINGS * SHORT, slow),
    ]
    best = min(ran.seconds for ran in slow["hub"])
    return Finding(
        what="REST listings of customers, 200 a page, into an empty SQLite database: through a"
        " connector with one declared stream a listing (checked, keyed, typed, fingerprinted,"
        " upserted, logged), beside dlt's `rest_api` source with a merge by key.",
        columns=("listings", "reader", "seconds", "CPU seconds", "records/s", "hub is × as fast"),
        rows=rows,
        notes=(
            f"Best of {ROUNDS} rounds in turn, process start and an empty database's schema"
            " included.",
            f"With {LISTINGS} in flight, {floor:.2f} s is the least that {LATENCY_MS} ms an answer"
            f" leaves; that is {100 * floor / best:.0f} % of the hub's time, the rest is work.",
            "Checked: every table has every record.",
        ),
    )


def _rows(what: str, records: int, ran: dict[str, list[Ran]]) -> Iterator[tuple[str, ...]]:
    best = {reader: min(each.seconds for each in runs) for reader, runs in ran.items()}
    for reader, runs in ran.items():
        yield (
            what,
            reader,
            " ".join(f"{each.seconds:.1f}" for each in runs),
            " ".join(f"{each.cpu_seconds:.1f}" for each in runs),
            f"{records / best[reader]:,.0f}",
            f"{best[reader] / best['hub']:.2f}",
        )
