"""What the shop's own users do, and the trouble that a fault scenario stages in the data."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from connectors.shopify.emulator import customers, sales
from connectors.shopify.emulator.records import (
    Consent,
    Customer,
    Definition,
    Metafield,
    Order,
    Refund,
    gid,
)
from connectors.shopify.emulator.schema import snake
from connectors.shopify.emulator.shop import Entity, Shop
from hub.emulation.faults import Fault

KINDS: Mapping[str, str] = {
    "customers": "Customer",
    "customer_consents": "Customer",
    "orders": "Order",
    "refunds": "Refund",
    "abandoned_checkouts": "AbandonedCheckout",
    "products": "Product",
}
"""Kind of record that a stream of the connector reads."""
Stream = Literal[
    "customers", "customer_consents", "orders", "refunds", "abandoned_checkouts", "products"
]


class _Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CreateRecord(_Command):
    """A user adds a record; ``properties`` in GraphQL's spelling or in Python's.

    An order takes ``customer``, ``lines`` (sku to pieces) and ``createdAt``; a checkout the same
    and ``completedAt``; a refund ``order`` and ``lines``; a product ``title``, ``sku`` and
    ``price`` in minor units.
    """

    op: Literal["create"]
    object: Stream
    properties: dict[str, Any]


class EditRecord(_Command):
    """A user edits a record; ``modified_at`` backdates it, as a late commit appears."""

    op: Literal["update"]
    object: Stream
    id: str
    properties: dict[str, Any]
    modified_at: AwareDatetime | None = None


class DeleteRecord(_Command):
    """A user deletes a record for good; of a customer, the orders first."""

    op: Literal["archive"]
    object: Stream
    id: str


class MergeCustomers(_Command):
    """A user merges ``other`` into ``id``."""

    op: Literal["merge"]
    object: Literal["customers"]
    id: str
    other: str


class ChangeConsent(_Command):
    """A customer subscribes or unsubscribes."""

    op: Literal["consent"]
    id: str
    channel: Literal["email", "sms"] = "email"
    state: Literal["SUBSCRIBED", "UNSUBSCRIBED", "PENDING"] = "UNSUBSCRIBED"
    opt_in_level: Literal["SINGLE_OPT_IN", "CONFIRMED_OPT_IN", "UNKNOWN"] | None = None


class WriteMetafield(_Command):
    """A user fills in a metafield; the record itself is not stamped as changed."""

    op: Literal["metafield"]
    id: str
    namespace: str
    key: str
    value: str
    type: str = "single_line_text_field"


Command = Annotated[
    CreateRecord | EditRecord | DeleteRecord | MergeCustomers | ChangeConsent | WriteMetafield,
    Field(discriminator="op"),
]
_COMMANDS: TypeAdapter[Command] = TypeAdapter(Command)


def perform(shop: Shop, command: Mapping[str, object]) -> Mapping[str, object]:
    """What the command brought about, as JSON.

    Raises:
        ValueError: If it is not a known command, or names no record.
        InputRefused: If Shopify's own screens would refuse it.
    """
    match _COMMANDS.validate_python(command):
        case CreateRecord() as new:
            return {"id": _create(shop, KINDS[new.object], _python(new.properties)).id}
        case EditRecord() as edit:
            return {"changed": sorted(_edit(shop, edit))}
        case DeleteRecord() as removal:
            sales.remove(shop, record_of(shop, removal.object, removal.id))
        case MergeCustomers() as pair:
            kept, lost = (_customer(shop, id) for id in (pair.id, pair.other))
            customers.merge(shop, kept, lost, actor="user")
        case ChangeConsent() as decision:
            consent = Consent(decision.state, decision.opt_in_level, shop.now(), "OTHER")
            customer = _customer(shop, decision.id)
            customers.set_consent(shop, customer, decision.channel, consent, actor="user")
        case WriteMetafield() as written:
            _write(shop, written)
    return {"done": True}


def record_of(shop: Shop, stream: str, record_id: str) -> Entity:
    """The record of a stream, by global id or bare number.

    Raises:
        ValueError: If there is none.
    """
    known = gid(KINDS[stream], int(record_id)) if record_id.isdecimal() else record_id
    record: Entity | None = shop.find(known)
    if record is None or record.kind != KINDS[stream]:
        raise ValueError(f"{stream}: no record {record_id}")
    return record


def records_of(shop: Shop, stream: str) -> list[Entity]:
    """The live records that a stream reads, by ascending number."""
    held: Mapping[str, Mapping[int, Entity]] = {
        "Customer": shop.customers.records,
        "Order": shop.orders.records,
        "Refund": shop.refunds,
        "AbandonedCheckout": shop.checkouts.records,
        "Product": shop.products.records,
    }
    if stream not in KINDS:
        raise ValueError(f"no stream {stream}; there are: {', '.join(KINDS)}")
    found = held[KINDS[stream]]
    return [found[number] for number in sorted(found)]


def _python(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {snake(name): value for name, value in properties.items()}


def _create(shop: Shop, kind: str, values: Mapping[str, Any]) -> Entity:
    if kind == "Customer":
        return customers.create(shop, values, actor="user")
    return sales.create(shop, kind, values)


def _customer(shop: Shop, record_id: str) -> Customer:
    record = record_of(shop, "customers", record_id)
    assert isinstance(record, Customer)
    return record


def _edit(shop: Shop, edit: EditRecord) -> set[str]:
    record, values = record_of(shop, edit.object, edit.id), _python(edit.properties)
    if isinstance(record, Customer):
        changed = customers.update(shop, record, values, actor="user")
    else:
        changed = sales.update(shop, record, values)
    if edit.modified_at is not None:
        _stamp(shop, record, edit.modified_at)
    return changed


def _stamp(shop: Shop, record: Entity, at: datetime) -> None:
    """Let a record, and the order of a refund, have changed at another time."""
    record.updated_at = at
    if isinstance(record, Refund):
        shop.orders.records[record.order_number].updated_at = at
    shop.keep(record)


def _write(shop: Shop, written: WriteMetafield) -> None:
    owner = shop.find(written.id)
    if owner is None:
        raise ValueError(f"no record {written.id}")
    known = shop.metafields.get(owner.id, written.namespace, written.key)
    _put(shop, known, owner.id, written)
    method = "update" if known else "create"
    shop.effects.append(method, "metafields", owner.id, (written.key,), actor="user")


def _put(shop: Shop, known: Metafield | None, owner_id: str, written: WriteMetafield) -> None:
    now = shop.now()
    if known is not None:
        shop.metafields.put(replace(known, value=written.value, updated_at=now))
        return
    place = (written.namespace, written.key, written.type)
    shop.metafields.put(Metafield(shop.next_number(), owner_id, *place, written.value, now, now))


# --- staged trouble --------------------------------------------------------------------------


_BULK_EDIT_AGO = timedelta(minutes=2)


def stage(shop: Shop, fault: Fault) -> None:
    """Bring about what the fault describes, before the request that struck it is answered."""
    stream = fault.object_type or "customers"
    if fault.kind == "plateau":
        _plateau(shop, stream, fault)
    elif fault.kind == "late_commit":
        _commit_late(shop, stream, fault)
    else:
        _drift(shop, stream, fault)


def _plateau(shop: Shop, stream: str, fault: Fault) -> None:
    """Give many records one time of change, as a bulk edit of two minutes ago did.

    Not of this moment: a reader that keeps clear of the lag of the search index leaves that out.
    """
    moment = shop.now() - _BULK_EDIT_AGO
    for record in records_of(shop, stream)[: fault.count]:
        _stamp(shop, record, moment)


def _commit_late(shop: Shop, stream: str, fault: Fault) -> None:
    """Let records change now under a time of change that is already past."""
    records = records_of(shop, stream)
    draw = random.Random(f"{fault.kind}:{fault.count}")  # noqa: S311 - repeatable chance
    for record in draw.sample(records, min(fault.count, len(records))):
        if stream == "customer_consents":
            _change_mind(shop, record)
        else:
            _annotate(shop, record)
        _stamp(shop, record, shop.now() - timedelta(seconds=fault.seconds))


def _change_mind(shop: Shop, customer: Entity) -> None:
    assert isinstance(customer, Customer)
    channel, known = ("email", customer.email_consent)
    if customer.email is None:
        channel, known = ("sms", customer.sms_consent)
    state = "UNSUBSCRIBED" if known.state == "SUBSCRIBED" else "SUBSCRIBED"
    level = "SINGLE_OPT_IN" if state == "SUBSCRIBED" else None
    consent = Consent(state, level, shop.now(), "OTHER")
    customers.set_consent(shop, customer, channel, consent, actor="user")


def _annotate(shop: Shop, record: Entity) -> None:
    """The smallest edit that every stream shows: a name, a tag, a state or a note."""
    mark = f"edit {len(shop.effects) + 1}"
    match record:
        case Customer():
            customers.update(shop, record, {"last_name": mark}, actor="user")
        case Order():
            sales.update(shop, record, {"cancelled_at": shop.now(), "note": mark})
        case Refund():
            sales.update(shop, record, {"note": mark})
        case _:
            sales.update(shop, record, {"title": mark, "note": mark})


def _drift(shop: Shop, stream: str, fault: Fault) -> None:
    """Let an admin add, drop or retype a metafield definition while a sync is running."""
    owner_type = KINDS[stream].upper()
    place = (owner_type, "custom", fault.field)
    defined = shop.metafields.definitions
    if fault.change == "add":
        defined[place] = Definition(
            shop.next_number(), *place, fault.field, "single_line_text_field"
        )
    elif fault.change == "retype" and place in defined:
        defined[place] = replace(defined[place], type="number_integer")
    elif fault.change == "remove":
        defined.pop(place, None)
        for record in records_of(shop, stream):
            shop.metafields.remove(record.id, "custom", fault.field)
