from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.csv.config import CsvSettings
from connectors.csv.mapping import compile_map
from connectors.csv.reader import stream_reader
from hub.core.clock import ManualClock
from hub.core.connector import Context, Page, Reject, Row, State
from hub.core.errors import SkipRecord
from hub.core.records import Record, decode, encode

SALES: dict[str, Any] = {
    "files": "sales*.csv",
    "entity": "order_line",
    "key": ["receipt"],
    "key_mode": "columns+line",
    "columns": {
        "order_ref": "receipt",
        "at": "sold",
        "sku": "sku",
        "quantity": "qty",
        "unit_price": "price",
        "party": "customer",
    },
    "constants": {"currency": "GBP"},
    "cancelled_when": {"column": "receipt", "starts_with": "C"},
}
PEOPLE: dict[str, Any] = {
    "files": "people*.csv",
    "entity": "person",
    "key": ["id"],
    "columns": {"given_name": "name", "emails": ["mail"]},
}


@dataclass
class Reading:
    """Everything that one run of a reader brought."""

    pages: list[Page] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        return [row for page in self.pages for row in page.rows]

    @property
    def places(self) -> list[str]:
        return [place for page in self.pages for place in page.places]

    @property
    def rejects(self) -> list[Reject]:
        return [reject for page in self.pages for reject in page.rejects]

    @property
    def state(self) -> State:
        """The last checkpoint, as a database would give it back."""
        state: State = json.loads(json.dumps(self.pages[-1].next_state))
        return state

    @property
    def complete(self) -> bool:
        return any(page.complete for page in self.pages)


@dataclass
class Shelf:
    """A folder of files, one stream over them, and a reader."""

    folder: Path
    clock: ManualClock
    stream: dict[str, Any] = field(default_factory=lambda: dict(PEOPLE))
    extra: dict[str, Any] = field(default_factory=dict)

    def put(self, name: str, text: str | bytes, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    @property
    def settings(self) -> CsvSettings:
        raw = {"folder": str(self.folder), "streams": {"lines": self.stream}, **self.extra}
        return CsvSettings.model_validate_json(json.dumps(raw), strict=True)

    @property
    def ctx(self) -> Context:
        log = logging.getLogger("csv-test")
        return Context("files", self.settings, None, self.clock, log, lambda seconds, reason: None)

    def pages(self, state: State | None = None) -> Iterator[Page]:
        settings = self.settings
        return stream_reader(settings, settings.streams["lines"])(self.ctx, state or {})

    def read(self, state: State | None = None) -> Reading:
        return Reading(list(self.pages(state)))

    def map(self, row: Row) -> Record:
        """The record of ``row``, after the type check that the hub makes."""
        record = compile_map(self.settings.streams["lines"])(row)
        assert decode(encode(record)) == record
        return record

    def records(self) -> list[Record]:
        return [self.map(row) for row in self.read().rows]

    def refusal(self, row: Row) -> SkipRecord:
        with pytest.raises(SkipRecord) as caught:
            self.map(row)
        return caught.value


@pytest.fixture
def shelf(tmp_path: Path, clock: ManualClock) -> Shelf:
    """A shelf of customer lists."""
    return Shelf(tmp_path, clock)


@pytest.fixture
def sales(tmp_path: Path, clock: ManualClock) -> Shelf:
    """A shelf of POS exports whose lines have no key."""
    return Shelf(tmp_path, clock, dict(SALES))


@pytest.fixture(scope="session")
def new_sales(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Shelf]:
    """Makes fresh shelves of POS exports, for properties that need one per example."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    return lambda: Shelf(tmp_path_factory.mktemp("shelf"), clock, dict(SALES))
