"""``hub serve`` as its own process: probes, stopping, and what a process that overslept may do."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import func, select, update

from benchmarks.two_serves import two_serves
from hub.core.errors import StoreError
from hub.store import slots
from hub.store.engine import Store
from hub.store.schema import run_slots, runs, source_records
from hub.store.slots import Slot
from tests.conftest import quick_on_sqlite

HUB = (str(Path(sys.executable).with_name("hub")),)
HELD_HUB = (sys.executable, str(Path(__file__).with_name("held_hub.py")))
PRODUCTS = 5_000
"""Several pages, and nothing that the stages after reading would spend time on."""
PATIENCE = 120.0

HUB_TOML = """
[hub]
data_dir = "./var"

[store]
url = "{url}"

[connections.crm]
connector = "csv"
schedule = {{ every = "31d" }}

[connections.crm.settings]
folder = "."

[connections.crm.settings.streams.products]
files = "products.csv"
entity = "product"
key = ["sku"]
columns = {{ sku = "sku", name = "name" }}

[schedules]
lease = "2s"
"""


class Serving:
    """A running ``hub serve`` whose stderr is read line by line."""

    def __init__(self, folder: Path, command: tuple[str, ...], *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*command, "serve", "--port", "0", *arguments],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: list[str] = []
        self._news = threading.Condition()
        assert self.process.stderr is not None
        self._reader = threading.Thread(target=self._read, args=[self.process.stderr], daemon=True)
        self._reader.start()

    def line_with(self, text: str) -> str:
        """The first line that holds ``text``, as soon as it is there."""
        with self._news:
            found = self._news.wait_for(lambda: self._first(text), timeout=PATIENCE)
        assert found, f"no line with {text!r} in:\n{self.log}"
        return found

    @property
    def log(self) -> str:
        return "".join(self._lines)

    @property
    def url(self) -> str:
        found = re.search(r"http://127\.0\.0\.1:\d+", self.line_with("serving on"))
        assert found is not None
        return found[0]

    def wait_until_held(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n", self.log

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(timeout=PATIENCE)
        self._reader.join(timeout=PATIENCE)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _first(self, text: str) -> str:
        return next((line for line in self._lines if text in line), "")

    def _read(self, stderr: IO[str]) -> None:
        for line in stderr:
            with self._news:
                self._lines.append(line)
                self._news.notify_all()


Start = Callable[..., Serving]


@pytest.fixture
def url(database: str) -> str:
    """The database, as hub.toml may name it: without even an empty password."""
    return database.replace("postgres:@", "postgres@")


@pytest.fixture
def start(tmp_path: Path, url: str) -> Iterator[Start]:
    """Starts processes on one hub.toml with five thousand products, and cleans up after them."""
    (tmp_path / "hub.toml").write_text(HUB_TOML.format(url=url))
    lines = "".join(f"{number},tea of sort number {number}\n" for number in range(PRODUCTS))
    (tmp_path / "products.csv").write_text(f"sku,name\n{lines}")
    started: list[Serving] = []

    def serving(*arguments: str, command: tuple[str, ...] = HUB) -> Serving:
        started.append(Serving(tmp_path, command, *arguments))
        return started[-1]

    yield serving
    for each in started:
        each.close()


@pytest.fixture
def seen(url: str) -> Iterator[Store]:
    """The same database, to look into."""
    store = Store.open(url)
    yield store
    store.close()


def stored(store: Store) -> tuple[int, int | None]:
    """Source records, and the highest version of any of them."""
    query = select(func.count(), func.max(source_records.c.version))
    with store.read() as connection:
        count, version = connection.execute(query).one()
    return count, version


def slot_rows(store: Store) -> list[tuple[int, str]]:
    """Fence and status of every slot."""
    with store.read() as connection:
        rows = connection.execute(select(run_slots.c.fence, run_slots.c.status))
        return [(row.fence, row.status) for row in rows]


def stop_between_transactions(hub: Serving, store: Store) -> None:
    """Stops it where it locks nothing: SQLite's writer would keep everybody out until it is woken.

    PostgreSQL ends the transaction of a process that was stopped inside one, after a while.
    """
    for _ in range(5):
        hub.process.send_signal(signal.SIGSTOP)
        try:
            with store.write() as connection:
                connection.execute(update(run_slots).values(fence=run_slots.c.fence))
            return
        except StoreError:
            hub.process.send_signal(signal.SIGCONT)
    pytest.fail("it was always inside a transaction")


def errors(store: Store) -> list[str]:
    """What recorded runs ended with, if it was an error."""
    with store.read() as connection:
        return list(connection.execute(select(runs.c.error).where(runs.c.error != "")).scalars())


def get(url: str) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


one_engine = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""For what has nothing to do with the database: a process takes seconds to start."""


@one_engine
def test_serve_runs_what_is_due_answers_probes_and_ends_well(start: Start, seen: Store) -> None:
    """The ordinary life of the process."""
    hub = start()

    hub.line_with("crm: succeeded: 5,000 read, 5,000 stored")
    alive, ready = get(f"{hub.url}/livez"), get(f"{hub.url}/readyz")
    code = hub.stop(signal.SIGTERM)

    assert alive == (200, {"alive": True})
    assert ready == (200, {"ready": True, "reasons": []})
    assert code == 0, hub.log
    assert (slot_rows(seen), stored(seen)) == ([(1, "done")], (PRODUCTS, 1))


@pytest.mark.slow
@one_engine
def test_serve_ends_by_itself_when_its_time_is_over(start: Start) -> None:
    """For demonstrations and tests."""
    hub = start("--for", "1")

    assert hub.ended() == 0
    assert hub.log.endswith("stopped\n")


@pytest.mark.slow
@one_engine
def test_overall_metrics_have_a_schedule_of_their_own(start: Start, tmp_path: Path) -> None:
    """They move with the calendar, so they are computed even if no connection has a schedule."""
    settings = (tmp_path / "hub.toml").read_text()
    settings = settings.replace("schedule = {", "# schedule = {")
    settings = settings.replace("[schedules]", '[schedules]\nsnapshot = { every = "31d" }')
    (tmp_path / "hub.toml").write_text(settings)

    hub = start()

    hub.line_with("no connection has a schedule")
    hub.line_with("metrics:snapshot: succeeded")


@one_engine
def test_a_refused_credential_makes_the_hub_not_ready(start: Start, seen: Store) -> None:
    """The probe names the connection and the next step, and no secret or host."""
    hub = start()
    hub.line_with("crm: succeeded")
    with seen.write() as connection:
        connection.execute(update(run_slots).values(status="refused"))

    assert get(f"{hub.url}/readyz") == (
        503,
        {
            "ready": False,
            "reasons": [
                "crm: the system refused the credential. Renew it, then: hub check --connect crm"
            ],
        },
    )
    assert get(f"{hub.url}/livez")[0] == 200
    assert hub.stop(signal.SIGINT) == 0


@pytest.mark.slow
@one_engine
def test_a_port_that_is_taken_is_a_clear_error(start: Start) -> None:
    """With the way out, and before anything is run."""
    port = start().url.rsplit(":", 1)[1]

    second = start("--port", port)

    assert second.ended() == 5
    assert "HUB-523" in second.log
    assert "--port 0" in second.log


@quick_on_sqlite
def test_a_stopping_hub_leaves_at_a_checkpoint_and_another_goes_on(
    start: Start, seen: Store
) -> None:
    """The page in hand is committed, the rest is for whoever comes next."""
    hub = start(command=HELD_HUB)
    hub.wait_until_held()

    hub.process.terminate()
    hub.line_with("stopping")
    hub.go_on()
    code = hub.ended()
    left = stored(seen)[0]
    other = start()
    other.line_with("taken over (fence 2)")
    other.line_with("crm: succeeded")
    other.stop(signal.SIGTERM)

    assert code == 0, hub.log
    assert "left at a checkpoint" in hub.log
    assert 0 < left < PRODUCTS
    assert (slot_rows(seen), stored(seen)) == ([(2, "done")], (PRODUCTS, 1))


@pytest.mark.slow
def test_a_process_that_overslept_its_lease_has_its_write_refused(
    start: Start, seen: Store
) -> None:
    """Stopped between reading a page and committing it, it finds that another has done the run."""
    late = start(command=HELD_HUB)
    late.wait_until_held()
    stop_between_transactions(late, seen)
    late.go_on()  # when it is woken

    other = start()
    other.line_with("taken over (fence 2)")
    other.line_with("crm: succeeded")
    other.stop(signal.SIGTERM)
    late.process.send_signal(signal.SIGCONT)
    late.line_with("was taken over by another process")

    assert slot_rows(seen) == [(2, "done")]
    assert stored(seen) == (PRODUCTS, 1)
    assert [error for error in errors(seen) if "took over" in error] == [
        "sync:crm/products: another process took over while this one was paused; its work stands,"
        " this write was refused"
    ]
    assert late.stop(signal.SIGTERM) == 0


@quick_on_sqlite
def test_a_slot_of_a_killed_process_is_taken_over_at_once(start: Start, seen: Store) -> None:
    """On the same machine nobody waits for the lease of a dead process."""
    killed = start(command=HELD_HUB)
    killed.wait_until_held()
    killed.process.kill()
    killed.process.wait()

    other = start()
    other.line_with("crm: succeeded")
    other.stop(signal.SIGTERM)

    assert slot_rows(seen) == [(2, "done")]
    assert stored(seen) == (PRODUCTS, 1)


@one_engine
def test_a_slot_of_another_machine_is_waited_for(start: Start, seen: Store) -> None:
    """Of a holder elsewhere nobody knows whether it lives; only its lease tells."""
    month = 31 * 86_400 * 1_000_000
    now = int(seen.clock.now().timestamp() * 1_000_000)
    assert isinstance(slots.claim(seen, "crm", now - now % month, 2, "elsewhere:1"), Slot)

    hub = start()

    assert "taken over (fence 2)" in hub.line_with("run of")
    assert hub.stop(signal.SIGTERM) == 0


@pytest.mark.slow
def test_two_hubs_share_a_schedule_of_one_second(tmp_path: Path, url: str) -> None:
    """In a minute at least 58 slots, both worked, nothing twice.

    A second that passes while a run is under way becomes part of the next run, by design.
    """
    result = two_serves(tmp_path, url, seconds=60)

    left = result.slots - result.done
    assert result.done >= 58
    assert left <= 2  # each process may have been told to stop in the middle of one
    assert result.done <= result.recorded <= result.done + 2 * left
    assert result.twice == 0
    assert len(result.by_process) == 2
    assert result.records == result.lines
