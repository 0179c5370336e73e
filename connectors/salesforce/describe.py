"""What an org shows of an object to this user, and what changed about it since the last run.

A field that field-level security hides is missing from the describe without a word. It is then
*unknown*, not empty: nothing may be concluded from it, least of all consent. Once it is shown, its
history must be read too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from msgspec import Struct


class Field(Struct, frozen=True, rename="camel"):
    """A field of an object; what Salesforce leaves out counts as not so."""

    name: str
    type: str | None = None
    calculated: bool | None = None
    updateable: bool | None = None


class Described(Struct, frozen=True, rename="camel"):
    """The answer to a describe, as far as it matters."""

    name: str
    fields: list[Field]
    replicateable: bool | None = None
    updateable: bool | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """An object as this user sees it.

    Args:
        name: API name.
        fields: Visible fields by name.
        logs_deletes: Whether the org lists what was deleted.
        updateable: Whether the user may change records.
    """

    name: str
    fields: Mapping[str, Field]
    logs_deletes: bool
    updateable: bool = False

    @classmethod
    def of(cls, described: Described) -> Shape:
        """The shape that a describe tells of."""
        fields = {each.name: each for each in described.fields}
        logged, editable = bool(described.replicateable), bool(described.updateable)
        return cls(described.name, fields, logged, editable)

    def visible(self, wanted: Iterable[str]) -> dict[str, str]:
        """Those of ``wanted`` that can be read, in their order, with their types.

        ``Account.IsPersonAccount`` is read through the reference ``AccountId``.
        """
        return {name: kind for name in wanted if (kind := self._type(name)) is not None}

    def _type(self, name: str) -> str | None:
        reference, way, _ = name.partition(".")
        found = self.fields.get(f"{reference}Id" if way else name)
        return (found.type or "") if found else None

    def formulas(self, names: Iterable[str]) -> list[str]:
        """Those of ``names`` whose value can change while their record does not."""
        return [name for name in names if name in self.fields and self.fields[name].calculated]


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """What is different about the fields that are read.

    Args:
        added: Visible now, and not before: their history has not been read.
        removed: No longer visible.
        retyped: Field to its old and new type.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    retyped: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def between(cls, before: Mapping[str, str], now: Mapping[str, str]) -> SchemaChange:
        """What changed from one set of fields and types to the next.

        >>> SchemaChange.between({"A": "string", "B": "int"}, {"B": "double", "C": "date"}).told()
        ['field C appeared', 'field A disappeared', 'field B changed from int to double']
        """
        return cls(
            tuple(name for name in now if name not in before),
            tuple(name for name in before if name not in now),
            {
                name: (before[name], kind)
                for name, kind in now.items()
                if name in before and before[name] != kind
            },
        )

    def told(self) -> list[str]:
        """One line per change."""
        return list(self._lines())

    def _lines(self) -> Iterator[str]:
        yield from (f"field {name} appeared" for name in self.added)
        yield from (f"field {name} disappeared" for name in self.removed)
        for name, (old, new) in self.retyped.items():
            yield f"field {name} changed from {old} to {new}"
