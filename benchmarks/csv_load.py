"""A CSV file into SQLite: the whole of ``hub sync`` beside dlt's plain load of the same rows.

The hub validates, keys, fingerprints, quarantines, resolves parties and logs; dlt appends texts to
a table without a key, which is the fastest that it offers for rows (``benchmarks.dlt_load``).
"""

from __future__ import annotations

import gzip
import importlib.util
import shutil
import sqlite3
import sys
from contextlib import closing
from itertools import islice
from pathlib import Path

from benchmarks.process import HUB, Ran, run
from benchmarks.results import Finding
from benchmarks.retail import SHARED, write_lines, write_settings

ROUNDS = 3
GENERATED = 1_000_000


def measure(folder: Path, divisor: int) -> Finding:
    """Both loads in turn, three times; the best of each counts."""
    if importlib.util.find_spec("dlt") is None:
        raise RuntimeError("dlt is not installed; `make bench` installs it")
    rows, key = _prepare(folder / "lines.csv", divisor)
    hub: list[Ran] = []
    dlt: list[Ran] = []
    for number in range(ROUNDS):
        home = folder / f"round-{number}"
        home.mkdir()
        hub.append(_hub(home, folder, key, rows))
        dlt.append(_dlt(home, folder / "lines.csv", rows))
    return _finding(rows, key, hub, dlt)


def _prepare(path: Path, divisor: int) -> tuple[int, str | None]:
    """How many lines the file has, and the column that is their key."""
    if not SHARED.exists():
        write_lines(path, GENERATED // divisor)
        return GENERATED // divisor, "Line"
    with gzip.open(SHARED, "rb") as packed, path.open("wb") as out:
        if divisor == 1:
            shutil.copyfileobj(packed, out)
        else:
            out.writelines(islice(packed, 541_910 // divisor))
    with path.open("rb") as lines:
        return sum(1 for _ in lines) - 1, None


def _hub(home: Path, folder: Path, key: str | None, rows: int) -> Ran:
    settings = write_settings(home, folder, "lines.csv", key=key)
    ran = run([HUB, "--config", str(settings), "--json", "sync"], home)
    for table in ("source_records WHERE version > 0", "order_entries"):
        _require(home / "var" / "hub.db", table, rows)
    return ran


def _dlt(home: Path, path: Path, rows: int) -> Ran:
    ran = run([sys.executable, "-m", "benchmarks.dlt_load", str(path), str(home)], home)
    _require(home / "dlt.db", "lines", rows)
    return ran


def _require(database: Path, table: str, rows: int) -> None:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    if found != rows:
        raise RuntimeError(f"{database.name}: {found} rows in {table}, not {rows}")


def _finding(rows: int, key: str | None, hub: list[Ran], dlt: list[Ran]) -> Finding:
    best_hub, best_dlt = (min(ran.seconds for ran in runs) for runs in (hub, dlt))
    core_hub, core_dlt = (min(ran.cpu_seconds for ran in runs) for runs in (hub, dlt))
    file = "generated" if key else "of the Online Retail file"
    return Finding(
        what=f"{rows:,} order lines {file}, from one CSV file into an empty SQLite database:"
        " `hub sync` (validate, key, fingerprint, quarantine, facts, audit, `synchronous=FULL`)"
        " beside dlt's plain append of texts.",
        columns=("", "seconds", "records/s", "CPU seconds", "records/s of CPU", "peak MB"),
        rows=[
            (
                name,
                " ".join(f"{ran.seconds:.1f}" for ran in runs),
                f"{rows / min(ran.seconds for ran in runs):,.0f}",
                " ".join(f"{ran.cpu_seconds:.1f}" for ran in runs),
                f"{rows / min(ran.cpu_seconds for ran in runs):,.0f}",
                f"{max(ran.peak_mb for ran in runs):.0f}",
            )
            for name, runs in (("hub sync", hub), ("dlt", dlt))
        ],
        notes=(
            f"Best of {ROUNDS} rounds in turn, process start included. Records/s, hub to dlt:"
            f" {best_dlt / best_hub:.2f}; per second of CPU: {core_dlt / core_hub:.2f}.",
            f"Checked: {rows:,} source records and {rows:,} order entries; {rows:,} rows by dlt.",
        ),
    )
