"""One Salesforce org: what it holds, who may see what, and the writing of single records.

Each change of state is written to the effect log, by the program (``api``) or the person (``user``)
who caused it. Setting a value that is already there changes nothing, moves no ``SystemModstamp``
and is no effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from connectors.salesforce.emulator import person_accounts, rules
from connectors.salesforce.emulator.access import Access
from connectors.salesforce.emulator.catalogue import SOBJECTS, SObject, standard_fields
from connectors.salesforce.emulator.derived import derive
from connectors.salesforce.emulator.fields import Field
from connectors.salesforce.emulator.ids import normal, numbered
from connectors.salesforce.emulator.locators import Locators
from connectors.salesforce.emulator.records import Record, RecordTable
from connectors.salesforce.emulator.refusals import invalid_type, not_found
from connectors.salesforce.emulator.security import FieldGrants
from connectors.salesforce.emulator.values import Json, stamp
from hub.core.clock import Clock
from hub.emulation.effects import Actor, EffectLog
from hub.emulation.quotas import Window

INTEGRATION_USER = numbered("005", 1)
"""Whom programs act as."""

USERS = (
    ("integration@acme.example", "Hub", "Integration"),
    ("mia@acme.example", "Mia", "Manager"),
    ("sam@acme.example", "Sam", "Seller"),
    ("ada@acme.example", "Ada", "Agent"),
)
"""Username, given name and family name of everybody who works in the org."""


@dataclass
class Org:
    """The org's state.

    Attributes:
        newest_version: Newest API version that it answers.
        options: What it has switched on: ``privacy`` (Data Protection and Privacy) and
            ``person_accounts``.
        fields: Fields by object and name, standard and custom.
        hidden: Standard fields that field-level security keeps from the integration user.
        out_of_sight: Objects that its permission sets do not let it read.
        read_only: Fields that it may see and not change.
        duplicate_rules: Objects on which a duplicate rule blocks a second record with the same
            e-mail and family name.
        grants: What the integration user may do with custom fields.
        log_purged_at: When the recycle bin and the log of deletions were last emptied.
    """

    clock: Clock
    effects: EffectLog
    access: Access
    requests: Window
    newest_version: int = 68
    options: frozenset[str] = frozenset({"privacy"})
    fields: dict[str, dict[str, Field]] = field(default_factory=dict)
    tables: dict[str, RecordTable] = field(default_factory=dict)
    locators: Locators = field(default_factory=Locators)
    hidden: dict[str, set[str]] = field(default_factory=dict)
    out_of_sight: set[str] = field(default_factory=set)
    read_only: dict[str, set[str]] = field(default_factory=dict)
    duplicate_rules: set[str] = field(default_factory=set)
    log_purged_at: datetime | None = None
    grants: FieldGrants = field(init=False)

    def __post_init__(self) -> None:
        person_accounts = "person_accounts" in self.options
        for name, kind in SOBJECTS.items():
            self.fields[name] = standard_fields(kind, person_accounts)
            self.tables[name] = RecordTable(kind)
        permissions, assignments = (
            self.tables[name] for name in ("FieldPermissions", "PermissionSetAssignment")
        )
        self.grants = FieldGrants(INTEGRATION_USER, permissions, assignments)
        for username, given, family in USERS:
            values = {"Username": username, "FirstName": given, "LastName": family}
            self.insert("User", values | {"Email": username, "IsActive": True}, self.now())

    def now(self) -> datetime:
        """The org's time."""
        return self.clock.now()

    # --- what there is -----------------------------------------------------------------------

    def every_kind(self) -> Iterator[SObject]:
        """Every object that the org has."""
        return (k for k in SOBJECTS.values() if not k.needs or k.needs in self.options)

    def kinds(self) -> Iterator[SObject]:
        """Every object that the integration user may see."""
        return (kind for kind in self.every_kind() if kind.name not in self.out_of_sight)

    def kind(self, name: str, *, tooling: bool = False) -> SObject:
        """The object that a path names, in any case.

        Raises:
            Refusal: 404.
        """
        found = self.find_kind(name, tooling=tooling)
        if found is None:
            raise not_found()
        return found

    def queried(self, name: str, excerpt: str, *, tooling: bool = False) -> SObject:
        """The object that a query names, in any case.

        Raises:
            Refusal: 400.
        """
        found = self.find_kind(name, tooling=tooling)
        if found is None:
            raise invalid_type(name, excerpt)
        return found

    def find_kind(self, name: str, *, tooling: bool = False) -> SObject | None:
        """The object of that name, or None."""
        wanted = name.lower()
        seen = (kind for kind in self.kinds() if kind.tooling == tooling)
        return next((kind for kind in seen if kind.name.lower() == wanted), None)

    def table(self, name: str) -> RecordTable:
        """The records of one kind, without those that left the recycle bin for good."""
        table = self.tables[name]
        table.empty_bin(self.now())
        return table

    def field(self, kind: SObject, name: str) -> Field | None:
        """The field of that name, in any case, if the user may read it."""
        fields = self.fields[kind.name]
        found = fields.get(name) or next(
            (known for known in fields.values() if known.name.lower() == name.lower()), None
        )
        return found if found is not None and self.may_read(kind, found) else None

    def referred(self, reference: Field, record_id: str) -> tuple[SObject, Record] | None:
        """The record that a reference points to, live or deleted."""
        for name in reference.reference_to:
            if name in self.tables and (found := self.tables[name].get(record_id)):
                return SOBJECTS[name], found
        return None

    def value(self, kind: SObject, record: Record, wanted: Field) -> Json:
        """What a field of a record shows."""
        if wanted.derived:
            return derive(self, kind.name, record, wanted)
        found = record.values.get(wanted.name)
        return False if found is None and wanted.type == "boolean" else found

    # --- field-level security ----------------------------------------------------------------

    def may_read(self, kind: SObject, wanted: Field) -> bool:
        """Whether field-level security lets the integration user see the field."""
        if not wanted.permissionable:
            return True
        if wanted.custom:
            return self.grants.allow(f"{kind.name}.{wanted.name}", "PermissionsRead")
        return wanted.name not in self.hidden.get(kind.name, ())

    def may_edit(self, kind: SObject, wanted: Field) -> bool:
        """Whether field-level security lets the integration user change the field."""
        if wanted.custom and wanted.permissionable:
            return self.grants.allow(f"{kind.name}.{wanted.name}", "PermissionsEdit")
        return wanted.name not in self.read_only.get(kind.name, ())

    # --- changing records --------------------------------------------------------------------

    def insert(
        self, name: str, values: Mapping[str, Json], at: datetime, record_id: str = ""
    ) -> Record:
        """A record as it is, checked by nobody: for seeding, and for what the org adds itself."""
        table, moment = self.tables[name], stamp(at)
        record = Record(normal(record_id) or table.next_id(), {})
        owner = {"OwnerId": INTEGRATION_USER, "IsDeleted": False} if not table.kind.setup else {}
        system = {
            "Id": record.id,
            "CreatedDate": moment,
            "CreatedById": INTEGRATION_USER,
            "LastModifiedDate": moment,
            "LastModifiedById": INTEGRATION_USER,
            "SystemModstamp": moment,
        }
        record.values = owner | system | {k: v for k, v in values.items() if v not in (None, "")}
        table.add(record)
        return record

    def create(
        self,
        kind: SObject,
        values: Mapping[str, Json],
        *,
        actor: Actor,
        save_duplicate: bool = False,
    ) -> Record:
        """The new record.

        Args:
            kind: What it is.
            values: Field values as received.
            actor: Who creates it; field-level security holds programs only.
            save_duplicate: Let it pass the org's duplicate rules.

        Raises:
            Refusal: 400; nothing changed then.
        """
        kept = rules.accepted(self, kind, values, None, by_program=actor == "api")
        rules.check_duplicates(self, kind, kept, None, save_duplicate)
        record = self.insert(kind.name, rules.defaults(self, kind) | kept, self.now())
        person_accounts.mirror_new(self, kind, record)
        self.effects.append("create", kind.name, record.id, kept, actor=actor)
        return record

    def update(
        self,
        kind: SObject,
        record: Record,
        values: Mapping[str, Json],
        *,
        actor: Actor,
        save_duplicate: bool = False,
    ) -> set[str]:
        """Names of the fields that really changed.

        Raises:
            Refusal: 400; nothing changed then.
        """
        kept = rules.accepted(self, kind, values, record, by_program=actor == "api")
        rules.check_duplicates(self, kind, kept, record, save_duplicate)
        by = INTEGRATION_USER if actor == "api" else numbered("005", 2)
        kept |= rules.consequences(self, kind, record, kept)
        changed = self.tables[kind.name].write(record, kept, self.now(), by)
        if changed:
            person_accounts.mirror_change(self, kind, record, changed, by)
            self.effects.append("update", kind.name, record.id, changed, actor=actor)
        return changed
