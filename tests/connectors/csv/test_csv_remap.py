"""An edit of the column table reaches the rows of files that did not change."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors.csv.config import CsvSettings
from connectors.csv.connector import CSV
from hub.core.clock import ManualClock
from hub.core.connector import Context
from hub.core.ids import IdSource
from hub.core.records import OrderLine, Person, decode
from hub.store import schema
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.sync.pull import Source
from hub.sync.run import SyncReport, sync

PEOPLE: dict[str, Any] = {
    "files": "people.csv",
    "entity": "person",
    "key": ["id"],
    "columns": {"given_name": "call", "emails": ["mail"]},
}
SALES: dict[str, Any] = {
    "files": "sales.csv",
    "entity": "order_line",
    "key": ["receipt"],
    "key_mode": "columns+line",
    "columns": {"order_ref": "receipt", "at": "sold", "amount": "total"},
    "constants": {"currency": "GBP"},
    "dates": ["day-first"],
}


@pytest.fixture
def pull(store: Store, clock: ManualClock, ids: IdSource, tmp_path: Path) -> Any:
    """Syncs the two files of the folder under a stream's settings, edited or not."""
    (tmp_path / "people.csv").write_text("id,call,legal,mail\n1,Ada,Augusta,ada@home.example\n")
    (tmp_path / "sales.csv").write_text(
        "receipt,sold,total\n7,03/02/2026,2.50\n7,03/02/2026,2.50\n"
    )

    def run(stream: dict[str, Any]) -> SyncReport:
        settings = CsvSettings.model_validate({"folder": tmp_path, "streams": {"it": stream}})
        ctx = Context("pos", settings, None, clock, logging.getLogger("t"), lambda _s, _r: None)
        source = Source(ctx, CSV, CSV.streams_for(settings), region="GB")
        return sync(store, Keys(b"k" * 32), [source], ids=ids, actor="os:test")

    return run


def records(store: Store) -> list[Any]:
    query = select(schema.source_records.c.canonical).order_by(schema.source_records.c.rid)
    with store.read() as connection:
        return [decode(body) for body in connection.execute(query).scalars()]


def test_another_column_for_a_field_reaches_stored_rows(store: Store, pull: Any) -> None:
    """given_name now comes from the column with the legal name; nothing is stored twice."""
    pull(PEOPLE)

    pull(PEOPLE | {"columns": {"given_name": "legal", "emails": ["mail"]}})

    [ada] = records(store)
    assert isinstance(ada, Person)
    assert ada.given_name == "Augusta"


def test_another_notation_reaches_lines_without_a_key(store: Store, pull: Any) -> None:
    """Dates were month first all along: both lines move to March, and the file is not read."""
    pull(SALES)

    report = pull(SALES | {"dates": ["month-first"]})

    lines = records(store)
    assert [line.at.month for line in lines if isinstance(line, OrderLine)] == [3, 3]
    assert (report.streams[0].remapped, report.counts.read) == (2, 2)


def test_settings_that_mean_the_same_rows_map_nothing_again(store: Store, pull: Any) -> None:
    """How files are found and checked is no mapping."""
    pull(SALES)

    report = pull(SALES | {"max_delete_percent": 50.0})

    assert (report.streams[0].remapped, report.counts.unchanged) == (0, 2)
