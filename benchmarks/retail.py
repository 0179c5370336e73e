"""Lines of a till as a file, and the hub.toml that reads them."""

from __future__ import annotations

import csv
import gzip
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "datasets" / "retail" / "online_retail.csv.gz"
"""541,909 lines of a UK gift wholesaler; not part of the project.

Source: UCI Online Retail (Chen, Sain, Guo 2012).
"""

HEADER = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID",
    "Country",
)  # fmt: skip

_HUB_TOML = """
[hub]
name = "Retail"
region = "GB"
currency = "GBP"
time_zone = "Europe/London"
data_dir = "var"

[connections.pos]
connector = "csv"

[connections.pos.settings]
folder = "{folder}"

[connections.pos.settings.streams.lines]
files = "{files}"
encoding = "{encoding}"
entity = "order_line"
key = ["{key}"]
key_mode = "{mode}"
timezone = "Europe/London"
constants = {{ currency = "GBP", channel = "store" }}
cancelled_when = {{ column = "InvoiceNo", starts_with = "C" }}

[connections.pos.settings.streams.lines.columns]
order_ref = "InvoiceNo"
at = "InvoiceDate"
party = {{ column = "CustomerID", drop_suffix = ".0" }}
sku = "StockCode"
name = "Description"
quantity = "Quantity"
unit_price = "UnitPrice"
"""


def unpack(path: Path, divisor: int) -> None:
    """Write the shared file's lines to ``path``: all, or the first ``divisor``-th part."""
    with gzip.open(SHARED, "rb") as packed, path.open("wb") as out:
        if divisor == 1:
            shutil.copyfileobj(packed, out)
        else:
            out.writelines(islice(packed, 541_910 // divisor))


def write_settings(
    home: Path, folder: Path, files: str, *, encoding: str = "utf-8", key: str | None = None
) -> Path:
    """The path of a hub.toml in ``home`` that reads ``files`` below ``folder`` as order lines.

    Args:
        home: Where hub.toml and the database go.
        folder: Where the files are.
        files: Name or pattern.
        encoding: As declared to the connector.
        key: Column that identifies a line; None if lines have no key of their own.
    """
    path = home / "hub.toml"
    text = _HUB_TOML.format(
        folder=folder.resolve().as_posix(),
        files=files,
        encoding=encoding,
        key=key or "InvoiceNo",
        mode="columns" if key else "columns+line",
    )
    path.write_text(text, encoding="utf-8")
    return path


def write_lines(path: Path, rows: int, *, changed: int = 0) -> None:
    """``rows`` generated lines, numbered in a column ``Line``.

    Args:
        path: The file to write.
        rows: How many lines.
        changed: Every so many-th line has another quantity; 0 for none.
    """
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("Line", *HEADER))
        for number, (quantity, line) in enumerate(_lines(rows)):
            another = bool(changed) and number % changed == 0
            writer.writerow((number, *line[:3], quantity + another, *line[3:]))


def _lines(rows: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    rng = random.Random(1)
    at = datetime(2011, 1, 1, 8, tzinfo=UTC)
    products = [(f"{20000 + n}", f"GIFT BOX NO {n} RED RETROSPOT") for n in range(4_000)]
    invoice, customer = 500_000, "17850.0"
    for _ in range(rows):
        if rng.random() < 0.05:
            invoice, at = invoice + 1, at + timedelta(seconds=rng.randrange(900))
            customer = "" if rng.random() < 0.25 else f"{rng.randrange(12_000, 20_000)}.0"
        sku, name = rng.choice(products)
        price = f"{rng.randrange(10, 2_000) / 100:.2f}"
        line = (
            str(invoice),
            sku,
            name,
            f"{at:%Y-%m-%d %H:%M:%S}",
            price,
            customer,
            "United Kingdom",
        )
        yield rng.randrange(1, 25), line
