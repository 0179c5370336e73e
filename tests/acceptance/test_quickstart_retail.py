"""``hub quickstart`` on a real till export, as a user starts it, within the time that is stated.

Source: UCI Online Retail (Chen, Sain, Guo 2012); its first 54,000 lines, about a month.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from benchmarks.process import HUB, Ran, run
from benchmarks.retail import SHARED, unpack

pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.exists(), reason=f"no {SHARED.name} beside the project"),
]

STATED = 30.0
"""CPU seconds for fifty thousand lines, as docs/how-to/report-to-people.md states."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """The folder of the results, and what the command took."""
    folder = tmp_path_factory.mktemp("retail")
    unpack(folder / "lines.csv", 10)
    out = folder / "out"
    command = [HUB, "quickstart", str(folder / "lines.csv"), "--out", str(out)]
    return out, run([*command, "--currency", "GBP"], folder)


def test_a_till_export_becomes_report_and_list_in_the_stated_time(ran):
    """Files in, report and follow-up list out: in seconds of one core, whatever else runs."""
    out, took = ran

    assert took.cpu_seconds < STATED
    assert "The next thirty days" in (out / "report.html").read_text()
    assert (out / "follow-up.csv").exists()


def test_the_report_counts_what_the_file_holds(ran):
    """Customers and receipts of the map are those of the file, counted without the hub."""
    out, _ = ran
    with (out.parent / "lines.csv").open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["CustomerID"]]
    sold = {
        (row["CustomerID"], row["InvoiceNo"])
        for row in rows
        if not row["InvoiceNo"].startswith("C") and int(row["Quantity"]) > 0
        and float(row["UnitPrice"]) > 0
    }  # fmt: skip

    text = (out / "report.html").read_text()
    people = len({customer for customer, _ in sold})
    assert f">order {len(sold):,}</td>" in text.replace(", return", "</td>")
    assert f'data-label="customers">{people:,}</td>' in text
