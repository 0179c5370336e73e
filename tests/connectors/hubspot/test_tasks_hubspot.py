"""Tasks in HubSpot: one per key, at its contact, through whatever happens on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connectors.hubspot.emulator import ALL_SCOPES, HubSpotEmulator, create
from connectors.hubspot.tasks import find, provision, write
from hub.core.clock import ManualClock
from hub.core.connector import Context, OutField, RowResult, Task
from hub.core.errors import OutcomeUnknown
from hub.core.released import Released
from hub.core.settings import DEFAULT_PURPOSES
from hub.emulation.faults import Scenario
from hub.privacy.gate import Gate
from hub.privacy.permissions import Permissions
from tests.connectors.hubspot.conftest import Wire

DUE = datetime(2026, 1, 3, 9, 30, tzinfo=UTC)
NOBODY = "999999999999"


def released(task: Task) -> Released[Task]:
    """The task, let go by the gate."""
    gate, part = Gate(DEFAULT_PURPOSES), OutField("task", "case", "service")
    decision = gate.judge("g", "crm", [part], Permissions((), DEFAULT_PURPOSES, 0))
    return gate.hand_over(task, decision)


def send(ctx: Context, *tasks: Task) -> dict[str, RowResult]:
    """HubSpot's word on each task, by key."""
    return {result.trace: result for result in write(ctx, [released(task) for task in tasks])}


def contact(emulator: HubSpotEmulator, number: int = 0) -> str:
    """Id of a new contact."""
    new = {"email": f"p{number}@example.com"}
    return str(emulator.mutate({"op": "create", "object": "contacts", "properties": new})["id"])


def tasks(emulator: HubSpotEmulator) -> list[dict[str, str]]:
    """The properties of every task that stands there."""
    return [record.properties for record in emulator.account.tables["tasks"].in_order()]


@pytest.fixture
def account(emulator: HubSpotEmulator, dial: Callable[..., Context]) -> Context:
    """An account that can keep keys, and the connection to it."""
    ctx = dial(emulator)
    provision(ctx)
    return ctx


@pytest.fixture
def task(emulator: HubSpotEmulator) -> Task:
    """A task at a contact."""
    return Task("case-1", contact(emulator), "Answer them", "1 < 2\nsoon", DUE)


def test_a_task_stands_at_its_contact(
    emulator: HubSpotEmulator, account: Context, task: Task
) -> None:
    """With title, text that HubSpot shows as it was written, due date and key."""
    result = send(account, task)["case-1"]

    (made,) = tasks(emulator)
    assert result.ok and find(account, [task]) == {"case-1": result.reference}
    assert made["hs_task_subject"] == "Answer them"
    assert made["hs_task_body"] == "1 &lt; 2<br>soon"
    assert made["hs_timestamp"] == "2026-01-03T09:30:00.000Z"
    assert (made["hs_task_status"], made["cxhub_key"]) == ("NOT_STARTED", "case-1")
    bonds = emulator.account.associations
    assert bonds.of(("tasks", result.reference), "contacts") == [task.native_id]


def test_the_same_key_again_is_the_same_task(
    emulator: HubSpotEmulator, account: Context, task: Task
) -> None:
    """It gets its new state; what had the same state already is no effect."""
    first = send(account, task)["case-1"]
    send(account, task)
    before = len(emulator.effects)

    send(account, task)
    done = send(account, replace(task, done=True))["case-1"]

    assert done.reference == first.reference
    assert [made["hs_task_status"] for made in tasks(emulator)] == ["COMPLETED"]
    assert len(emulator.effects) == before + 1


def test_who_works_at_a_task_does_not_lose_their_progress(
    emulator: HubSpotEmulator, account: Context, task: Task
) -> None:
    """But one that was ticked off while the customer waits is opened again."""
    reference = send(account, task)["case-1"].reference
    seen = []

    for state in ("IN_PROGRESS", "COMPLETED"):
        edit = {"op": "update", "object": "tasks", "id": reference}
        emulator.mutate({**edit, "properties": {"hs_task_status": state}})
        send(account, replace(task, body=state))
        seen.append(tasks(emulator)[0]["hs_task_status"])

    assert seen == ["IN_PROGRESS", "NOT_STARTED"]


def test_a_task_moves_with_its_customer(
    emulator: HubSpotEmulator, account: Context, task: Task
) -> None:
    """At another contact it is bound to that one, too."""
    reference = send(account, task)["case-1"].reference
    other = contact(emulator, 1)

    send(account, replace(task, native_id=other))

    bonds = emulator.account.associations.of(("tasks", reference), "contacts")
    assert other in bonds and len(tasks(emulator)) == 1


def test_a_missing_contact_costs_no_other_task_and_leaves_none_behind(
    emulator: HubSpotEmulator, account: Context, task: Task
) -> None:
    """A task without its contact never exists."""
    lost = replace(task, key="case-2", native_id=NOBODY)

    results = send(account, lost, task)

    assert (results["case-1"].ok, results["case-2"].ok) == (True, False)
    assert "VALIDATION_ERROR" in results["case-2"].error
    assert not results["case-2"].retryable
    assert [made["cxhub_key"] for made in tasks(emulator)] == ["case-1"]


def test_a_lost_answer_is_not_asked_for_again_but_looked_for(
    emulator: HubSpotEmulator, account: Context, task: Task
) -> None:
    """The connector does not repeat a creation; finding says that it took place."""
    fault = {
        "kind": "timeout_after_effect",
        "path": "/crm/objects/*/tasks/batch/create",
        "times": 1,
    }
    emulator.faults.replace(Scenario.model_validate({"faults": [fault]}))

    with pytest.raises(OutcomeUnknown):
        send(account, task)

    assert list(find(account, [task])) == ["case-1"]
    assert len(tasks(emulator)) == 1


def test_a_429_is_waited_for(emulator: HubSpotEmulator, account: Context, task: Task) -> None:
    """HubSpot took nothing, so the request is sent again."""
    fault = {"kind": "rate_limited", "path": "/crm/objects/*/tasks/batch/create", "times": 1}
    emulator.faults.replace(Scenario.model_validate({"faults": [fault]}))

    result = send(account, task)["case-1"]

    assert result.ok and len(tasks(emulator)) == 1


def test_the_owner_is_who_has_that_address(
    emulator: HubSpotEmulator, account: Context, task: Task
) -> None:
    """A task for somebody whom HubSpot does not know has no owner."""
    emulator.mutate({"op": "add_owner", "email": "kim@example.com", "id": "77"})
    strange = replace(task, key="case-2", owner="nobody@example.com")

    send(account, replace(task, owner="kim@example.com"), strange)

    assert [made.get("hubspot_owner_id") for made in tasks(emulator)] == ["77", None]


def test_without_the_scope_for_owners_tasks_have_none(
    clock: ManualClock, dial: Callable[..., Context]
) -> None:
    """Handing over does not fail for it."""
    emulator = create(clock=clock, scopes=ALL_SCOPES - {"crm.objects.owners.read"})
    ctx = dial(emulator)
    provision(ctx)
    owned = Task("case-1", contact(emulator), "Answer them", "", DUE, owner="kim@example.com")

    assert send(ctx, owned)["case-1"].ok


def test_the_keys_property_is_made_once(
    emulator: HubSpotEmulator, dial: Callable[..., Context]
) -> None:
    """Unique, in the hub's own group."""
    ctx = dial(emulator)

    first, again = provision(ctx), provision(ctx)

    made = emulator.account.properties["tasks"]["cxhub_key"]
    assert (list(first), list(again)) == (["cxhub_key"], [])
    assert made.unique and made.group == "cxhub"


REFUSED = {
    "no due date": ({"hs_task_subject": "x"}, "REQUIRED"),
    "an unknown state": ({"hs_timestamp": "2026-01-03", "hs_task_status": "SOON"}, "INVALID"),
    "a property it does not have": ({"hs_timestamp": "2026-01-03", "nope": "x"}, "EXIST"),
    "no instant": ({"hs_timestamp": "tomorrow"}, "INVALID"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_emulator_refuses_a_task_with(what: str, wire: Wire) -> None:
    """As HubSpot does, naming the property."""
    properties, code = REFUSED[what]

    answer = wire.post("~/tasks", {"properties": properties})

    assert answer.status_code == 400 and code in answer.text.upper()


def test_the_emulator_upserts_tasks_by_a_unique_property_only(wire: Wire, account: Context) -> None:
    """By their title several tasks might be meant."""
    due = {"hs_timestamp": "2026-01-03T00:00:00Z"}

    def upsert(by: str) -> int:
        given = {"id": "case-9", "idProperty": by, "properties": due}
        return wire.post("~/tasks/batch/upsert", {"inputs": [given]}).status_code

    assert (upsert("cxhub_key"), upsert("cxhub_key"), upsert("hs_task_subject")) == (200, 200, 400)
    assert len(tasks(wire.emulator)) == 1
