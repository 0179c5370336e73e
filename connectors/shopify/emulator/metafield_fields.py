"""The fields of metafields and their definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.shopify.emulator.connections import Connection, listed, page
from connectors.shopify.emulator.metafields import (
    APP_NAMESPACE,
    TEXT_TYPES,
    Definition,
    Metafield,
    owner_type_of,
)
from connectors.shopify.emulator.request import Info, Resolver, require_owner, shop_of

OWNERS = ("Customer", "Order", "Product", "Shop")
"""Kinds whose records carry metafields here."""


def _metafield(owner: Any, info: Info, key: str, namespace: str | None = None) -> Metafield | None:
    return shop_of(info).metafields.get(owner.id, namespace or APP_NAMESPACE, key)


def _metafields(owner: Any, info: Info, **arguments: Any) -> Connection:
    namespace, keys = arguments.get("namespace"), arguments.get("keys")
    found = [
        metafield
        for metafield in shop_of(info).metafields.of(owner.id)
        if namespace in (None, metafield.namespace) and _is_wanted(metafield, namespace, keys)
    ]
    return page(listed(found), arguments)


def _is_wanted(metafield: Metafield, namespace: str | None, keys: Sequence[str] | None) -> bool:
    """Keys are bare inside a namespace and ``namespace.key`` without one."""
    if keys is None:
        return True
    return (metafield.key if namespace else f"{metafield.namespace}.{metafield.key}") in keys


def _owner(metafield: Metafield, info: Info) -> Any:
    return shop_of(info).find(metafield.owner_id)


def _owner_type(metafield: Metafield, _info: Info) -> str:
    return owner_type_of(metafield.owner_id)


def _definition(metafield: Metafield, info: Info) -> Definition | None:
    return shop_of(info).metafields.definition_of(metafield)


def _description(metafield: Metafield, info: Info) -> str | None:
    definition = _definition(metafield, info)
    return definition.description if definition else None


def _definitions(_root: object, info: Info, **arguments: Any) -> Connection:
    owner_type = arguments["ownerType"]
    require_owner(info, owner_type.capitalize(), "read")
    found = [
        definition
        for definition in shop_of(info).metafields.definitions.values()
        if definition.owner_type == owner_type
        and arguments.get("namespace") in (None, definition.namespace)
        and arguments.get("key") in (None, definition.key)
    ]
    return page(listed(found), arguments)


def _metafields_count(definition: Definition, info: Info) -> int:
    return len(shop_of(info).metafields.under(definition))


def _type(definition: Definition, _info: Info) -> Mapping[str, str]:
    category = "TEXT" if definition.type in TEXT_TYPES else "OTHER"
    return {"name": definition.type, "category": category}


def _access(definition: Definition, _info: Info) -> Mapping[str, str]:
    return {"admin": definition.admin_access, "storefront": definition.storefront_access}


def _capabilities(definition: Definition, _info: Info) -> Mapping[str, Mapping[str, bool]]:
    return {"uniqueValues": {"eligible": True, "enabled": definition.unique}}


def _validations(definition: Definition, _info: Info) -> list[Mapping[str, str]]:
    return [
        {"name": name, "type": definition.type, "value": value}
        for name, value in definition.validations
    ]


FIELDS: Mapping[str, Resolver] = {
    **{f"{kind}.metafield": _metafield for kind in OWNERS},
    **{f"{kind}.metafields": _metafields for kind in OWNERS},
    "Metafield.definition": _definition,
    "Metafield.description": _description,
    "Metafield.owner": _owner,
    "Metafield.ownerType": _owner_type,
    "MetafieldDefinition.access": _access,
    "MetafieldDefinition.capabilities": _capabilities,
    "MetafieldDefinition.metafieldsCount": _metafields_count,
    "MetafieldDefinition.type": _type,
    "MetafieldDefinition.validations": _validations,
    "QueryRoot.metafieldDefinitions": _definitions,
}
"""Resolvers of metafields, wherever they hang, and of definitions."""
