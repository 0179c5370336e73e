"""Types that many threads meet for the first time at the same moment."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import connectors
import hub

MANY_AT_ONCE = """
import sys, threading, types
from hub.core.conversion import convert

sys.setswitchinterval(1e-6)
SOURCE = '''
from __future__ import annotations
import msgspec

class Inner(msgspec.Struct):
    a: int = 0
    b: dict[str, list[int]] = {}

class Outer(msgspec.Struct):
    x: Inner | None = None
    y: list[Inner] = []
'''
for number in range(20):
    module = types.ModuleType(f"fresh{number}")
    sys.modules[module.__name__] = module
    exec(SOURCE, module.__dict__)
    gate = threading.Barrier(6)

    def meet():
        gate.wait()
        convert({"x": {"a": 1, "b": {"k": [1]}}, "y": [{"a": 1}]}, module.Outer)

    threads = [threading.Thread(target=meet) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("alive")
"""


def test_a_type_that_six_threads_meet_at_once_is_learnt_by_one() -> None:
    """In a process of its own: msgspec by itself ends it, without a word."""
    done = subprocess.run(
        [sys.executable, "-c", MANY_AT_ONCE], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


def test_nothing_else_lets_msgspec_learn_a_type_while_threads_run() -> None:
    """Decoders that a module makes as it is imported are made by one thread."""
    free = re.compile(r"msgspec\.convert\(|json\.decode\([^)]*type=")
    folders = [Path(place) for package in (hub, connectors) for place in package.__path__]
    files = [file for folder in folders for file in folder.rglob("*.py")]

    found = {file.name for file in files if free.search(file.read_text(encoding="utf-8"))}

    assert len(files) > 500
    assert found == {"conversion.py"}
