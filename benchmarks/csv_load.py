"""A CSV file into SQLite: the whole of ``hub sync`` beside dlt's plain load of the same rows.

The hub upserts by key: it validates, keys, fingerprints, quarantines, resolves parties and logs.
dlt runs twice (``benchmarks.dlt_load``): upserting texts by a key that it is given, which is the
same task, and appending texts to a table, which is the fastest that it does with rows.
"""

from __future__ import annotations

import importlib.util
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from benchmarks.process import HUB, Ran, run
from benchmarks.results import Finding
from benchmarks.retail import SHARED, unpack, write_lines, write_settings

ROUNDS = 2
GENERATED = 1_000_000


def measure(folder: Path, divisor: int) -> Finding:
    """The loads in turn, twice; the best of each counts."""
    if importlib.util.find_spec("dlt") is None:
        raise RuntimeError("dlt is not installed; `make bench` installs it")
    rows, key = _prepare(folder / "lines.csv", divisor)
    runs: dict[str, list[Ran]] = {"hub sync": [], "dlt, upsert": [], "dlt, append": []}
    for number in range(ROUNDS):
        home = folder / f"round-{number}"
        home.mkdir()
        runs["hub sync"].append(_hub(home, folder, key, rows))
        runs["dlt, upsert"].append(_dlt(home, folder / "lines.csv", rows, "merge"))
        runs["dlt, append"].append(_dlt(home, folder / "lines.csv", rows, "append"))
    return _finding(rows, key, runs)


def _prepare(path: Path, divisor: int) -> tuple[int, str | None]:
    """How many lines the file has, and the column that is their key."""
    if not SHARED.exists():
        write_lines(path, GENERATED // divisor)
        return GENERATED // divisor, "Line"
    unpack(path, divisor)
    with path.open("rb") as lines:
        return sum(1 for _ in lines) - 1, None


def _hub(home: Path, folder: Path, key: str | None, rows: int) -> Ran:
    settings = write_settings(home, folder, "lines.csv", key=key)
    ran = run([HUB, "--config", str(settings), "--json", "sync"], home)
    for table in ("source_records WHERE version > 0", "order_entries"):
        _require(home / "var" / "hub.db", table, rows)
    return ran


def _dlt(home: Path, path: Path, rows: int, disposition: str) -> Ran:
    folder = home / disposition
    folder.mkdir()
    command = [sys.executable, "-m", "benchmarks.dlt_load", str(path), str(folder), disposition]
    ran = run(command, folder)
    _require(folder / "dlt.db", "lines", rows)
    return ran


def _require(database: Path, table: str, rows: int) -> None:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    if found != rows:
        raise RuntimeError(f"{database.name}: {found} rows in {table}, not {rows}")


def _finding(rows: int, key: str | None, runs: dict[str, list[Ran]]) -> Finding:
    best = {name: min(ran.seconds for ran in each) for name, each in runs.items()}
    core = {name: min(ran.cpu_seconds for ran in each) for name, each in runs.items()}
    file = "generated" if key else "of the Online Retail file"
    return Finding(
        what=f"{rows:,} order lines {file}, from one CSV file into an empty SQLite database:"
        " `hub sync` (validate, key, fingerprint, quarantine, facts, audit, upsert, both texts and"
        " typed record stored, `synchronous=FULL`) beside dlt, which is given texts only.",
        columns=(
            "", "seconds", "records/s", "hub is × as fast",
            "CPU seconds", "records/s of CPU", "hub is × as fast", "peak MB",
        ),
        rows=[
            (
                name,
                " ".join(f"{ran.seconds:.1f}" for ran in each),
                f"{rows / best[name]:,.0f}",
                f"{best[name] / best['hub sync']:.2f}",
                " ".join(f"{ran.cpu_seconds:.1f}" for ran in each),
                f"{rows / core[name]:,.0f}",
                f"{core[name] / core['hub sync']:.2f}",
                f"{max(ran.peak_mb for ran in each):.0f}",
            )
            for name, each in runs.items()
        ],
        notes=(
            f"Best of {ROUNDS} rounds in turn, process start included.",
            f"Checked: {rows:,} source records and {rows:,} order entries; {rows:,} rows by dlt,"
            " twice.",
        ),
    )  # fmt: skip
