"""From lines to records: dialects round trip, and one bad line costs one line."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connectors.csv.encoding import Encoding
from connectors.csv.parsing import FIELD_LIMIT, Format, Parsed, Window

UTF8 = Encoding("utf-8")
GOOD = ["1,Ann,3\n", "2,Bob,4\n", '3,"Cy, the third",5\n', "4,Dot,6\n"]


def parse(lines: list[str], *, final: bool = True, **options: object) -> Parsed:
    form = Format("f.csv", UTF8, width=3, **options)  # type: ignore[arg-type]
    unreadable = any("\0" in line or "\udcff" in line for line in lines)
    return Window(form, lines, first=2, final=final, unreadable=unreadable).parse()


def reasons(parsed: Parsed) -> list[tuple[str, str]]:
    return [(reject.where, reject.reason) for reject in parsed.rejects]


TEXT = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=8)


@given(
    rows=st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=6),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_a_csv_writer_wrote_is_read_back(
    rows: list[list[str]], delimiter: str, end: str, quoting: int
) -> None:
    """Delimiters, quotation marks and line breaks inside texts come back as they were."""
    # The writer leaves a bare carriage return unquoted unless it ends its lines with one.
    assume(quoting == csv.QUOTE_ALL or end == "\r\n" or "\r" not in "".join(map("".join, rows)))
    sink = io.StringIO()
    csv.writer(sink, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    lines = list(io.StringIO(sink.getvalue(), newline=""))

    parsed = parse(lines, delimiter=delimiter)

    assert parsed.rows == [row for row in rows if any(row)]
    assert not parsed.rejects
    assert parsed.used == len(lines)


@pytest.mark.parametrize(
    ("line", "reason", "column"),
    [
        pytest.param("9,Eve,3,4\n", "too-many-columns", 4, id="too-many"),
        pytest.param("9,Eve\n", "too-few-columns", 3, id="too-few"),
        pytest.param("9,E\0ve,3\n", "nul", 2, id="nul"),
        pytest.param("9,\udcff,3\n", "unreadable-encoding", 2, id="undecodable"),
        pytest.param('9,"Eve,3\n', "bad-quoting", 2, id="open-quote"),
        pytest.param('9,"Eve" B,3\n', "bad-quoting", 2, id="text-behind-quote"),
        pytest.param(f"9,{'x' * 2_000_000},3\n", "field-too-long", 1, id="two-megabytes"),
    ],
)
@pytest.mark.parametrize("place", range(len(GOOD) + 1))
def test_one_bad_line_costs_one_line(line: str, reason: str, column: int, place: int) -> None:
    """Wherever a bad line stands, every other line is a record, and the place is exact."""
    parsed = parse([*GOOD[:place], line, *GOOD[place:]])

    assert [row[0] for row in parsed.rows] == ["1", "2", "3", "4"]
    assert reasons(parsed) == [(f"f.csv:{place + 2}:{column}", reason)]
    assert parsed.rejects[0].raw == line.encode("utf-8", "surrogateescape")


def test_two_bad_lines_in_a_row_do_not_hide_a_good_one() -> None:
    """An open quote followed by a short line swallows nothing."""
    parsed = parse(['8,"Eve,3\n', "9,Eve\n", *GOOD])

    assert [row[0] for row in parsed.rows] == ["1", "2", "3", "4"]
    assert [reason for _, reason in reasons(parsed)] == ["bad-quoting", "too-few-columns"]


def test_texts_with_line_breaks_are_one_record() -> None:
    """A ticket's body spans lines; its place is where it begins."""
    parsed = parse(["1,a,x\n", '2,"line\n', "\n", 'more",y\n', "3,b,z\n"])

    assert parsed.rows[1] == ["2", "line\n\nmore", "y"]
    assert (parsed.starts, parsed.ends) == ([0, 1, 4], [1, 4, 5])


def test_a_broken_record_of_several_lines_is_refused_whole() -> None:
    """Lines of a text are not mistaken for records when their record is short of columns."""
    parsed = parse(["1,a,x\n", '2,"line\n', 'more"\n', "3,b,z\n"])

    assert [row[0] for row in parsed.rows] == ["1", "3"]
    assert parsed.rejects[0].raw == b'2,"line\nmore"\n'


def test_a_record_that_the_window_cuts_is_left_to_the_next() -> None:
    """Nothing is refused before its end was seen."""
    parsed = parse(["1,a,x\n", '2,"line\n', "more\n"], final=False)

    assert (len(parsed.rows), parsed.used, parsed.rejects) == (1, 1, [])


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param("\n", id="blank"),
        pytest.param(",,\n", id="only-delimiters"),
        pytest.param('# exported by "till" 7\n', id="comment"),
        pytest.param('# "open\n', id="comment-with-open-quote"),
        pytest.param("TOTAL;3\n", id="footer"),
        pytest.param("id,name,n\n", id="header-again"),
    ],
)
@pytest.mark.parametrize("place", [0, 2, 4])
def test_lines_that_are_no_records_are_passed_over(extra: str, place: int) -> None:
    """Blank lines, comments, totals and repeated headers are neither records nor mistakes."""
    parsed = parse(
        [*GOOD[:place], extra, *GOOD[place:]], skip=("#", "TOTAL"), heading="id,name,n\n"
    )

    assert (len(parsed.rows), parsed.rejects) == (4, [])


def test_empty_columns_beyond_the_last_hold_nothing() -> None:
    """Exports that end each line with a delimiter are read."""
    parsed = parse(["1,Ann,3,,\n"])

    assert parsed.rows == [["1", "Ann", "3"]]


def test_files_that_do_not_quote_keep_their_quotation_marks() -> None:
    """Inches stay inches where the settings name no quotation mark."""
    parsed = parse(['1,"5" PIPE,3\n'], quote="")

    assert parsed.rows == [["1", '"5" PIPE', "3"]]


def test_an_escape_character_is_honoured() -> None:
    """Backslash dialects are read."""
    parsed = parse(['1,"a \\"b\\", c",3\n'], escape="\\")

    assert parsed.rows == [["1", 'a "b", c', "3"]]


def test_the_longest_field_is_read() -> None:
    """The limit refuses what is beyond it, not what reaches it."""
    parsed = parse([f"1,{'x' * FIELD_LIMIT},3\n"])

    assert len(parsed.rows) == 1
