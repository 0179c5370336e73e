"""Work as a file: ``tasks.csv`` in the output folder, one line per task, found again by its key.

A task that is written again replaces its line; one that is over stays, with ``done`` true. Whoever
reads the file reads a whole one: it is replaced, never written into.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from connectors.csv.config import CsvSettings
from connectors.csv.merging import merge, rows
from connectors.csv.writer import customer_streams
from hub.core.clock import iso_z
from hub.core.connector import Context, Creator, Offer, RowResult, Task, Unsupported, Value
from hub.core.released import Released

FILE = "tasks.csv"
KEY = "key"
"""First column: the task's name."""

_BATCH = 10_000  # each batch rewrites the file once


def tasks(settings: CsvSettings) -> Offer[Task]:
    """Tasks about the customers of the first stream that has any."""
    if settings.output is None:
        return Unsupported("the settings name no output folder")
    customers = customer_streams(settings)
    if not customers:
        return Unsupported("none of the streams holds customers")
    path = settings.output / FILE
    return Creator(customers[0], _BATCH, partial(write, path), partial(find, path))


def write(path: Path, ctx: Context, batch: Sequence[Released[Task]]) -> list[RowResult]:
    """Bring the tasks into the file; every one succeeds, or none does.

    Raises:
        Unavailable: If the file cannot be written; the old one is as it was.
    """
    lines = {released.value.key: _line(released.value) for released in batch}
    merge(path, KEY, lines, guard=ctx.config.guard_spreadsheets)
    return [RowResult(key, ok=True, reference=key) for key in lines]


def find(path: Path, ctx: Context, wanted: Sequence[Task]) -> Mapping[str, str]:
    """The keys that have a line; a line has no other name."""
    there = {key for key, _ in rows(path, guard=ctx.config.guard_spreadsheets)}
    return {task.key: task.key for task in wanted if task.key in there}


def _line(task: Task) -> dict[str, Value]:
    return {
        "native_id": task.native_id,
        "subject": task.subject,
        "body": task.body,
        "due_at": iso_z(task.due_at),
        "owner": task.owner,
        "done": task.done,
    }
