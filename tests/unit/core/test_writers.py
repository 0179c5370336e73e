"""Typed CSV: every value comes back as what it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.errors import Unavailable
from hub.core.writers import guarded, line, records, replacing, unguarded, values

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18) + 1, 10**18 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(blacklist_categories=["Cs"])),
)


@given(st.lists(VALUES, min_size=1), st.booleans())
def test_a_written_line_is_read_back(
    row: list[str | int | float | bool | None], guard: bool
) -> None:
    """Value and type survive, empty text and nothing included."""
    found = values(line(row, guard=guard), guard=guard)

    assert found == row
    assert list(map(type, found)) == list(map(type, row))


@given(st.lists(st.lists(st.text(alphabet='a"\n\r,'), min_size=1, max_size=3), max_size=5))
def test_texts_that_span_lines_stay_one_record(rows: list[list[str]]) -> None:
    """Line breaks and quotation marks inside texts end no record."""
    text = "".join(map(line, rows))

    assert list(records(text.splitlines(keepends=True))) == rows


@given(st.text())
def test_guarding_loses_nothing(text: str) -> None:
    """Each guarded text comes back, and none begins as a formula."""
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize(
    "text",
    ["\u200b=1", "  =1", "\ufeff@x", "＋1", "﹣1", "\u202e=1", "\u00a0=1", "\u3000＝1", "\u2060=1"],
)
def test_formulas_in_disguise_are_guarded(text: str) -> None:
    """Leading blanks, invisible marks and compatibility forms do not get through."""
    assert guarded(text).startswith("'")


def test_a_failed_replacement_leaves_the_old_file(tmp_path: Path) -> None:
    """An error half-way changes nothing and leaves nothing behind."""
    path = tmp_path / "f.csv"
    path.write_text("old")

    with pytest.raises(RuntimeError), replacing(path) as file:
        file.write("new")
        raise RuntimeError

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    """The message names the file and the next step."""
    (tmp_path / "f").write_text("a file")

    with pytest.raises(Unavailable, match="cannot be written"), replacing(tmp_path / "f" / "g"):
        pass
