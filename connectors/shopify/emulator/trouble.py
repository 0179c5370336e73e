"""The trouble that a fault scenario stages in a shop's data."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from connectors.shopify.emulator import customers, sales
from connectors.shopify.emulator.metafields import Definition
from connectors.shopify.emulator.records import Consent, Customer
from connectors.shopify.emulator.sales_records import Order, Refund
from connectors.shopify.emulator.shop import Entity, Shop
from connectors.shopify.emulator.streams import KINDS, records_of, stamp
from hub.emulation.faults import Fault

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
        stamp(shop, record, moment)


def _commit_late(shop: Shop, stream: str, fault: Fault) -> None:
    """Let records change now under a time of change that is already past."""
    records = records_of(shop, stream)
    draw = random.Random(f"{fault.kind}:{fault.count}")  # noqa: S311 - repeatable chance
    for record in draw.sample(records, min(fault.count, len(records))):
        if stream == "customer_consents":
            _change_mind(shop, record)
        else:
            _annotate(shop, record)
        stamp(shop, record, shop.now() - timedelta(seconds=fault.seconds))


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
    held = shop.metafields
    if fault.change == "add":
        text = "single_line_text_field"
        held.define(Definition(shop.next_number(), *place, name=fault.field, type=text))
    elif fault.change == "retype" and place in held.definitions:
        held.define(replace(held.definitions[place], type="number_integer"))
    elif fault.change == "remove":
        held.undefine(*place)
        for record in records_of(shop, stream):
            held.remove(record.id, "custom", fault.field)
