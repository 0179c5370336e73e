"""One HubSpot account: everything it holds, and the rules that guard each change.

Each change of state is written to the effect log, by the program (``api``) or the person (``user``)
who caused it. Setting a value that is already there changes nothing and is no effect.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectors.hubspot.emulator.access import Access
from connectors.hubspot.emulator.associations import AssociationGraph
from connectors.hubspot.emulator.catalogue import (
    OBJECT_TYPES,
    Property,
    default_groups,
    default_properties,
    opt_out_property,
)
from connectors.hubspot.emulator.limits import RateLimiter
from connectors.hubspot.emulator.records import Record, RecordTable
from connectors.hubspot.emulator.refusals import (
    Problem,
    Refusal,
    contact_exists,
    invalid,
    invalid_values,
    missing_required,
    not_found,
)
from connectors.hubspot.emulator.subscriptions import Status, Subscriptions
from connectors.hubspot.emulator.values import InvalidValue, accept, stamp
from hub.core.clock import Clock
from hub.emulation.effects import Actor, EffectLog

PORTAL_ID = 48_000_001
SOURCES: dict[Actor, str] = {"api": "INTEGRATION", "user": "CRM_UI"}


@dataclass
class Account:
    """The account's state.

    Attributes:
        properties: Property definitions by object type and name.
        groups: Labels of property groups by object type and name.
        required: Properties that the account's admin made compulsory, per object type; programs
            are held to them since version 2026-09.
        owners: Ids of the account's users by their address.
        blocklist: Addresses erased under GDPR; they cannot come back.
    """

    clock: Clock
    effects: EffectLog
    access: Access
    limiter: RateLimiter
    search_lag: float = 0.0
    properties: dict[str, dict[str, Property]] = field(default_factory=dict)
    groups: dict[str, dict[str, str]] = field(default_factory=dict)
    tables: dict[str, RecordTable] = field(default_factory=dict)
    associations: AssociationGraph = field(default_factory=AssociationGraph)
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    required: dict[str, set[str]] = field(default_factory=dict)
    blocklist: set[str] = field(default_factory=set)
    owners: dict[str, str] = field(default_factory=dict)
    _answers: int = 0

    def __post_init__(self) -> None:
        for name, kind in OBJECT_TYPES.items():
            self.properties[name] = default_properties(name)
            self.groups[name] = default_groups(name)
            self.tables[name] = RecordTable(kind, self.properties[name], self.search_lag)
        for kind_of_mail in self.subscriptions.types.values():
            prop = opt_out_property(kind_of_mail.id, kind_of_mail.name)
            self.properties["contacts"][prop.name] = prop

    def now(self) -> datetime:
        """The account's time."""
        return self.clock.now()

    def correlation_id(self) -> str:
        """A new id for one answer, the same in every run."""
        self._answers += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"answer:{self._answers}"))

    # --- looking up --------------------------------------------------------------------------

    def table(self, object_type: str) -> RecordTable:
        """The records of a kind, by plural name, singular name or object type id.

        Raises:
            Refusal: 400 if there is no such kind.
        """
        for kind in OBJECT_TYPES.values():
            if object_type in (kind.name, kind.singular, kind.type_id):
                return self.tables[kind.name]
        raise invalid(f"Unable to infer object type from: {object_type}")

    def record(
        self, table: RecordTable, record_id: str, id_property: str = "", *, archived: bool = False
    ) -> Record:
        """The record of that id, or with that value of a unique property.

        Raises:
            Refusal: 404, or 400 if the property is not unique.
        """
        record = self.find(table, record_id, id_property, archived=archived)
        if record is None:
            raise not_found()
        return record

    def find(
        self, table: RecordTable, record_id: str, id_property: str = "", *, archived: bool = False
    ) -> Record | None:
        """Like ``record``, but None where there is none."""
        if id_property in ("", "hs_object_id"):
            return table.get(record_id, archived=archived)
        prop = self.properties[table.kind.name].get(id_property)
        if prop is None or not prop.unique:
            raise non_unique(table)
        return table.holder(id_property, _kept(prop, record_id))

    # --- changing records --------------------------------------------------------------------

    def create(
        self, table: RecordTable, values: Mapping[str, str], *, actor: Actor, dated: bool = True
    ) -> Record:
        """The new record.

        Args:
            table: Kind of record.
            values: Property values as received.
            actor: Who creates it.
            dated: The request came over a dated API version, which enforces the admin's rules.

        Raises:
            Refusal: 400 or 409.
        """
        kept = self.checked(table, values, None, dated=dated)
        record = table.insert(kept, self.now(), SOURCES[actor])
        self.effects.append("create", table.kind.name, record.id, kept, actor=actor)
        return record

    def update(
        self,
        table: RecordTable,
        record: Record,
        values: Mapping[str, str],
        *,
        actor: Actor,
        dated: bool = True,
    ) -> set[str]:
        """Names of the properties that really changed.

        Raises:
            Refusal: 400 or 409; nothing changed then.
        """
        kept = self.checked(table, values, record, dated=dated)
        changed = table.write(record, kept, self.now(), SOURCES[actor])
        if changed:
            self.effects.append("update", table.kind.name, record.id, changed, actor=actor)
        return changed

    def archive(self, table: RecordTable, record: Record, *, actor: Actor) -> None:
        """Move a record to the recycle bin; its associations are cut."""
        table.archive(record, self.now())
        self.associations.forget((table.kind.name, record.id))
        self.effects.append("archive", table.kind.name, record.id, actor=actor)

    def restore(self, table: RecordTable, record: Record, *, actor: Actor) -> None:
        """Take a record out of the recycle bin as it was: its time of change stays, too.

        Source: HubSpot, "Restore deleted records" (read November 2026). That the time of change
        stays is inferred from archiving, which leaves it:
        https://github.com/airbytehq/airbyte/issues/19838

        Raises:
            Refusal: 409 if another record has its address, or another unique value, by now.
        """
        self._check_unique(table, record.properties, record)
        table.restore(record)
        self.effects.append("restore", table.kind.name, record.id, actor=actor)

    def merge(self, table: RecordTable, primary: Record, other: Record, *, actor: Actor) -> None:
        """Let ``primary`` absorb ``other``: its values win, gaps are filled, both histories count.

        Raises:
            Refusal: 400 if both are the same record.
        """
        if primary is other:
            raise invalid("Cannot merge an object with itself")
        kind = table.kind
        inherited = {
            name: value
            for name, value in other.properties.items()
            if name not in primary.properties and name not in kind.stamps
        }
        merged_ids = _joined(primary.properties.get("hs_merged_object_ids", ""), other.id)
        inherited["hs_merged_object_ids"] = merged_ids
        if kind.name == "contacts":
            inherited |= self._merged_contact_values(primary, other)
        table.remove(other)
        table.merged[other.id] = primary.id
        table.write(primary, inherited, self.now(), "MERGE_OBJECTS")
        self.associations.move((kind.name, other.id), (kind.name, primary.id))
        self.effects.append("merge", kind.name, primary.id, (other.id,), actor=actor)

    def erase(self, object_id: str, id_property: str = "", *, actor: Actor) -> None:
        """Erase a contact for good (GDPR); an unknown address is blocked all the same."""
        table = self.tables["contacts"]
        record = self.find(table, object_id, id_property)
        if record is None and id_property != "email":
            raise not_found()
        email = record.properties.get("email", "") if record else object_id.strip().lower()
        if record is not None:
            self.associations.forget(("contacts", record.id))
            table.remove(record)
        if email:
            self.blocklist.add(email)
            self.subscriptions.forget(email)
        self.effects.append("gdpr_delete", "contacts", record.id if record else "", actor=actor)

    # --- consent -----------------------------------------------------------------------------

    def set_status(self, email: str, type_id: int, status: Status, *, actor: Actor) -> bool:
        """Whether the address's subscription status is another one now."""
        changed = self.subscriptions.set(email, type_id, status)
        if changed:
            refused = "true" if status.state == "UNSUBSCRIBED" else "false"
            self._show_consent(email, f"hs_email_optout_{type_id}", refused, actor)
            self._log_consent(email, status.state, actor)
        return changed

    def opt_out(self, email: str, *, actor: Actor) -> bool:
        """Whether the address had not refused everything before."""
        first = self.subscriptions.opt_out(email, stamp(self.now()))
        if first:
            self._show_consent(email, "hs_email_optout", "true", actor)
            self._log_consent(email, "OPTED_OUT", actor)
        return first

    def _show_consent(self, email: str, name: str, value: str, actor: Actor) -> None:
        contacts = self.tables["contacts"]
        if record := contacts.holder("email", email):
            contacts.write(record, {name: value}, self.now(), SOURCES[actor])

    def _log_consent(self, email: str, state: str, actor: Actor) -> None:
        contact = self.tables["contacts"].holder("email", email)
        known_as = contact.id if contact else email
        self.effects.append("consent", "subscriptions", known_as, (state,), actor=actor)

    # --- rules -------------------------------------------------------------------------------

    def checked(
        self, table: RecordTable, values: Mapping[str, str], record: Record | None, *, dated: bool
    ) -> dict[str, str]:
        """The values as they are kept, for a new record or for ``record``; nothing is changed.

        Raises:
            Refusal: 400 or 409.
        """
        kept = self._accepted(table, values)
        self._check_required(table, (record.properties if record else {}) | kept, dated=dated)
        self._check_unique(table, kept, record)
        if kept.get("email") in self.blocklist:
            problem = Problem(
                "GDPR_BLOCKLISTED", "This contact was erased at their request", "email"
            )
            raise invalid_values([problem])
        return kept

    def _accepted(self, table: RecordTable, values: Mapping[str, str]) -> dict[str, str]:
        kept: dict[str, str] = {}
        problems: list[Problem] = []
        definitions = self.properties[table.kind.name]
        for name, value in values.items():
            try:
                kept[name] = accept(_writable(definitions, name), value)
            except InvalidValue as refused:
                problems.append(refused.problem)
        if problems:
            raise invalid_values(problems)
        return kept

    def _check_required(
        self, table: RecordTable, values: Mapping[str, str], *, dated: bool
    ) -> None:
        needed = table.kind.required | (
            self.required.get(table.kind.name, set()) if dated else set()
        )
        if missing := [name for name in needed if not values.get(name)]:
            raise missing_required(table.kind.singular, missing)

    def _check_unique(
        self, table: RecordTable, values: Mapping[str, str], record: Record | None
    ) -> None:
        for name, value in values.items():
            holder = table.holder(name, value) if value else None
            if holder is None or holder is record:
                continue
            raise _taken(name, value, holder.id)

    def _merged_contact_values(self, primary: Record, other: Record) -> dict[str, str]:
        milliseconds = round(self.now().timestamp() * 1000)
        values = {
            "hs_calculated_merged_vids": _joined(
                primary.properties.get("hs_calculated_merged_vids", ""),
                f"{other.id}:{milliseconds}",
            )
        }
        spare = other.properties.get("email", "")
        if spare and "email" in primary.properties:
            known = primary.properties.get("hs_additional_emails", "")
            values["hs_additional_emails"] = _joined(known, spare)
        return values


def non_unique(table: RecordTable) -> Refusal:
    """400: records cannot be named by a property that several of them may share."""
    return invalid(f"Unable to perform update/upsert by non-unique {table.kind.type_id} property")


def _joined(known: str, more: str) -> str:
    return f"{known};{more}" if known else more


def _kept(prop: Property, value: str) -> str:
    try:
        return accept(prop, value)
    except InvalidValue as refused:
        raise invalid_values([refused.problem]) from refused


def _writable(definitions: Mapping[str, Property], name: str) -> Property:
    prop = definitions.get(name)
    if prop is None or prop.archived:
        message = f'Property "{name}" does not exist'
        raise InvalidValue(Problem("PROPERTY_DOESNT_EXIST", message, name))
    if prop.read_only:
        message = f'"{name}" is a read only property; its value cannot be set.'
        raise InvalidValue(Problem("READ_ONLY_VALUE", message, name))
    return prop


def _taken(name: str, value: str, holder_id: str) -> Refusal:
    if name == "email":
        return contact_exists(holder_id)
    message = f"Record {holder_id} already has that value of {name}"
    return invalid_values([Problem("CONFLICTING_UNIQUE_VALUE", message, name)])
