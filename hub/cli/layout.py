"""How results are laid out for people: eighty columns, plain numbers, UTC to the second."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from hub.core.clock import from_micros

WIDTH = 80


def wrapped(text: str, indent: str = "  ") -> str:
    """``text`` in lines of at most 80 columns, each after ``indent``; long words stay whole.

    >>> wrapped("one two", "> ")
    '> one two'
    """
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun, which takes an s in the plural or becomes ``plural``.

    >>> counted(1, "row"), counted(2500, "row"), counted(2, "delivery", "deliveries")
    ('1 row', '2,500 rows', '2 deliveries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines of a table: text to the left, numbers to the right, None as a dash.

    >>> table(("stage", "n"), [("start", 12), ("done", None)])
    ['stage   n', 'start  12', 'done    -']
    """
    cells = [tuple(map(str, head)), *(tuple(map(_cell, row)) for row in rows)]
    widths = [max(map(_columns, column)) for column in zip(*cells, strict=True)]
    right = [all(_is_figure(cell) for cell in column[1:]) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            _gap(cell, width) + cell if to_right else cell + _gap(cell, width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]


def _gap(cell: str, width: int) -> str:
    return " " * (width - _columns(cell))


def entries(head: Sequence[str], rows: Iterable[tuple[Sequence[object], str]]) -> list[str]:
    """Lines of a table in which each row has words of its own below it, wrapped.

    >>> entries(("points", "customer"), [((72, "Ann Lee"), "an open ticket [g1]")])
    ['points  customer', '    72  Ann Lee', '        an open ticket [g1]']
    """
    each = list(rows)
    first, *others = table(head, (cells for cells, _ in each))
    told = zip(others, (wrapped(words, " " * 8) for _, words in each), strict=True)
    return [first, *(line for pair in told for line in pair)]


def fitted(text: str, width: int) -> str:
    r"""``text`` in at most ``width`` columns, without what could steer a terminal.

    >>> fitted("Ann\x1b[31m Lee", 20), fitted("Wolfeschlegelsteinhausen", 10)
    ('Ann[31m Lee', 'Wolfeschl…')
    """
    plain = "".join(letter for letter in text if letter.isprintable())
    if _columns(plain) <= width:
        return plain
    while _columns(plain) >= width:
        plain = plain[:-1]
    return f"{plain.rstrip()}…"


def some_of(names: Sequence[str], most: int = 3) -> str:
    """The first of the names, and how many more there are.

    >>> some_of(["a", "b"]), some_of(["a", "b", "c", "d", "e"])
    ('a, b', 'a, b, c +2')
    """
    more = len(names) - most
    return ", ".join(names[:most]) + (f" +{more}" if more > 0 else "")


def _columns(text: str) -> int:
    """Columns that a terminal gives ``text``: two for Chinese, Japanese and Korean letters."""
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )


def _cell(value: object) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _is_figure(cell: str) -> bool:
    return cell == "-" or cell[:1].isdigit()


def tally(counts: Mapping[str, int]) -> str:
    """What a run counted, zeros left out.

    >>> tally({"read": 1200, "stored": 0, "events": 1})
    '1,200 read, 1 consent event'
    """
    return ", ".join(
        counted(number, "consent event")
        if what == "events"
        else f"{number:,} {what.replace('_', ' ')}"
        for what, number in counts.items()
        if number
    )


def moment(micros: int) -> str:
    """An instant of the store, which counts microseconds of UTC, as people write it.

    >>> moment(1_766_620_800_000_000)
    '2025-12-25 00:00:00Z'
    """
    return from_micros(micros).strftime("%Y-%m-%d %H:%M:%SZ")


def duration(seconds: float) -> str:
    """A time in its two largest units.

    >>> duration(42), duration(5_430), duration(200_000)
    ('42 s', '1 h 30 min', '2 d 7 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole:,} s"
    minutes = whole // 60
    for size, large, part, small in ((1_440, "d", 60, "h"), (60, "h", 1, "min")):
        if minutes >= size:
            return f"{minutes // size:,} {large} {minutes % size // part} {small}"
    return f"{minutes} min"
