"""Work as a file: one line per task, replaced whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.csv.tasks import tasks
from hub.core.connector import Creator, RowResult, Task, Unsupported
from hub.core.errors import StopRun, Unavailable
from hub.core.released import Released, claim_release_key

KEY = claim_release_key("hub.privacy.gate")
TASK = Task(
    "case-1", "7", 'Call "Ada", please', "Why.\n=1+1", datetime(2026, 11, 9, 17, tzinfo=UTC)
)


@pytest.fixture
def out(shelf: Any) -> Any:
    shelf.extra["output"] = str(shelf.folder / "out")
    return shelf


def creator(shelf: Any) -> Creator[Task]:
    found = tasks(shelf.settings)
    assert isinstance(found, Creator)
    return found


def send(shelf: Any, *items: Task) -> list[RowResult]:
    released = [Released(item, "decision", KEY) for item in items]
    return list(creator(shelf).write(shelf.ctx, released))


def path_of(shelf: Any) -> Path:
    return Path(shelf.folder / "out" / "tasks.csv")


def lines(shelf: Any) -> list[Mapping[str, str]]:
    with path_of(shelf).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_task_is_a_line(out: Any) -> None:
    """Whoever reads the file finds what is to be done, about whom, by when and by whom."""
    send(out, replace(TASK, owner="mia@example.com"))

    assert lines(out) == [{
        "key": "case-1", "native_id": "7", "subject": 'Call "Ada", please', "body": "Why.\n=1+1",
        "due_at": "2026-11-09T17:00:00.000Z", "owner": "mia@example.com", "done": "false",
    }]  # fmt: skip


def test_a_task_stands_once_and_takes_its_new_state(out: Any) -> None:
    """Written again it replaces its line; the others stay as they are."""
    other = replace(TASK, key="case-2")
    send(out, TASK, other)

    send(out, replace(TASK, done=True))

    assert {line["key"]: line["done"] for line in lines(out)} == {
        "case-1": "true", "case-2": "false",
    }  # fmt: skip
    assert creator(out).find(out.ctx, [TASK, other, replace(TASK, key="case-3")]) == {
        "case-1": "case-1", "case-2": "case-2",
    }  # fmt: skip


def test_the_same_again_does_not_touch_the_file(out: Any) -> None:
    """Nobody who watches the file is woken for nothing."""
    send(out, TASK)
    before = path_of(out).stat().st_ino

    results = send(out, TASK)

    assert path_of(out).stat().st_ino == before
    assert results == [RowResult("case-1", ok=True, reference="case-1")]


def test_a_formula_is_defused_where_spreadsheets_read(out: Any) -> None:
    """The guard holds for tasks too, and reading back undoes it."""
    out.extra["guard_spreadsheets"] = True

    send(out, replace(TASK, subject="=HYPERLINK(1)"))

    assert lines(out)[0]["subject"] == "'=HYPERLINK(1)"
    before = path_of(out).stat().st_ino
    send(out, replace(TASK, subject="=HYPERLINK(1)"))
    assert path_of(out).stat().st_ino == before


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_lost(out: Any) -> None:
    """What stood there stands there still; the next run tries again."""
    out.folder.mkdir(exist_ok=True)
    (out.folder / "out").write_text("a file where the folder should be")

    with pytest.raises(Unavailable):
        send(out, TASK)


def test_a_file_that_somebody_edited_is_not_guessed_at(out: Any) -> None:
    """The hub does not merge into what it cannot read."""
    send(out, TASK)
    path_of(out).write_text('"key","body"\n"broken"\n')

    with pytest.raises(StopRun, match="not as the hub left it"):
        send(out, replace(TASK, done=True))


def test_without_a_folder_there_is_no_place_for_tasks(shelf: Any) -> None:
    """It is declared, with the setting that would change it."""
    offer = tasks(shelf.settings)

    assert isinstance(offer, Unsupported)
    assert "output folder" in offer.reason


def test_without_customers_there_is_nobody_to_work_for(sales: Any) -> None:
    """Receipts that name no customer are about nobody."""
    sales.extra["output"] = str(sales.folder / "out")
    named = sales.stream["columns"]
    sales.stream["columns"] = {name: named[name] for name in named if name != "party"}

    offer = tasks(sales.settings)

    assert isinstance(offer, Unsupported)
    assert "holds customers" in offer.reason
