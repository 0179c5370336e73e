"""Signals to stop: the first reaches whoever is at work, the second ends the process at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

WAITS = """
import signal, threading
from hub.cli.serve import _told_to_stop, _wait

with _told_to_stop() as told:
    mine = lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    threading.Timer(0.2, mine).start()
    _wait(told, None)
print("stopped")
"""


def test_a_signal_that_another_thread_took_is_heeded() -> None:
    """It interrupts nothing in the main thread, which would otherwise wait for ever."""
    done = subprocess.run(
        [sys.executable, "-c", WAITS], capture_output=True, text=True, timeout=30, check=False
    )

    assert (done.stdout, done.returncode) == ("stopped\n", 0)


BUSY = """
import os, signal, threading
from concurrent.futures import ThreadPoolExecutor
from hub.cli.stopping import leaving_off

with leaving_off(), ThreadPoolExecutor(1) as pool:
    stuck = pool.submit(threading.Event().wait, 60)
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.{second})
    stuck.result()
"""


@pytest.mark.parametrize("second", ["SIGINT", "SIGTERM"])
def test_a_second_signal_waits_for_no_thread(second: str) -> None:
    """A thread that hangs at a vendor cannot keep the admin waiting."""
    code = BUSY.replace("{second}", second)

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 130
    assert done.stderr.splitlines()[1::2] == [
        "stopping after the page in hand; once more stops at once",
        "interrupted at once; what was committed stays, the next run goes on there",
    ]
