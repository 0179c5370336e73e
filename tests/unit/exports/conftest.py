"""Customers put into the store by hand, with profiles composed from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
import pytest

from hub.store import bulk, dirty, schema
from hub.store.engine import Store
from tests.unit.profile.stages import look


@dataclass
class Customers:
    """Adds customers, each with one record of the connection ``shop``."""

    store: Store
    rids: dict[str, int] = field(default_factory=dict)

    def add(self, golden_id: str, **fields: str) -> int:
        """A customer with these golden fields; returns the row id of the record."""
        rid = self.rids[golden_id] = 100 + len(self.rids)
        kept = {
            name: {"value": value, "source": f"shop/customers/{rid}", "at": "2025-12-01T00:00:00Z"}
            for name, value in fields.items()
        }
        emails = [kept["email"]] if "email" in kept else []
        golden = {"fields": kept, "emails": emails, "members": [f"shop/customers/{rid}"]}
        record = (rid, 1, str(rid), "person", 1, b"", b"", 0, 0)
        body = (golden_id, "person", 1, orjson.dumps(golden), b"", 0)
        self._insert("streams", (1, "shop", "customers", "person"))
        self._insert("source_records", record)
        self._insert("cluster_members", (rid, golden_id, 0))
        self._insert("golden_records", body)
        return rid

    def number(self, golden_id: str, metric: str, value: float, series: str = "AUD") -> None:
        """A metric value of the customer's own."""
        row = (golden_id, metric, series, value, 3, "ok", f"{metric}@1", 1_767_225_600_000_000)
        self._insert("profile_metrics", row)

    def says(self, golden_id: str, decision: str, at: int, **more: object) -> None:
        """A ledger event on marketing by e-mail."""
        event = {
            "event_id": f"{golden_id}-{decision}-{at}", "rid": self.rids[golden_id], "point": None,
            "purpose": "marketing", "channel": "email", "brand": "", "decision": decision,
            "strength": "single", "given_by": "self", "asserted_at": at, "asserted_as": "source",
            "observed_at": at, "origin": "source_sync", **more,
        }  # fmt: skip
        with self.store.write() as connection:
            bulk.insert(connection, schema.consent_events, tuple(event), [tuple(event.values())])

    def compose(self, revision: int = 1) -> None:
        """Make the profiles of everybody."""
        with self.store.write() as connection:
            dirty.mark(connection, "profile", self.rids, cause="test", seq=revision)
        look(self.store)

    def _insert(self, table: str, row: tuple[object, ...]) -> None:
        with self.store.write() as connection:
            bulk.insert_new(connection, schema.metadata.tables[table], _COLUMNS[table], [row])


_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "streams": ("stream_id", "connection", "stream", "entity"),
    "source_records": (
        "rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping",
        "created_at", "changed_at",
    ),
    "cluster_members": ("rid", "golden_id", "since"),
    "golden_records": ("golden_id", "entity", "version", "body", "digest", "updated_at"),
    "profile_metrics": (
        "golden_id", "metric", "series", "value", "n", "status", "definition", "computed_at",
    ),
}  # fmt: skip


@pytest.fixture
def customers(store: Store) -> Customers:
    """Nobody yet, on either database."""
    return Customers(store)
