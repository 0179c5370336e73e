"""Which rows a run brings, after the files changed or a run was interrupted."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from connectors.csv import files, reader
from hub.core.errors import StopRun, Unavailable

HEAD = "id,name,mail\n"


def people(first: int, count: int, name: str = "Ann") -> str:
    return "".join(f"{n},{name},a{n}@example.org\n" for n in range(first, first + count))


def ids(reading: Any) -> list[str]:
    return [row["id"] for row in reading.rows]


def touch(path: Path) -> None:
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))


# --- pages -----------------------------------------------------------------------------------


def test_rows_come_in_bounded_pages_with_their_places(shelf: Any) -> None:
    """A large file is many pages, each with checkpoint and line numbers; none is lost."""
    shelf.put("people.csv", HEAD + people(0, 10_000))

    reading = shelf.read()

    assert ids(reading) == [str(n) for n in range(10_000)]
    assert reading.places[9_999] == "people.csv:10001"
    assert all(len(page.rows) <= 5_000 for page in reading.pages)
    assert len(reading.pages) >= 3


def test_a_row_is_what_the_file_holds(shelf: Any) -> None:
    """Unknown columns are kept, texts are not trimmed; names in use are spelt as declared."""
    shelf.put("people.csv", "ID; Name ;mail;extra;\n 7 ; Ann;;x;\n")

    assert shelf.read().rows == [
        {"id": " 7 ", "name": " Ann", "mail": "", "extra": "x", "column 5": ""}
    ]


def test_all_files_of_the_pattern_are_read_in_name_order(shelf: Any) -> None:
    """A glob over packed and plain files is one stream."""
    shelf.put("people-02.csv", HEAD + people(2, 1))
    shelf.put("people-01.csv", gzip.compress((HEAD + people(1, 1)).encode()))
    shelf.put("other.csv", "x\n")

    assert shelf.read().places == ["people-01.csv:2", "people-02.csv:2"]


def test_files_without_a_header_get_names(shelf: Any) -> None:
    """Names come from the settings; the first line is a record."""
    shelf.stream["header"] = ["id", "name", "mail"]
    shelf.put("people.csv", "7|Ann|a@example.org\n")

    assert shelf.read().rows == [{"id": "7", "name": "Ann", "mail": "a@example.org"}]


def test_lines_above_the_header_are_passed_over(shelf: Any) -> None:
    """Report titles, comments and blank lines do not shift line numbers."""
    shelf.stream |= {"skip_lines": 1, "skip_starting_with": ["#"]}
    shelf.put("people.csv", f"Export of May\n# by till 7\n\n{HEAD}{people(1, 1)}")

    assert shelf.read().places == ["people.csv:5"]


def test_an_empty_file_is_no_error(shelf: Any) -> None:
    """A till that sold nothing exports nothing."""
    shelf.put("people-1.csv", "")
    shelf.put("people-2.csv", HEAD)

    assert shelf.read().rows == []


# --- what stops a run ------------------------------------------------------------------------


def test_no_file_is_an_error_not_an_empty_page(shelf: Any) -> None:
    """A share that is not mounted must not look like a source without records."""
    with pytest.raises(Unavailable, match=r"no file matches people\*\.csv"):
        shelf.read()


def test_a_missing_column_stops_with_the_nearest_name(shelf: Any) -> None:
    """The message says place, what was meant, and what there is."""
    shelf.put("people.csv", "id,nmae,mail\n")

    with pytest.raises(StopRun, match=r'people\.csv:1: no column "name"; did you mean "nmae"'):
        shelf.read()


@pytest.mark.parametrize("keep", [20, -9])
def test_damaged_packing_stops_with_the_next_step(shelf: Any, keep: int) -> None:
    """A copy that broke off is not read as if it were whole."""
    shelf.put("people.csv", gzip.compress((HEAD + people(1, 500)).encode())[:keep])

    with pytest.raises(StopRun, match="Copy the file again"):
        shelf.read()


def test_a_file_that_is_no_table_stops(shelf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line without end does not fill the memory."""
    monkeypatch.setattr("connectors.csv.files._LONGEST_LINE", 1 << 19)
    shelf.put("people.csv", HEAD + "x" * (2 << 20))

    with pytest.raises(StopRun, match="hardly a text table"):
        shelf.read()


def test_an_unreadable_file_stops(shelf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing rights are reported with the file's name and the next step."""
    shelf.put("people.csv", HEAD)

    def refuse(*args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)

    with pytest.raises(Unavailable, match=r"people\.csv: cannot be read \(Permission denied\)"):
        shelf.read()


# --- unchanged, grown, replaced --------------------------------------------------------------


@pytest.mark.parametrize("mode", ["columns", "columns+line"])
def test_an_unchanged_source_is_not_read_again(
    shelf: Any, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second run looks at size and time of change and opens nothing."""
    shelf.stream["key_mode"] = mode
    shelf.put("people.csv", HEAD + people(1, 3))
    state = shelf.read().state
    monkeypatch.setattr(reader, "survey", lambda *args: pytest.fail("the file was opened"))

    assert shelf.read(state).pages == []


@pytest.mark.parametrize("mode", ["columns", "columns+line"])
def test_a_touched_file_brings_no_rows(shelf: Any, mode: str) -> None:
    """The same content under a new time is noted, not read again."""
    shelf.stream["key_mode"] = mode
    path = shelf.put("people.csv", HEAD + people(1, 3))
    state = shelf.read().state
    touch(path)

    again = shelf.read(state)

    assert again.rows == []
    assert shelf.read(again.state).pages == []


@pytest.mark.parametrize("duplicates", ["reject", "last"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_a_grown_file_goes_on_where_it_stood(shelf: Any, duplicates: str, pack: Any) -> None:
    """Only new lines come, with their true line numbers."""
    shelf.stream["duplicates"] = duplicates
    text = HEAD + people(1, 3)
    shelf.put("people.csv", pack(text.encode()))
    state = shelf.read().state
    shelf.put("people.csv", pack((text + people(4, 2)).encode()))

    grown = shelf.read(state)

    assert (ids(grown), grown.places) == (["4", "5"], ["people.csv:5", "people.csv:6"])


def test_a_line_that_was_half_written_is_read_again(shelf: Any) -> None:
    """A record cut by the end of the file is corrected once the rest is there."""
    shelf.put("people.csv", HEAD + "1,Ann,a@exam")
    first = shelf.read()
    shelf.put("people.csv", HEAD + "1,Ann,a@example.org\n2,Bob,\n")

    second = shelf.read(first.state)

    assert [row["mail"] for row in first.rows] == ["a@exam"]
    assert [row["mail"] for row in second.rows] == ["a@example.org", ""]
    assert second.rejects == []


def test_what_is_appended_while_reading_waits_for_the_next_run(
    shelf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run reads the file as it was surveyed; nothing is read half, nothing is lost."""
    path = shelf.put("people.csv", HEAD + people(1, 3))
    survey = files.survey

    def survey_then_grow(*args: Any) -> Any:
        found = survey(*args)
        with path.open("a") as file:
            file.write(people(4, 2))
        monkeypatch.undo()
        return found

    monkeypatch.setattr(reader, "survey", survey_then_grow)

    first = shelf.read()

    assert ids(first) == ["1", "2", "3"]
    assert ids(shelf.read(first.state)) == ["4", "5"]


def test_a_file_that_shrinks_while_reading_stops(
    shelf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file under replacement is not taken for complete."""
    path = shelf.put("people.csv", HEAD + people(1, 3))
    survey = files.survey

    def survey_then_cut(*args: Any) -> Any:
        found = survey(*args)
        path.write_text(HEAD)
        return found

    monkeypatch.setattr(reader, "survey", survey_then_cut)

    with pytest.raises(StopRun, match="shorter while it was being read"):
        shelf.read()


@pytest.mark.parametrize("longer", [False, True])
def test_a_replaced_file_is_read_anew(shelf: Any, longer: bool) -> None:
    """Another content under the same name is not taken for a continuation."""
    shelf.put("people.csv", HEAD + people(1, 3))
    state = shelf.read().state
    touch(shelf.put("people.csv", HEAD + people(1, 4 if longer else 3, name="Eve")))

    replaced = shelf.read(state)

    assert {row["name"] for row in replaced.rows} == {"Eve"}
    assert ids(replaced)[:3] == ["1", "2", "3"]


def test_only_new_files_of_a_growing_folder_are_read(shelf: Any) -> None:
    """A daily export costs a day, not a year."""
    shelf.put("people-1.csv", HEAD + people(1, 2))
    state = shelf.read().state
    shelf.put("people-2.csv", HEAD + people(3, 2))

    assert ids(shelf.read(state)) == ["3", "4"]


def test_settings_that_change_the_rows_read_everything_again(shelf: Any) -> None:
    """Another delimiter or key makes other rows; another mapping does not."""
    shelf.put("people.csv", HEAD + people(1, 2))
    state = shelf.read().state

    shelf.stream["timezone"] = "Europe/Paris"
    assert shelf.read(state).pages == []
    shelf.stream["duplicates"] = "last"
    assert ids(shelf.read(state)) == ["1", "2"]


# --- whole sets: deletion by absence ---------------------------------------------------------


@pytest.mark.parametrize(
    "stream", [{"key_mode": "columns+line"}, {"delete_missing": True}], ids=["lines", "columns"]
)
def test_a_set_is_read_whole_when_any_file_changes(shelf: Any, stream: dict[str, Any]) -> None:
    """Only a complete pass may delete what it did not see, so a change reads all of it."""
    shelf.stream |= stream
    shelf.put("people-1.csv", HEAD + people(1, 2))
    shelf.put("people-2.csv", HEAD + people(3, 2))
    first = shelf.read()
    (shelf.folder / "people-2.csv").unlink()

    second = shelf.read(first.state)

    assert (ids(first), first.complete) == (["1", "2", "3", "4"], True)
    assert (ids(second), second.complete) == (["1", "2"], True)
    assert shelf.read(second.state).pages == []


def test_a_stream_of_single_files_never_claims_to_be_complete(shelf: Any) -> None:
    """An archived file does not delete its customers."""
    shelf.put("people.csv", HEAD + people(1, 2))

    assert not shelf.read().complete


# --- interruption ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "encoding"),
    [
        pytest.param({}, "utf-8", id="columns"),
        pytest.param({"duplicates": "last"}, "cp1252", id="last-windows-1252"),
        pytest.param({"duplicates": "last"}, "utf-16", id="last-utf-16"),
        pytest.param({"key_mode": "columns+line"}, "utf-8", id="lines"),
        pytest.param({"delete_missing": True}, "utf-16", id="set-utf-16"),
    ],
)
def test_a_killed_run_goes_on_at_its_last_page(
    shelf: Any, stream: dict[str, Any], encoding: str
) -> None:
    """After every page: what was committed is not read again, the rest comes once, same keys."""
    shelf.stream |= stream
    for number in (1, 2):
        text = HEAD + people(number * 10_000, 1_600, name="Zoë") + people(number * 20_000, 900)
        path = shelf.put(f"people-{number}.csv", text, encoding)
        assert path.exists()
    whole = shelf.read()
    expected = [json.dumps(row) for row in whole.rows]

    for done in range(1, len(whole.pages)):
        before = [json.dumps(row) for page in whole.pages[:done] for row in page.rows]
        state = json.loads(json.dumps(whole.pages[done - 1].next_state))
        after = shelf.read(state)

        assert before + [json.dumps(row) for row in after.rows] == expected
        assert after.complete == whole.complete


def test_numbers_of_repeated_lines_survive_a_kill(sales: Any) -> None:
    """What a killed run counted is counted again, so that no line takes another's key."""
    line = "1,2026-01-02 03:04,a,1,2.50,7\n"
    header = "receipt,sold,sku,qty,price,customer\n"
    for number in (1, 2):
        sales.put(f"sales{number}.csv", header + line * 3_000)
    whole = sales.read()

    resumed = sales.read(json.loads(json.dumps(whole.pages[0].next_state)))

    first = {row["#key"] for row in whole.pages[0].rows}
    second = {row["#key"] for row in resumed.rows}
    assert not first & second
    assert len(first | second) == 6_000


def test_a_set_that_changed_during_a_pause_is_read_from_the_beginning(sales: Any) -> None:
    """Half of the old files and half of the new ones are no complete pass."""
    header = "receipt,sold,sku,qty,price,customer\n"
    text = header + "".join(f"{n},2026-01-02 03:04,a,1,2.50,7\n" for n in range(6_000))
    sales.put("sales1.csv", text)
    state = json.loads(json.dumps(next(sales.pages()).next_state))
    sales.put("sales1.csv", text.replace(",a,", ",b,"))
    touch(sales.folder / "sales1.csv")

    again = sales.read(state)

    assert (len(again.rows), again.complete) == (6_000, True)
    assert [page.begins for page in again.pages] == [True, *[False] * (len(again.pages) - 1)]


def test_a_resumed_pass_does_not_begin_anew(sales: Any) -> None:
    """What it had seen before the pause still counts."""
    header = "receipt,sold,sku,qty,price,customer\n"
    text = header + "".join(f"{n},2026-01-02 03:04,a,1,2.50,7\n" for n in range(6_000))
    sales.put("sales1.csv", text)
    state = json.loads(json.dumps(next(sales.pages()).next_state))

    assert not any(page.begins for page in sales.read(state).pages)


# --- keys ------------------------------------------------------------------------------------


def test_a_repeated_key_is_refused_where_it_repeats(shelf: Any) -> None:
    """The first line stands; the second goes to quarantine with the choices an admin has."""
    shelf.put("people.csv", HEAD + people(1, 2) + people(1, 1, name="Eve"))

    reading = shelf.read()

    assert [row["name"] for row in reading.rows] == ["Ann", "Ann"]
    (reject,) = reading.rejects
    assert (reject.reason, reject.where) == ("duplicate-key", "people.csv:4:1")
    assert reject.raw == b"1,Eve,a1@example.org\n"


def test_a_key_repeated_in_a_grown_part_is_refused_too(shelf: Any) -> None:
    """Reading in one go and reading as the file grows give the same quarantine."""
    shelf.put("people.csv", HEAD + people(1, 2))
    state = shelf.read().state
    shelf.put("people.csv", HEAD + people(1, 2) + people(1, 1, name="Eve"))

    assert [reject.where for reject in shelf.read(state).rejects] == ["people.csv:4:1"]


def test_a_log_of_changes_may_repeat_keys(shelf: Any) -> None:
    """Later lines replace earlier ones: duplicates = "last" hands every line over, in order."""
    shelf.stream["duplicates"] = "last"
    shelf.put("people.csv", HEAD + people(1, 1) + people(1, 1, name="Eve"))

    assert [row["name"] for row in shelf.read().rows] == ["Ann", "Eve"]


def test_a_later_file_may_update_an_earlier_one(shelf: Any) -> None:
    """Monthly exports of all customers repeat their keys by nature."""
    shelf.put("people-1.csv", HEAD + people(1, 1))
    shelf.put("people-2.csv", HEAD + people(1, 1, name="Eve"))

    assert [row["name"] for row in shelf.read().rows] == ["Ann", "Eve"]


@pytest.mark.parametrize(
    ("key", "reason"), [("  ", "missing-key"), ("k" * 600, "key-too-long")], ids=["empty", "long"]
)
def test_a_key_that_names_nothing_is_refused(shelf: Any, key: str, reason: str) -> None:
    """A record that could never be found again is not stored."""
    shelf.put("people.csv", f"{HEAD}{key},Ann,\n{people(1, 1)}")

    reading = shelf.read()

    assert [reject.reason for reject in reading.rejects] == [reason]
    assert ids(reading) == ["1"]
