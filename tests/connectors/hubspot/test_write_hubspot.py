"""Writing profile properties: by the writer alone, and through plan, gate, outbox and receipts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, select

from connectors.hubspot import hub_connector
from connectors.hubspot.connector import HUBSPOT
from connectors.hubspot.emulator import HubSpotEmulator, create
from connectors.hubspot.fields import FIELDS
from connectors.hubspot.writer import PROFILES, provision
from hub.core.clock import ManualClock
from hub.core.connector import Change, Context, OutField, RowResult, Value
from hub.core.errors import RetryLater, StopRun
from hub.core.secrets import Secret
from hub.core.settings import DEFAULT_PURPOSES
from hub.emulation.faults import Scenario
from hub.privacy.gate import Gate
from hub.push.destination import Destination
from hub.push.report import PushReport
from hub.push.run import Pusher
from hub.store import bulk
from hub.store.schema import cluster_members, profiles, source_records, streams
from hub.testing.client import open_context
from hub.testing.scripted import scripted

VALUES: Mapping[str, Value] = {
    "cxhub_golden_id": "01990000-0000-7000-8000-000000000001",
    "cxhub_card": "Ada. Repeat customer.\nOne open ticket.",
    "cxhub_nps": 9,
    "cxhub_aov": 45.5,
    "cxhub_last_order_at": "2025-12-30T09:15:00+00:00",
    "cxhub_churn": "active",
}
NOBODY = "999999999999"


@pytest.fixture
def account(emulator: HubSpotEmulator, dial: Callable[..., Context]) -> Context:
    """An account with the hub's properties, and the connection to it."""
    ctx = dial(emulator)
    provision(ctx, FIELDS)
    return ctx


def contact(emulator: HubSpotEmulator, number: int = 0) -> str:
    new = {"email": f"p{number}@example.com"}
    return str(emulator.mutate({"op": "create", "object": "contacts", "properties": new})["id"])


def send(ctx: Context, *changes: Change) -> dict[str, RowResult]:
    gate = Gate(DEFAULT_PURPOSES)
    return {r.trace: r for r in PROFILES.write(ctx, [gate.restore(change) for change in changes])}


def strike(emulator: HubSpotEmulator, **fault: object) -> None:
    emulator.faults.replace(Scenario.model_validate({"faults": [fault]}))


# --- properties ------------------------------------------------------------------------------


def test_missing_properties_are_made_once(
    emulator: HubSpotEmulator, dial: Callable[..., Context]
) -> None:
    """A group, then every field with its type; a second time creates nothing."""
    ctx = dial(emulator)

    created = provision(ctx, FIELDS)
    effects = len(emulator.effects)
    again = provision(ctx, FIELDS)

    made = emulator.account.properties["contacts"]
    assert sorted(created) == sorted(field.name for field in FIELDS)
    assert (list(again), len(emulator.effects)) == ([], effects)
    assert {made[name].group for name in created} == {"cxhub"}
    assert {made[name].unique for name in created} == {False}
    assert made["cxhub_card"].field_type == "textarea"
    assert made["cxhub_nps"].type == "number"
    assert made["cxhub_last_order_at"].type == "datetime"


def test_a_field_of_the_admins_own_joins_those_that_exist(
    account: Context, emulator: HubSpotEmulator
) -> None:
    """Only what is missing is created, a yes/no field with its two answers."""
    vip = OutField("cxhub_vip", "value.vip", "service", "boolean", "VIP")

    created = provision(account, (*FIELDS, vip))

    assert list(created) == ["cxhub_vip"]
    assert emulator.account.properties["contacts"]["cxhub_vip"].type == "bool"


def test_a_key_that_may_not_create_properties_says_which_scope(
    clock: ManualClock, dial: Callable[..., Context]
) -> None:
    """The push stops before anything is written."""
    ctx = dial(create(clock=clock, scopes={"crm.schemas.contacts.read"}))

    with pytest.raises(StopRun, match=r"crm\.schemas\.contacts\.write"):
        provision(ctx, FIELDS)


# --- the writer ------------------------------------------------------------------------------


def test_values_are_read_back_as_they_were_sent(
    account: Context, emulator: HubSpotEmulator
) -> None:
    """Text, numbers and instants survive HubSpot's texts in the hub's own spelling."""
    one = contact(emulator)

    results = send(account, Change(one, VALUES, "t1"))
    held = PROFILES.read(account, [one, NOBODY], list(VALUES))

    assert results["t1"].ok
    assert held == {one: {name: str(value) for name, value in VALUES.items()}}


def test_none_clears_and_what_is_absent_stays(account: Context, emulator: HubSpotEmulator) -> None:
    """A change touches the fields that it names."""
    one = contact(emulator)
    send(account, Change(one, VALUES, "t1"))

    send(account, Change(one, {"cxhub_nps": None}, "t2"))

    held = PROFILES.read(account, [one], ["cxhub_nps", "cxhub_churn"])[one]
    assert held == {"cxhub_nps": None, "cxhub_churn": "active"}


def test_a_hundred_records_are_one_call(account: Context, emulator: HubSpotEmulator) -> None:
    """A full batch goes out whole, and every record has its own result."""
    ids = [contact(emulator, number) for number in range(100)]

    results = send(account, *(Change(one, {"cxhub_nps": 7}, f"t{one}") for one in ids))
    PROFILES.read(account, ids, ["cxhub_nps"])  # the log has every call before this one

    assert emulator.calls.counts()["POST /crm/objects/2026-09/contacts/batch/update"] == 1
    assert {trace for trace, result in results.items() if result.ok} == {f"t{one}" for one in ids}


def test_a_record_that_is_gone_fails_alone(account: Context, emulator: HubSpotEmulator) -> None:
    """The others are written; the failure says why and is not worth a retry."""
    one, two = contact(emulator, 1), contact(emulator, 2)

    results = send(account, *(Change(i, {"cxhub_nps": 7}, f"t{i}") for i in (one, NOBODY, two)))

    assert [results[f"t{i}"].ok for i in (one, NOBODY, two)] == [True, False, True]
    gone = results[f"t{NOBODY}"]
    assert (gone.error, gone.retryable) == ("OBJECT_NOT_FOUND", False)


def test_a_value_that_is_refused_fails_alone_without_being_repeated(
    account: Context, emulator: HubSpotEmulator
) -> None:
    """The reason names property and code, never the value."""
    one, two = contact(emulator, 1), contact(emulator, 2)

    results = send(
        account,
        Change(one, {"cxhub_nps": "nine out of ten"}, "bad"),
        Change(two, {"cxhub_nps": 9}, "good"),
    )

    assert results["good"].ok
    assert results["bad"].error == "VALIDATION_ERROR (INVALID_DOUBLE in cxhub_nps)"


def test_a_rule_of_the_accounts_admin_fails_its_record_alone(
    account: Context, emulator: HubSpotEmulator
) -> None:
    """Dated versions enforce required properties on programs: the message says which is missing."""
    one, two = contact(emulator, 1), contact(emulator, 2)
    named = {"op": "update", "object": "contacts", "id": two, "properties": {"lastname": "Lee"}}
    emulator.mutate(named)
    emulator.mutate({"op": "require", "object": "contacts", "property": "lastname"})

    results = send(account, *(Change(i, {"cxhub_nps": 7}, f"t{i}") for i in (one, two)))

    assert results[f"t{two}"].ok
    assert results[f"t{one}"].error == "VALIDATION_ERROR (required: lastname)"


def test_trouble_at_hubspot_with_one_record_is_worth_a_retry(
    account: Context, emulator: HubSpotEmulator
) -> None:
    """An internal error of one item is temporary."""
    one = contact(emulator)
    strike(emulator, kind="partial_failure", count=1, times=1)

    [result] = send(account, Change(one, {"cxhub_nps": 7}, "t1")).values()

    assert (result.ok, result.retryable) == (False, True)


def test_an_answer_that_gets_lost_leaves_one_effect(
    account: Context, emulator: HubSpotEmulator
) -> None:
    """The same values are sent again, and change nothing the second time."""
    one = contact(emulator)
    effects = len(emulator.effects)
    strike(emulator, kind="timeout_after_effect", path="*/batch/update", times=1)

    results = send(account, Change(one, {"cxhub_nps": 7}, "t1"))

    assert results["t1"].ok
    assert len(emulator.effects) - effects == 1


def test_a_system_that_is_down_is_not_success(account: Context, emulator: HubSpotEmulator) -> None:
    """After the last attempt the push stops; the hub reads back before it goes on."""
    one = contact(emulator)
    strike(emulator, kind="server_error", status=503, path="*/batch/update")

    with pytest.raises(RetryLater):
        send(account, Change(one, {"cxhub_nps": 7}, "t1"))


def test_a_batch_that_is_refused_whole_is_halved_to_the_bad_record() -> None:
    """Eight records of which the sixth is bad: seven calls, and only that one fails."""
    problem = {"code": "INVALID_DATE", "in": "born", "message": "ada@example.com is no date"}
    refusal = {"category": "VALIDATION_ERROR", "errors": [problem]}
    settings = {"token": Secret.of("pat-na1-scripted")}
    with scripted() as server:
        for batch in ("12345678", "1234", "5678", "56", "5", "6", "78"):
            fine = {"results": [{"id": record_id} for record_id in batch]}
            server.then(*((400, refusal) if "6" in batch else (200, fine)))
        with open_context(HUBSPOT, {**settings, "base_url": server.url}) as ctx:
            results = send(ctx, *(Change(i, {"cxhub_nps": 7}, f"t{i}") for i in "12345678"))

    sent = ["".join(i["id"] for i in json.loads(seen.body)["inputs"]) for seen in server.seen]
    assert sent == ["12345678", "1234", "5678", "56", "5", "6", "78"]
    assert {trace for trace, result in results.items() if result.ok} == {f"t{i}" for i in "1234578"}
    assert results["t6"].error == "VALIDATION_ERROR (INVALID_DATE in born)"


# --- through the hub -------------------------------------------------------------------------


def give_profiles(hub: Any, **groups: dict[str, Any]) -> None:
    """A cluster and a profile for every contact that is stored."""
    query = select(source_records.c.rid).join(
        streams, streams.c.stream_id == source_records.c.stream_id
    )
    with hub.store.write() as connection:
        found = connection.execute(query.where(streams.c.stream == "contacts")).scalars()
        rids = list(found)
        connection.execute(delete(profiles))
        connection.execute(delete(cluster_members))
        members = [(rid, f"g{rid}", 0) for rid in rids]
        bulk.insert(connection, cluster_members, ("rid", "golden_id", "since"), members)
        columns = ("golden_id", "revision", "body", "digest", "updated_at")
        rows = [(f"g{rid}", 1, orjson.dumps(profile(f"g{rid}", groups)), b"", 0) for rid in rids]
        bulk.insert(connection, profiles, columns, rows)


def profile(golden_id: str, groups: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    body = {name: {k: {"value": v} for k, v in group.items()} for name, group in groups.items()}
    return body | {"who": {"golden_id": {"value": golden_id}}}


def destination(hub: Any) -> Destination:
    [writer] = hub_connector().writers_for(hub.ctx.config)
    return Destination(hub.ctx, writer, writer.fields, sync=True, region="AU")


def pusher(hub: Any) -> Pusher:
    return Pusher(hub.store, hub.keys, DEFAULT_PURPOSES, hub.ids, "test")


def approve(hub: Any) -> PushReport:
    plan = pusher(hub).plan(destination(hub))
    return pusher(hub).approve(plan.plan_id, {destination(hub).key: destination(hub)})


def test_a_push_writes_once_and_comes_back_as_an_echo(hub: Any) -> None:
    """After the first push neither a sync nor a push finds anything to do."""
    hub.add_contacts(3)
    hub.sync()
    give_profiles(hub, voice={"nps": 9}, value={"last_order_at": "2025-12-30T09:15:00+00:00"})

    report = approve(hub)
    effects = len(hub.emulator.effects)
    hub.clock.sleep(3_600)
    echo = hub.sync().counts
    again = pusher(hub).keep_up(destination(hub))

    assert (report.counts["written"], report.calls) == (3, 1)
    assert len(report.provisioned) == len(FIELDS)
    assert echo.read > 0
    assert (echo.stored, echo.events) == (0, 0)
    assert again is not None
    assert again.calls == 0
    assert len(hub.emulator.effects) == effects


def test_marketing_fields_need_consent(hub: Any) -> None:
    """The segment stays in the hub until its owner agrees to marketing."""
    [one] = hub.add_contacts(1)
    hub.sync()
    give_profiles(hub, value={"rfm": "champion", "orders": 4})

    approve(hub)

    held = PROFILES.read(hub.ctx, [one], ["cxhub_rfm", "cxhub_orders"])[one]
    assert held == {"cxhub_rfm": None, "cxhub_orders": "4"}


def test_an_undone_push_leaves_what_stood_there(hub: Any) -> None:
    """Instants and numbers are recognised as the hub's own in HubSpot's spelling."""
    [one] = hub.add_contacts(1)
    hub.sync()
    give_profiles(hub, voice={"nps": 9}, value={"last_order_at": "2025-12-30T09:15:00+00:00"})
    report = approve(hub)

    undone = pusher(hub).undo(report.plan_id, {destination(hub).key: destination(hub)})

    names = [field.name for field in FIELDS]
    assert undone.counts["restored"] == 1
    assert set(PROFILES.read(hub.ctx, [one], names)[one].values()) == {None}


def test_all_contacts_of_one_customer_get_the_golden_id(hub: Any) -> None:
    """Two contacts of one person carry the same id: the property is not unique."""
    one, two = hub.add_contacts(2)
    hub.sync()
    give_profiles(hub)
    with hub.store.write() as connection:
        connection.execute(cluster_members.update().values(golden_id="g1"))
        connection.execute(delete(profiles))
        body = orjson.dumps(profile("g1", {}))
        columns = ("golden_id", "revision", "body", "digest", "updated_at")
        bulk.insert(connection, profiles, columns, [("g1", 1, body, b"", 0)])

    report = approve(hub)

    held = PROFILES.read(hub.ctx, [one, two], ["cxhub_golden_id"])
    assert report.counts["written"] == 2
    assert {values["cxhub_golden_id"] for values in held.values()} == {"g1"}
