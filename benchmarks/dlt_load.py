"""A CSV file into SQLite with dlt, set up for speed; run as a process of its own by ``csv_load``.

python -m benchmarks.dlt_load FILE FOLDER

What was found to be fastest for rows: pages instead of single rows, declared columns (nothing to
infer), texts, append, no nested tables, uncompressed intermediate files, large buffers. More
workers do not pay: SQLite has one writer, and processes cost more to start than they save.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

PAGE = 5_000

SPEED = {
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "10000",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
}


def load(path: Path, folder: Path) -> None:
    """Append every line of ``path`` to the table ``lines`` of ``folder/dlt.db``."""
    os.environ.update(SPEED, DLT_DATA_DIR=str(folder))
    import dlt  # reads its settings from the environment when imported
    from dlt.destinations import sqlalchemy

    with path.open(encoding="utf-8", newline="") as file:
        names = next(csv.reader(file))
    lines = dlt.resource(
        lambda: _pages(path),
        name="lines",
        write_disposition="append",
        max_table_nesting=0,
        columns={name: {"data_type": "text", "nullable": True} for name in names},
    )
    pipeline = dlt.pipeline(
        "lines",
        pipelines_dir=str(folder / "pipelines"),
        destination=sqlalchemy(f"sqlite:///{folder / 'dlt.db'}"),
        dataset_name="main",
    )
    pipeline.run(lines).raise_on_failed_jobs()


def _pages(path: Path) -> Iterator[list[dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        while page := list(islice(reader, PAGE)):
            yield page


if __name__ == "__main__":
    load(Path(sys.argv[1]), Path(sys.argv[2]))
