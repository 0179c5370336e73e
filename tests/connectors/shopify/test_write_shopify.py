"""Writing profile fields as metafields: by the writer, and through plan, gate and receipts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, select

from connectors.shopify.connector import SHOPIFY
from connectors.shopify.emulator import create
from connectors.shopify.fields import FIELDS
from connectors.shopify.writer import PROFILES, provision
from hub.core.clock import ManualClock
from hub.core.connector import Change, Context, OutField, RowResult, Value
from hub.core.errors import RetryLater, StopRun
from hub.core.secrets import Secret
from hub.core.settings import DEFAULT_PURPOSES
from hub.push.destination import Destination
from hub.push.run import Pusher
from hub.store import bulk
from hub.store.schema import cluster_members, profiles, source_records, streams
from hub.testing.client import open_context
from hub.testing.scripted import ScriptedServer, scripted

VALUES: Mapping[str, Value] = {
    "cxhub.golden_id": "01990000-0000-7000-8000-000000000001",
    "cxhub.card": "Ada. Repeat customer.\nOne open ticket.",
    "cxhub.nps": 9,
    "cxhub.aov": 45.5,
    "cxhub.last_order_at": "2025-12-30T09:15:00+00:00",
    "cxhub.churn": "active",
}
NOBODY = "gid://shopify/Customer/999999999999"

Send = Callable[..., dict[str, RowResult]]


@pytest.fixture
def hub(connect_hub: Callable[..., Any], clock: ManualClock) -> Any:
    """A hub connected to a shop in which the hub's metafields are defined."""
    hub = connect_hub(SHOPIFY, create(clock=clock, plan="unmetered"))
    provision(hub.ctx, FIELDS)
    return hub


@pytest.fixture
def send(released: Callable[..., list[Any]]) -> Send:
    """Writes changes and returns the results by trace."""

    def written(ctx: Context, *changes: Change) -> dict[str, RowResult]:
        return {result.trace: result for result in PROFILES.write(ctx, released(*changes))}

    return written


def customers(hub: Any, count: int) -> list[str]:
    made = []
    for number in range(count):
        new = {"email": f"p{number}@example.com"}
        made.append(str(hub.mutate("create", "customers", properties=new)["id"]))
    return made


def sets(hub: Any) -> int:
    """Requests so far."""
    return int(hub.emulator.calls.counts()["POST /admin/api/2026-10/graphql.json"])


# --- definitions -----------------------------------------------------------------------------


def test_missing_definitions_are_made_once(
    connect_hub: Callable[..., Any], clock: ManualClock
) -> None:
    """Every field with its type and its place on the customer page; a second time makes none."""
    hub = connect_hub(SHOPIFY, create(clock=clock, plan="unmetered"))

    created = provision(hub.ctx, FIELDS)
    effects = len(hub.emulator.effects)
    again = provision(hub.ctx, FIELDS)

    made = hub.emulator.shop.metafields.definitions
    assert sorted(created) == sorted(field.name for field in FIELDS)
    assert (list(again), len(hub.emulator.effects)) == ([], effects)
    assert {place[0] for place in made} == {"CUSTOMER"}
    assert made["CUSTOMER", "cxhub", "card"].type == "multi_line_text_field"
    assert made["CUSTOMER", "cxhub", "nps"].type == "number_decimal"
    assert made["CUSTOMER", "cxhub", "last_order_at"].type == "date_time"


def test_a_field_of_the_admins_own_joins_those_that_exist(hub: Any) -> None:
    """Only what is missing is defined, in the namespace that its name says."""
    vip = OutField("custom.vip", "value.vip", "service", "boolean", "VIP")

    created = provision(hub.ctx, (*FIELDS, vip))

    assert list(created) == ["custom.vip"]
    assert hub.emulator.shop.metafields.definitions["CUSTOMER", "custom", "vip"].type == "boolean"


def test_an_app_that_may_not_write_says_what_it_lacks(
    connect_hub: Callable[..., Any], clock: ManualClock
) -> None:
    """The push stops before anything is written."""
    emulator = create(clock=clock, plan="unmetered", scopes={"read_customers"})
    hub = connect_hub(SHOPIFY, emulator)

    with pytest.raises(StopRun, match="may not see metafieldDefinitionCreate"):
        provision(hub.ctx, FIELDS)


# --- the writer ------------------------------------------------------------------------------


def test_values_are_read_back_as_they_were_sent(hub: Any, send: Send) -> None:
    """Text, numbers and instants survive Shopify's texts in the hub's own spelling."""
    [one] = customers(hub, 1)

    results = send(hub.ctx, Change(one, VALUES, "t1"))
    held = PROFILES.read(hub.ctx, [one, NOBODY, "no id at all"], list(VALUES))

    assert results["t1"].ok
    assert held == {one: {name: str(value) for name, value in VALUES.items()}}


def test_none_clears_and_what_is_absent_stays(hub: Any, send: Send) -> None:
    """A change touches the fields that it names; a cleared metafield is gone."""
    [one] = customers(hub, 1)
    send(hub.ctx, Change(one, VALUES, "t1"))

    result = send(hub.ctx, Change(one, {"cxhub.nps": None, "cxhub.aov": None}, "t2"))["t2"]

    names = ["cxhub.nps", "cxhub.aov", "cxhub.churn"]
    held = PROFILES.read(hub.ctx, [one], names)[one]
    assert result.ok
    assert held == {"cxhub.nps": None, "cxhub.aov": None, "cxhub.churn": "active"}


def test_calls_are_filled_to_the_last_place(hub: Any, send: Send) -> None:
    """25 customers with six values each are six calls of 25: some begin in one, end in the next."""
    ids = customers(hub, 25)
    before = sets(hub)

    results = send(hub.ctx, *(Change(one, VALUES, f"t{one}") for one in ids))
    sent = sets(hub) - before

    assert {trace for trace, result in results.items() if result.ok} == {f"t{one}" for one in ids}
    assert sent == 1 + 6  # a query for the digests, then the calls
    held = PROFILES.read(hub.ctx, ids, list(VALUES))
    assert list(held.values()) == [{name: str(value) for name, value in VALUES.items()}] * 25


@pytest.mark.parametrize("former", ["the former id", None], ids=["other value", "no value"])
def test_a_refused_customer_holds_nothing_half(hub: Any, send: Send, former: Value) -> None:
    """The fifth begins in the first call; when its rest is refused, that beginning goes back."""
    ids = customers(hub, 6)
    bad = ids[4]
    send(hub.ctx, Change(bad, {"cxhub.golden_id": former}, "t0"))
    wrong = {**VALUES, "cxhub.nps": "nine out of ten"}

    results = send(hub.ctx, *(Change(i, wrong if i == bad else VALUES, f"t{i}") for i in ids))

    assert [results[f"t{i}"].ok for i in ids] == [True] * 4 + [False, True]
    assert results[f"t{bad}"].error == "INVALID_VALUE in cxhub.nps"
    held = PROFILES.read(hub.ctx, [bad], list(VALUES))[bad]
    assert held == dict.fromkeys(VALUES) | {"cxhub.golden_id": former}


def test_what_stands_there_already_is_not_sent(hub: Any, send: Send) -> None:
    """The same values again cost one query and no mutation, and are done."""
    [one] = customers(hub, 1)
    send(hub.ctx, Change(one, VALUES, "t1"))
    effects, before = len(hub.emulator.effects), sets(hub)

    again = send(hub.ctx, Change(one, VALUES, "t2"))["t2"]

    assert again.ok
    assert (len(hub.emulator.effects) - effects, sets(hub) - before) == (0, 1)


def test_a_customer_that_is_gone_fails_alone(hub: Any, send: Send) -> None:
    """The others are written; the failure says why and is not worth a retry."""
    one, gone, two = customers(hub, 3)
    hub.mutate("archive", "customers", id=gone)

    ids = (one, gone, NOBODY, "nobody", two)
    results = send(hub.ctx, *(Change(i, {"cxhub.nps": 7}, f"t{i}") for i in ids))

    assert [results[f"t{i}"].ok for i in ids] == [True, False, False, False, True]
    assert "no such customer" in results[f"t{gone}"].error
    assert not results[f"t{gone}"].retryable


def test_a_value_that_is_refused_fails_alone_without_being_repeated(hub: Any, send: Send) -> None:
    """A call is atomic: it is halved until the bad customer stands alone; the value stays out."""
    ids = customers(hub, 8)
    changes = [
        Change(one, {"cxhub.nps": "nine out of ten" if one == ids[5] else 9}, f"t{one}")
        for one in ids
    ]

    results = send(hub.ctx, *changes)

    bad = results.pop(f"t{ids[5]}")
    assert all(result.ok for result in results.values())
    assert (bad.ok, bad.retryable, bad.error) == (False, False, "INVALID_VALUE in cxhub.nps")
    held = PROFILES.read(hub.ctx, ids, ["cxhub.nps"])
    assert [held[one]["cxhub.nps"] for one in ids] == ["9"] * 5 + [None] + ["9"] * 2


def test_an_answer_that_gets_lost_leaves_one_effect(hub: Any, send: Send) -> None:
    """The mutation is sent again, meets its own digests, and the values are recognised."""
    [one] = customers(hub, 1)
    effects = len(hub.emulator.effects)
    hub.strike({"kind": "timeout_after_effect", "path": "*/graphql.json", "at": [2]})

    results = send(hub.ctx, Change(one, VALUES, "t1"))

    assert results["t1"].ok
    assert len(hub.emulator.effects) - effects == 1


def test_a_shop_that_is_down_is_not_success(hub: Any, send: Send) -> None:
    """After the last attempt the push stops; the hub reads back before it goes on."""
    [one] = customers(hub, 1)
    hub.strike({"kind": "server_error", "status": 503, "path": "*/graphql.json"})

    with pytest.raises(RetryLater):
        send(hub.ctx, Change(one, {"cxhub.nps": 7}, "t1"))


# --- somebody else writes at the same moment -------------------------------------------------

ONE = "gid://shopify/Customer/1"
NINE: Mapping[str, Value] = {"cxhub.nps": 9}


def held(nps: str | None, churn: str | None = None) -> dict[str, Any]:
    """The answer to a look at customer 1's NPS and churn."""
    nodes = [
        {
            "namespace": "cxhub", "key": key, "type": kind, "value": value,
            "compareDigest": f"digest of {value}",
        }
        for key, kind, value in (
            ("nps", "number_decimal", nps), ("churn", "single_line_text_field", churn),
        )
        if value
    ]  # fmt: skip
    return {"data": {"nodes": [{"id": ONE, "metafields": {"nodes": nodes}}]}}


def stale(code: str = "STALE_OBJECT") -> dict[str, Any]:
    error = {"field": ["metafields", "0"], "code": code, "elementIndex": 0}
    return {"data": {"metafieldsSet": {"userErrors": [error]}}}


def inputs(server: ScriptedServer) -> list[dict[str, Any]]:
    """The metafields of the only mutation."""
    bodies = [json.loads(seen.body) for seen in server.seen]
    [sent] = [body["variables"]["metafields"] for body in bodies if "mutation" in body["query"]]
    found: list[dict[str, Any]] = sent
    return found


def conversation(
    server: ScriptedServer, send: Send, values: Mapping[str, Value] = NINE
) -> RowResult:
    token = {"shop": "harbour.myshopify.com", "token": Secret.of("shpat_scripted")}
    with open_context(SHOPIFY, {**token, "base_url": server.url}) as ctx:
        return send(ctx, Change(ONE, values, "t1"))["t1"]


@pytest.mark.parametrize(
    ("before", "digest"), [("7", "digest of 7"), (None, None)], ids=["another value", "none"]
)
def test_a_value_goes_with_the_digest_of_the_one_that_was_read(
    send: Send, before: str | None, digest: str | None
) -> None:
    """Or with null where there was none: Shopify then refuses if there is one by now."""
    fine: dict[str, Any] = {"data": {"metafieldsSet": {"userErrors": []}}}
    with scripted() as server:
        server.then(200, held(before)).then(200, fine)
        result = conversation(server, send)

    [sent] = inputs(server)
    assert result.ok
    assert sent == {
        "ownerId": ONE, "namespace": "cxhub", "key": "nps", "value": "9", "compareDigest": digest,
    }  # fmt: skip


@pytest.mark.parametrize("code", ["STALE_OBJECT", "INVALID_COMPARE_DIGEST"])
@pytest.mark.parametrize(
    ("now", "ok"), [("9.0", True), ("3", False)], ids=["the same value", "another value"]
)
def test_a_value_that_changed_meanwhile_is_looked_at_again(
    send: Send, code: str, now: str, ok: bool
) -> None:
    """Done if it is what was to be written; else nothing is overwritten, the plan comes again."""
    with scripted() as server:
        server.then(200, held("7")).then(200, stale(code)).then(200, held(now))
        result = conversation(server, send)

    assert (result.ok, result.retryable) == (ok, not ok)
    assert ok or result.error == f"{code} in cxhub.nps"
    assert len(server.seen) == 3


@pytest.mark.parametrize(("now", "back"), [("9", ["7"]), ("3", [])], ids=["ours", "an edit"])
def test_only_what_is_still_ours_is_taken_back(send: Send, now: str, back: list[str]) -> None:
    """A value was set, clearing another was refused; what a person entered since then stays."""
    fine: dict[str, Any] = {"data": {"metafieldsSet": {"userErrors": []}}}
    error = {"field": ["metafields", "0"], "code": "INVALID"}
    refused = {"data": {"metafieldsDelete": {"userErrors": [error]}}}
    with scripted() as server:
        server.then(200, held("7", "active")).then(200, fine).then(200, refused)
        server.then(200, held(now, "active")).then(200, fine)
        result = conversation(server, send, {"cxhub.nps": 9, "cxhub.churn": None})

    bodies = [json.loads(seen.body) for seen in server.seen]
    sent = [body["variables"]["metafields"] for body in bodies if "metafieldsSet" in body["query"]]
    assert not result.ok
    assert [one["value"] for call in sent[1:] for one in call] == back
    assert all(call[0]["compareDigest"] == f"digest of {now}" for call in sent[1:])


# --- through the hub -------------------------------------------------------------------------


def give_profiles(hub: Any, golden_id: str = "", **groups: dict[str, Any]) -> None:
    """A profile for every customer that is stored, or one for all of them."""
    query = select(source_records.c.rid).join(
        streams, streams.c.stream_id == source_records.c.stream_id
    )
    with hub.store.write() as connection:
        rids = list(connection.execute(query.where(streams.c.stream == "customers")).scalars())
        connection.execute(delete(profiles))
        connection.execute(delete(cluster_members))
        members = [(rid, golden_id or f"g{rid}", 0) for rid in rids]
        bulk.insert(connection, cluster_members, ("rid", "golden_id", "since"), members)
        columns = ("golden_id", "revision", "body", "digest", "updated_at")
        wanted = sorted({member[1] for member in members})
        rows = [(each, 1, orjson.dumps(profile(each, groups)), b"", 0) for each in wanted]
        bulk.insert(connection, profiles, columns, rows)


def profile(golden_id: str, groups: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    at = "2026-01-01T00:00:00+00:00"  # where the clock starts
    body = {
        name: {k: {"value": v, "at": at} for k, v in group.items()}
        for name, group in groups.items()
    }
    return body | {"who": {"golden_id": {"value": golden_id}}}


def push(hub: Any) -> tuple[Pusher, dict[str, Destination]]:
    place = Destination(hub.ctx, PROFILES, PROFILES.fields, sync=True, region="AU")
    return Pusher(hub.store, hub.keys, DEFAULT_PURPOSES, hub.ids, "test"), {place.key: place}


def test_a_push_writes_once_and_comes_back_as_an_echo(hub: Any) -> None:
    """After the first push neither a sync nor a push finds anything to do."""
    customers(hub, 3)
    hub.sync()
    give_profiles(hub, voice={"nps": 9}, value={"last_order_at": "2025-12-30T09:15:00+00:00"})
    pusher, places = push(hub)
    [place] = places.values()

    report = pusher.approve(pusher.plan(place).plan_id, places)
    effects = len(hub.emulator.effects)
    hub.clock.sleep(3_600)
    echo = hub.sync().counts
    again = pusher.keep_up(place)

    assert (report.counts["written"], report.calls) == (3, 1)
    assert (echo.stored, echo.events) == (0, 0)
    assert again is not None
    assert again.calls == 0
    assert len(hub.emulator.effects) == effects


def test_marketing_fields_need_consent(hub: Any) -> None:
    """The segment stays in the hub until its owner agrees to marketing."""
    [one] = customers(hub, 1)
    hub.sync()
    give_profiles(hub, value={"rfm": "champion", "orders": 4})
    pusher, places = push(hub)

    pusher.approve(pusher.plan(*places.values()).plan_id, places)

    found = PROFILES.read(hub.ctx, [one], ["cxhub.rfm", "cxhub.orders"])[one]
    assert found == {"cxhub.rfm": None, "cxhub.orders": "4"}


def test_an_undone_push_leaves_what_stood_there(hub: Any) -> None:
    """Instants and numbers are recognised as the hub's own in Shopify's spelling."""
    [one] = customers(hub, 1)
    hub.sync()
    give_profiles(hub, voice={"nps": 9}, value={"last_order_at": "2025-12-30T09:15:00+00:00"})
    pusher, places = push(hub)
    report = pusher.approve(pusher.plan(*places.values()).plan_id, places)

    undone = pusher.undo(report.plan_id, places)

    names = [field.name for field in FIELDS]
    assert undone.counts["restored"] == 1
    assert set(PROFILES.read(hub.ctx, [one], names)[one].values()) == {None}


def test_all_customers_of_one_person_get_the_golden_id(hub: Any) -> None:
    """Two customers of one person carry the same id: the metafield is not unique."""
    one, two = customers(hub, 2)
    hub.sync()
    give_profiles(hub, golden_id="g1")
    pusher, places = push(hub)

    report = pusher.approve(pusher.plan(*places.values()).plan_id, places)

    found = PROFILES.read(hub.ctx, [one, two], ["cxhub.golden_id"])
    assert report.counts["written"] == 2
    assert {values["cxhub.golden_id"] for values in found.values()} == {"g1"}
