"""What the vendor's own users do, and the trouble that a fault scenario stages in the data."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from connectors.hubspot.emulator.account import Account
from connectors.hubspot.emulator.catalogue import Property
from connectors.hubspot.emulator.records import Record, RecordTable
from connectors.hubspot.emulator.subscriptions import State, Status
from connectors.hubspot.emulator.values import instant_of, stamp
from hub.emulation.commands import Command as UserCommand
from hub.emulation.commands import CreateRecord, EditRecord, MergeRecords, MoveRecord
from hub.emulation.faults import Fault


class CreateTexts(CreateRecord):
    """A user adds a record; every value is a text."""

    properties: dict[str, str]


class EditTexts(EditRecord):
    """A user edits a record; every value is a text."""

    properties: dict[str, str]


class EraseContact(UserCommand):
    """A user erases a contact under GDPR."""

    op: Literal["gdpr_delete"]
    id: str


class ChangeConsent(UserCommand):
    """A person subscribes or unsubscribes; without ``subscription``, from everything."""

    op: Literal["consent"]
    email: str
    state: State = "UNSUBSCRIBED"
    subscription: int | None = None


class AddOwner(UserCommand):
    """An admin invites somebody, who can own records from now on."""

    op: Literal["add_owner"]
    email: str
    id: str


class RequireProperty(UserCommand):
    """An admin makes a property compulsory (enforced on programs since version 2026-09)."""

    op: Literal["require"]
    object: str
    property: str


Command = Annotated[
    CreateTexts
    | EditTexts
    | MoveRecord
    | MergeRecords
    | EraseContact
    | ChangeConsent
    | AddOwner
    | RequireProperty,
    Field(discriminator="op"),
]
_COMMANDS: TypeAdapter[Command] = TypeAdapter(Command)


def perform(account: Account, command: Mapping[str, object]) -> Mapping[str, object]:
    """What the command brought about, as JSON.

    Raises:
        ValueError: If it is not a known command.
        Refusal: If HubSpot's own screens would refuse it.
    """
    match _COMMANDS.validate_python(command):
        case CreateTexts() as new:
            record = account.create(table_of(account, new.object), new.properties, actor="user")
            return {"id": record.id}
        case EditTexts() as edit:
            return {"changed": sorted(_edit(account, edit))}
        case MoveRecord() as move:
            _move(account, move)
        case MergeRecords() as merge:
            table = table_of(account, merge.object)
            primary, other = account.record(table, merge.id), account.record(table, merge.other)
            account.merge(table, primary, other, actor="user")
        case EraseContact() as erasure:
            account.erase(erasure.id, actor="user")
        case ChangeConsent() as consent:
            _decide(account, consent)
        case AddOwner() as owner:
            account.owners[owner.email.lower()] = owner.id
        case RequireProperty() as rule:
            account.required.setdefault(rule.object, set()).add(rule.property)
    return {"done": True}


def table_of(account: Account, stream: str) -> RecordTable:
    """The records that a stream of the connector reads: subscriptions hang on contacts.

    Raises:
        Refusal: 400 if there is no such kind.
    """
    return account.table("contacts" if stream == "subscriptions" else stream)


def _edit(account: Account, edit: EditTexts) -> set[str]:
    table = table_of(account, edit.object)
    record = account.record(table, edit.id)
    changed = account.update(table, record, edit.properties, actor="user")
    if edit.modified_at:
        record.properties[table.kind.modified] = stamp(instant_of(edit.modified_at))
    return changed


def _move(account: Account, move: MoveRecord) -> None:
    table = table_of(account, move.object)
    if move.op == "archive":
        account.archive(table, account.record(table, move.id), actor="user")
        return
    account.restore(table, account.record(table, move.id, archived=True), actor="user")


def _decide(account: Account, consent: ChangeConsent) -> None:
    email = consent.email.strip().lower()
    if consent.subscription is None:
        account.opt_out(email, actor="user")
        return
    status = Status(consent.state, by_person=True, timestamp=stamp(account.now()))
    account.set_status(email, consent.subscription, status, actor="user")


# --- staged trouble --------------------------------------------------------------------------


def stage(account: Account, fault: Fault) -> None:
    """Bring about what the fault describes, before the request that struck it is answered."""
    table = table_of(account, fault.object_type or "contacts")
    if fault.kind == "plateau":
        _plateau(account, table, fault)
    elif fault.kind == "late_commit":
        _commit_late(account, table, fault)
    else:
        _drift(account, table, fault)


def _plateau(account: Account, table: RecordTable, fault: Fault) -> None:
    """Give many records one modification time, as a bulk edit does."""
    moment = stamp(account.now())
    for record in islice(table.in_order(), fault.count):
        record.properties[table.kind.modified] = moment


def _commit_late(account: Account, table: RecordTable, fault: Fault) -> None:
    """Let records change now under a modification time that is already past."""
    for record in _chosen(table, fault):
        new_owner = {"hubspot_owner_id": str(len(account.effects) + 1)}
        account.update(table, record, new_owner, actor="user")
        moment = account.now() - timedelta(seconds=fault.seconds)
        record.properties[table.kind.modified] = stamp(moment)


def _chosen(table: RecordTable, fault: Fault) -> list[Record]:
    records = list(table.in_order())
    draw = random.Random(f"{fault.kind}:{fault.count}")  # noqa: S311 - repeatable chance
    return draw.sample(records, min(fault.count, len(records)))


def _drift(account: Account, table: RecordTable, fault: Fault) -> None:
    """Add, archive or retype a property while a sync is running."""
    definitions = account.properties[table.kind.name]
    if fault.change == "add":
        group = next(iter(account.groups[table.kind.name]))
        added = Property(fault.field, fault.field, group=group, hubspot_defined=False)
        definitions[fault.field] = added
    elif fault.change == "retype":
        before = definitions[fault.field]
        definitions[fault.field] = replace(before, type="number", field_type="number")
    else:
        definitions[fault.field] = replace(definitions[fault.field], archived=True)
        for record in table.records.values():
            record.properties.pop(fault.field, None)
