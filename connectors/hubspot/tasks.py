"""Hands tasks to the people who work in HubSpot, each bound to its contact.

HubSpot keeps the hub's key in a unique property of its own, so a task is found again by reading and
never by searching, which lags.

1. Which are there already, by key.
2. New ones are created together with their association: a task without its contact never exists,
   and a second one of the same key is refused.
3. Those that are there get their new state. Who works at one does not lose their progress; but a
   task that was ticked off is opened again while there is something to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from html import escape

from connectors.hubspot.api import BATCH, Api, CrmRecord, Draft, Update
from connectors.hubspot.batches import sent
from connectors.hubspot.client import MissingScopes
from connectors.hubspot.fields import GROUP, GROUP_LABEL
from hub.core.batches import in_batches
from hub.core.clock import iso_z
from hub.core.connector import Context, Creator, Json, RowResult, Task
from hub.core.released import Released

OBJECT_TYPE, CONTACTS = "tasks", "contacts"
KEY = "cxhub_key"
"""Unique property of a task that holds the hub's key."""
TASK_TO_CONTACT = 204
"""Source: HubSpot, "Associate records", default association type ids (read November 2026)."""
_STATE, _TO_DO, _DONE = "hs_task_status", "NOT_STARTED", "COMPLETED"


def write(ctx: Context, batch: Sequence[Released[Task]]) -> list[RowResult]:
    """What HubSpot said about each task."""
    api, tasks = Api.of(ctx), [released.value for released in batch]
    there = _there(api, [task.key for task in tasks])  # 1
    owners = _owners(api, tasks)
    new = [_draft(task, owners) for task in tasks if task.key not in there]
    known = [task for task in tasks if task.key in there]
    updates = [_update(task, there[task.key], owners) for task in known]
    results: list[RowResult] = []
    if new:
        results += sent(new, partial(api.create, OBJECT_TYPE), reference="id")  # 2
    if updates:  # 3
        pairs = {there[task.key].id: task.native_id for task in known}
        api.bind(OBJECT_TYPE, CONTACTS, TASK_TO_CONTACT, pairs)
        results += sent(updates, partial(api.update, OBJECT_TYPE), reference="id")
    return results


def find(ctx: Context, tasks: Sequence[Task]) -> Mapping[str, str]:
    """Ids of the tasks that are there, by key."""
    there = _there(Api.of(ctx), [task.key for task in tasks])
    return {key: record.id for key, record in there.items()}


def provision(ctx: Context) -> Sequence[str]:
    """The unique property that holds the keys, if it was missing."""
    api = Api.of(ctx)
    if KEY in api.properties(OBJECT_TYPE):
        return ()
    if GROUP not in api.property_groups(OBJECT_TYPE):
        api.create_group(OBJECT_TYPE, GROUP, GROUP_LABEL)
    return api.create_properties(OBJECT_TYPE, [_DEFINITION])


_DEFINITION: dict[str, Json] = {
    "name": KEY,
    "label": "Key in the customer hub",
    "groupName": GROUP,
    "type": "string",
    "fieldType": "text",
    "formField": False,
    "hasUniqueValue": True,
    "description": "Written by cxhub, which finds its task again by it. Leave it as it is.",
}


def _there(api: Api, keys: Sequence[str]) -> dict[str, CrmRecord]:
    found: dict[str, CrmRecord] = {}
    for batch in in_batches(keys, BATCH):
        for record in api.held(OBJECT_TYPE, KEY, batch, [_STATE]):
            found[str((record.properties or {}).get(KEY))] = record
    return found


def _owners(api: Api, tasks: Sequence[Task]) -> dict[str, str]:
    """Ids of the owners that HubSpot knows, by address; none if it may not be asked."""
    found: dict[str, str] = {}
    for email in sorted({task.owner for task in tasks if task.owner}):
        try:
            owner = api.owner(email)
        except MissingScopes:
            return {}
        if owner is not None:
            found[email] = owner
    return found


def _draft(task: Task, owners: Mapping[str, str]) -> Draft:
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": TASK_TO_CONTACT}
    state = _DONE if task.done else _TO_DO
    values = {KEY: task.key, "hs_task_type": "TODO", _STATE: state, **_values(task, owners)}
    return Draft(values, [{"to": {"id": task.native_id}, "types": [kind]}], task.key)


def _update(task: Task, there: CrmRecord, owners: Mapping[str, str]) -> Update:
    ticked_off = (there.properties or {}).get(_STATE) == _DONE
    state = {_STATE: _DONE if task.done else _TO_DO} if ticked_off != task.done else {}
    return Update(there.id, {**_values(task, owners), **state}, task.key)


def _values(task: Task, owners: Mapping[str, str]) -> dict[str, str]:
    return dict(_properties(task, owners))


def _properties(task: Task, owners: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield "hs_task_subject", task.subject
    yield "hs_task_body", escape(task.body, quote=False).replace("\n", "<br>")
    yield "hs_timestamp", iso_z(task.due_at)
    if task.owner is not None and task.owner in owners:
        yield "hubspot_owner_id", owners[task.owner]


TASKS = Creator(CONTACTS, BATCH, write, find, provision)
