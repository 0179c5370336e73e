"""The audit log at size: record, sequence and sign, verify in place, export, verify alone.

python -m benchmarks.audit [EVENTS]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.audit.checkpoint import Notary
from hub.audit.database import verify_log
from hub.audit.export import VERIFIER, export_range
from hub.audit.log import AuditEvent, record_many
from hub.audit.signing import ensure_key
from hub.core.settings import AuditSection
from hub.store.engine import Store
from hub.store.upgrade import upgrade

GOALS = {
    "sequence and sign": "100,000/s or more",
    "verify in place": "3 s or less for 1,000,000",
    "verify alone, folder": "10 s or less for 1,000,000",
    "verify alone, zip": "10 s or less for 1,000,000",
}
GROUP = 1_000


def main(count: int = 1_000_000) -> None:
    """Prints one line per step: seconds, events per second, goal."""
    folder = Path(tempfile.mkdtemp(prefix="bench-audit-"))
    try:
        _measure(folder, count)
    finally:
        shutil.rmtree(folder)


def _measure(folder: Path, count: int) -> None:
    store = Store.open(f"sqlite:///{folder / 'hub.db'}")
    upgrade(store)
    ensure_key(store, folder / "keys", "bench", "os:bench")
    notary = Notary(store, folder / "keys", AuditSection(), folder)
    with _timed("record", count):
        for start in range(0, count, GROUP):
            with store.write() as connection:
                record_many(connection, _events(store, start))
    with _timed("bare update, same groups", count):
        _bare_update(store, count)
    with _timed("sequence and sign", count):
        notary.settle()
    with _timed("verify in place", count):
        verify_log(store)
    for kind, name in (("folder", "log"), ("zip", "log.zip")):
        with _timed(f"export, {kind}", count):
            export_range(store, folder / name)
        with _timed(f"verify alone, {kind}", count):
            command = [sys.executable, "-I", "-S", str(folder / VERIFIER), str(folder / name)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    store.close()


def _events(store: Store, start: int) -> Iterator[AuditEvent]:
    now = store.clock.now()
    for number in range(start, start + GROUP):
        yield AuditEvent(
            "consent.granted",
            "connection:shop",
            now,
            subject=f"p{number % 50_000:012x}",
            connection="shop",
            what={"purpose": "marketing", "channel": "email", "digest": f"{number:032x}"},
        )


def _bare_update(store: Store, count: int) -> None:
    """What any place in an order costs: one indexed column, in groups of the sequencer's size."""
    with store.write() as connection:
        connection.exec_driver_sql("CREATE TABLE bare (id INTEGER PRIMARY KEY, place INTEGER)")
        connection.exec_driver_sql("CREATE UNIQUE INDEX bare_place ON bare (place)")
        rows = [(number,) for number in range(count)]
        connection.exec_driver_sql("INSERT INTO bare (id) VALUES (?)", rows)
    for start in range(0, count, 5_000):
        with store.write() as connection:
            connection.exec_driver_sql(
                "UPDATE bare SET place = id WHERE id >= ? AND id < ?", (start, start + 5_000)
            )


@contextmanager
def _timed(name: str, count: int) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    goal = f"   goal: {GOALS[name]}" if name in GOALS else ""
    print(f"{name:26} {seconds:8.2f} s {count / seconds:12,.0f} events/s{goal}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
