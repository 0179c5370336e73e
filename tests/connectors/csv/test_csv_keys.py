"""Keys of lines that have none: the same however the files are cut."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.csv.keys import column_key, joined, keys_by_column
from connectors.csv.occurrences import Occurrences

HEADER = ["receipt", "sold", "sku", "qty", "price", "customer"]
SALES_LINES = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "C3"]),
        st.just("2026-01-02 03:04"),
        st.sampled_from(["a", "é", "x;y", '5" pipe']),
        st.sampled_from(["1", "2"]),
        st.just("2.50"),
        st.sampled_from(["", "7"]),
    ),
    min_size=1,
    max_size=40,
)


def rendered(
    lines: list[tuple[str, ...]], delimiter: str = ",", order: tuple[int, ...] = tuple(range(6))
) -> str:
    sink = io.StringIO()
    writer = csv.writer(sink, delimiter=delimiter, lineterminator="\n")
    writer.writerows([[row[i] for i in order] for row in [HEADER, *lines]])
    return sink.getvalue()


def contents(shelf: Any) -> Counter[str]:
    """Every row by value, key included."""
    return Counter(repr(sorted(row.items())) for row in shelf.read().rows)


@given(lines=SALES_LINES, data=st.data())
@settings(max_examples=40, deadline=None)
def test_keys_do_not_depend_on_how_files_are_cut(
    new_sales: Callable[[], Any], lines: list[tuple[str, ...]], data: st.DataObject
) -> None:
    """Shuffled, split, re-encoded, re-quoted, packed, columns moved: the same rows and keys."""
    one, many = new_sales(), new_sales()
    one.put("sales.csv", rendered(lines))
    shuffled = data.draw(st.permutations(lines))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(lines)), max_size=4)))
    for number, (start, end) in enumerate(pairwise([0, *cuts, len(lines)])):
        order = tuple(data.draw(st.permutations(range(6))))
        encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]))
        text = rendered(shuffled[start:end], data.draw(st.sampled_from([",", ";", "\t"])), order)
        pack = gzip.compress if data.draw(st.booleans()) else bytes
        many.put(f"sales{number}.csv", pack(text.encode(encoding)))

    assert contents(many) == contents(one)
    assert sum(contents(one).values()) == len(lines)
    assert max(contents(one).values()) == 1


def test_identical_lines_are_counted_over_the_whole_set(sales: Any) -> None:
    """The second identical line is another sale, not a mistake, wherever it stands."""
    text = rendered([("1", "2026-01-02", "a", "1", "2.50", "7")] * 2)
    sales.put("sales1.csv", text)
    sales.put("sales2.csv", text)

    keys = [row["#key"] for row in sales.read().rows]

    assert [key.rsplit("|", 1)[1] for key in keys] == ["1", "2", "3", "4"]
    assert len({key.rsplit("|", 1)[0] for key in keys}) == 1
    assert all(key.startswith("1|") for key in keys)


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=30), max_size=12))
def test_occurrences_count_like_a_counter(pages: list[list[str]]) -> None:
    """Eight bytes a key give the numbers that a plain count gives."""
    compact, plain = Occurrences(), Counter[str]()

    for page in pages:
        expected = []
        for key in page:
            plain[key] += 1
            expected.append(plain[key])
        assert compact.number(page) == expected


def test_occurrences_hold_many_distinct_keys_in_little_memory() -> None:
    """A hundred thousand distinct keys take eight bytes each, whatever their length."""
    compact = Occurrences()
    for start in range(0, 100_000, 2_000):
        compact.number([f"key {number}" for number in range(start, start + 2_000)])

    assert compact.size_in_bytes <= 8 * 100_000
    assert compact.number(["key 7", "key 100000"]) == [2, 1]


@given(
    st.lists(st.text(min_size=1).filter(str.strip), min_size=2, max_size=2).map(tuple),
    st.lists(st.text(min_size=1).filter(str.strip), min_size=2, max_size=2).map(tuple),
)
def test_composed_keys_never_collide(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Different key columns are different keys, whatever the texts contain."""
    same = [part.strip() for part in one] == [part.strip() for part in other]

    assert (joined(one) == joined(other)) is same


def test_the_stream_key_is_the_key_that_duplicates_are_judged_by() -> None:
    """The hub's key of a row equals the reader's."""
    names, fields = ["a", "b", "c"], [" x|", "1", "2"]

    assert column_key(["a", "c"])(dict(zip(names, fields, strict=True))) == "x\\||2"
    assert keys_by_column(names, ["a", "c"])([fields]) == ["x\\||2"]
    assert keys_by_column(names, ["b"])([fields]) == [column_key(["b"])({"b": "1"})]


def test_an_empty_key_is_reported_as_missing() -> None:
    """A key of which a part is missing is none."""
    assert joined(["a", " "]) == ""
