"""The file of alerts: one line per event of a case, whatever kills the hub in between."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.core.clock import ManualClock
from hub.core.settings import LoopSection, Settings
from hub.store import alerts as store_alerts
from hub.store.engine import Store
from hub.voc.alerts import Told, deliver, routes
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


def append(desk: Complaints, path: Path) -> Told:
    """What a run does that has this file and no other route."""
    loop = LoopSection.model_construct(alerts=path)
    settings = Settings.model_construct(loop=loop)
    (told,) = deliver(desk.store, routes(settings, desk.clock))
    return told


def told(path: Path) -> list[tuple[str, str]]:
    """Event and what happened, line by line."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [(line["event"], line["what"]) for line in lines]


def test_every_event_is_one_line(desk: Complaints, tmp_path: Path) -> None:
    """Opened, opened; then both overdue, with who is to hear of it; nothing twice."""
    path = tmp_path / "new" / "alerts.jsonl"
    assert append(desk, path).sent == 2
    desk.clock.sleep(49 * 3_600)
    desk.run()

    assert append(desk, path).sent == 2
    assert append(desk, path).sent == 0

    assert [what for _, what in told(path)] == ["opened", "opened", "escalated", "escalated"]
    last = json.loads(path.read_text().splitlines()[-1])
    assert (last["to"], last["customer"] in {"g1", "g2"}) == ("Kim", True)
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_set_late_begins_with_everything_that_happened(
    desk: Complaints, tmp_path: Path
) -> None:
    """What is history for other routes is not for the file."""
    desk.clock.sleep(30 * 86_400)

    assert append(desk, tmp_path / "alerts.jsonl").sent == 2


def test_a_kill_between_file_and_note_writes_nothing_twice(
    desk: Complaints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines are there, the note is not: the next run finds them."""
    path = tmp_path / "alerts.jsonl"

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(store_alerts, "arrived", die)
        with pytest.raises(KeyboardInterrupt):
            append(desk, path)
    assert len(told(path)) == 2

    assert append(desk, path).waiting == 0
    assert len(told(path)) == len(set(told(path))) == 2


@pytest.mark.parametrize("kept", [1, -1])
def test_a_line_that_was_cut_short_is_written_whole(
    desk: Complaints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    """A kill in the middle of the write leaves the beginning of a line."""
    path = tmp_path / "alerts.jsonl"
    with monkeypatch.context() as killed:
        killed.setattr(store_alerts, "arrived", lambda *_: None)
        append(desk, path)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    path.write_bytes(whole[:first] + whole[first:][:kept])

    append(desk, path)

    assert path.read_bytes() == whole


def test_a_file_that_cannot_be_written_keeps_the_events_on_their_way(
    desk: Complaints, tmp_path: Path
) -> None:
    """A folder stands in its place: told with the code, and made good later."""
    blocked = tmp_path / "folder"
    blocked.mkdir()

    failed = append(desk, blocked)

    assert (failed.sent, failed.waiting) == (0, 2)
    assert failed.error is not None
    assert (failed.error.code, "loop.alerts" in str(failed.error)) == ("HUB-503", True)
    again: Any = append(desk, tmp_path / "alerts.jsonl")
    assert (again.sent, again.waiting, again.error) == (2, 0, None)
