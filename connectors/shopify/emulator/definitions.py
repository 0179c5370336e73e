"""``metafieldDefinitionCreate``: a name, a type and rules for metafields.

Source: Shopify Admin GraphQL 2026-10, description of the mutation and of its error codes;
"Metafield limits" (read November 2026) for 20 pinned definitions. Unconfirmed: the wording, and 256
definitions per owner type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.shopify.emulator.metafield_types import TYPES, InvalidValue, accept
from connectors.shopify.emulator.metafield_writes import check_names, namespace_of, refused
from connectors.shopify.emulator.metafields import APP_NAMESPACE, Definition
from connectors.shopify.emulator.shop import Shop
from hub.emulation.effects import Actor

MOST_PINNED = 20
MOST_DEFINITIONS = 256
VALIDATIONS = frozenset({"min", "max", "regex", "choices"})
"""Rules that a definition may add to its type."""

Input = Mapping[str, Any]


def define(shop: Shop, given: Input, *, actor: Actor) -> Definition:
    """The new definition; existing values that fit it take its type.

    Raises:
        InputRefused: If it is not acceptable, or there is one already.
    """
    definition = _definition(shop, given)
    shop.metafields.define(definition)
    for metafield in shop.metafields.under(definition):
        try:
            value = accept(definition.type, metafield.value)
        except InvalidValue:
            continue
        shop.metafields.put(replace(metafield, type=definition.type, value=value))
    named = f"{definition.namespace}.{definition.key}"
    shop.effects.append("create", "metafield_definitions", definition.id, (named,), actor=actor)
    return definition


def _definition(shop: Shop, given: Input) -> Definition:
    namespace, key, name = namespace_of(given.get("namespace")), given["key"], given["name"]
    check_names(namespace, key)
    if not name or len(name) > 255:
        code = "TOO_LONG" if name else "BLANK"
        raise refused("Name must have 1 to 255 characters", "name", code)
    if given["type"] not in TYPES:
        raise refused(f"Type name {given['type']} is not a valid type.", "type", "INCLUSION")
    access, kind = given.get("access") or {}, given["ownerType"]
    if "admin" in access and not namespace.startswith(APP_NAMESPACE):
        said = "Admin access can only be specified for app-owned metafield definitions."
        raise refused(said, "access", "ADMIN_ACCESS_INPUT_NOT_ALLOWED")
    _check_room(shop, kind, namespace, key)
    capabilities = given.get("capabilities") or {}
    rules = _rules(given.get("validations") or ())
    position = _pinned(shop, kind) if given.get("pin") else None
    return Definition(
        number=shop.next_number(),
        owner_type=kind,
        namespace=namespace,
        key=key,
        name=name,
        type=given["type"],
        description=given.get("description"),
        admin_access=access.get("admin", "PUBLIC_READ_WRITE"),
        storefront_access=access.get("storefront", "NONE"),
        unique=bool((capabilities.get("uniqueValues") or {}).get("enabled")),
        pinned_position=position,
        validations=rules,
    )


def _check_room(shop: Shop, owner_type: str, namespace: str, key: str) -> None:
    defined = shop.metafields.definitions
    if (owner_type, namespace, key) in defined:
        kind = owner_type.capitalize()
        said = f"Key is in use for {kind} metafields on the '{namespace}' namespace."
        raise refused(said, "key", "TAKEN")
    if sum(kind == owner_type for kind, _, _ in defined) >= MOST_DEFINITIONS:
        said = f"Stores can only have {MOST_DEFINITIONS} definitions for each store resource."
        raise refused(said, "ownerType", "RESOURCE_TYPE_LIMIT_EXCEEDED")


def _pinned(shop: Shop, owner_type: str) -> int:
    taken = [
        definition.pinned_position
        for definition in shop.metafields.definitions.values()
        if definition.owner_type == owner_type and definition.pinned_position is not None
    ]
    if len(taken) >= MOST_PINNED:
        said = f"Limit of {MOST_PINNED} pinned definitions."
        raise refused(said, "pin", "PINNED_LIMIT_REACHED")
    return max(taken, default=0) + 1


def _rules(given: Sequence[Input]) -> tuple[tuple[str, str], ...]:
    for rule in given:
        if rule["name"] not in VALIDATIONS:
            said = f"Validations contains an invalid option: {rule['name']}."
            raise refused(said, "validations", "INVALID_OPTION")
    return tuple((rule["name"], rule["value"]) for rule in given)
