"""GraphQL documents as they arrive: parsed, validated, and what they use that is deprecated.

Source: recorded refusals name rules as Shopify's server does (``undefinedField`` …, the codes of
graphql-ruby), and have none for a syntax error. The other messages are those of graphql-core.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    validate,
    visit,
)

from connectors.shopify.emulator.schema import schema

_CODES: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"Cannot query field", "undefinedField"),
        (r"Unknown argument", "argumentNotAccepted"),
        (r"Argument .* is required", "missingRequiredArguments"),
        (r"Field .* of required type .* was not provided", "missingRequiredInputObjectAttribute"),
        (r"Field .* is not defined by type", "argumentNotAccepted"),
        (r"Unknown type", "undefinedType"),
        (r"Unknown fragment", "useAndDefineFragment"),
        (r"Variable .* is not defined", "variableNotDefined"),
        (r"Variable .* is never used", "variableNotUsed"),
        (r"Variable .* of type .* used in position", "variableMismatch"),
        (r"must have a selection of subfields|must not have a selection", "selectionMismatch"),
        (r"OneOf|Exactly one key", "invalidOneOfInputObject"),
    )
)
_UNKNOWN_FIELD = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")
_MEMORY = 256
"""Documents remembered: programs send the same few again and again."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document.

    Attributes:
        errors: Why it cannot be executed; empty if it can.
        deprecated: ``Type.field`` of what it should no longer use.
    """

    ast: DocumentNode | None
    errors: tuple[GraphQLError, ...]
    deprecated: tuple[str, ...] = ()

    @property
    def fragments(self) -> Mapping[str, FragmentDefinitionNode]:
        """The fragments by name."""
        assert self.ast is not None
        nodes = (n for n in self.ast.definitions if isinstance(n, FragmentDefinitionNode))
        return {node.name.value: node for node in nodes}

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation of that name, or the only one.

        Raises:
            GraphQLError: If there is none, or no telling which.
        """
        assert self.ast is not None
        found = [
            node
            for node in self.ast.definitions
            if isinstance(node, OperationDefinitionNode)
            and (name is None or (node.name is not None and node.name.value == name))
        ]
        if len(found) != 1:
            raise GraphQLError(
                f'No operation named "{name}"' if name else "An operation name is required",
                extensions={"code": "operationNotFound"},
            )
        return found[0]


@lru_cache(_MEMORY)
def read(text: str) -> Document:
    """The document; the same text is parsed and validated once."""
    try:
        ast = parse(text)
    except GraphQLSyntaxError as err:
        return Document(None, (err,))
    errors = validate(schema(), ast)
    if errors:
        return Document(ast, tuple(_coded(error) for error in errors))
    return Document(ast, (), _deprecated(ast))


def _code(error: GraphQLError) -> str:
    for pattern, code in _CODES:
        if pattern.search(error.message):
            return code
    return "argumentLiteralsIncompatible"


def _coded(error: GraphQLError) -> GraphQLError:
    message, extensions = error.message, {"code": _code(error)}
    if unknown := _UNKNOWN_FIELD.match(message):
        name, kind = unknown.groups()
        message = f"Field '{name}' doesn't exist on type '{kind}'"
        extensions |= {"typeName": kind, "fieldName": name}
    return GraphQLError(message, nodes=error.nodes, extensions=extensions)


def _deprecated(ast: DocumentNode) -> tuple[str, ...]:
    info, found = TypeInfo(schema()), dict[str, None]()

    class Looking(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            field, parent = info.get_field_def(), info.get_parent_type()
            if field is not None and parent is not None and field.deprecation_reason:
                found[f"{parent.name}.{node.name.value}"] = None

    visit(ast, TypeInfoVisitor(info, Looking()))
    return tuple(found)
