"""What Acme offers and accepts."""

from collections.abc import Mapping, Sequence

from hub.core.clock import Clock
from hub.core.connector import (
    Change,
    Connector,
    Context,
    Emulator,
    OutField,
    RowMap,
    RowResult,
    Since,
    Stream,
    Tombstones,
    Unsupported,
    Value,
    Writer,
)
from hub.core.pages import CursorPages, From, Rest, first_pages
from hub.core.records import Order, Person, Record
from hub.core.released import Released

from hub_acme.client import http
from hub_acme.config import Settings
from hub_acme.mapping import order, person

# --- reading ---------------------------------------------------------------------------------

UPDATED = Since("updated_at", lookback=600)
FIELDS = (
    OutField("cxhub_golden_id", "who.golden_id", "service", label="Golden customer id"),
    OutField("cxhub_nps", "voice.nps", "analytics", "number", label="Latest NPS answer"),
    OutField("cxhub_lifecycle", "relationship.lifecycle", "service", label="Lifecycle"),
)
OURS = frozenset({"updated_at", *(field.name for field in FIELDS)})
"""What a write of the hub moves: no change when it comes back."""


def listing(name: str, entity: type[Record], to_record: RowMap) -> Stream:
    """A stream over one of Acme's listings, which all work alike."""
    pages, start = CursorPages("cursor", next="next_cursor"), From("updated_since", UPDATED)
    return Stream(
        name,
        entity,
        to_record,
        key="id",
        reader=Rest(f"/v1/{name}", "data", pages=pages, since=start),
        cursor=UPDATED,
        deletes=Tombstones(lambda row: row.get("deleted") is True),
        ignore=OURS,
    )


STREAMS = (listing("customers", Person, person), listing("orders", Order, order))

# --- writing ---------------------------------------------------------------------------------


def write(ctx: Context, batch: Sequence[Released[Change]]) -> list[RowResult]:
    """What Acme says of each row. Setting a value twice does no harm, so it may be sent again."""
    traces = {item.value.native_id: item.value.trace for item in batch}
    updates = [{"id": item.value.native_id, "values": item.value.values} for item in batch]
    answer = ctx.wire.patch("/v1/customers", json={"updates": updates}, idempotent=True)
    return [
        RowResult(traces[row["id"]], row["ok"], row.get("error", ""), row.get("retryable", False))
        for row in answer.json["results"]
    ]


def read(
    ctx: Context, ids: Sequence[str], fields: Sequence[str]
) -> Mapping[str, Mapping[str, Value]]:
    """Current values by native id."""
    rows = ctx.wire.get("/v1/customers", params={"ids": ",".join(ids)}).json["data"]
    return {row["id"]: {name: row.get(name) for name in fields} for row in rows}


def provision(ctx: Context, fields: Sequence[OutField]) -> list[str]:
    """Names of the fields that were missing and now exist."""
    held = {row["name"] for row in ctx.wire.get("/v1/customers/fields").json["data"]}
    missing = [field for field in fields if field.name not in held]
    for field in missing:
        ctx.wire.post("/v1/customers/fields", json={"name": field.name, "type": field.type})
    return [field.name for field in missing]


PROFILES = Writer("profiles", "customers", FIELDS, 50, write, read, provision)

# --- the whole -------------------------------------------------------------------------------


def emulator(clock: Clock) -> Emulator:
    """An Acme account on loopback."""
    from hub_acme.emulator import acme

    return acme(clock)


CONNECTOR = Connector(
    name="acme",
    summary="Acme: customers and orders in, golden ids and scores out.",
    config=Settings,
    http=http,
    streams=STREAMS,
    writers=(PROFILES,),
    check=first_pages(*STREAMS),
    emulator=emulator,
    erase=Unsupported("Acme's interface erases nobody; write to its support"),
    version="0.1.0",
)
