"""The consent ledger as a file, its conflicts, and where permissions stand."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import orjson

from hub.core.settings import DEFAULT_PURPOSES
from hub.exports import consent as export
from hub.exports.delivery import Delivery
from hub.exports.profiles import Form
from hub.privacy.conflicts import conflicts
from hub.store import bulk, schema
from hub.store.engine import Store

if TYPE_CHECKING:
    from tests.unit.exports.conftest import Customers

NOON = 1_767_268_800_000_000
HOUR = 3_600_000_000


def exported(store: Store, form: Form) -> str:
    target = io.BytesIO()
    delivery = Delivery("export.consent", form, "os:test", target)
    delivery.deliver(store, lambda connection: export.content(connection, form))
    return target.getvalue().decode()


def test_every_event_stands_in_the_file_oldest_first(customers: Customers) -> None:
    """Echoes and events of records that belong to nobody are evidence too."""
    customers.add("g1")
    customers.says("g1", "withdraw", NOON + HOUR, evidence="ticket 7", notice="privacy-v3")
    customers.says("g1", "grant", NOON, point=b"\x01\xab", origin="echo", asserted_at=None)
    members = schema.cluster_members
    with customers.store.write() as connection:
        connection.execute(members.delete())

    rows = list(csv.DictReader(io.StringIO(exported(customers.store, "csv"), newline="")))

    assert tuple(rows[0]) == export.FIELDS
    assert [row["decision"] for row in rows] == ["grant", "withdraw"]
    grant, withdrawal = rows
    key = [grant[part] for part in ("connection", "stream", "source_id")]
    assert key == ["shop", "customers", "100"]
    assert (grant["point"], grant["origin"], grant["asserted_at"]) == ("01ab", "echo", "")
    assert (withdrawal["evidence"], withdrawal["notice"]) == ("ticket 7", "privacy-v3")
    assert withdrawal["asserted_at"] == "2026-01-01T13:00:00+00:00"
    assert withdrawal["golden_id"] == ""


def test_json_lines_say_the_same_with_nulls(customers: Customers) -> None:
    """A pipeline can tell an empty text from nothing."""
    customers.add("g1")
    customers.says("g1", "grant", NOON)

    (row,) = map(orjson.loads, exported(customers.store, "jsonl").splitlines())

    assert tuple(row) == export.FIELDS
    assert (row["golden_id"], row["brand"], row["point"]) == ("g1", "", None)


def test_a_later_grant_without_a_human_act_is_a_conflict(customers: Customers) -> None:
    """Some form set the tick again: the officer must see both sides."""
    customers.add("g1")
    customers.says("g1", "withdraw", NOON)
    customers.says("g1", "grant", NOON + HOUR)

    with customers.store.read() as connection:
        (found,) = conflicts(connection, DEFAULT_PURPOSES, NOON + 2 * HOUR)

    golden_id, standing = found
    assert (golden_id, standing.purpose, standing.channel) == ("g1", "marketing", "email")
    assert standing.permission.state == "withdrawn"
    assert standing.deciding is not None
    assert standing.deciding.decision == "withdraw"
    assert standing.conflict is not None
    assert standing.conflict.asserted_at == NOON + HOUR


def test_what_is_no_conflict_is_not_listed(customers: Customers) -> None:
    """A grant before the withdrawal, a proven return, and two strangers are all clear."""
    for golden_id in ("before", "proven", "granted", "refused"):
        customers.add(golden_id)
    customers.says("before", "grant", NOON)
    customers.says("before", "withdraw", NOON + HOUR)
    customers.says("proven", "withdraw", NOON)
    customers.says("proven", "grant", NOON + HOUR, origin="human_act", evidence="form 1")
    customers.says("granted", "grant", NOON + HOUR)
    customers.says("refused", "withdraw", NOON)

    with customers.store.read() as connection:
        found = list(conflicts(connection, DEFAULT_PURPOSES, NOON + 2 * HOUR))

    assert found == []


def test_the_refusal_of_a_record_that_may_be_theirs_counts(customers: Customers) -> None:
    """While the match waits for a steward the stricter side holds, and the officer is told."""
    mine, other = customers.add("g1"), customers.add("g2")
    customers.says("g1", "grant", NOON + HOUR)
    customers.says("g2", "withdraw", NOON)
    columns = ("rid_a", "rid_b", "weight", "verdict", "evidence", "epoch")
    with customers.store.write() as connection:
        bulk.insert(connection, schema.links, columns, [(mine, other, 5.0, "review", b"{}", 1)])

    with customers.store.read() as connection:
        found = conflicts(connection, DEFAULT_PURPOSES, NOON + 2 * HOUR)
        who = [golden_id for golden_id, _ in found]

    assert who == ["g1"]
