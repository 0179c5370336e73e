"""Two ``hub serve`` on one database: every second a slot, each run by one of the two.

    python -m benchmarks.two_serves [--seconds 60] [--url postgresql+psycopg://…]

A csv connection is due every second, and a line is added to its file every second. What was run is
counted three times over: rows of ``run_slots``, runs that the store recorded, and lines in which
the two processes said that they began.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import click
from sqlalchemy import func, select

from hub.store.engine import Store
from hub.store.schema import run_slots, runs, source_records

HUB_TOML = """
[hub]
data_dir = "./var"
{store}
[connections.till]
connector = "csv"
schedule = {{ every = "1s" }}

[connections.till.settings]
folder = "."

[connections.till.settings.streams.customers]
files = "customers.csv"
entity = "person"
key = ["card"]
columns = {{ given_name = "name", emails = ["mail"] }}
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What two processes did between them.

    Args:
        slots: Rows of ``run_slots``.
        done: Those that ended well. A process that stops may leave its last one unfinished.
        missed: Seconds between the first and the last slot that have no row.
        twice: Slots that were begun again although nobody had left them unfinished.
        recorded: Runs that the store recorded.
        by_process: Slots by the process that ran them.
        lines: Lines that the file had in the end.
        records: Source records in the store in the end.
    """

    slots: int
    done: int
    missed: int
    twice: int
    recorded: int
    by_process: tuple[int, ...]
    lines: int
    records: int


def two_serves(folder: Path, url: str | None, seconds: int) -> Result:
    """Runs both for ``seconds`` and counts.

    Args:
        folder: An empty folder, for hub.toml, the file and the logs.
        url: The database; None is SQLite in ``folder``.
        seconds: How long both serve.
    """
    store = f'[store]\nurl = "{url}"\n' if url else ""
    (folder / "hub.toml").write_text(HUB_TOML.format(store=store))
    (folder / "customers.csv").write_text("card,name,mail\n0,Ann,ann0@example.com\n")
    _logs([_hub(folder, "sync")])  # makes the database and the keys, once
    before = _count(folder, url)
    serving = [_hub(folder, "serve", "--for", str(seconds), "--port", "0") for _ in range(2)]
    lines = _grow(folder / "customers.csv", serving)
    logs = _logs(serving)
    after = _count(folder, url)
    _logs([_hub(folder, "sync")])  # what was added after the last slot
    return _result(after, logs, after.recorded - before.recorded, lines, _count(folder, url))


@dataclass(frozen=True, slots=True)
class _Counted:
    slots: dict[int, str]
    holders: Counter[str]
    recorded: int
    records: int


def _result(
    counted: _Counted, logs: list[str], recorded: int, lines: int, finally_: _Counted
) -> Result:
    begun = Counter(slot for log in logs for slot in re.findall(r"run of (\S+) begins", log))
    begun.subtract(slot for log in logs for slot in re.findall(r"run of (\S+) left", log))
    seconds = [at // 1_000_000 for at in counted.slots]
    return Result(
        slots=len(seconds),
        done=sum(status == "done" for status in counted.slots.values()),
        missed=max(seconds) - min(seconds) + 1 - len(seconds),
        twice=sum(count > 1 for count in begun.values()),
        recorded=recorded,
        by_process=tuple(sorted(counted.holders.values())),
        lines=lines,
        records=finally_.records,
    )


def _grow(file: Path, serving: list[subprocess.Popen[str]]) -> int:
    count = 1
    while any(process.poll() is None for process in serving):
        time.sleep(1)
        with file.open("a") as out:
            out.write(f"{count},Kim,kim{count}@example.com\n")
        count += 1
    return count


def _logs(processes: list[subprocess.Popen[str]]) -> list[str]:
    logs = [process.communicate()[1] for process in processes]
    for process, log in zip(processes, logs, strict=True):
        if process.returncode != 0:
            raise RuntimeError(f"hub ended with {process.returncode}:\n{log}")
    return logs


def _count(folder: Path, url: str | None) -> _Counted:
    store = Store.open(url or f"sqlite:///{folder}/var/hub.db")
    with store.read() as connection:
        rows = connection.execute(select(run_slots)).all()
        recorded = connection.execute(select(func.count()).select_from(runs)).scalar_one()
        records = connection.execute(select(func.count()).select_from(source_records)).scalar_one()
    store.close()
    return _Counted(
        slots={row.slot: row.status for row in rows},
        holders=Counter(row.holder for row in rows),
        recorded=recorded,
        records=records,
    )


def _hub(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [str(Path(sys.executable).with_name("hub")), *arguments]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


@click.command()
@click.option("--seconds", default=60, show_default=True)
@click.option("--url", help="A migrated or empty PostgreSQL database; SQLite without it.")
def main(seconds: int, url: str | None) -> None:
    """Print what two processes did between them."""
    with tempfile.TemporaryDirectory() as folder:
        result = two_serves(Path(folder), url, seconds)
    click.echo(
        f"{result.slots} slots in {seconds} s, {result.done} done, {result.missed} missed,"
        f" {result.twice} twice, {result.recorded} runs recorded, by process"
        f" {' and '.join(map(str, result.by_process))};"
        f" {result.lines} lines, {result.records} records"
    )


if __name__ == "__main__":
    main()
