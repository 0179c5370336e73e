"""A real POS export: every line of it, whatever the form of its files."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any

import pytest

from connectors.csv.mapping import compile_map
from hub.core.connector import Row

RETAIL = (
    Path(os.environ.get("CXHUB_SHARED", Path(__file__).parents[4] / "shared"))
    / "datasets/retail/online_retail.csv.gz"
)
STREAM: dict[str, Any] = {
    "files": "*.csv*",
    "entity": "order_line",
    "key": ["InvoiceNo"],
    "key_mode": "columns+line",
    "columns": {
        "order_ref": "InvoiceNo",
        "at": "InvoiceDate",
        "quantity": "Quantity",
        "unit_price": "UnitPrice",
        "sku": "StockCode",
        "name": "Description",
        "party": {"column": "CustomerID", "drop_suffix": ".0"},
    },
    "constants": {"currency": "GBP"},
    "timezone": "Europe/London",
    "cancelled_when": {"column": "InvoiceNo", "starts_with": "C"},
}

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not RETAIL.exists(), reason="the shared data sets are not here"),
]


def digest(row: Row) -> bytes:
    return blake2b(json.dumps(row, sort_keys=True).encode(), digest_size=8).digest()


@pytest.mark.slow
def test_every_line_is_accounted_for(shelf: Any) -> None:
    """541,909 lines, 4,372 customers, 25,900 invoices, 9,288 cancel lines; no key twice."""
    shelf.stream = STREAM
    (shelf.folder / "online_retail.csv.gz").symlink_to(RETAIL)
    map_row = compile_map(shelf.settings.streams["lines"])
    seen = Counter[str]()
    invoices, customers, keys = set(), set(), set()

    for page in shelf.pages():
        for row in page.rows:
            record: Any = map_row(row)
            invoices.add(record.order_ref)
            customers.add(record.party and record.party.id)
            keys.add(row["#key"])
            seen["lines"] += 1
            seen["cancelled"] += record.cancelled
            seen["unknown customer"] += record.party is None
        seen["rejects"] += len(page.rejects)

    assert seen == {
        "lines": 541_909, "cancelled": 9_288, "unknown customer": 135_080, "rejects": 0,
    }  # fmt: skip
    assert len(customers - {None}) == 4_372
    assert len(invoices) == 25_900
    assert len(keys) == 541_909


@pytest.mark.slow
def test_the_form_of_the_files_changes_nothing(shelf: Any) -> None:
    """Shuffled, split over twelve files, in Windows-1252: the same rows under the same keys."""
    shelf.stream = STREAM
    header, *lines = gzip.decompress(RETAIL.read_bytes()).decode().splitlines(keepends=True)
    (shelf.folder / "online_retail.csv.gz").symlink_to(RETAIL)
    expected = {digest(row) for page in shelf.pages() for row in page.rows}
    (shelf.folder / "online_retail.csv.gz").unlink()
    Random(1).shuffle(lines)
    for part in range(12):
        shelf.put(f"part{part}.csv", header + "".join(lines[part::12]), "cp1252")
    shelf.stream = {**STREAM, "encoding": "windows-1252"}

    found = {digest(row) for page in shelf.pages() for row in page.rows}

    assert found == expected
    assert len(expected) == 541_909
