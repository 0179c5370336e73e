"""The mutations of metafields and their definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.shopify.emulator.definitions import define
from connectors.shopify.emulator.metafield_writes import delete_metafields, set_metafields
from connectors.shopify.emulator.payloads import Input, Payload, check_spoiled, mutation
from connectors.shopify.emulator.queries import MAX_INPUT
from connectors.shopify.emulator.records import split_gid
from connectors.shopify.emulator.refusals import invalid_id, too_many
from connectors.shopify.emulator.request import (
    Info,
    Resolver,
    request_of,
    require_owner,
    shop_of,
)


def _check_owners(info: Info, metafields: Sequence[Input]) -> None:
    if len(metafields) > MAX_INPUT:
        raise too_many("metafields", MAX_INPUT)
    for given in metafields:
        kind, _ = split_gid(given["ownerId"])
        if not kind:
            raise invalid_id(given["ownerId"])
        require_owner(info, kind, "write")


def _set_metafields(info: Info, metafields: Sequence[Input]) -> Payload:
    _check_owners(info, metafields)
    spoiled = request_of(info).spoiled
    return {"metafields": set_metafields(shop_of(info), metafields, actor="api", spoiled=spoiled)}


def _delete_metafields(info: Info, metafields: Sequence[Input]) -> Payload:
    _check_owners(info, metafields)
    check_spoiled(info)
    return {"deletedMetafields": delete_metafields(shop_of(info), metafields, actor="api")}


def _define(info: Info, definition: Input) -> Payload:
    require_owner(info, definition["ownerType"].capitalize(), "write")
    check_spoiled(info)
    return {"createdDefinition": define(shop_of(info), definition, actor="api")}


FIELDS: Mapping[str, Resolver] = {
    "Mutation.metafieldDefinitionCreate": mutation(_define, "definition", createdDefinition=None),
    "Mutation.metafieldsDelete": mutation(_delete_metafields, deletedMetafields=None),
    "Mutation.metafieldsSet": mutation(_set_metafields, metafields=None),
}
"""Resolvers of the mutations of metafields."""
