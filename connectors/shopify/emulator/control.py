"""What the shop's own users do, command by command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from connectors.shopify.emulator import customers, sales
from connectors.shopify.emulator.metafield_writes import set_metafields
from connectors.shopify.emulator.metafields import owner_type_of
from connectors.shopify.emulator.records import Consent, Customer
from connectors.shopify.emulator.schema import snake
from connectors.shopify.emulator.shop import Entity, Shop
from connectors.shopify.emulator.streams import KINDS, Stream, record_of, stamp
from hub.emulation.commands import Command as UserCommand


class CreateRecord(UserCommand):
    """A user adds a record; ``properties`` in GraphQL's spelling or in Python's.

    An order takes ``customer``, ``lines`` (sku to pieces) and ``createdAt``; a checkout the same
    and ``completedAt``; a refund ``order`` and ``lines``; a product ``title``, ``sku`` and
    ``price`` in minor units.
    """

    op: Literal["create"]
    object: Stream
    properties: dict[str, Any]


class EditRecord(UserCommand):
    """A user edits a record; ``modified_at`` backdates it, as a late commit appears."""

    op: Literal["update"]
    object: Stream
    id: str
    properties: dict[str, Any]
    modified_at: AwareDatetime | None = None


class DeleteRecord(UserCommand):
    """A user deletes a record for good; of a customer, the orders first."""

    op: Literal["archive"]
    object: Stream
    id: str


class MergeCustomers(UserCommand):
    """A user merges ``other`` into ``id``."""

    op: Literal["merge"]
    object: Literal["customers"]
    id: str
    other: str


class ChangeConsent(UserCommand):
    """A customer subscribes or unsubscribes."""

    op: Literal["consent"]
    id: str
    channel: Literal["email", "sms"] = "email"
    state: Literal["SUBSCRIBED", "UNSUBSCRIBED", "PENDING"] = "UNSUBSCRIBED"
    opt_in_level: Literal["SINGLE_OPT_IN", "CONFIRMED_OPT_IN", "UNKNOWN"] | None = None


class MisplaceRecord(UserCommand):
    """Shopify's search loses sight of a customer or finds them again; the customer stays as is."""

    op: Literal["lose", "find"]
    object: Literal["customers"]
    id: str


class WriteMetafield(UserCommand):
    """A user fills in a metafield; ``type`` is that of one without a definition."""

    op: Literal["metafield"]
    id: str
    namespace: str
    key: str
    value: str
    type: str = "single_line_text_field"


Command = Annotated[
    CreateRecord
    | EditRecord
    | DeleteRecord
    | MergeCustomers
    | ChangeConsent
    | MisplaceRecord
    | WriteMetafield,
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
        case MisplaceRecord() as misplaced:
            table = shop.customers
            move = table.lose if misplaced.op == "lose" else table.find
            move(_customer(shop, misplaced.id).number)
        case WriteMetafield() as written:
            _write(shop, written)
    return {"done": True}


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
        stamp(shop, record, edit.modified_at)
    return changed


def _write(shop: Shop, written: WriteMetafield) -> None:
    given = {
        "ownerId": written.id,
        "namespace": written.namespace,
        "key": written.key,
        "value": written.value,
    }
    place = (owner_type_of(written.id), written.namespace, written.key)
    if place not in shop.metafields.definitions:
        given["type"] = written.type
    set_metafields(shop, [given], actor="user")
