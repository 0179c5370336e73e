"""A command as a process of its own: what it printed, how long it took, what it used at most."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HUB = str(Path(sys.executable).with_name("hub"))

_LAUNCH = """
import json, os, sys, time
began = time.perf_counter()
process = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(process, 0)
with open(sys.argv[1], "w") as out:
    json.dump([os.waitstatus_to_exitcode(status), time.perf_counter() - began,
               used.ru_utime + used.ru_stime, used.ru_maxrss / 1024], out)
"""
"""Linux counts the parent's memory to a child that it starts: so the parent is this small one."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One finished command.

    Args:
        output: What it wrote to stdout.
        seconds: From start to end.
        cpu_seconds: User and system time, of all its threads.
        peak_mb: Most resident memory at any time, in MB of 2**20 bytes.
    """

    output: str
    seconds: float
    cpu_seconds: float
    peak_mb: float


def run(command: Sequence[str], folder: Path, *, expected: int = 0) -> Ran:
    """``command``, run in ``folder`` until it ends.

    Raises:
        RuntimeError: If it ends with another exit code than ``expected``.
    """
    used = folder / "used.json"
    launch = [sys.executable, "-S", "-c", _LAUNCH, str(used), *command]
    done = subprocess.run(launch, cwd=folder, check=False, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} could not be started:\n{done.stderr}")
    code, seconds, cpu_seconds, peak_mb = json.loads(used.read_text())
    if code != expected:
        raise RuntimeError(f"{' '.join(command)} ended with {code}:\n{done.stderr}\n{done.stdout}")
    return Ran(done.stdout, seconds, cpu_seconds, peak_mb)
