"""Metafields, their definitions, and the book that keeps both."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from connectors.shopify.emulator.records import Numbered, gid, split_gid

Place = tuple[str, str]
"""Namespace and key."""
APP_NAMESPACE = "app--4242"
"""The app's own namespace: what no namespace means."""
TEXT_TYPES = frozenset(
    {
        "single_line_text_field",
        "multi_line_text_field",
        "id",
        "date",
        "date_time",
        "url",
        "color",
    }
)
"""Metafield types whose value is plain text."""


@dataclass(frozen=True)
class Metafield(Numbered):
    """One value that an app or a merchant attached to a record."""

    kind = "Metafield"
    number: int
    owner_id: str
    namespace: str
    key: str
    type: str
    value: str
    created_at: datetime
    updated_at: datetime

    @cached_property
    def compare_digest(self) -> str:
        """Changes whenever the value does; what Shopify digests is not published."""
        return hashlib.sha256(f"{self.type}\n{self.value}".encode()).hexdigest()

    @property
    def json_value(self) -> object:
        """The value as JSON: text stays text, everything else is parsed."""
        if self.type in TEXT_TYPES:
            return self.value
        return json.loads(self.value)

    @property
    def size_in_bytes(self) -> int:
        """Length of the value."""
        return len(self.value.encode())


@dataclass(frozen=True, slots=True)
class Definition:
    """A metafield that the shop knows by name and type.

    Attributes:
        unique: No two owners may hold the same value.
        validations: Name and value of each further rule.
    """

    number: int
    owner_type: str
    namespace: str
    key: str
    name: str
    type: str
    description: str | None = None
    admin_access: str = "PUBLIC_READ_WRITE"
    storefront_access: str = "NONE"
    unique: bool = False
    pinned_position: int | None = None
    validations: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """Global id."""
        return gid("MetafieldDefinition", self.number)


@dataclass
class Metafields:
    """The shop's metafields and their definitions."""

    by_owner: dict[str, dict[Place, Metafield]] = field(default_factory=dict)
    by_number: dict[int, Metafield] = field(default_factory=dict)
    definitions: dict[tuple[str, str, str], Definition] = field(default_factory=dict)
    definitions_by_number: dict[int, Definition] = field(default_factory=dict)

    def of(self, owner_id: str) -> list[Metafield]:
        """An owner's metafields, oldest first."""
        return list(self.by_owner.get(owner_id, {}).values())

    def get(self, owner_id: str, namespace: str, key: str) -> Metafield | None:
        """One metafield, or None."""
        return self.by_owner.get(owner_id, {}).get((namespace, key))

    def put(self, metafield: Metafield) -> None:
        """Keep a new or changed value."""
        place = (metafield.namespace, metafield.key)
        self.by_owner.setdefault(metafield.owner_id, {})[place] = metafield
        self.by_number[metafield.number] = metafield

    def remove(self, owner_id: str, namespace: str, key: str) -> Metafield | None:
        """The metafield that is gone now, or None if there was none."""
        gone = self.by_owner.get(owner_id, {}).pop((namespace, key), None)
        if gone is not None:
            del self.by_number[gone.number]
        return gone

    def forget(self, owner_id: str) -> None:
        """Drop everything that hung on an owner."""
        for metafield in self.by_owner.pop(owner_id, {}).values():
            del self.by_number[metafield.number]

    def define(self, definition: Definition) -> None:
        """Keep a new or changed definition."""
        place = (definition.owner_type, definition.namespace, definition.key)
        self.definitions[place] = definition
        self.definitions_by_number[definition.number] = definition

    def undefine(self, owner_type: str, namespace: str, key: str) -> None:
        """Drop a definition, if there is one; its values stay."""
        gone = self.definitions.pop((owner_type, namespace, key), None)
        if gone is not None:
            del self.definitions_by_number[gone.number]

    def definition_of(self, metafield: Metafield) -> Definition | None:
        """The definition that a metafield must fit, if there is one."""
        place = (owner_type_of(metafield.owner_id), metafield.namespace, metafield.key)
        return self.definitions.get(place)

    def under(self, definition: Definition) -> list[Metafield]:
        """Every metafield that the definition is about."""
        return [m for m in self.by_number.values() if self.definition_of(m) == definition]


def owner_type_of(owner_id: str) -> str:
    """The owner type that a global id stands for.

    >>> owner_type_of("gid://shopify/Customer/7")
    'CUSTOMER'
    """
    return split_gid(owner_id)[0].upper()
