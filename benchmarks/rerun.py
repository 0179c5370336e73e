"""The same source again: unchanged, and with one line in a hundred changed."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.process import HUB, Ran, run
from benchmarks.results import Finding
from benchmarks.retail import write_lines, write_settings

ROWS = 500_000


def measure(folder: Path, divisor: int) -> Finding:
    """A first load, an unchanged second run, one that is read anew, and one with 1 % changed."""
    rows, path = ROWS // divisor, folder / "lines.csv"
    command = [HUB, "--config", str(write_settings(folder, folder, path.name, key="Line"))]
    sync = [*command, "--json", "sync"]
    write_lines(path, rows)
    first = _ran(sync, folder, stored=rows)
    same = _ran(sync, folder, read=0, stored=0)
    again = _ran([*sync, "--full"], folder, unchanged=rows, stored=0)
    write_lines(path, rows, changed=100)
    changed = _ran(sync, folder, unchanged=rows - rows // 100, stored=rows // 100)
    runs = {
        "first load": first,
        "unchanged file": same,
        "unchanged file, read anew (`--full`)": again,
        "1 % of the lines changed": changed,
    }
    return Finding(
        what=f"{rows:,} generated lines with a key, one CSV file into SQLite by `hub sync`, process"
        " start included.",
        columns=("run", "seconds", "CPU seconds", "of the first load", "peak MB"),
        rows=[
            (
                name,
                f"{ran.seconds:.2f}",
                f"{ran.cpu_seconds:.2f}",
                f"{ran.seconds / first.seconds:.3f}",
                f"{ran.peak_mb:.0f}",
            )
            for name, ran in runs.items()
        ],
        notes=(
            "Checked by the run's own counts: the unchanged runs store 0, the last one exactly"
            f" {rows // 100:,}.",
        ),
    )


def _ran(command: list[str], folder: Path, **expected: int) -> Ran:
    ran = run(command, folder)
    counts = json.loads(ran.output)["counts"]
    for name, count in expected.items():
        if counts[name] != count:
            raise RuntimeError(f"{name}: {counts[name]}, not {count}")
    return ran
