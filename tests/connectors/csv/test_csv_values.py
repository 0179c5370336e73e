"""How cells become values."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.csv.values import (
    BadValue,
    Memo,
    Notation,
    choice_reader,
    day_reader,
    instant_reader,
    integer_reader,
    number_reader,
    read_currency,
    read_flag,
)

GERMAN = Notation(decimal=",", thousands=".")
SWISS = Notation(thousands="'")
FRENCH = Notation(decimal=",", thousands=" ")


@pytest.mark.parametrize(
    ("notation", "text", "value"),
    [
        pytest.param(Notation(), "2.55", "2.55", id="plain"),
        pytest.param(Notation(), ".5", "0.5", id="no-leading-zero"),
        pytest.param(Notation(), "-11062.06", "-11062.06", id="negative"),
        pytest.param(Notation(), "(3.00)", "-3.00", id="accounting"),
        pytest.param(Notation(), "3.00-", "-3.00", id="trailing-minus"),
        pytest.param(Notation(), "\u22123", "-3", id="typographic-minus"),
        pytest.param(Notation(), "1E+2", "100", id="exponent"),
        pytest.param(GERMAN, "1.234.567,89", "1234567.89", id="german"),
        pytest.param(GERMAN, "1234,5", "1234.5", id="german-ungrouped"),
        pytest.param(SWISS, "1'234.50", "1234.50", id="swiss"),
        pytest.param(FRENCH, "1\u202f234,50", "1234.50", id="french-narrow-blank"),
        pytest.param(Notation(currency_sign="£"), "£ 2.55", "2.55", id="sign"),
    ],
)
def test_numbers_are_read_as_the_file_writes_them(
    notation: Notation, text: str, value: str
) -> None:
    """Every notation of the settings gives the exact decimal."""
    assert number_reader(notation)(text) == Decimal(value)


@pytest.mark.parametrize(
    ("notation", "text"),
    [
        pytest.param(Notation(), "1,234", id="undeclared-thousands"),
        pytest.param(Notation(), "2,55", id="undeclared-decimal-comma"),
        pytest.param(GERMAN, "12.34", id="point-not-before-three-digits"),
        pytest.param(Notation(), "£2.55", id="undeclared-sign"),
        pytest.param(Notation(), "NaN", id="nan"),
        pytest.param(Notation(), "Infinity", id="infinity"),
        pytest.param(Notation(), "٣", id="other-digits"),
        pytest.param(Notation(), "1" * 19, id="beyond-64-bit"),
        pytest.param(Notation(), "", id="nothing"),
        pytest.param(Notation(), ".", id="only-a-mark"),
    ],
)
def test_numbers_in_another_notation_are_refused(notation: Notation, text: str) -> None:
    """A number that could be misread by a factor of a thousand is refused, not read."""
    with pytest.raises(BadValue) as caught:
        number_reader(notation)(text)

    assert caught.value.reason == "bad-number"


@given(
    st.decimals(-(10**12), 10**12, places=2, allow_nan=False),
    st.sampled_from([GERMAN, SWISS, FRENCH, Notation()]),
)
def test_a_written_number_is_read_back(number: Decimal, notation: Notation) -> None:
    """Grouping and marks never change the value."""
    grouped = f"{number:,.2f}" if notation.thousands else f"{number:.2f}"
    text = grouped.translate({ord(","): notation.thousands, ord("."): notation.decimal})

    assert number_reader(notation)(text) == number


def test_fractions_are_no_whole_numbers() -> None:
    """6.0 pieces are six; half a piece is a mistake of the mapping."""
    read = integer_reader(Notation())

    assert read("6.0") == 6
    with pytest.raises(BadValue):
        read("6.5")


@pytest.mark.parametrize(
    ("dates", "text", "expected"),
    [
        pytest.param("iso", "2010-12-01 08:26:00", (2010, 12, 1, 8, 26), id="iso-blank"),
        pytest.param("iso", "2010-12-01T08:26:00Z", (2010, 12, 1, 8, 26), id="iso-z"),
        pytest.param("iso", "2010-12-01T08:26:00+02:00", (2010, 12, 1, 6, 26), id="iso-offset"),
        pytest.param("day-first", "1/12/2010", (2010, 12, 1, 0, 0), id="day-first"),
        pytest.param("day-first", "01.12.2010 08:26", (2010, 12, 1, 8, 26), id="day-first-dots"),
        pytest.param("month-first", "12/1/2010 8:26 PM", (2010, 12, 1, 20, 26), id="pm"),
        pytest.param("month-first", "12/1/2010 12:05 am", (2010, 12, 1, 0, 5), id="midnight"),
        pytest.param("unix", "1291191960", (2010, 12, 1, 8, 26), id="unix"),
        pytest.param("unix-ms", "1291191960000", (2010, 12, 1, 8, 26), id="unix-ms"),
        pytest.param("%d-%b-%y", "01-Dec-10", (2010, 12, 1, 0, 0), id="own-format"),
    ],
)
def test_times_are_read_in_the_declared_format(
    dates: str, text: str, expected: tuple[int, int, int, int, int]
) -> None:
    """Each family of formats gives the instant in UTC."""
    read = instant_reader(Notation(dates=(dates,)))

    assert read(text) == datetime(*expected, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dates", "text"),
    [
        pytest.param("iso", "2010-02-30", id="no-such-day"),
        pytest.param("day-first", "31/02/2011 10:15", id="no-such-day-day-first"),
        pytest.param("day-first", "12/31/2010", id="month-first-text"),
        pytest.param("day-first", "1/12-2010", id="mixed-separators"),
        pytest.param("month-first", "1/2/2010 13:00 PM", id="no-such-hour"),
        pytest.param("iso", "yesterday", id="words"),
        pytest.param("unix", "9" * 16, id="beyond-the-calendar"),
    ],
)
def test_impossible_dates_are_refused(dates: str, text: str) -> None:
    """No calendar, no record; and the message never repeats the text."""
    with pytest.raises(BadValue) as caught:
        instant_reader(Notation(dates=(dates,)))(text)

    assert caught.value.reason == "bad-date"
    assert text not in str(caught.value)


def test_formats_are_tried_in_their_order() -> None:
    """A file that changed its format half-way is read in both."""
    read = instant_reader(Notation(dates=("iso", "day-first")))

    assert read("2010-12-01") == read("01/12/2010")


def test_naive_times_are_in_the_declared_zone() -> None:
    """Summer and winter time are told apart by the calendar of the zone."""
    read = instant_reader(Notation(timezone="Europe/London"))

    assert read("2011-07-01 12:00") == datetime(2011, 7, 1, 11, tzinfo=UTC)
    assert read("2011-01-01 12:00") == datetime(2011, 1, 1, 12, tzinfo=UTC)


def test_no_zone_moves_a_birth_date() -> None:
    """A day of the calendar is the same day everywhere."""
    read = day_reader(Notation(dates=("day-first",), timezone="Pacific/Auckland"))

    assert read("29/02/2000") == date(2000, 2, 29)


def test_flags_choices_and_currencies_are_read_in_their_spellings() -> None:
    """Case, blanks and hyphens do not matter."""
    status = choice_reader(("open", "on_hold"))

    assert (read_flag("Yes"), read_flag("0")) == (True, False)
    assert status("On-Hold") == "on_hold"
    assert read_currency(" gbp") == "GBP"


@pytest.mark.parametrize("read", [read_flag, read_currency, choice_reader(("open", "solved"))])
def test_other_words_are_refused(read: object) -> None:
    """A word that means nothing is no default."""
    with pytest.raises(BadValue):
        read("perhaps")  # type: ignore[operator]


def test_a_memo_reads_each_text_once() -> None:
    """Repeated texts cost a look-up."""
    calls: list[str] = []
    memo = Memo[str, int](lambda text: calls.append(text) or len(text))  # type: ignore[func-returns-value]

    assert [memo["abc"], memo["abc"], memo["d"]] == [3, 3, 1]
    assert calls == ["abc", "d"]


def test_a_memo_never_grows_without_bound() -> None:
    """A column of distinct texts keeps memory flat."""
    memo = Memo[int, int](lambda number: number)

    for number in range(70_000):
        assert memo[number] == number

    assert len(memo) <= 1 << 16
