"""Metric snapshots leave with their history."""

from __future__ import annotations

import orjson

from hub.exports import metrics
from hub.store import bulk, schema


def snapshot(store, number: int, value: float, superseded: int | None) -> None:
    columns = (
        "snapshot_id", "metric", "series", "population", "value", "n", "status", "definition",
        "registry", "body", "computed_at", "superseded_at",
    )  # fmt: skip
    row = (
        f"s{number}", "nps", "0-10", "answers", value, 12, "ok", "nps@1", "r", b"{}",
        1_767_225_600_000_000 + number, superseded,
    )  # fmt: skip
    with store.write() as connection:
        bulk.insert(connection, schema.metric_snapshots, columns, [row])


def test_superseded_values_are_exported_with_the_time_they_ended(store):
    """An outsider can see what was said before, and until when."""
    snapshot(store, 2, 31.0, None)
    snapshot(store, 1, 30.0, 1_767_225_600_000_002)

    with store.read() as connection:
        lines = [orjson.loads(line) for line in metrics.content(connection, "jsonl").rows]

    assert [(line["value"], line["superseded_at"]) for line in lines] == [
        (30.0, "2026-01-01T00:00:00.000002+00:00"),
        (31.0, None),
    ]


def test_the_csv_has_every_documented_column(store):
    """The header is the list of fields, in its order."""
    with store.read() as connection:
        content = metrics.content(connection, "csv")

        assert content.header.replace('"', "").strip().split(",") == list(metrics.FIELDS)
