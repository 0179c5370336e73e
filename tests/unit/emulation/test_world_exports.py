"""The files of the simulated world: real dialects, planted faults exactly where the truth says."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import pytest

from hub.emulation.world import World
from hub.emulation.world.exports import Export
from hub.emulation.world.files import TOO_MANY_BYTES, RenderedFile, render

Truth = dict[str, list[dict[str, str | int]]]


@pytest.fixture(scope="module")
def world() -> World:
    return World.build(11, people=400)


@pytest.fixture(scope="module")
def rendered(world: World) -> dict[str, RenderedFile]:
    return {file.export.file: file for file in render(world)}


def physical_lines(file: RenderedFile) -> list[bytes]:
    """The file cut at line feeds, as an editor numbers them."""
    feed = "\n".encode("utf-16-le" if file.export.dialect.encoding == "utf-16" else "ascii")
    return file.data.split(feed)


def rows_read(file: RenderedFile) -> list[list[str]]:
    """The rows that a lenient reader sees, header first, blank lines left out."""
    text = file.data.decode(file.export.dialect.encoding, errors="replace")
    old = csv.field_size_limit(TOO_MANY_BYTES + 1)
    try:
        source = io.StringIO(text, newline="")
        return [row for row in csv.reader(source, delimiter=file.export.dialect.delimiter) if row]
    finally:
        csv.field_size_limit(old)


def test_every_file_differs_from_the_others_in_how_it_is_written(
    rendered: dict[str, RenderedFile],
) -> None:
    """Between them the files cover the encodings, delimiters and time formats of real exports."""
    dialects = [file.export.dialect for file in rendered.values()]

    assert {d.encoding for d in dialects} == {"cp1252", "utf-8", "utf-8-sig", "utf-16"}
    assert {d.delimiter for d in dialects} == {",", ";", "\t", "|"}
    assert len({d.times for d in dialects}) == 5


def test_files_hold_all_rows_the_planted_lines_and_nothing_else(
    rendered: dict[str, RenderedFile],
) -> None:
    """An independent reader finds header, every row in order, planted lines and the footer."""
    for file in rendered.values():
        export = file.export
        read = rows_read(file)
        planted = [row for row in read if row[0].startswith("X0")]
        body = [tuple(row) for row in read[1:] if row not in planted]
        footer = [(f"*** {len(export.rows)} lines exported ***",)] * file.footer_lines

        assert tuple(read[0]) == export.header
        assert body == list(export.rows) + footer
        assert len(planted) == len(file.planted)


def test_planted_lines_stand_where_the_truth_says(rendered: dict[str, RenderedFile]) -> None:
    """Each listed physical line begins with a planted key; no other line does."""
    for file in rendered.values():
        lines = physical_lines(file)
        wide = file.export.dialect.encoding == "utf-16"
        marks = tuple(mark.encode("utf-16-le" if wide else "ascii") for mark in ("X0", '"X0'))
        starts = [n for n, line in enumerate(lines, start=1) if line.startswith(marks)]

        assert starts == [line.line for line in file.planted]


def has_fault(export: Export, line: bytes, reason: str) -> bool:
    """Whether that physical line really has that fault, checked without the generator's code."""
    encoding = "utf-16-le" if export.dialect.encoding == "utf-16" else export.dialect.encoding
    if reason == "unreadable-encoding":
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            return True
        return False
    text = line.decode(encoding)
    if reason == "nul":
        return "\x00" in text
    if reason == "field-too-long":
        return max(map(len, text.split(export.dialect.delimiter))) > 2 * 1024 * 1024
    cells = next(csv.reader([text], delimiter=export.dialect.delimiter))
    surplus = len(cells) - len(export.header)
    if reason in ("too-few-columns", "too-many-columns"):
        return surplus < 0 if reason == "too-few-columns" else surplus > 0
    return "31/02" in text or "02-30" in text or "13-45" in text or "13/32" in text


def test_every_planted_line_has_the_fault_that_it_is_listed_with(
    rendered: dict[str, RenderedFile],
) -> None:
    """All six faults occur, each as described."""
    seen: Counter[str] = Counter()
    for file in rendered.values():
        lines = physical_lines(file)
        for planted in file.planted:
            assert has_fault(file.export, lines[planted.line - 1], planted.reason), planted
            seen[planted.reason] += 1

    assert set(seen) == {
        *("bad-date", "too-few-columns", "too-many-columns"),
        *("nul", "field-too-long", "unreadable-encoding"),
    }


def test_keys_name_each_row_once(rendered: dict[str, RenderedFile]) -> None:
    """The declared key columns are a key."""
    for file in rendered.values():
        keys = [row[: file.export.keys] for row in file.export.rows]

        assert len(set(keys)) == len(keys), file.export.file


def test_till_amounts_add_up_to_the_orders(world: World, rendered: dict[str, RenderedFile]) -> None:
    """The decimal commas of the export sum to the same cents as the orders, returns included."""
    column = rendered["pos_lines.csv"].export.header.index("Amount")
    amounts = [row[column] for row in rendered["pos_lines.csv"].export.rows]
    cents = sum(int(amount.replace(",", "")) for amount in amounts)

    assert cents == sum(order.total for order in world.orders)
    assert any(amount.startswith("-") for amount in amounts)


def test_some_comments_run_over_two_lines(rendered: dict[str, RenderedFile]) -> None:
    """A reader that counts rows instead of physical lines reports wrong places here."""
    comments = [row[8] for row in rendered["surveys.csv"].export.rows]

    assert any("\n" in comment for comment in comments)
    assert any('"' in comment for comment in comments)


def test_truth_file_lists_records_quarantine_and_counts(world: World, tmp_path: Path) -> None:
    """The truth names every record's person, every planted line and what each system holds."""
    world.write_truth(tmp_path / "truth.json")
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))

    assert truth["records"] == world.truth()
    assert len(truth["quarantined"]) == len(world.mistakes)
    assert truth["systems"]["hubspot"]["people"] == len(world.presences("hubspot"))
    assert truth["files"]["pos_lines.csv"]["rows"] == sum(len(o.lines) for o in world.orders)
    assert truth["never_contact"]


def test_growing_files_keep_their_planted_lines_in_place(world: World, tmp_path: Path) -> None:
    """After the later changes the till file has three receipts more and the same faults."""
    before = {file.export.file: file for file in render(world)}
    after = {file.export.file: file for file in render(world.after_changes())}

    grown = len(after["pos_lines.csv"].export.rows) - len(before["pos_lines.csv"].export.rows)
    assert grown == sum(len(c.order.lines) for c in world.changes("new_order") if c.order)
    assert after["pos_lines.csv"].planted == before["pos_lines.csv"].planted
    assert after["loyalty_points.csv"].data == before["loyalty_points.csv"].data


def test_only_file_based_systems_write_files(tmp_path: Path) -> None:
    """A world of API systems alone has no exports."""
    assert World.build(1, people=50, systems=("hubspot", "zendesk")).write_files(tmp_path) == []
