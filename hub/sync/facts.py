"""What a canonical record says about whom: the rows that metrics, consent and identity read.

A party reference is turned into a row id here. A fact may come before its party; then the hub keeps
a place for it, with the one thing that the fact knew (an e-mail, a phone, a card).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from hub.core.clock import to_micros
from hub.core.ids import Rid
from hub.core.records import (
    PARTIES,
    ConsentClaim,
    ConsentSignal,
    Identifier,
    Order,
    OrderLine,
    PartyRef,
    Person,
    Product,
    Record,
)

ENTRY_COLUMNS = (
    "rid", "line", "stream_id", "order_ref", "party_rid", "at", "currency", "kind", "sku",
    "quantity", "amount_minor", "positive", "cancelled", "channel",
)  # fmt: skip
FACT_COLUMNS = ("rid", "party_rid", "entity", "at")


class Placed(NamedTuple):
    """One changed record with its place in the store."""

    rid: Rid
    source_id: str
    version: int
    record: Record
    previous: Record | None


@dataclass(slots=True)
class FactRows:
    """Rows for the fact tables, gathered over a page."""

    entries: list[tuple[object, ...]] = field(default_factory=list)
    facts: list[tuple[object, ...]] = field(default_factory=list)
    claims: list[tuple[Placed, Rid, ConsentClaim, datetime | None]] = field(default_factory=list)


def party_of(record: Record) -> PartyRef | None:
    """The party that a fact belongs to; None for parties themselves and for products."""
    return getattr(record, "party", None)


def implied_stream(ref: PartyRef) -> str:
    """Stream that keeps the place of ``ref``: its own, or one per kind of contact point."""
    return ref.stream if ref.by == "id" else f"by_{ref.by}"


def implied_person(ref: PartyRef) -> Person | None:
    """What a fact that names its party by a contact point or card says about that person."""
    if ref.by == "email":
        return Person(emails=[ref.id])
    if ref.by == "phone":
        return Person(phones=[ref.id])
    if ref.by == "loyalty":
        return Person(identifiers=[Identifier(kind="loyalty", value=ref.id)])
    return None


def gather(placed: Sequence[Placed], stream_id: int, places: dict[PartyRef, Rid]) -> FactRows:
    """The fact rows of a page's changed records."""
    rows = FactRows()
    for item in placed:
        record = item.record
        ref = party_of(record)
        party = places[ref] if ref is not None else None
        if isinstance(record, OrderLine):
            rows.entries.append(_line(item.rid, stream_id, party, record))
        elif isinstance(record, Order):
            rows.entries.extend(_order(item.rid, stream_id, party, record))
        elif isinstance(record, ConsentSignal):
            assert party is not None
            rows.claims.extend((item, party, claim, None) for claim in new_claims(item))
        elif isinstance(record, PARTIES):
            rows.claims.extend(_own_claims(item))
        elif not isinstance(record, Product):
            rows.facts.append((item.rid, party, record.entity_name, _instant(record)))
    return rows


def references(placed: Iterable[Placed]) -> set[PartyRef]:
    """Every party that the records name, now or in their previous version."""
    found = {party_of(item.record) for item in placed}
    found |= {party_of(item.previous) for item in placed if item.previous is not None}
    return {ref for ref in found if ref is not None}


def new_claims(item: Placed) -> list[ConsentClaim]:
    """Claims that this version makes and the one before did not: an unchanged field is no event."""
    before = _claims(item.previous)
    return [claim for claim in _claims(item.record) if claim not in before]


def _claims(record: Record | None) -> list[ConsentClaim]:
    if isinstance(record, Person):
        return record.consents
    return record.claims if isinstance(record, ConsentSignal) else []


def _own_claims(item: Placed) -> list[tuple[Placed, Rid, ConsentClaim, datetime | None]]:
    if not isinstance(item.record, Person):
        return []
    created = item.record.created_at
    return [(item, item.rid, claim, created) for claim in new_claims(item)]


def _instant(record: Record) -> int:
    for name in ("at", "started_at", "closed_at", "created_at", "since"):
        value = getattr(record, name, None)
        if value is not None:
            return to_micros(value)
    return 0


def _line(rid: Rid, stream_id: int, party: Rid | None, line: OrderLine) -> tuple[object, ...]:
    positive = line.quantity > 0 and (
        line.unit_price > 0 if line.unit_price is not None else line.amount_minor > 0
    )
    kind = "sale" if line.quantity > 0 else "return"
    return (
        rid, 0, stream_id, line.order_ref, party, to_micros(line.at), line.currency, kind,
        line.sku, line.quantity, line.amount_minor, positive, line.cancelled, line.channel,
    )  # fmt: skip


def _order(rid: Rid, stream_id: int, party: Rid | None, order: Order) -> list[tuple[object, ...]]:
    """Items, then one adjustment (shipping, tax, discount) so that the sum is the order's total."""
    at = to_micros(order.at)
    rows: list[tuple[object, ...]] = []

    def entry(kind: str, when: int, amount: int, quantity: int = 1, sku: str | None = None) -> None:
        positive = kind == "sale" and quantity > 0 and amount > 0
        rows.append(
            (rid, len(rows), stream_id, order.order_ref, party, when, order.currency, kind, sku,
             quantity, amount, positive, order.cancelled, order.channel)
        )  # fmt: skip

    for item in order.items:
        entry("sale", at, item.amount_minor, item.quantity, item.sku)
    rest = order.total_minor - sum(item.amount_minor for item in order.items)
    if rest or not order.items:
        entry("adjustment" if order.items else "sale", at, rest)
    for refund in order.refunds:
        entry("refund", to_micros(refund.at), -refund.amount_minor)
    return rows
