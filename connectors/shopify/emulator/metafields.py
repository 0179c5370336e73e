"""Metafields: values with a type, the definitions they must fit, and compare-and-set.

Source: Shopify Admin GraphQL 2026-10, ``metafieldsSet`` (25 at once, all or none, compareDigest),
``metafieldsDelete``, ``metafieldDefinitionCreate``; "List of data types" for the forms of values
(read November 2026). Unconfirmed: the paths in ``field``, the wording, and the longest values.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.shopify.emulator.records import Definition, Metafield, split_gid

Address = tuple[str, str]
"""Namespace and key."""
APP_NAMESPACE = "app--4242"
"""The app's own namespace: what no namespace means."""


@dataclass
class Metafields:
    """The shop's metafields and their definitions."""

    by_owner: dict[str, dict[Address, Metafield]] = field(default_factory=dict)
    by_number: dict[int, Metafield] = field(default_factory=dict)
    definitions: dict[tuple[str, str, str], Definition] = field(default_factory=dict)

    @property
    def definitions_by_number(self) -> dict[int, Definition]:
        """The definitions by the number in their id."""
        return {definition.number: definition for definition in self.definitions.values()}

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
