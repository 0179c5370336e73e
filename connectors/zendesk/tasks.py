"""Hands work to agents as tickets of the type *task*.

1. The customer has to be there. The ticket is linked to them by text, not as its requester: a
   requester may be sent e-mail by any trigger. Requester is whoever the credential stands for, and
   the first comment is internal.
2. The hub's key is the ticket's ``external_id``. Zendesk lets two tickets have the same one, so it
   is looked up before anything is created.
3. Creation carries the key as ``Idempotency-Key`` as well: a lost answer is asked for again, within
   two hours, without a second ticket. A key that was used for other content says that there is a
   ticket, and not how it looks: that one is looked up before the next attempt.
4. A ticket that stands gets the values that differ. Subject, due date, assignee and whether it is
   solved follow the task; its first comment stays, since comments cannot be edited.
5. Nobody but an agent can solve a ticket: one that nobody has taken is solved by the credential's
   own user. A closed ticket cannot be changed any more.

Tickets that carry :data:`TAG` are the hub's own, and are not read back as requests of a customer.

Source: Zendesk, "Tickets" and "Creating and updating tickets" (read November 2026).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any

from connectors.zendesk.api import BATCH, Api
from connectors.zendesk.client import reason
from connectors.zendesk.rows import KEY, part
from hub.core.clock import iso_z
from hub.core.connector import Context, Creator, Row, RowResult, Task
from hub.core.http import Response
from hub.core.pages import dig, instant_of
from hub.core.released import Released

TAG = "cxhub_task"
"""Tag of the tickets that the hub made."""

_KEY_USED = "IdempotentRequestError"
_OVER = ("solved", "closed")


@dataclass(frozen=True)
class _Desk:
    """What several tasks of one batch ask of the account, asked once."""

    api: Api
    root: str

    @cached_property
    def staff(self) -> Mapping[str, int]:
        """Agents by e-mail."""
        return self.api.staff()

    @cached_property
    def own_id(self) -> int:
        """Whose credential it is."""
        user, _ = self.api.me()
        return int(user[KEY])


def write(ctx: Context, batch: Sequence[Released[Task]]) -> list[RowResult]:
    """What became of each task."""
    tasks = [released.value for released in batch]
    desk = _Desk(Api.of(ctx), ctx.config.root)
    people = desk.api.read("users", [task.native_id for task in tasks])  # 1
    present = {str(row[KEY]) for row in people if row.get("active") is not False}
    return [
        _written(desk, task)
        if task.native_id in present
        else RowResult(task.key, ok=False, error="there is no such user in this account")
        for task in tasks
    ]


def find(ctx: Context, tasks: Sequence[Task]) -> Mapping[str, str]:
    """Ids of the tickets that stand, by key."""
    api = Api.of(ctx)
    held = {task.key: _standing(api, task.key) for task in tasks}
    return {key: str(row[KEY]) for key, row in held.items() if row}


def _standing(api: Api, key: str) -> Row | None:
    """2. The first ticket of that key."""
    held = [row for row in api.tickets_of(key) if row.get("external_id") == key]
    return min(held, key=lambda row: int(row[KEY]), default=None)


def _written(desk: _Desk, task: Task) -> RowResult:
    held = _standing(desk.api, task.key)
    return _created(desk, task) if held is None else _changed(desk, task, held)


def _created(desk: _Desk, task: Task) -> RowResult:
    """3. A ticket that nobody but agents can see."""
    link = f"Customer: {desk.root}/agent/users/{task.native_id}"
    values: dict[str, Any] = {
        "subject": task.subject,
        "type": "task",
        "external_id": task.key,
        "due_at": _due(task),
        "tags": [TAG],
        "comment": {"body": f"{task.body}\n\n{link}", "public": False},
        **_assignee(desk, task),
        **({"status": "solved"} if task.done else {}),
    }
    if task.done:
        values.setdefault("assignee_id", desk.own_id)
    answer = desk.api.create_ticket(values, task.key)
    if reason(answer.json) == _KEY_USED:
        told = "made a moment ago with other content; it is looked up first"
        return RowResult(task.key, ok=False, error=told, ambiguous=True)
    return _verdict(task.key, answer)


def _changed(desk: _Desk, task: Task, held: Row) -> RowResult:
    """4. The ticket with the task's state."""
    wanted: dict[str, Any] = {"subject": task.subject, **_assignee(desk, task)}
    if instant_of(held.get("due_at")) != instant_of(_due(task)):
        wanted["due_at"] = _due(task)
    if task.done != (held.get("status") in _OVER):
        wanted["status"] = "solved" if task.done else "open"
    values = {name: value for name, value in wanted.items() if held.get(name) != value}
    if not values or (task.done and held.get("status") == "closed"):
        return RowResult(task.key, ok=True, reference=str(held[KEY]))
    if values.get("status") == "solved" and not held.get("assignee_id"):  # 5
        values.setdefault("assignee_id", desk.own_id)
    return _verdict(task.key, desk.api.update_ticket(str(held[KEY]), values, idempotent=True))


def _due(task: Task) -> str:
    """When it is due, in the whole seconds that Zendesk keeps."""
    return iso_z(task.due_at.replace(microsecond=0))


def _assignee(desk: _Desk, task: Task) -> dict[str, int]:
    """Who is to do it, if that is an agent of this account; else it waits for whoever takes it."""
    found = desk.staff.get(task.owner.lower()) if task.owner else None
    return {} if found is None else {"assignee_id": found}


def _verdict(key: str, answer: Response) -> RowResult:
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return RowResult(key, ok=False, error=reason(answer.json))
    ticket = part(dig(answer.json, "ticket"))
    return RowResult(key, ok=True, reference=str(ticket.get(KEY) or ""))


def is_own(ticket: Row) -> bool:
    """Whether a ticket is one that the hub made."""
    tags = ticket.get("tags")
    return isinstance(tags, list) and TAG in tags


TASKS: Creator[Task] = Creator(stream="users", batch=BATCH, write=write, find=find)
"""Tasks about a user."""
