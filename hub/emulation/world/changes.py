"""What happens after the first sync: a handful of edits for a later run to pick up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hub.emulation.world.consent import MARKETING
from hub.emulation.world.dice import dice
from hub.emulation.world.directory import Directory
from hub.emulation.world.model import Change, ConsentEvent, Order, Presence

NEW_ORDERS = 3
EDITED_CONTACTS = 2


def later_changes(
    directory: Directory, orders: Sequence[Order], consents: Sequence[ConsentEvent]
) -> tuple[Change, ...]:
    """New orders, withdrawals, and in the first CRM an edit, a merge and a deletion."""
    rng = dice(directory.seed, "changes")
    at = directory.end + timedelta(hours=1)
    changes = [*_new_orders(rng, orders, at), *_withdrawals(rng, consents, at)]
    for system in directory.of_kind("crm")[:1]:
        changes.extend(_contact_changes(rng, directory, system, at))
    return tuple(changes)


def _new_orders(rng: Random, orders: Sequence[Order], at: datetime) -> Iterator[Change]:
    """The same baskets again, bought the day after."""
    candidates = [order for order in orders if order.local_id and not order.return_of]
    for number, order in enumerate(rng.sample(candidates, min(NEW_ORDERS, len(candidates)))):
        placed = at + timedelta(minutes=7 * number)
        again = replace(order, order_id=f"{900_001 + number}", placed_at=placed)
        yield Change("new_order", order.system, order.local_id, placed, order=again)


def _withdrawals(rng: Random, consents: Sequence[ConsentEvent], at: datetime) -> Iterator[Change]:
    """In every system, one withdrawal of marketing by e-mail that nobody had withdrawn before."""
    topic = [e for e in consents if (e.purpose, e.channel) == (MARKETING, "email")]
    refused = {event.person_id for event in topic if event.decision != "grant"}
    content = [event for event in topic if event.person_id not in refused]
    for number, system in enumerate(dict.fromkeys(event.system for event in content)):
        grant = rng.choice([event for event in content if event.system == system])
        when = at + timedelta(minutes=30 + number)
        event_id = f"K9{number:05d}"
        withdrawal = replace(
            grant, event_id=event_id, decision="withdraw", decided_at=when, evidence="form"
        )
        yield Change("withdrawal", system, grant.local_id, when, consent=withdrawal)


def _contact_changes(
    rng: Random, directory: Directory, system: str, at: datetime
) -> Iterator[Change]:
    """Two contacts get a new telephone, two duplicates are merged, one contact is deleted."""
    records = [
        r for (owner, _), group in directory.records.items() if owner == system for r in group
    ]
    duplicates = [record for record in records if record.duplicate_of]
    if duplicates:
        merged = rng.choice(duplicates)
        yield Change("merged_contact", system, merged.duplicate_of, at, merged_id=merged.local_id)
    alone = [r for r in records if len(directory.known(system, r.person_id)) == 1]
    for record in (chosen := rng.sample(alone, min(EDITED_CONTACTS + 1, len(alone))))[1:]:
        number = f"07 7010 {rng.randrange(10_000):04d}"
        edited = replace(record, phone=number, updated_at=at)
        yield Change("edited_contact", system, record.local_id, at, presence=edited)
    for record in chosen[:1]:
        yield Change("deleted_contact", system, record.local_id, at)


def records_after(records: Sequence[Presence], changes: Sequence[Change]) -> tuple[Presence, ...]:
    """The person records after those edits: merged and deleted ones are gone."""
    gone = {
        (change.system, change.merged_id or change.local_id)
        for change in changes
        if change.kind in ("merged_contact", "deleted_contact")
    }
    edited = {(c.system, c.local_id): c.presence for c in changes if c.presence}
    kept = (record for record in records if (record.system, record.local_id) not in gone)
    return tuple(edited.get((record.system, record.local_id), record) for record in kept)
