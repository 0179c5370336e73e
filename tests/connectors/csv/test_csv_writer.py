"""Profiles as files: merged by native id, replaced whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.csv.writer import writers
from hub.core.connector import Change, Value, Writer
from hub.core.errors import StopRun, Unavailable
from hub.core.released import Released, claim_release_key

KEY = claim_release_key("hub.privacy.gate")


def released(native_id: str, **values: Value) -> Released[Change]:
    return Released(Change(native_id, values, trace=f"t-{native_id}"), "decision", KEY)


@pytest.fixture
def out(shelf: Any) -> Any:
    shelf.extra["output"] = str(shelf.folder / "out")
    return shelf


def only_writer(shelf: Any) -> Writer:
    (writer,) = writers(shelf.settings)
    return writer


def path_of(shelf: Any) -> Path:
    return Path(shelf.folder / "out" / "lines_profiles.csv")


def test_profiles_are_written_typed_and_read_back(out: Any) -> None:
    """Texts, numbers, flags and nothing keep their type; phone numbers keep every character."""
    writer = only_writer(out)
    values: dict[str, Value] = {
        "phone": "+61400000001",
        "zip": "0800",
        "nps": 9,
        "spend": 1.5,
        "vip": True,
        "x": None,
    }

    results = writer.write(out.ctx, [released("7", **values)])

    assert [(r.trace, r.ok) for r in results] == [("t-7", True)]
    assert writer.read(out.ctx, ["7"], list(values)) == {"7": values}
    assert '"+61400000001"' in path_of(out).read_text()


def test_an_absent_field_keeps_its_value_and_none_clears_it(out: Any) -> None:
    """Absent is not null."""
    writer = only_writer(out)
    writer.write(out.ctx, [released("7", a="x", b="y"), released("8", a="z")])

    writer.write(out.ctx, [released("7", b=None, c="new")])

    assert writer.read(out.ctx, ["7", "8"], ["a", "b", "c"]) == {
        "7": {"a": "x", "b": None, "c": "new"},
        "8": {"a": "z", "b": None, "c": None},
    }


def test_an_unchanged_batch_does_not_touch_the_file(out: Any) -> None:
    """Writing the same twice has one effect."""
    writer = only_writer(out)
    writer.write(out.ctx, [released("7", a="x", card="line 1\nline 2")])
    before = path_of(out).stat()

    results = writer.write(out.ctx, [released("7", a="x", card="line 1\nline 2")])

    after = path_of(out).stat()
    assert [r.ok for r in results] == [True]
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_record_without_a_line_can_get_one(out: Any) -> None:
    """Reading before the first write finds empty values, not missing records."""
    assert only_writer(out).read(out.ctx, ["7"], ["a"]) == {"7": {"a": None}}


def test_a_full_disk_leaves_the_old_file(out: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to do, no half file remains, and the same call works later."""
    writer = only_writer(out)
    writer.write(out.ctx, [released("7", a="x")])
    before = path_of(out).read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left on device"):
        writer.write(out.ctx, [released("7", a="other")])
    monkeypatch.undo()

    assert path_of(out).read_bytes() == before
    assert list(path_of(out).parent.iterdir()) == [path_of(out)]
    assert writer.write(out.ctx, [released("7", a="other")])[0].ok


def test_a_file_that_somebody_broke_stops_with_the_next_step(out: Any) -> None:
    """A file edited out of shape is not overwritten."""
    path_of(out).parent.mkdir()
    path_of(out).write_text('"native_id","a"\n"7","x\n')

    with pytest.raises(StopRun, match="Move the file away"):
        only_writer(out).write(out.ctx, [released("7", a="y")])


@given(st.sampled_from(["=1+1", "+61400000001", "-2", "@x", "\t=1", "＝cmd", "'quoted", "plain"]))
def test_guarded_files_run_nothing_and_read_back(text: str) -> None:
    """Each text that a spreadsheet might run begins with an apostrophe, and comes back without."""
    from hub.core.writers import line, values

    written = line([text], guard=True)

    assert written.startswith("\"'") is (text != "plain")
    assert values(written, guard=True) == [text]


def test_the_guard_is_a_setting(out: Any) -> None:
    """Files for people are guarded, files for machines are byte-true."""
    out.extra["guard_spreadsheets"] = True
    writer = only_writer(out)

    writer.write(out.ctx, [released("7", note="=HYPERLINK(1)")])

    assert '"\'=HYPERLINK(1)"' in path_of(out).read_text()
    assert writer.read(out.ctx, ["7"], ["note"]) == {"7": {"note": "=HYPERLINK(1)"}}


def test_customers_that_only_facts_mention_get_a_file_too(sales: Any) -> None:
    """A POS export without customer list still gets its profiles back."""
    sales.extra["output"] = str(sales.folder / "out")

    assert [(w.name, w.stream) for w in writers(sales.settings)] == [
        ("customers_profiles", "customers")
    ]


def test_written_profiles_are_not_read_as_a_source(out: Any) -> None:
    """The output folder never feeds the streams, whatever the pattern says."""
    out.stream["files"] = "**/*.csv"
    out.put("people.csv", "id,name,mail\n1,Ann,\n")
    only_writer(out).write(out.ctx, [released("1", a="x")])

    assert out.read().places == ["people.csv:2"]


def test_without_an_output_folder_nothing_is_written(shelf: Any) -> None:
    """Reading files promises nothing about writing them."""
    assert writers(shelf.settings) == ()
