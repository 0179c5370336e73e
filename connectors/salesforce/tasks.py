"""Hands work to the people who use the org, as tasks on their contact, lead or person account.

1. The hub's key stands in an external-id field of its own, by which tasks are upserted: a task that
   was written before is updated, and a lost answer is asked for again without a second task.
2. What stands is looked up before: a status that somebody set meanwhile, such as *In Progress*, is
   kept as long as it says the same of whether the task is over.
3. The owner is the active user with that e-mail; without one the task is the hub's own user's, for
   a rule of the org to hand on. An owner who stands is kept if the task names none.
4. A person account is the *related* record of the task (``WhatId``), any other person its *name*
   (``WhoId``).

Source: Salesforce Object Reference, "Task"; REST API, "sObject Collections" (read November 2026).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from connectors.salesforce.api import BATCH, Api, is_id
from connectors.salesforce.batches import sent
from connectors.salesforce.client import FieldNotVisible
from connectors.salesforce.config import SalesforceSettings
from connectors.salesforce.fields import TASK_KEY
from connectors.salesforce.provision import provision
from connectors.salesforce.rows import KEY
from connectors.salesforce.soql import among, select
from hub.core.batches import in_batches
from hub.core.connector import Context, Creator, Row, RowResult, Task
from hub.core.released import Released

_ACCOUNT = "001"
_SUBJECT, _DESCRIPTION = 255, 32_000
"""Most characters of a task's subject and comments."""
_AT_ONCE = 100
"""Keys or addresses in one query, which goes into a URL."""


def tasks(settings: SalesforceSettings) -> Creator[Task]:
    """Tasks about the people of the org: person accounts where it has those, else contacts."""
    return Creator(
        stream="person_accounts" if settings.person_accounts else "contacts",
        batch=BATCH,
        write=write,
        find=find,
        provision=lambda ctx: provision(ctx, "Task", [TASK_KEY]),
    )


def write(ctx: Context, batch: Sequence[Released[Task]]) -> list[RowResult]:
    """What became of each task."""
    api, wanted = Api.of(ctx), [released.value for released in batch]
    known = [task for task in wanted if is_id(task.native_id)]
    nobody = [task.key for task in wanted if not is_id(task.native_id)]
    held = _held(api, [task.key for task in known])  # 2
    users = _users(api, [task.owner for task in known if task.owner])  # 3
    records = {task.key: _record(ctx.config, task, held.get(task.key), users) for task in known}
    return [
        *sent(partial(api.upsert, "Task", TASK_KEY.name), records),  # 1
        *(RowResult(key, ok=False, error="not a Salesforce id") for key in nobody),
    ]


def find(ctx: Context, wanted: Sequence[Task]) -> Mapping[str, str]:
    """Ids of the tasks that stand, by key."""
    held = _held(Api.of(ctx), [task.key for task in wanted])
    return {key: str(row[KEY]) for key, row in held.items()}


def _record(
    settings: SalesforceSettings, task: Task, held: Row | None, users: Mapping[str, str]
) -> dict[str, object]:
    person = "WhatId" if task.native_id.startswith(_ACCOUNT) else "WhoId"  # 4
    owner = users.get(task.owner.lower()) if task.owner else None
    return {
        "attributes": {"type": "Task"},
        TASK_KEY.name: task.key,
        person: task.native_id,
        "Subject": task.subject[:_SUBJECT],
        "Description": task.body[:_DESCRIPTION],
        "ActivityDate": task.due_at.date().isoformat(),
        **({"OwnerId": owner} if owner else {}),
        **_status(settings, task, held),
    }


def _status(settings: SalesforceSettings, task: Task, held: Row | None) -> dict[str, object]:
    if held is not None and held.get("IsClosed") is task.done:
        return {}
    return {"Status": settings.task_done if task.done else settings.task_open}


def _held(api: Api, keys: Iterable[str]) -> dict[str, Row]:
    """The tasks that stand, by key; none before the field is there."""
    fields, found = (KEY, TASK_KEY.name, "IsClosed"), dict[str, Row]()
    for batch in in_batches(sorted(set(keys)), _AT_ONCE):
        try:
            rows = api.query(select(fields, "Task", [among(TASK_KEY.name, batch)]))
        except FieldNotVisible:
            return {}
        found |= {str(row[TASK_KEY.name]): row for row in rows}
    return found


def _users(api: Api, addresses: Iterable[str]) -> dict[str, str]:
    """Ids of the active users by e-mail, in lower case."""
    found: dict[str, str] = {}
    for batch in in_batches(sorted({address.lower() for address in addresses}), _AT_ONCE):
        conditions = ["IsActive = true", among("Email", batch)]
        rows = api.query(select((KEY, "Email"), "User", conditions))
        found |= {str(row["Email"]).lower(): str(row[KEY]) for row in rows}
    return found
