"""Work handed to the people who use the org: once, to the right person, through lost answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.salesforce import hub_connector
from connectors.salesforce.emulator import SalesforceEmulator, create
from connectors.salesforce.fields import TASK_KEY
from hub.core.connector import Creator, RowResult, Task, Unsupported
from hub.core.errors import RetryLater

NOBODY = "003000000000000AAA"
SEEN = ("Subject", "Description", "ActivityDate", "Status", "WhoId", "OwnerId")

Send = Callable[..., dict[str, RowResult]]


def creator(hub: Any) -> Creator[Task]:
    found = hub_connector().tasks_for(hub.ctx.config)
    assert isinstance(found, Creator)
    return found


@pytest.fixture
def hub(connect_hub: Callable[..., Any], emulator: SalesforceEmulator) -> Any:
    """A hub connected to an org that keeps the keys of tasks and has one contact."""
    hub = connect_hub(hub_connector(), emulator)
    provision(hub)
    who = {"LastName": "Lovelace", "Email": "ada@example.com"}
    hub.customer = hub.mutate("create", "contacts", properties=who)["id"]
    hub.before = len(emulator.effects)
    return hub


def provision(hub: Any) -> Sequence[str]:
    found = creator(hub).provision
    assert not isinstance(found, Unsupported)
    return found(hub.ctx)


@pytest.fixture
def send(hub: Any, released: Callable[..., Any]) -> Send:
    """Writes tasks, and gives the results by key."""
    return lambda *items: {row.trace: row for row in creator(hub).write(hub.ctx, released(*items))}


@pytest.fixture
def task(hub: Any) -> Task:
    """A task about the contact."""
    due = datetime(2026, 11, 9, 17, tzinfo=UTC)
    return Task("case-7f3a", hub.customer, "Call back", "It came broken.", due)


def held(hub: Any, result: RowResult) -> Mapping[str, Any]:
    values: Mapping[str, Any] = hub.emulator.org.tables["Task"].records[result.reference].values
    return values


def done(hub: Any) -> list[tuple[str, str]]:
    return [(e.method, e.object) for e in hub.emulator.effects.since(hub.before, "api")]


def test_the_key_is_a_unique_external_id_of_activities(
    connect_hub: Callable[..., Any], emulator: SalesforceEmulator
) -> None:
    """Created once where tasks and events have their fields, and granted on tasks."""
    hub = connect_hub(hub_connector(), emulator)

    first, again = provision(hub), provision(hub)

    field = emulator.org.fields["Task"][TASK_KEY.name]
    assert (first, again) == ([TASK_KEY.name], [])
    assert field.external_id and field.unique
    assert ("Activity.CXHub_Key__c",) in [effect.fields for effect in emulator.effects.since()]


def test_a_task_hangs_on_its_contact(hub: Any, send: Send, task: Task) -> None:
    """Subject, comments, day, status and name; without an owner it is the hub's own user's."""
    result = send(task)[task.key]

    found = held(hub, result)
    assert [found[name] for name in SEEN[:5]] == [
        "Call back", "It came broken.", "2026-11-09", "Not Started", hub.customer,
    ]  # fmt: skip
    assert found[TASK_KEY.name] == task.key


def test_the_owner_is_found_by_e_mail(hub: Any, send: Send, task: Task) -> None:
    """In any case of letters; one who does not work there changes no owner."""
    mia = send(replace(task, owner="Mia@acme.example"))[task.key]
    owner = held(hub, mia)["OwnerId"]

    send(replace(task, owner="stranger@acme.example", subject="Other"))

    users = hub.emulator.org.tables["User"].records
    assert users[owner].values["Username"] == "mia@acme.example"
    assert held(hub, mia)["OwnerId"] == owner


def test_a_task_written_twice_stands_once(hub: Any, send: Send, task: Task) -> None:
    """The second time finds it by its key and changes nothing."""
    first = send(task)

    again = send(task)

    assert again == first
    assert done(hub) == [("create", "Task")]


def test_a_task_takes_its_new_state(hub: Any, send: Send, task: Task) -> None:
    """Completed when done, and open again when not."""
    result = send(task)[task.key]

    states = [str(held(hub, send(replace(task, done=over))[task.key])["Status"])
              for over in (True, True, False)]  # fmt: skip

    assert states == ["Completed", "Completed", "Not Started"]
    assert done(hub).count(("create", "Task")) == 1
    assert result.ok


def test_what_somebody_said_of_the_progress_is_kept(hub: Any, send: Send, task: Task) -> None:
    """An open task that is in progress stays so when its subject changes."""
    result = send(task)[task.key]
    hub.mutate("update", "tasks", id=result.reference, properties={"Status": "In Progress"})

    send(replace(task, subject="Call again"))

    assert (held(hub, result)["Status"], held(hub, result)["Subject"]) == (
        "In Progress", "Call again",
    )  # fmt: skip


def test_one_bad_task_sinks_no_batch(hub: Any, send: Send, task: Task) -> None:
    """A contact that is not there, and an id that is none, fail alone with a reason."""
    stray, odd = replace(task, key="x", native_id=NOBODY), replace(task, key="y", native_id="me")

    results = send(stray, task, odd)

    assert {key: row.ok for key, row in results.items()} == {"x": False, task.key: True, "y": False}
    assert all(row.error for row in results.values() if not row.ok)


def test_a_lost_answer_leaves_one_task(hub: Any, send: Send, task: Task) -> None:
    """Asked again by itself, or found the next time; never made twice."""
    hub.ctx.wire.authenticate()
    hub.strike({"kind": "timeout_after_effect", "method": "PATCH"})

    with pytest.raises(RetryLater):
        send(task)
    hub.strike()

    found = creator(hub).find(hub.ctx, [task, replace(task, key="case-0")])
    assert found.keys() == {task.key}
    assert send(task)[task.key].reference == found[task.key]
    assert done(hub) == [("create", "Task")]


def test_long_words_are_cut_to_what_salesforce_takes(hub: Any, send: Send, task: Task) -> None:
    """255 characters of subject, 32,000 of comments; more would be refused."""
    result = send(replace(task, subject="s" * 300, body="b" * 40_000))[task.key]

    assert [len(held(hub, result)[name]) for name in SEEN[:2]] == [255, 32_000]


def test_tasks_of_the_hub_are_not_read_back(hub: Any, send: Send, task: Task) -> None:
    """Those of others are."""
    send(task)
    theirs = hub.mutate("create", "tasks", properties={"Subject": "Theirs", "WhoId": hub.customer})
    hub.clock.sleep(60)

    hub.sync("contacts", "tasks")

    assert [*hub.records("tasks")] == [theirs["id"]]


def test_a_person_account_is_what_the_task_relates_to(
    connect_hub: Callable[..., Any], released: Callable[..., Any], clock: Any
) -> None:
    """Orgs with person accounts have their customers there, and no name to hang a task on."""
    hub = connect_hub(hub_connector(), create(clock=clock, person_accounts=True))
    provision(hub)
    ada = hub.mutate("create", "person_accounts", properties={"LastName": "Lovelace"})["id"]
    task = Task("case-1", ada, "Call", "Why.", datetime(2026, 11, 9, tzinfo=UTC))

    [result] = creator(hub).write(hub.ctx, released(task))

    assert creator(hub).stream == "person_accounts"
    assert (held(hub, result)["WhatId"], held(hub, result).get("WhoId")) == (ada, None)


def test_fields_of_tasks_are_defined_on_activities_alone(caller: Any) -> None:
    """Salesforce knows no fields of Task or Event by themselves, and gives both what it defines."""
    metadata = {"type": "Text", "label": "X", "length": 64}
    path = "/tooling/sobjects/CustomField"

    wrong = caller.post(path, {"FullName": "Task.X__c", "Metadata": metadata})
    right = caller.post(path, {"FullName": "Activity.X__c", "Metadata": metadata})
    again = caller.post(path, {"FullName": "Activity.X__c", "Metadata": metadata})
    gone = caller.send("DELETE", f"{path}/{right.json()['id']}")

    assert [a.status_code for a in (wrong, right, again, gone)] == [400, 201, 400, 204]
    assert all("X__c" not in caller.emulator.org.fields[kind] for kind in ("Task", "Event"))
