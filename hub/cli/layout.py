"""How results are laid out for people: eighty columns, plain numbers, UTC to the second."""

from __future__ import annotations

import textwrap
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
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [all(_is_figure(cell) for cell in column[1:]) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            f"{cell:>{width}}" if to_right else f"{cell:<{width}}"
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]


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
