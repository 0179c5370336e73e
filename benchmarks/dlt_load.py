"""A CSV file into SQLite with dlt, set up for speed; run as a process of its own by ``csv_load``.

python -m benchmarks.dlt_load FILE FOLDER append|merge

Pages instead of single rows, declared columns (nothing to infer), texts only, no nested tables,
uncompressed intermediate files, buffers of two pages: half the time of the defaults on 50,000 rows.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Literal

PAGE = 5_000
KEY = "Line"
"""Column that is the key; a file without it gets the line's number there."""

SPEED = {
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "10000",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
}


def load(path: Path, folder: Path, disposition: Literal["append", "merge"]) -> None:
    """Put every line of ``path`` into the table ``lines`` of ``folder/dlt.db``."""
    os.environ.update(SPEED, DLT_DATA_DIR=str(folder))
    import dlt  # reads its settings from the environment when imported
    from dlt.destinations import sqlalchemy

    with path.open(encoding="utf-8", newline="") as file:
        names = dict.fromkeys([*next(csv.reader(file)), KEY])
    lines = dlt.resource(
        lambda: _pages(path),
        name="lines",
        write_disposition=disposition,
        primary_key=KEY,
        max_table_nesting=0,
        columns={name: {"data_type": "text", "nullable": name != KEY} for name in names},
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
        number = count()
        while page := list(islice(reader, PAGE)):
            for row in page:
                row.setdefault(KEY, str(next(number)))
            yield page


if __name__ == "__main__":
    load(Path(sys.argv[1]), Path(sys.argv[2]), "merge" if sys.argv[3] == "merge" else "append")
