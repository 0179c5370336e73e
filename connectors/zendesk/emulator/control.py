"""What the vendor's own users do in their screens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from connectors.zendesk.emulator import organizations
from connectors.zendesk.emulator.account import Account
from connectors.zendesk.emulator.help_desk import (
    NewComment,
    NewTicket,
    note_work,
    open_ticket,
    reply,
)
from connectors.zendesk.emulator.refusals import invalid_attribute, not_found
from connectors.zendesk.emulator.tables import Entry, Table, instant, restamp
from hub.emulation.commands import Command as UserCommand
from hub.emulation.commands import EditRecord, MoveRecord


class CreateRecord(UserCommand):
    """An agent adds a user or an organization; a person opens a ticket, or somebody replies."""

    op: Literal["create"]
    object: Literal["users", "organizations", "tickets", "comments"]
    properties: dict[str, Any]


class MergeUsers(UserCommand):
    """An agent merges the end user ``other`` into ``id``."""

    op: Literal["merge"]
    object: Literal["users"]
    id: str
    other: str


class EraseUser(UserCommand):
    """An admin deletes for good a user who is deleted already."""

    op: Literal["erase"]
    id: str


class ChangeConsent(UserCommand):
    """An agent notes in a custom field what a person decided; null clears it."""

    op: Literal["consent"]
    id: str
    field: str
    value: bool | str | None


Command = Annotated[
    CreateRecord | EditRecord | MoveRecord | MergeUsers | EraseUser | ChangeConsent,
    Field(discriminator="op"),
]
_COMMANDS: TypeAdapter[Command] = TypeAdapter(Command)


def perform(account: Account, command: Mapping[str, object]) -> Mapping[str, object]:
    """The id of what a command made, the fields that it changed, or that it was done.

    Raises:
        ValueError: If the command is none of these.
        Refusal: If Zendesk's own screens would refuse it.
    """
    match _COMMANDS.validate_python(command):
        case CreateRecord() as new:
            return {"id": str(_create(account, new).id)}
        case EditRecord() as edit:
            return {"changed": sorted(_edit(account, edit))}
        case MoveRecord() as move:
            _move(account, move)
        case MergeUsers() as merge:
            loser, winner = (record(account, "users", key) for key in (merge.other, merge.id))
            account.people.merge(loser, winner, "user")
        case EraseUser() as erasure:
            account.people.erase(int(erasure.id), "user")
        case ChangeConsent() as consent:
            user = record(account, "users", consent.id)
            account.people.update(user, {"user_fields": {consent.field: consent.value}}, "user")
    return {"done": True}


def table_of(account: Account, stream: str) -> Table:
    """The records that a stream of the connector reads: consent hangs on users.

    Raises:
        Refusal: 404 if there is no such kind.
    """
    name = "users" if stream == "user_consents" else stream
    if name not in account.tables:
        raise not_found()
    return account.table(name)


def record(account: Account, stream: str, key: str) -> Entry:
    """The live record of that id, given as text.

    Raises:
        Refusal: 404.
    """
    return account.record(table_of(account, stream).name, _key(key))


def _key(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _create(account: Account, new: CreateRecord) -> Entry:
    match new.object:
        case "users":
            return account.people.create(new.properties, "user")
        case "organizations":
            return organizations.create(account, new.properties, "user")
        case "tickets":
            return open_ticket(account, NewTicket.model_validate(new.properties))
        case "comments":
            return reply(account, NewComment.model_validate(new.properties))


def _edit(account: Account, edit: EditRecord) -> set[str]:
    entry = record(account, edit.object, edit.id)
    table = table_of(account, edit.object)
    if table.name == "users":
        changed = account.people.update(entry, edit.properties, "user")
    elif table.name == "organizations":
        changed = organizations.change(account, entry, edit.properties, "user")
    else:
        changed = _write(account, table, entry, edit.properties)
    if edit.modified_at:
        restamp(table, entry, instant(edit.modified_at))
    return changed


def _write(account: Account, table: Table, entry: Entry, values: Mapping[str, Any]) -> set[str]:
    if unknown := set(values) - set(entry.body):
        raise invalid_attribute(min(unknown), f"one of the fields of {table.name}")
    changed = table.write(entry, values, account.now())
    if changed:
        account.log("update", table.name, entry.id, changed, "user")
    if table.name == "tickets":
        note_work(account, entry, changed)
    return changed


def _move(account: Account, move: MoveRecord) -> None:
    table, key = table_of(account, move.object), _key(move.id)
    if move.op == "restore":
        _restore(account, table, key)
    elif table.name == "users":
        account.people.delete(record(account, "users", move.id), "user")
    elif table.name == "organizations":
        organizations.delete(account, record(account, table.name, move.id), "user")
    else:
        entry = account.record(table.name, key)
        entry.deleted = True
        restamp(table, entry, account.now())
        table.move(entry, account.now())
        account.log("archive", table.name, key, set(), "user")


def _restore(account: Account, table: Table, key: int | str) -> None:
    entry = table.entries.get(key)
    if entry is None or not entry.deleted or entry.erased:
        raise not_found()
    if table.name == "users":
        account.people.restore(entry, "user")
        return
    entry.deleted = False
    table.move(entry, account.now())
    account.log("restore", table.name, key, set(), "user")
