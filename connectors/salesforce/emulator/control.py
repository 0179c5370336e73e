"""What the org's own users and admins do in its screens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from connectors.salesforce.emulator import lifecycle
from connectors.salesforce.emulator.org import Org
from connectors.salesforce.emulator.records import Record
from connectors.salesforce.emulator.refusals import no_such_record
from connectors.salesforce.emulator.sobjects import live_record
from connectors.salesforce.emulator.streams import kind_of
from connectors.salesforce.emulator.values import instant_of, stamp
from hub.emulation.commands import Command as UserCommand
from hub.emulation.commands import CreateRecord, EditRecord, MergeRecords, MoveRecord


class ConvertLead(UserCommand):
    """A user converts a lead, into a new contact or into ``contact``."""

    op: Literal["convert"]
    id: str
    contact: str = ""


class ChangeConsent(UserCommand):
    """A person opts out of e-mail, or in again."""

    op: Literal["consent"]
    object: str = "contacts"
    id: str
    state: Literal["OptIn", "OptOut"] = "OptOut"


class HideField(UserCommand):
    """An admin takes away, or gives back, the integration user's sight of a standard field."""

    op: Literal["hide", "unhide", "freeze"]
    object: str
    field: str


class HideObject(UserCommand):
    """An admin takes away, or gives back, the integration user's right to read an object."""

    op: Literal["hide_object", "unhide_object"]
    object: str


class EmptyBin(UserCommand):
    """An admin empties the recycle bin, and with it the log of deletions."""

    op: Literal["empty_bin"]


class UseDuplicateRule(UserCommand):
    """An admin switches on the standard duplicate rule of an object."""

    op: Literal["duplicate_rule"]
    object: str


Command = Annotated[
    CreateRecord
    | EditRecord
    | MoveRecord
    | MergeRecords
    | ConvertLead
    | ChangeConsent
    | HideField
    | HideObject
    | EmptyBin
    | UseDuplicateRule,
    Field(discriminator="op"),
]
_COMMANDS: TypeAdapter[Command] = TypeAdapter(Command)


def perform(org: Org, command: Mapping[str, object]) -> Mapping[str, object]:
    """What the command brought about, as JSON.

    Raises:
        ValueError: If it is not a known command.
        Refusal: If Salesforce's own screens would refuse it.
    """
    match _COMMANDS.validate_python(command):
        case CreateRecord() as new:
            record = org.create(kind_of(org, new.object), new.properties, actor="user")
            return {"id": record.id}
        case EditRecord() as edit:
            return {"changed": sorted(_edit(org, edit))}
        case ConvertLead() as conversion:
            lead = live_record(org, kind_of(org, "leads"), conversion.id, "deleted")
            return {"id": lifecycle.convert(org, lead, conversion.contact).id}
        case MoveRecord() as move:
            _move(org, move)
        case MergeRecords() as merge:
            lifecycle.merge(
                org,
                kind_of(org, merge.object),
                _live(org, merge.object, merge.id),
                _live(org, merge.object, merge.other),
            )
        case ChangeConsent() as consent:
            opt_out(org, consent.object, consent.id, out=consent.state == "OptOut")
        case HideField() as rule:
            _set_visibility(org, rule)
        case HideObject(op="hide_object") as rule:
            org.out_of_sight.add(kind_of(org, rule.object).name)
        case HideObject() as rule:
            org.out_of_sight.discard(kind_of(org, rule.object).name)
        case EmptyBin():
            lifecycle.purge(org)
        case UseDuplicateRule() as rule:
            org.duplicate_rules.add(kind_of(org, rule.object).name)
    return {"done": True}


def opt_out(org: Org, stream: str, record_id: str, *, out: bool) -> None:
    """Set what a person's record says about e-mail."""
    kind, record = kind_of(org, stream), _live(org, stream, record_id)
    is_person_account = kind.name == "Account"
    name = "PersonHasOptedOutOfEmail" if is_person_account else "HasOptedOutOfEmail"
    org.update(kind, record, {name: out}, actor="user")


def _live(org: Org, stream: str, record_id: str) -> Record:
    return live_record(org, kind_of(org, stream), record_id, "deleted")


def _edit(org: Org, edit: EditRecord) -> set[str]:
    record = _live(org, edit.object, edit.id)
    changed = org.update(kind_of(org, edit.object), record, edit.properties, actor="user")
    if edit.modified_at:
        record.values["SystemModstamp"] = stamp(instant_of(edit.modified_at))
    return changed


def _move(org: Org, move: MoveRecord) -> None:
    kind = kind_of(org, move.object)
    if move.op == "archive":
        lifecycle.delete(org, kind, _live(org, move.object, move.id), actor="user")
        return
    record = org.table(kind.name).get(move.id)
    if record is None or not record.is_deleted:
        raise no_such_record(move.id)
    lifecycle.restore(org, kind, record)


def _set_visibility(org: Org, rule: HideField) -> None:
    kind = kind_of(org, rule.object)
    if rule.op == "freeze":
        org.read_only.setdefault(kind.name, set()).add(rule.field)
        return
    hidden = org.hidden.setdefault(kind.name, set())
    if rule.op == "hide":
        hidden.add(rule.field)
    else:
        hidden.discard(rule.field)
