"""What ``hub check --connect`` says about files."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.csv.check import check


def test_good_files_are_described(shelf: Any) -> None:
    """Encoding, delimiter and number of columns are shown, so that a wrong one is seen."""
    shelf.put("people.csv", "id;name;mail\n1;Zoë;\n", "cp1252")

    items = check(shelf.ctx)

    assert all(item.ok for item in items)
    assert items[1].detail == "3 columns, cp1252, separated by ;"


@pytest.mark.parametrize(
    ("files", "what", "fix"),
    [
        pytest.param({}, "no file matches", "Check folder and files", id="no-file"),
        pytest.param({"people.csv": b"id,mail\n"}, 'no column "name"', "Correct", id="column"),
        pytest.param(
            {"people.csv": b"id,name,mail\n1,\x81\x90,\n"}, "neither", "Declare", id="encoding"
        ),
        pytest.param({"people.csv": b"\x1f\x8b\x08\x00"}, "gzip", "Copy", id="damaged"),
    ],
)
def test_each_problem_comes_with_its_fix(
    shelf: Any, files: dict[str, bytes], what: str, fix: str
) -> None:
    """One failed item, what is wrong, and what to do."""
    for name, data in files.items():
        shelf.put(name, data)

    (failed,) = [item for item in check(shelf.ctx) if not item.ok]

    assert what in failed.detail
    assert fix in failed.fix


def test_the_output_folder_is_checked_without_being_made(shelf: Any) -> None:
    """A file in the place of the folder is found before the first push."""
    shelf.put("people.csv", "id,name,mail\n")
    shelf.extra["output"] = str(shelf.folder / "out")
    assert check(shelf.ctx)[-1].ok
    assert not (shelf.folder / "out").exists()

    shelf.put("out", "a file")

    assert not check(shelf.ctx)[-1].ok
