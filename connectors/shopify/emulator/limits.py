"""What a query costs, and how many points each plan gives.

Cost is computed from the document before it is executed: an object costs 1, a scalar or enum 0, a
connection 2 and its size times the cost of a node, a list of objects its ``first`` times the cost
of an item (1 item if it has no ``first``), a mutation 10. Fragments on several types are added up.
Afterwards the bucket pays only for what came back.

Source: Shopify "GraphQL Admin API rate limits" (read November 2026) for the restore rates and for
the cost of scalars, objects and mutations and for 1,000 points a query; recorded answers for the 2
points of a connection (shopify-api-js#602) and for buckets of 2,000 at 100, 4,000 at 200 and 20,000
at 1,000 points a second. An approximation on the dear side: Shopify gives some fields costs of
their own, and recorded queries of many nested objects cost less than this. Unconfirmed: the size of
the enterprise bucket and the cost of a list without ``first``; a development store was seen with
7,500 at 100 (subscriptions-reference-app#13).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
    value_from_ast_untyped,
)

MAX_QUERY_COST = 1_000
MUTATION_COST = 10
CONNECTION_COST = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """Size of the bucket, and points per second that fill it again."""

    size: float
    restore_rate: float


PLANS: Mapping[str, Plan] = {
    "standard": Plan(2_000, 100),
    "advanced": Plan(4_000, 200),
    "plus": Plan(20_000, 1_000),
    "enterprise": Plan(40_000, 2_000),
    "unmetered": Plan(10**9, 10**9),
}
"""Rate plans by name; ``unmetered`` is the emulator's own, for measuring other things."""


@dataclass(frozen=True, slots=True)
class Priced:
    """A field of objects, and what stands below it.

    Args:
        key: Where the answer has it.
        base: Points for itself, once.
        each: Points for each object in it.
        times: How many objects are asked for at most.
    """

    key: str
    base: int
    each: int
    times: int
    below: tuple[Priced, ...]


def requested_cost(fields: tuple[Priced, ...]) -> int:
    """Points that the fields cost at most."""
    return sum(f.base + f.times * (f.each + requested_cost(f.below)) for f in fields)


def actual_cost(fields: tuple[Priced, ...], data: Mapping[str, Any]) -> int:
    """Points that the fields cost with what they brought."""
    return sum(f.base + _brought(f, data[f.key]) for f in fields if data.get(f.key) is not None)


def _brought(priced: Priced, value: Any) -> int:
    items = value if isinstance(value, list) else (value,)
    each, below = priced.each, priced.below
    if not below:
        return each * len(items)
    return sum(each + actual_cost(below, item) for item in items if item is not None)


@dataclass(frozen=True, slots=True)
class Pricing:
    """Prices the fields of one document.

    Args:
        schema: Whose types the fields have.
        fragments: The document's fragments by name.
        variables: Values of the operation's variables.
    """

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]

    def operation(self, operation: OperationDefinitionNode) -> tuple[Priced, ...]:
        """The priced fields of an operation; what a mutation returns costs nothing extra."""
        root = self.schema.get_root_type(operation.operation)
        assert root is not None
        if root is self.schema.mutation_type:
            fields = (field for field, _ in self._fields(operation.selection_set, root))
            return tuple(Priced(_key(field), MUTATION_COST, 0, 1, ()) for field in fields)
        return self._below(operation.selection_set, root)

    def _below(self, selected: SelectionSetNode, parent: GraphQLNamedType) -> tuple[Priced, ...]:
        merged: dict[str, Priced] = {}
        for node, owner in self._fields(selected, parent):
            priced = self._priced(node, owner)
            if priced is not None:
                known = merged.get(priced.key)
                merged[priced.key] = _merged(known, priced) if known else priced
        return tuple(merged.values())

    def _fields(
        self, selected: SelectionSetNode, parent: GraphQLNamedType
    ) -> Iterator[tuple[FieldNode, GraphQLNamedType]]:
        """Fields with the type they are selected on, those of fragments included."""
        for node in selected.selections:
            if isinstance(node, FieldNode):
                yield node, parent
            elif isinstance(node, FragmentSpreadNode):
                fragment = self.fragments[node.name.value]
                yield from self._fields(fragment.selection_set, self._named(fragment, parent))
            elif isinstance(node, InlineFragmentNode):
                yield from self._fields(node.selection_set, self._named(node, parent))

    def _named(
        self, fragment: FragmentDefinitionNode | InlineFragmentNode, parent: GraphQLNamedType
    ) -> GraphQLNamedType:
        condition = fragment.type_condition
        return self.schema.type_map[condition.name.value] if condition else parent

    def _priced(self, node: FieldNode, parent: GraphQLNamedType) -> Priced | None:
        name = node.name.value
        if name.startswith("__") or node.selection_set is None:
            return None
        field = parent.fields[name]  # type: ignore[attr-defined]
        kind = get_named_type(field.type)
        if is_leaf_type(kind):
            return None
        key, below = _key(node), self._below(node.selection_set, kind)
        if kind.name.endswith("Connection"):
            return Priced(key, CONNECTION_COST, 0, self._size(node, 0), below)
        if kind.name == "PageInfo" or kind.name.endswith("Edge"):
            return Priced(key, 0, 0, 1, below)
        inside = parent.name.endswith("Connection")
        times = self._size(node, 1) if _is_list(field.type) and not inside else 1
        return Priced(key, 0, 1, times, below)

    def _size(self, node: FieldNode, otherwise: int) -> int:
        """How many objects the arguments ask for."""
        variables = dict(self.variables)
        given = {
            argument.name.value: value_from_ast_untyped(argument.value, variables)
            for argument in node.arguments or ()
        }
        if isinstance(given.get("ids"), list):
            return len(given["ids"])
        sizes = [size for name in ("first", "last") if isinstance(size := given.get(name), int)]
        return max(0, *sizes) if sizes else otherwise


def _key(node: FieldNode) -> str:
    return (node.alias or node.name).value


def _merged(one: Priced, other: Priced) -> Priced:
    """Two selections of the same field, or of two types of which an object is only one."""
    below = {priced.key: priced for priced in one.below}
    for priced in other.below:
        known = below.get(priced.key)
        below[priced.key] = _merged(known, priced) if known else priced
    return Priced(one.key, one.base, one.each, max(one.times, other.times), tuple(below.values()))


def _is_list(kind: Any) -> bool:
    return isinstance(kind.of_type if isinstance(kind, GraphQLNonNull) else kind, GraphQLList)
