"""What was done to an emulated system, in order, also after a restart."""

from __future__ import annotations

from pathlib import Path

from hub.core.clock import ManualClock
from hub.emulation.effects import CallLog, EffectLog


def test_effects_are_numbered_from_one_without_gaps(clock: ManualClock) -> None:
    """Tests compare sequence numbers, so none may be skipped or reused."""
    log = EffectLog(clock)

    for record_id in ("1", "2", "3"):
        log.append("create", "contacts", record_id)

    assert [effect.sequence for effect in log.since()] == [1, 2, 3]


def test_since_returns_only_later_effects(clock: ManualClock) -> None:
    """A test notes the length of the log, acts, and reads what its act added."""
    log = EffectLog(clock)
    log.append("create", "contacts", "1")
    before = len(log)

    log.append("update", "contacts", "1", {"phone", "email"})

    (added,) = log.since(before)
    assert (added.method, added.fields) == ("update", ("email", "phone"))


def test_effects_of_programs_are_told_from_those_of_users(clock: ManualClock) -> None:
    """What the vendor's own users do must not count against the hub."""
    log = EffectLog(clock)
    log.append("update", "contacts", "1", actor="user")
    log.append("update", "contacts", "2", actor="api")

    by_programs = log.since(actor="api")

    assert [effect.id for effect in by_programs] == ["2"]


def test_the_file_holds_each_effect_the_moment_it_happens(
    clock: ManualClock, tmp_path: Path
) -> None:
    """A reader in another process sees an effect although the emulator never closed its log."""
    file = tmp_path / "effects.jsonl"
    log = EffectLog(clock, file)

    log.append("create", "contacts", "1", ["email"])

    assert '"id": "1"' in file.read_text()
    log.close()


def test_numbering_goes_on_after_a_restart(clock: ManualClock, tmp_path: Path) -> None:
    """An emulator that was restarted continues its log instead of starting a second one."""
    file = tmp_path / "effects.jsonl"
    first = EffectLog(clock, file)
    written = first.append("create", "contacts", "1", ["email"])
    first.close()

    second = EffectLog(clock, file)
    later = second.append("update", "contacts", "1", ["email"])
    second.close()

    assert second.since() == (written, later)
    assert later.sequence == 2


def test_calls_are_counted_per_method_and_path(clock: ManualClock) -> None:
    """The number of write calls is held against the vendor's minimum."""
    log = CallLog(clock)

    log.append("POST", "/batch/update", 200)
    log.append("POST", "/batch/update", 429, ["rate_limited"])
    log.append("GET", "/contacts", 200)

    assert log.counts() == {"POST /batch/update": 2, "GET /contacts": 1}
    assert [call.status for call in log.since(1)] == [429, 200]
