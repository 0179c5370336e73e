"""The served schema: the SDL beside this module, its scalars, and a resolver for every field.

A field without a resolver in ``FIELDS`` reads the attribute of its name in Python's spelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from operator import attrgetter
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
)

from connectors.shopify.emulator import (
    customer_fields,
    customer_mutations,
    metafield_fields,
    metafield_mutations,
    order_fields,
    queries,
)
from connectors.shopify.emulator.access import FIELD_SCOPES, PROTECTED_FIELDS
from connectors.shopify.emulator.refusals import access_denied, not_approved
from connectors.shopify.emulator.request import Resolver, request_of
from connectors.shopify.emulator.shop import Shop

_RESOLVERS = (
    queries.FIELDS,
    customer_fields.FIELDS,
    order_fields.FIELDS,
    metafield_fields.FIELDS,
    customer_mutations.FIELDS,
    metafield_mutations.FIELDS,
)
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@cache
def schema() -> GraphQLSchema:
    """The schema with its resolvers; made once, since building it takes a tenth of a second."""
    text = resources.files(__package__).joinpath("schema.graphql").read_text(encoding="utf-8")
    made = build_schema(text)
    resolvers = {name: resolve for fields in _RESOLVERS for name, resolve in fields.items()}
    for kind in made.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, field in kind.fields.items():
                path = f"{kind.name}.{name}"
                field.resolve = _guarded(path, name, resolvers.pop(path, _reading(name)))
        elif isinstance(kind, GraphQLInterfaceType):
            kind.resolve_type = _type_of
        elif isinstance(kind, GraphQLScalarType) and kind.name in _SCALARS:
            _SCALARS[kind.name](kind)
    assert not resolvers, f"resolvers for fields that the schema lacks: {sorted(resolvers)}"
    return made


def snake(name: str) -> str:
    """A GraphQL name in Python's spelling.

    >>> snake("legacyResourceId"), snake("countryCodeV2"), snake("address1")
    ('legacy_resource_id', 'country_code_v2', 'address1')
    """
    return _WORD.sub("_", name).lower()


def _reading(name: str) -> Resolver:
    read = attrgetter(snake(name))
    return lambda source, _info: source[name] if isinstance(source, dict) else read(source)


def _guarded(path: str, name: str, resolve: Resolver) -> Resolver:
    """The resolver behind the scope, or the approval, that its field needs."""
    if scope := FIELD_SCOPES.get(path):

        def scoped(source: Any, info: Any, **arguments: Any) -> Any:
            if scope not in request_of(info).scopes:
                raise access_denied(name, scope)
            return resolve(source, info, **arguments)

        return scoped
    if path not in PROTECTED_FIELDS:
        return resolve

    def approved(source: Any, info: Any, **arguments: Any) -> Any:
        visibility = request_of(info).shop.protected
        if visibility == "denied":
            raise not_approved(name)
        return resolve(source, info, **arguments) if visibility == "full" else None

    return approved


def _type_of(value: Any, _info: Any, _kind: Any) -> str:
    """Name of the object type that a value of an interface has."""
    return "Shop" if isinstance(value, Shop) else str(value.kind)


# --- scalars ---------------------------------------------------------------------------------


def _date_time(kind: GraphQLScalarType) -> None:
    def shown(value: datetime) -> str:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def read(value: Any) -> datetime:
        try:
            instant = datetime.fromisoformat(value)
        except (TypeError, ValueError) as err:
            raise GraphQLError(f"DateTime cannot represent {str(value)[:40]!r}") from err
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)

    kind.coerce_output_value = shown
    kind.coerce_input_value = read


_SCALARS: Mapping[str, Callable[[GraphQLScalarType], None]] = {"DateTime": _date_time}
