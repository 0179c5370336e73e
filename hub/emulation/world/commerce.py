"""What people buy, send back, negotiate and collect points for.

A quarter of the receipts names no customer: strangers, and customers who left their card at home.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from hub.emulation.world.dice import chance, dice, moment_between, opening_hours, pick
from hub.emulation.world.directory import Directory
from hub.emulation.world.model import (
    Deal,
    LoyaltyEntry,
    Order,
    OrderLine,
    OrganisationPresence,
    Presence,
    Product,
    TruePerson,
)
from hub.emulation.world.vocabulary import CATALOGUE, STORES

NEVER, ONCE = 0, 10_000
RHYTHMS = {NEVER: 12, ONCE: 22, 75: 38, 28: 21, 12: 4}
STRANGERS = {NEVER: 30, ONCE: 40, 75: 30}
"""Days between purchases, with the share of customers who buy so often."""

BASKETS = {1: 38, 2: 30, 3: 18, 4: 9, 5: 5}
NEAREST_STORE = dict(zip(STORES, (45, 30, 20, 5), strict=True))
CARD_SHOWN = 0.86
RETURNED = 0.05


def catalogue() -> tuple[Product, ...]:
    """Every article on sale."""
    return tuple(
        Product(f"{category[:3].upper()}-{number:02d}", title, category, price)
        for category, articles in CATALOGUE.items()
        for number, (title, price) in enumerate(articles, start=1)
    )


def all_orders(directory: Directory, products: Sequence[Product]) -> tuple[Order, ...]:
    """Every purchase and every return, in order of time."""
    rng = dice(directory.seed, "orders")
    purchases = [
        order
        for person in directory.people
        for order in _purchases(directory, rng, person, products)
    ]
    numbered = _numbered(purchases)
    returns = [back for order in numbered for back in _return(rng, order, directory.end)]
    return tuple(sorted(numbered + returns, key=lambda order: (order.placed_at, order.order_id)))


def _purchases(
    directory: Directory, rng: Random, person: TruePerson, products: Sequence[Product]
) -> Iterator[Order]:
    """One person's purchases, each in the store nearby or, where there is one, in the web shop."""
    tills, shops = directory.of_kind("pos"), directory.of_kind("shop")
    known = any(directory.known(system, person.person_id) for system in tills + shops)
    rhythm = pick(rng, RHYTHMS if known else STRANGERS)
    store = pick(rng, NEAREST_STORE)
    for day in _shopping_days(directory, rng, person, rhythm):
        online = [shop for shop in shops if directory.known(shop, person.person_id)]
        system = rng.choice(online if online and chance(rng, 0.35) else tills or online or [""])
        if system:
            yield _purchase(directory, rng, person, system, store, day, products)


def _shopping_days(
    directory: Directory, rng: Random, person: TruePerson, rhythm: int
) -> Iterator[datetime]:
    """The days on which the person buys, about ``rhythm`` days apart."""
    day, last = directory.active(person)
    if rhythm == NEVER or day >= last:
        return
    if rhythm == ONCE:
        yield moment_between(rng, day, last)
        return
    day += timedelta(days=rng.randrange(rhythm))
    while day < last:
        yield day
        day += timedelta(days=rng.randrange(rhythm // 2, rhythm * 3 // 2))


def _purchase(
    directory: Directory,
    rng: Random,
    person: TruePerson,
    system: str,
    store: tuple[str, str],
    day: datetime,
    products: Sequence[Product],
) -> Order:
    """One receipt; the order number comes later, when all are sorted by time."""
    at = opening_hours(rng, day.date())
    records = [r for r in directory.known(system, person.person_id) if r.created_at <= at]
    shown = system not in directory.of_kind("pos") or chance(rng, CARD_SHOWN)
    return Order(
        system=system,
        order_id="",
        local_id=rng.choice(records).local_id if records and shown else "",
        person_id=person.person_id,
        placed_at=at,
        store=store[0],
        currency=store[1],
        lines=_basket(rng, products),
    )


def _basket(rng: Random, products: Sequence[Product]) -> tuple[OrderLine, ...]:
    """One to five lines; dear articles are bought singly and less often."""
    lines = []
    for number in range(1, pick(rng, BASKETS) + 1):
        product = min(rng.choices(products, k=2), key=lambda article: article.price)
        quantity = 1 if product.price > 5000 else pick(rng, {1: 70, 2: 20, 3: 7, 6: 3})
        lines.append(_line(number, product, quantity))
    return tuple(lines)


def _line(number: int, product: Product, quantity: int) -> OrderLine:
    """One line of a receipt."""
    amount = quantity * product.price
    return OrderLine(number, product.sku, product.title, quantity, product.price, amount)


def _numbered(purchases: list[Order]) -> list[Order]:
    """The purchases in order of time, with running order numbers per system."""
    purchases.sort(key=lambda order: (order.placed_at, order.person_id))
    counters: Counter[str] = Counter()
    numbered = []
    for order in purchases:
        counters[order.system] += 1
        numbered.append(replace(order, order_id=f"{100_000 + counters[order.system]}"))
    return numbered


def _return(rng: Random, order: Order, end: datetime) -> Iterator[Order]:
    """The return that follows some purchases: one of its lines, days later, in the same place."""
    at = order.placed_at + timedelta(days=rng.randrange(1, 21))
    if not chance(rng, RETURNED) or at >= end:
        return
    line = rng.choice(order.lines)
    back = replace(line, number=1, quantity=-line.quantity, amount=-line.amount)
    number = f"R{order.order_id}"
    yield replace(order, order_id=number, placed_at=at, lines=(back,), return_of=order.order_id)


def all_deals(directory: Directory, companies: Iterable[OrganisationPresence]) -> tuple[Deal, ...]:
    """One to three deals for every company record that has a contact in the same CRM."""
    rng = dice(directory.seed, "deals")
    staff: dict[tuple[str, str], Presence] = {}
    for (system, _), records in directory.records.items():
        for record in records:
            staff.setdefault((system, record.organisation_id), record)
    deals: list[Deal] = []
    for company in companies:
        contact = staff.get((company.system, company.organisation_id))
        for _ in range(rng.randrange(1, 4) if contact and not company.duplicate_of else 0):
            assert contact is not None
            deals.append(_deal(directory, rng, len(deals), company, contact))
    return tuple(deals)


def _deal(
    directory: Directory, rng: Random, number: int, company: OrganisationPresence, contact: Presence
) -> Deal:
    """One deal, open or closed."""
    stage = pick(rng, {"won": 45, "lost": 20, "proposal": 20, "qualified": 15})
    created = moment_between(rng, directory.start, directory.end - timedelta(days=1))
    closed = moment_between(rng, created, directory.end) if stage in ("won", "lost") else None
    return Deal(
        system=company.system,
        deal_id=f"{50_001 + number}",
        local_id=contact.local_id,
        person_id=contact.person_id,
        organisation_id=company.organisation_id,
        organisation_local_id=company.local_id,
        name=f"{company.name}: {rng.choice(('office coffee', 'machines', 'gift boxes'))}",
        stage=stage,
        amount=rng.randrange(5, 300) * 10_000,
        currency="AUD",
        created_at=created,
        closed_at=closed,
    )


def all_loyalty_entries(directory: Directory, orders: Iterable[Order]) -> tuple[LoyaltyEntry, ...]:
    """Per member and half-year the points earned (one per whole unit spent) and some redeemed."""
    rng = dice(directory.seed, "points")
    spent: Counter[tuple[str, int]] = Counter()
    for order in orders:
        if order.local_id:
            half = (order.placed_at - directory.start).days // 182
            spent[order.person_id, half] += order.total
    entries: list[LoyaltyEntry] = []
    for (person_id, half), amount in sorted(spent.items()):
        posted = directory.start + timedelta(days=182 * (half + 1), hours=-3)
        for system in directory.of_kind("loyalty"):
            cards = directory.known(system, person_id)
            if cards and posted < directory.end and amount >= 100:
                entries.extend(_statement(rng, len(entries), cards[0], amount // 100, posted))
    return tuple(entries)


def _statement(
    rng: Random, number: int, card: Presence, points: int, posted: datetime
) -> Iterator[LoyaltyEntry]:
    """The half-year's points and, one time in five, a redemption of half of them."""
    earned = LoyaltyEntry(
        card.system, f"E{number:06d}", card.local_id, card.person_id, points, "earned", posted
    )
    yield earned
    if points >= 100 and chance(rng, 0.2):
        at = posted + timedelta(hours=2)
        redeemed = replace(earned, points=-points // 2, reason="redeemed", posted_at=at)
        yield replace(redeemed, entry_id=f"E{number + 1:06d}")
