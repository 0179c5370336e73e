"""Files that the hub keeps itself: one line per key, merged batch by batch.

The first column is the key. The new file takes the place of the old one only when it is complete; a
batch that changes nothing does not touch the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from hub.core import writers as typed
from hub.core.connector import Value
from hub.core.errors import StopRun

Rows = Mapping[str, Mapping[str, Value]]
"""Values by column, by key."""


def merge(path: Path, key: str, changes: Rows, *, guard: bool) -> None:
    """Bring the changes into the file: a column that is absent keeps its value, None clears it.

    Args:
        path: The file; it need not be there yet.
        key: Name of its first column.
        changes: What is to stand there.
        guard: Whether texts that a spreadsheet would run get an apostrophe.

    Raises:
        Unavailable: If the file cannot be written; the old one is as it was.
    """
    if not _differs(path, changes, guard=guard):
        return
    header = _header(path, guard=guard)
    header += sorted({field for row in changes.values() for field in row} - set(header))
    left = dict(changes)
    with typed.replacing(path) as file:
        file.write(typed.line([key, *header], guard=guard))
        for name, row in rows(path, guard=guard):
            row.update(left.pop(name, {}))
            file.write(_line(name, row, header, guard=guard))
        for name, new in left.items():
            file.write(_line(name, new, header, guard=guard))


def rows(path: Path, *, guard: bool) -> Iterator[tuple[str, dict[str, Value]]]:
    """Key and values of every line; nothing if there is no file yet.

    Raises:
        StopRun: If somebody else has written into it.
    """
    records = _records(path, guard=guard)
    header = [str(name) for name in next(records, [])[1:]]
    for name, *cells in records:
        if len(cells) != len(header):
            raise _strange(path, f"{len(cells) + 1} cells under {len(header) + 1} columns")
        yield str(name), dict(zip(header, cells, strict=True))


def _differs(path: Path, changes: Rows, *, guard: bool) -> bool:
    left = dict(changes)
    for name, row in rows(path, guard=guard):
        wanted = left.pop(name, {})
        if any(field not in row or row[field] != value for field, value in wanted.items()):
            return True
    return bool(left)


def _line(name: str, row: Mapping[str, Value], header: list[str], *, guard: bool) -> str:
    return typed.line([name, *(row.get(field) for field in header)], guard=guard)


def _header(path: Path, *, guard: bool) -> list[str]:
    return [str(name) for name in next(_records(path, guard=guard), [])[1:]]


def _records(path: Path, *, guard: bool) -> Iterator[list[Value]]:
    if not path.exists():
        return
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from typed.records(file, guard=guard)
    except ValueError as err:
        raise _strange(path, str(err)) from err


def _strange(path: Path, why: str) -> StopRun:
    return StopRun(
        f"{path}: not as the hub left it ({why}). Move the file away and push again.",
        code="HUB-126",
    )
