"""The emulator's schema is a part of Shopify's own: held against its introspection."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
)

from connectors.shopify.emulator.schema import schema

SHARED = Path(os.environ.get("CXHUB_SHARED", Path(__file__).parents[4] / "shared"))
CONTRACT = SHARED / "vendors/shopify/admin_2026-10.json.gz"
Part = GraphQLField | GraphQLInputField | GraphQLArgument | GraphQLEnumValue


@pytest.fixture(scope="module")
def theirs() -> GraphQLSchema:
    """Shopify's schema 2026-10."""
    if not CONTRACT.exists():
        pytest.skip(f"no shared data at {SHARED}")
    introspection = json.loads(gzip.decompress(CONTRACT.read_bytes()))
    return build_client_schema(introspection.get("data", introspection), assume_valid=True)


def parts(made: GraphQLSchema) -> Iterator[tuple[str, Part]]:
    """Every field, argument, input field and enum value by its path."""
    for name, kind in made.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(kind, GraphQLEnumType):
            yield from ((f"{name}.{key}", value) for key, value in kind.values.items())
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for key, field in kind.fields.items():
                yield f"{name}.{key}", field
                yield from ((f"{name}.{key}({a})", arg) for a, arg in field.args.items())
        elif isinstance(kind, GraphQLInputObjectType):
            yield from ((f"{name}.{key}", value) for key, value in kind.fields.items())


def form(part: Part) -> tuple[str, object, bool]:
    """Type, default and whether it is deprecated."""
    kind = "" if isinstance(part, GraphQLEnumValue) else str(part.type)
    default = getattr(part, "default_value", None)
    return kind, default, part.deprecation_reason is not None


@pytest.mark.shared
def test_every_part_of_our_schema_is_in_shopifys(
    theirs: GraphQLSchema, capsys: pytest.CaptureFixture[str]
) -> None:
    """Same type, same default, same deprecation, by the same name; nothing of our own."""
    known = dict(parts(theirs))
    ours = dict(parts(schema()))

    different = {
        path: (form(part), form(known[path]) if path in known else None)
        for path, part in ours.items()
        if path not in known or form(part) != form(known[path])
    }

    with capsys.disabled():
        print(
            f"\n{len(ours)} fields, arguments and values of {len(schema().type_map)} types checked"
        )
    assert different == {}


@pytest.mark.shared
def test_no_argument_that_shopify_demands_is_optional_here(theirs: GraphQLSchema) -> None:
    """What a program may leave out here it may leave out there."""
    known, ours = dict(parts(theirs)), dict(parts(schema()))

    demanded = {
        path
        for path, part in known.items()
        if path.partition("(")[0] in ours
        and isinstance(part, GraphQLArgument)
        and str(part.type).endswith("!")
    }

    assert demanded <= ours.keys()


@pytest.mark.shared
def test_interfaces_are_those_of_shopify(theirs: GraphQLSchema) -> None:
    """A fragment on an interface applies to the same types."""
    wrong = {
        (name, interface.name)
        for name, kind in schema().type_map.items()
        if isinstance(kind, GraphQLObjectType)
        for interface in kind.interfaces
        if interface.name not in {i.name for i in theirs.type_map[name].interfaces}  # type: ignore[attr-defined]
    }

    assert wrong == set()
