"""CSV cells: exact for programs, harmless for spreadsheets."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.exports.cells import CsvLines, guarded

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.lists(TEXT, min_size=2, max_size=5))
def test_machine_csv_gives_back_every_text_byte_for_byte(cells: list[str]) -> None:
    """Quotes, commas, line ends and leading plus signs survive the round trip."""
    line = CsvLines().row(cells)

    (row,) = csv.reader(io.StringIO(line.decode(), newline=""))

    assert row == cells


def test_e164_phone_stays_intact_for_machines() -> None:
    """A guard would make it a number that no other system accepts."""
    assert CsvLines().row(["+61412345678"]) == b"+61412345678\r\n"


def test_cells_are_typed() -> None:
    """Numbers and booleans are spelled as JSON spells them, nothing is an empty cell."""
    assert CsvLines().row([1, 2.5, True, False, None, "x"]) == b"1,2.5,true,false,,x\r\n"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+61412345678", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1", "\n=1", "\tx", "＝1+1", "﹦1",
        "＋1", "－1", "＠SUM(A1)", "  =1+1", "\u00a0=1", "\u200b=1", "\ufeff=1", "\u3000＝1",
        "=cmd|' /C calc'!A0",
    ],
)  # fmt: skip
def test_text_that_may_run_as_a_formula_is_disarmed(text: str) -> None:
    """Directly, behind blanks or invisible characters, and in compatibility forms."""
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Ann-Marie", "a=b", "3+4", "o'Neil", "李雷", "  plain"])
def test_harmless_text_is_left_alone(text: str) -> None:
    """Customers keep their names."""
    assert guarded(text) == text


def test_negative_number_is_no_formula() -> None:
    """Only text is guarded: a spreadsheet must still be able to sum the column."""
    assert CsvLines(spreadsheet=True).row([-5, -0.5, "-5"]) == b'-5,-0.5,"\'-5"\r\n'


def test_semicolon_locale_cannot_cut_a_cell_free_of_its_guard() -> None:
    """Unquoted, ``x;=1+1`` would become two cells where lists are separated by semicolons."""
    line = CsvLines(spreadsheet=True).row(["x;=1+1"])

    (row,) = csv.reader(io.StringIO(line.decode()), delimiter=";")

    assert row == ["x;=1+1"]


def test_spreadsheets_recognise_utf8() -> None:
    """Without the mark Excel reads "Zoë" as "ZoÃ«"; machines get none."""
    assert CsvLines(spreadsheet=True).header(["a"]) == b'\xef\xbb\xbf"a"\r\n'
    assert CsvLines().header(["a"]) == b"a\r\n"
