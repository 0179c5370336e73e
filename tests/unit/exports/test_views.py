"""The SQL views: the same answers on both databases, under names that are documented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from sqlalchemy import Connection, inspect, text

import hub
from hub.core.settings import DEFAULT_PURPOSES
from hub.privacy.permissions import Permissions
from hub.profile.card import card
from hub.profile.leaf import LATER
from hub.profile.sources import Sources
from hub.profile.unified import compose
from hub.store import bulk, schema, view_sql
from hub.store.engine import Store
from hub.store.views import CONSENT, METRICS, PROFILES, VIEWS

if TYPE_CHECKING:
    from tests.unit.exports.conftest import Customers

NOON = 1_767_268_800_000_000
PAGE = Path(hub.__file__).parents[1] / "docs/reference/views.md"


def read(store: Store, view: str) -> list[dict[str, Any]]:
    with store.read() as connection:
        return [dict(row._mapping) for row in connection.execute(text(f"SELECT * FROM {view}"))]


def test_profiles_are_flat_and_typed(customers: Customers) -> None:
    """A BI tool sums numbers, filters booleans and sorts instants without unpacking JSON."""
    customers.add("g1", given_name="Zoë", family_name="O'Hara", email="zoe@example.org")
    customers.number("g1", "net_spend", 123456)
    customers.number("g1", "orders", 2, series="")
    customers.compose()

    (row,) = read(customers.store, "v1_profiles")

    assert list(row) == [column.name for column in PROFILES.columns]
    assert row["golden_id"] == "g1"
    assert row["updated_at"] == "2026-01-01T00:00:00Z"
    assert (row["name"], row["email"]) == ("Zoë O'Hara", "zoe@example.org")
    assert row["emails"] == '["zoe@example.org"]'
    assert (row["net_spend"], row["currency"], row["orders"]) == (1234.56, "AUD", 2)
    assert isinstance(row["orders"], int)
    assert isinstance(row["net_spend"], float)
    assert not row["recent_return"]
    assert row["recent_return"] is not None
    assert row["nps"] is None
    assert row["permissions"] == "nothing on record"
    assert row["context_card"].startswith("Who: Zoë O'Hara")


def test_consent_is_the_ledger_with_todays_customer(customers: Customers) -> None:
    """The event of a record that belongs to nobody is there too: it stays evidence."""
    customers.add("g1")
    customers.says("g1", "grant", NOON, point=b"\x01\xab", valid_until=NOON)
    customers.add("g2")
    customers.says("g2", "withdraw", NOON)
    leave(customers.store, customers.rids["g2"])

    rows = {row["decision"]: row for row in read(customers.store, "v1_consent")}

    assert list(rows["grant"]) == [column.name for column in CONSENT.columns]
    grant, withdrawal = rows["grant"], rows["withdraw"]
    assert (grant["golden_id"], grant["connection"], grant["source_id"]) == ("g1", "shop", "100")
    assert (grant["point"], withdrawal["point"]) == ("01ab", None)
    assert grant["asserted_at"] == grant["valid_until"] == "2026-01-01T12:00:00Z"
    assert withdrawal["golden_id"] is None
    assert withdrawal["valid_until"] is None


def test_metrics_are_current_overall_and_per_customer(customers: Customers) -> None:
    """A superseded snapshot is history, not a second answer."""
    customers.number("g1", "aov", 990.0)
    snapshot(customers.store, "old", value=1.0, superseded_at=NOON)
    snapshot(customers.store, "new", value=33.3)

    rows = {row["level"]: row for row in read(customers.store, "v1_metrics")}

    assert len(rows) == 2
    overall, own = rows["overall"], rows["profile"]
    assert list(overall) == [column.name for column in METRICS.columns]
    assert (overall["golden_id"], overall["value"], overall["low"]) == (None, 33.3, 25.2)
    assert (overall["n"], overall["period_to"]) == (324, "2026-01-01T12:00:00Z")
    assert (own["golden_id"], own["value"], own["series"]) == ("g1", 990.0, "AUD")
    assert (own["low"], own["population"]) == (None, None)


def test_a_time_stands_beside_its_satisfaction(customers: Customers) -> None:
    """BI reads no efficiency metric alone: the pair is in the same row."""
    pair = {"metric": "csat", "scale": "1-5", "value": 61.5, "n": 40}
    snapshot(customers.store, "paired", value=900.0, body=orjson.dumps({"pair": pair}))

    (row,) = read(customers.store, "v1_metrics")

    assert (row["pair"], row["pair_value"]) == ("csat", 61.5)


def test_profile_columns_read_fields_that_a_profile_has() -> None:
    """A column over a renamed field would be silently empty for ever."""
    sources = {column.source for column in PROFILES.columns}

    paths = {source for source in sources if not source.startswith("profiles.")}

    assert paths - set(shape()) == set()


def test_every_field_that_is_computed_has_a_column() -> None:
    """BI sees all of the profile; permissions by purpose depend on hub.toml and stay together."""
    computed = {
        path
        for path, leaf in shape().items()
        if leaf.get("status") != LATER and path != "who.golden_id"
    }
    by_purpose = {f"permission.{p}_{c}" for p, s in DEFAULT_PURPOSES.items() for c in s.channels}

    assert computed - by_purpose - {column.source for column in PROFILES.columns} == set()


def test_a_migration_can_alter_a_table_between_drop_and_create(store: Store) -> None:
    """PostgreSQL refuses to alter a column under a view."""
    with store.write() as connection:
        view_sql.drop(connection)
        between = names(connection)
        connection.execute(text("ALTER TABLE profiles RENAME COLUMN updated_at TO moved_at"))
        connection.execute(text("ALTER TABLE profiles RENAME COLUMN moved_at TO updated_at"))
        view_sql.create(connection)
        view_sql.create(connection)
        after = names(connection)

    assert between == set()
    assert after == {view.name for view in VIEWS}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_the_reference_names_every_column(view: Any) -> None:
    """A column that nobody can look up is not an interface."""
    page = PAGE.read_text(encoding="utf-8")

    section = page.partition(f"## {view.name}\n")[2].partition("\n## ")[0]

    assert [c.name for c in view.columns if f"| `{c.name}` | {c.kind} |" not in section] == []


def names(connection: Connection) -> set[str]:
    return {name for name in inspect(connection).get_view_names() if name.startswith("v1_")}


def shape() -> Mapping[str, Mapping[str, object]]:
    """Every field of a composed profile, by path; one ticket makes the service section whole."""
    permissions = Permissions((), DEFAULT_PURPOSES, NOON)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    profile: dict[str, Any] = compose(Sources("g1", {}, permissions), now)
    profile["card"] = {"text": card(profile)}
    return dict(_fields(orjson.loads(orjson.dumps(profile))))


def _fields(profile: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, object]]]:
    for section, group in profile.items():
        if isinstance(group, dict):
            yield from ((f"{section}.{name}", leaf) for name, leaf in group.items())


def leave(store: Store, rid: int) -> None:
    with store.write() as connection:
        connection.execute(
            schema.cluster_members.delete().where(schema.cluster_members.c.rid == rid)
        )


def snapshot(store: Store, name: str, **more: object) -> None:
    row = {
        "snapshot_id": name, "metric": "nps", "series": "", "population": "everybody",
        "period_to": NOON, "low": 25.2, "high": 41.4, "n": 324, "status": "ok",
        "definition": "nps@1", "registry": "r", "body": b"{}", "computed_at": NOON, **more,
    }  # fmt: skip
    with store.write() as connection:
        bulk.insert(connection, schema.metric_snapshots, tuple(row), [tuple(row.values())])
