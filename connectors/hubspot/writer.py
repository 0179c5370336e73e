"""Writes profile properties into contacts, by record id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from connectors.hubspot.api import BATCH, Api, Update
from connectors.hubspot.batches import sent
from connectors.hubspot.fields import (
    FIELDS,
    GROUP,
    GROUP_LABEL,
    definition,
    kept_value,
    property_values,
)
from connectors.hubspot.rows import KEY, row_of
from hub.core.batches import in_batches
from hub.core.connector import Change, Context, OutField, RowResult, Value, Writer
from hub.core.released import Released

OBJECT_TYPE = "contacts"


def write(ctx: Context, batch: Sequence[Released[Change]]) -> list[RowResult]:
    """What HubSpot said about each change."""
    updates = [
        Update(change.native_id, property_values(change.values), change.trace)
        for change in (released.value for released in batch)
    ]
    api = Api.of(ctx)
    return list(sent(updates, partial(api.update, OBJECT_TYPE), reference="updatedAt"))


def read(
    ctx: Context, ids: Sequence[str], names: Sequence[str]
) -> Mapping[str, Mapping[str, Value]]:
    """What the contacts hold now; ids that no longer exist are left out."""
    api, held = Api.of(ctx), {}
    for batch in in_batches(ids, BATCH):
        for record in api.read(OBJECT_TYPE, batch, names):
            row = row_of(record)
            held[row[KEY]] = {name: kept_value(name, row.get(name)) for name in names}
    return held


def provision(ctx: Context, fields: Sequence[OutField]) -> Sequence[str]:
    """Names of the properties that were missing and now exist, in a property group of the hub's."""
    api = Api.of(ctx)
    present = api.properties(OBJECT_TYPE)
    missing = [definition(field) for field in fields if field.name not in present]
    if not missing:
        return ()
    if GROUP not in api.property_groups(OBJECT_TYPE):
        api.create_group(OBJECT_TYPE, GROUP, GROUP_LABEL)
    return api.create_properties(OBJECT_TYPE, missing)


PROFILES = Writer(
    name="profiles",
    stream=OBJECT_TYPE,
    fields=FIELDS,
    batch=BATCH,
    write=write,
    read=read,
    provision=provision,
    idempotency="native",  # the same values again change nothing
)
