"""A signal to stop reaches ``hub serve`` whatever thread the system hands it to."""

from __future__ import annotations

import subprocess
import sys

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
