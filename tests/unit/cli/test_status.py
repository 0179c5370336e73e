"""``hub status``: what it makes of the tables, on either database."""

from __future__ import annotations

import orjson

from hub.cli.status import Status, look
from hub.core.settings import ConnectionSection
from hub.store import bulk, dirty, schema
from hub.store.engine import Store

HOUR = 3_600_000_000
SECTIONS = {name: ConnectionSection(connector="csv") for name in ("shop", "desk")}


def ran(store: Store, number: int, status: str, stream: str = "people", kind: str = "sync") -> None:
    """A run of the shop that ended ``number`` hours after the epoch."""
    row = (
        f"r{number}/{stream}", kind, "shop", stream, "os:test", status, number * HOUR,
        number * HOUR, orjson.dumps({"read": number}), None if status == "succeeded" else "why",
    )  # fmt: skip
    columns = (
        "run_id", "kind", "connection", "stream", "actor", "status", "started_at", "ended_at",
        "counts", "error",
    )  # fmt: skip
    with store.write() as connection:
        bulk.insert(connection, schema.runs, columns, [row])


def status(store: Store) -> Status:
    with store.read() as connection:
        return look(connection, SECTIONS, 10 * HOUR)


def test_the_last_run_of_each_stream_counts(store: Store) -> None:
    """A failure shows at once, and since when the data is not complete."""
    ran(store, 1, "succeeded")
    ran(store, 2, "succeeded")
    ran(store, 3, "failed")
    ran(store, 4, "succeeded", stream="lines")
    ran(store, 5, "succeeded", kind="replay")

    desk, lines, people = status(store).streams

    assert (desk.connection, desk.status) == ("desk", "never read")
    assert (lines.stream, lines.status, lines.error) == ("lines", "succeeded", None)
    assert (people.stream, people.status, people.error) == ("people", "failed", "why")
    assert (people.ended_at, people.fresh_at) == (3 * HOUR, 2 * HOUR)
    assert people.counts == {"read": 3}


def test_open_quarantine_is_counted_per_stream(store: Store) -> None:
    """Closed rows wait for nobody."""
    ran(store, 1, "succeeded")
    columns = ("stream_id", "connection", "stream", "entity")
    rows = [
        (qid, 7, bytes([qid]), "here", reason, "", b"", state, 0, 0, "r1")
        for qid, reason, state in [(1, "a", "open"), (2, "b", "open"), (3, "b", "replayed")]
    ]
    names = (
        "qid", "stream_id", "digest", "place", "reason", "message", "raw", "state", "first_at",
        "last_at", "run_id",
    )  # fmt: skip
    with store.write() as connection:
        bulk.insert(connection, schema.streams, columns, [(7, "shop", "people", "person")])
        bulk.insert(connection, schema.quarantine, names, rows)

    found = [each.quarantined for each in status(store).streams if each.stream == "people"]

    assert found == [2]


def test_work_that_waits_is_named_by_stage(store: Store) -> None:
    """A run that was killed between two stages leaves marks; the next run takes them up."""
    for name in SECTIONS:
        ran(store, 1 + len(name), "succeeded", stream=name)
    with store.write() as connection:
        dirty.mark(connection, "golden", ["g1", "g2"], cause="test", seq=1)

    found = status(store)

    assert found.waiting == {"golden": 2}
    assert found.next_step == "hub run"


def test_an_early_stop_comes_before_everything_else(store: Store) -> None:
    """What failed is looked at first."""
    ran(store, 1, "partial")

    assert status(store).next_step == "hub runs --connection shop"


def test_a_plan_with_nothing_to_write_waits_for_nobody(store: Store) -> None:
    """Only plans that would write something ask for approval."""
    columns = ("plan_id", "connection", "writer", "status", "actor", "counts", "created_at")
    plans = [
        (plan_id, "shop", "shop/profile", "planned", "os:test", b"{}", 0)
        for plan_id in ("empty", "full")
    ]
    row = (1, "full", "shop", "shop/profile", 1, "g1", 1, "pending", b"[]", 0, 0)
    names = (
        "outbox_id", "plan_id", "connection", "writer", "rid", "golden_id", "revision", "status",
        "fields", "attempts", "updated_at",
    )  # fmt: skip
    with store.write() as connection:
        bulk.insert(connection, schema.plans, columns, plans)
        bulk.insert(connection, schema.outbox, names, [row])

    assert status(store).plans == (("full", "shop/profile"),)


def test_withdrawals_that_failed_and_that_are_not_held_are_told_apart(store: Store) -> None:
    """Each state with its reason; what came to its end is not counted."""
    columns = (
        "withdrawal_id", "connection", "rid", "event_id", "golden_id", "purpose", "channel",
        "status", "attempts", "error", "created_at", "updated_at",
    )  # fmt: skip
    states = [
        ("failed", "no address"),
        ("not_held", "no sms"),
        ("not_held", "no sms"),
        ("done", ""),
    ]
    rows = [
        (number, "desk", number, "e", "g", "marketing", "sms", state, 1, why, 0, 0)
        for number, (state, why) in enumerate(states)
    ]
    with store.write() as connection:
        bulk.insert(connection, schema.withdrawals, columns, rows)

    [desk] = status(store).refused

    assert desk.counts == {"failed": 1, "not_held": 2}
    assert desk.reasons == (("not_held", "no sms", 2), ("failed", "no address", 1))


def test_records_that_a_system_refused_for_good_are_counted_with_the_reason(store: Store) -> None:
    """By destination; a failure that is tried again is none of them."""
    columns = (
        "outbox_id", "plan_id", "connection", "writer", "rid", "golden_id", "revision", "status",
        "fields", "attempts", "error", "updated_at",
    )  # fmt: skip
    rows = [
        (number, "p", "shop", "shop/profiles", number, "g", 1, state, b"[]", 1, "too long", 0)
        for number, state in enumerate(["refused", "refused", "failed"])
    ]
    members = [(number, "g", 0) for number in range(3)]
    with store.write() as connection:
        bulk.insert(connection, schema.outbox, columns, rows)
        bulk.insert(connection, schema.cluster_members, ("rid", "golden_id", "since"), members)

    assert status(store).unwritten == {"shop/profiles": [("too long", 2)]}
