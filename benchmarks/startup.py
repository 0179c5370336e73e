"""How long a command takes to answer, beside the bare interpreter."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

from benchmarks.process import HUB, run
from benchmarks.results import Finding
from benchmarks.retail import ROOT

ROUNDS = 10

COMMANDS = {
    "python -c pass": ([sys.executable, "-c", "pass"], ""),
    "hub --help": ([HUB, "--help"], "150"),
    "hub check": ([HUB, "--config", str(ROOT / "hub.toml"), "check"], "300"),
}
"""Command line, and goal in milliseconds."""


def measure(folder: Path, divisor: int) -> Finding:
    """Every command ten times in turn; the first round, which warms the disk, is not counted."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS + 1):
        for name, (command, _goal) in COMMANDS.items():
            times[name].append(run(command, folder).seconds * 1_000)
    return Finding(
        what="From start to exit, byte code compiled, the example hub.toml of this project.",
        columns=("command", "median ms", "fastest", "slowest", "goal"),
        rows=[
            (
                f"`{name}`",
                f"{median(taken[1:]):.0f}",
                f"{min(taken[1:]):.0f}",
                f"{max(taken[1:]):.0f}",
                COMMANDS[name][1],
            )
            for name, taken in times.items()
        ],
        notes=(f"{ROUNDS} rounds. Checked: every command ended with exit code 0.",),
    )
