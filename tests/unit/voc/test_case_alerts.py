"""The file of alerts: one line per event of a case, whatever kills the hub in between."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.core.clock import ManualClock
from hub.core.errors import Unavailable
from hub.store import cases
from hub.store.engine import Store
from hub.voc.case_alerts import append
from tests.conftest import Databases
from tests.unit.voc.complaints import Complaints


@pytest.fixture
def databases(sqlite_databases: Databases) -> Databases:
    """One database: the stage's own tests run on both."""
    return sqlite_databases


@pytest.fixture
def desk(store: Store, clock: ManualClock) -> Complaints:
    """Two detractors with a case each."""
    desk = Complaints(store, clock, escalate_to="Kim")
    for rid in (1, 2):
        desk.customer(rid)
        desk.answer(rid, 2)
    desk.run()
    return desk


def told(path: Path) -> list[tuple[str, str]]:
    """Event and what happened, line by line."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [(line["event"], line["what"]) for line in lines]


def test_every_event_is_one_line(desk, tmp_path):
    """Opened, opened; then both overdue, with who is to hear of it; nothing twice."""
    path = tmp_path / "new" / "alerts.jsonl"
    assert append(desk.store, path) == 2
    desk.clock.sleep(49 * 3_600)
    desk.run()

    assert append(desk.store, path) == 2
    assert append(desk.store, path) == 0

    assert [what for _, what in told(path)] == ["opened", "opened", "escalated", "escalated"]
    assert json.loads(path.read_text().splitlines()[-1])["to"] == "Kim"
    assert path.stat().st_mode & 0o077 == 0


def test_a_kill_between_file_and_note_writes_nothing_twice(desk, tmp_path, monkeypatch):
    """The lines are there, the note is not: the next run finds them."""
    path = tmp_path / "alerts.jsonl"

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(cases, "heard", die)
        with pytest.raises(KeyboardInterrupt):
            append(desk.store, path)

    assert append(desk.store, path) == 0
    assert len(told(path)) == len(set(told(path))) == 2


@pytest.mark.parametrize("kept", [1, -1])
def test_a_line_that_was_cut_short_is_written_whole(desk, tmp_path, kept):
    """A kill in the middle of the write leaves the beginning of a line."""
    path = tmp_path / "alerts.jsonl"
    append(desk.store, path)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    second = whole[first:]
    path.write_bytes(whole[:first] + second[:kept])
    case_id, number = told_last(second)
    with desk.store.write() as connection:
        connection.exec_driver_sql(
            "UPDATE case_events SET alerted = (1 = 0)"
            f" WHERE case_id = '{case_id}' AND number = {number}"
        )

    append(desk.store, path)

    assert path.read_bytes() == whole


def told_last(line: bytes) -> tuple[str, str]:
    """Case and number of the event of a line."""
    case_id, _, number = json.loads(line)["event"].partition("/")
    return case_id, number


def test_a_file_that_cannot_be_written_keeps_the_events_due(desk, tmp_path):
    """A folder stands in its place: said with the code, and made good later."""
    blocked = tmp_path / "folder"
    blocked.mkdir()

    with pytest.raises(Unavailable, match=r"loop\.alerts") as err:
        append(desk.store, blocked)

    assert err.value.code == "HUB-503"
    assert append(desk.store, tmp_path / "alerts.jsonl") == 2
