"""What hurts customers most, as far as the data show it, and what they cannot show."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import Connection, select

from hub.exports.report.measured import standing
from hub.exports.report.model import Money, Share
from hub.exports.report.overdue import Overdue
from hub.exports.report.waiting import Waiting, named
from hub.exports.report.words import customers, share_text
from hub.metrics.formulas import Basis
from hub.metrics.interval import wilson
from hub.metrics.months import DAY
from hub.metrics.orders import Order
from hub.metrics.rhythm import FEWEST
from hub.metrics.survey import INSTRUMENTS
from hub.store.schema import order_entries

MOST = 3
"""Pains of a plan: more are not mended in a month."""

_RETURNS = 3
"""Returns below which a product says nothing."""


@dataclass(frozen=True, slots=True)
class Pain:
    """Something that hurts.

    Args:
        title: What.
        evidence: What the data show, in numbers.
        at_stake: What the customers concerned have spent, or what came back.
        step: What to do about it first.
        somebody_waits: Whether customers wait for an answer now: these come first.
        listed: Whether the follow-up list has the customers concerned.
    """

    title: str
    evidence: str
    at_stake: tuple[Money, ...]
    step: str
    somebody_waits: bool = False
    listed: bool = False

    @property
    def rank(self) -> tuple[bool, int]:
        """Who waits first, then what is at stake."""
        return not self.somebody_waits, -max((each.minor for each in self.at_stake), default=0)


@dataclass(frozen=True, slots=True)
class Silence:
    """Something of which the data say nothing, why, and what would help."""

    about: str
    helps: str


@dataclass(frozen=True, slots=True)
class Found:
    """The pains, worst first, and of what the data are silent."""

    pains: Sequence[Pain]
    silent: Sequence[Silence]


def find(
    connection: Connection,
    orders: Sequence[Order],
    queue: Waiting,
    late: Sequence[Overdue],
    basis: Basis,
) -> Found:
    """Every pain that the data show."""
    waiting = _unhappy(queue)
    each = (
        _complaints(queue),
        waiting,
        None if isinstance(waiting, Pain) else _bad_answers(connection),
        _gone_silent(connection, orders, late),
        _one_time(orders, basis),
        _returned(connection, basis),
    )
    pains = sorted((p for p in each if isinstance(p, Pain)), key=lambda p: p.rank)
    return Found(pains[:MOST], [p for p in each if isinstance(p, Silence)])


def _complaints(queue: Waiting) -> Pain | Silence | None:
    if not queue.tickets:
        return Silence(
            "complaints: no file holds tickets",
            "a file of complaints or tickets (date, customer, subject, status)",
        )
    waiting = [each for each in queue.customers if each.complaint]
    if not waiting:
        return None
    number = sum(each.open_tickets for each in waiting)
    return Pain(
        "Complaints are open",
        f"Tickets not solved: {number:,}, of {customers(len(waiting))}.",
        _sums(money for each in waiting for money in each.spent),
        "Answer the open tickets, those of the best customers first, and say what will happen.",
        somebody_waits=True,
        listed=True,
    )


def _unhappy(queue: Waiting) -> Pain | Silence | None:
    if not queue.asked:
        return Silence(
            "how likely customers are to recommend: no file holds NPS answers",
            "a file of answers (date, customer, score 0-10, comment)",
        )
    unhappy = [each for each in queue.customers if each.detractor]
    if not unhappy:
        return None
    return Pain(
        "Unhappy answers have had no reply",
        f"{customers(len(unhappy))} answered 0-6, and nobody told them anything.",
        _sums(money for each in unhappy for money in each.spent),
        "Call them, ask what happened, and tell them what was changed.",
        somebody_waits=True,
        listed=True,
    )


def _bad_answers(connection: Connection) -> Pain | None:
    """The survey with most answers at its bottom; those who answered may be nobody known."""
    asked = [
        (each.worst.share.value, each.number, each.worst)
        for each in standing(connection, *INSTRUMENTS)
        if each.number.estimate is not None and each.worst is not None and each.worst.share.value
    ]
    if not asked:
        return None
    _, number, worst = max(asked, key=lambda each: each[0])
    return Pain(
        "Customers answer badly when asked",
        f"{number.title}: {worst.what}: {share_text(Share(worst.share, worst.share.n))}.",
        (),
        "Read the comments of these answers in one go, and mend what at least three of them name.",
    )


def _gone_silent(
    connection: Connection, orders: Sequence[Order], late: Sequence[Overdue]
) -> Pain | Silence | None:
    if not orders:
        return Silence(
            "who stays away: no file holds orders of known customers",
            "a file of sales that says who bought (date, customer, amount)",
        )
    if not late:
        return None
    known = named(connection, [each.golden_id for each in late])
    return Pain(
        "Regular customers have gone silent",
        f"{customers(len(late))} who bought on {FEWEST} days or more: silent for twice the usual"
        " gap, and longer than ever before.",
        _sums(money for each in known for money in each.spent),
        "Get in touch with the first fifteen of the list and ask, before any offer, what changed.",
        listed=True,
    )


def _one_time(orders: Sequence[Order], basis: Basis) -> Pain | Silence | None:
    """Those who bought once and have been away for the horizon, among all of that age."""
    old = basis.reference - basis.settings.churn_horizon * DAY
    bought = Counter(order.golden_id for order in orders)
    first = {who: min(o.at for o in own) for who, own in _by_customer(orders).items()}
    aged = [who for who in bought if first[who] < old]
    if len(aged) < basis.settings.min_n:
        return Silence(
            f"who comes back: fewer than {basis.settings.min_n} customers are old enough",
            "sales of a longer time",
        )
    once = {who for who in aged if bought[who] == 1}
    share = wilson(len(once), len(aged), basis.settings.confidence)
    return (
        Pain(
            "Customers do not come back after their first order",
            f"{len(once):,} of {customers(len(aged))} who first bought"
            f" {basis.settings.churn_horizon} days ago or longer bought once and never again:"
            f" {share_text(Share(share, share.n))}.",
            _sums(Money(order.net, order.currency) for order in orders if order.golden_id in once),
            "Write to everybody a week after their first order: did it arrive, and is it right?",
        )
        if once
        else None
    )


def _by_customer(orders: Sequence[Order]) -> dict[str, list[Order]]:
    found: dict[str, list[Order]] = {}
    for order in orders:
        found.setdefault(order.golden_id, []).append(order)
    return found


def _returned(connection: Connection, basis: Basis) -> Pain | Silence | None:
    """Of the products that come back more often than the others, the one with most money."""
    # Codes without a digit are bookings, such as postage or a discount, and no products.
    rows = [
        (*product, each.sold, each.back, each.worth)
        for product, each in sorted(_products(connection).items())
        if any(letter.isdigit() for letter in product[0])
    ]
    sales, returns = sum(r[2] for r in rows), sum(r[3] for r in rows)
    if not returns:
        return Silence("returns: no file holds any", "sales with what came back, as minus lines")
    usual, confidence = 100 * returns / max(1, sales), basis.settings.confidence
    rated = [
        (Money(int(worth), currency), sku, wilson(min(back, sold), sold, confidence))
        for sku, currency, sold, back, worth in rows
        if sold >= basis.settings.min_n and back >= _RETURNS
    ]
    worse = [each for each in rated if each[2].low is not None and each[2].low > usual]
    if not worse:
        return None
    amount, sku, share = max(worse, key=lambda each: (each[0].minor, each[1]))
    return Pain(
        f"Product {sku} comes back",
        f"Lines returned per line sold: {share_text(Share(share, share.n))}; of all products"
        f" {usual:.1f} %.",
        (amount,),
        f"Open one of {sku} that came back, read its page in the shop, and mend what misleads.",
    )


@dataclass(slots=True)
class _Lines:
    """Lines of a product: how many were sold, how many came back, and what those were worth."""

    sold: int = 0
    back: int = 0
    worth: int = 0


def _products(connection: Connection) -> dict[tuple[str, str], _Lines]:
    """The lines of each product and currency.

    They are counted here: a database would sort all that were ever sold for it, and in memory.
    """
    entry = order_entries.c
    query = select(entry.sku, entry.currency, entry.positive, entry.kind, entry.amount_minor)
    rows = connection.execute(query.where(entry.sku.is_not(None))).partitions(1_000)
    found: dict[tuple[str, str], _Lines] = defaultdict(_Lines)
    for sku, currency, positive, kind, minor in chain.from_iterable(rows):
        lines = found[sku, currency]
        lines.sold += positive
        if kind == "return":
            lines.back += 1
            lines.worth -= minor
    return found


def _sums(amounts: Iterator[Money]) -> tuple[Money, ...]:
    sums: Counter[str] = Counter()
    for amount in amounts:
        sums[amount.currency] += amount.minor
    return tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))
