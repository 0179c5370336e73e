"""Planted faults: the quarantine holds exactly the planted lines."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.csv.mapping import compile_map
from hub.core.errors import SkipRecord

HEADER = b"receipt,sold,sku,qty,price,customer\n"
FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "too-many-columns": lambda line: line.rstrip(b"\n") + b",surplus\n",
    "too-few-columns": lambda line: line.rsplit(b",", 1)[0] + b"\n",
    "nul": lambda line: line.replace(b"item", b"it\0em"),
    "unreadable-encoding": lambda line: line.replace(b"item", b"it\xffem"),
    "bad-quoting": lambda line: line.replace(b",item", b',"item'),
    "bad-date": lambda line: line.replace(b"-03-", b"-13-"),
    "bad-number": lambda line: line.replace(b"2.50", b"2.5O"),
    "missing-value": lambda line: b"," + line.split(b",", 1)[1],
}


def sale(number: int) -> bytes:
    name = (b"item", b'"item, ""large"""', b"item 5in")[number % 3]
    return b"%d,2026-03-04 05:06,%s,%d,2.50,7\n" % (number, name, 1 + number % 7)


def found(shelf: Any) -> dict[int, str]:
    """Line number to reason, of everything the reader or the map refused."""
    reading = shelf.read()
    map_row = compile_map(shelf.settings.streams["lines"])
    bad = {int(reject.where.split(":")[1]): reject.reason for reject in reading.rejects}
    for row, place in zip(reading.rows, reading.places, strict=True):
        try:
            map_row(row)
        except SkipRecord as err:
            bad[int(place.split(":")[1])] = err.reason
    assert len(reading.rows) + len(reading.rejects) == shelf.planted_lines
    return bad


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_quarantine_holds_exactly_the_planted_lines(
    new_sales: Callable[[], Any], data: st.DataObject
) -> None:
    """Any faults at any lines, neighbours included: each is found, nothing else is."""
    count = data.draw(st.integers(1, 30))
    lines = [sale(number) for number in range(count)]
    faults = data.draw(
        st.dictionaries(st.integers(0, count - 1), st.sampled_from(sorted(FAULTS)), max_size=8)
    )
    # An open quotation mark is only told from a long text by a whole record behind it.
    planted = {n: fault for n, fault in faults.items() if fault != "bad-quoting" or n % 3 != 1}
    for number, fault in planted.items():
        lines[number] = FAULTS[fault](lines[number])
    shelf = new_sales()
    shelf.stream["encoding"] = "utf-8"
    shelf.put("sales.csv", HEADER + b"".join(lines))
    shelf.planted_lines = count

    assert found(shelf) == {number + 2: fault for number, fault in planted.items()}


def test_one_percent_of_faults_in_a_large_file(sales: Any) -> None:
    """Twenty thousand lines, two hundred faults of every kind: exactly these are refused."""
    dice = Random(7)  # the same faults in every run
    lines = [sale(number) for number in range(20_000)]
    places = dice.sample([n for n in range(20_000) if n % 3 != 1], 200)
    planted = dict(zip(places, sorted(FAULTS) * 25, strict=True))
    for number, fault in planted.items():
        lines[number] = FAULTS[fault](lines[number])
    sales.stream["encoding"] = "utf-8"
    sales.put("sales.csv", HEADER + b"".join(lines))
    sales.planted_lines = 20_000

    assert found(sales) == {number + 2: fault for number, fault in planted.items()}
