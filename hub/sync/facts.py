"""What a canonical record says about whom: the rows that metrics, consent and identity read.

A party reference is turned into a row id here. A fact may come before its party; then the hub keeps
a place for it, with the one thing that the fact knew (an e-mail, a phone, a card).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, select

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
    decode,
)
from hub.store.records import chunks
from hub.store.schema import source_records
from hub.sync.claims import claims_of, ended_grants, new_claims

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
    returned: bool = False
    """Whether the source had deleted it in between."""


class Said(NamedTuple):
    """One claim, which version of which record made it, and whom it is about."""

    item: Placed
    party: Rid
    claim: ConsentClaim


@dataclass(slots=True)
class FactRows:
    """Rows for the fact tables, gathered over a page.

    ``ended`` are grants made no longer; ``nobodys`` are facts that name no party, such as anonymous
    answers: they have no customer to mark, and count all the same.
    """

    entries: list[tuple[object, ...]] = field(default_factory=list)
    facts: list[tuple[object, ...]] = field(default_factory=list)
    nobodys: list[Rid] = field(default_factory=list)
    claims: list[Said] = field(default_factory=list)
    ended: list[Said] = field(default_factory=list)


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


def gather(
    placed: Sequence[Placed], stream_id: int, places: Mapping[PartyRef, Rid], region: str
) -> FactRows:
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
        elif isinstance(record, (ConsentSignal, *PARTIES)):
            _add_claims(rows, item, places, region)
        elif not isinstance(record, Product):
            rows.facts.append((item.rid, party, record.entity_name, _instant(record)))
            rows.nobodys.extend([item.rid] if party is None else [])
    return rows


def references(placed: Iterable[Placed]) -> set[PartyRef]:
    """Every party that the records name, now or in their previous version."""
    found = {party_of(item.record) for item in placed}
    found |= {party_of(item.previous) for item in placed if item.previous is not None}
    return {ref for ref in found if ref is not None}


def departed(connection: Connection, rids: Sequence[Rid]) -> list[Placed]:
    """Records that are gone, as of the version after their last: the one that says nothing."""
    table, found = source_records.c, list[Placed]()
    for chunk in chunks(rids):
        query = select(table.rid, table.source_id, table.version, table.canonical).where(
            table.rid.in_(chunk), table.canonical.is_not(None)
        )
        for rid, source_id, version, body in connection.execute(query.order_by(table.rid)):
            last = decode(body)
            found.append(Placed(Rid(rid), source_id, version + 1, last, last))
    return found


def last_grants(item: Placed, places: Mapping[PartyRef, Rid], region: str) -> list[Said]:
    """The grants of a record that is gone.

    A party that is gone leaves its cluster and its grants with it, but permissions that a source
    keeps apart from the person would outlive their record, on a person who stays. What was said
    happened and stays in the ledger, refusals in force; that it is said no longer is written beside
    it. Source: CONSENT_AUDIT.md, section 1: what is absent permits nothing.
    """
    gone = ended_grants(claims_of(item.previous), [], region)
    return [Said(item, _subject(item, item.previous, places), claim) for claim in gone]


def _add_claims(rows: FactRows, item: Placed, places: Mapping[PartyRef, Rid], region: str) -> None:
    before, now = claims_of(item.previous), claims_of(item.record)
    if item.returned:  # its grants ended when it went
        before = [claim for claim in before if claim.decision != "grant"]
    if not before and not now:
        return
    party = _subject(item, item.record, places)
    former = party if item.previous is None else _subject(item, item.previous, places)
    moved = former != party  # of one person it says nothing any more, of the other all is new
    fresh = new_claims([] if moved else before, now, region)
    ended = ended_grants(before, [] if moved else now, region)
    rows.claims += [Said(item, party, claim) for claim in fresh]
    rows.ended += [Said(item, former, claim) for claim in ended]


def _subject(item: Placed, record: Record | None, places: Mapping[PartyRef, Rid]) -> Rid:
    """Whom the claims of one version are about: a person's own are about that person."""
    ref = None if record is None else party_of(record)
    return item.rid if ref is None else places[ref]


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
