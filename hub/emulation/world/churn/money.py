"""What customers pay: the subscription and its end, monthly payments, orders beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from msgspec.structs import replace

from hub.core.ids import SourceKey
from hub.core.records import Interaction, Message, Order, OrderItem, Subscription
from hub.emulation.world.churn.causes import (
    FAILED_PAYMENT,
    PRICE_LETTER,
    TERM_END,
    Fate,
    Happening,
)
from hub.emulation.world.churn.habits import MONTH, YEAR, Habits
from hub.emulation.world.churn.told import Book
from hub.emulation.world.churn.use import Appetite
from hub.emulation.world.churn.words import NEW_TERMS, THANKS_FOR_ANOTHER_YEAR
from hub.emulation.world.commerce import catalogue
from hub.emulation.world.dice import chance, opening_hours

CURRENCY = "AUD"
MONTHLY, YEARLY = 2900, 29900
"""Minor units."""

RENEWS_ON_THE_DAY = 0.5
"""Yearly contracts that go on without a word; the others are renewed in the 55 days before."""

HICCUP = 0.015
"""Payments that fail once and go through the day after."""

RETRIES = (3, 7, 14, 21)
"""Days after a failed payment at which it is tried again (chosen)."""


def subscription(rng: Random, book: Book, habits: Habits, fate: Fate, start: datetime) -> None:
    """Tells of the contract, its renewals, and its end if there is one."""
    key = book.key("billing", "subscriptions")
    contract = Subscription(
        party=book.party,
        started_at=habits.joined,
        plan="club yearly" if habits.term else "club monthly",
        amount_minor=YEARLY if habits.term else MONTHLY,
        currency=CURRENCY,
        period="year" if habits.term else "month",
        ended_at=habits.term_end(start) if habits.term else None,
    )
    book.tell(max(start, habits.joined), key, contract)
    if contract.ended_at and fate.cause != TERM_END:
        contract = _renewed(rng, book, key, contract, contract.ended_at)
    if fate.left_at is not None:
        reason = _END_REASONS.get(fate.cause or "", "cancelled")
        book.tell(fate.left_at, key, replace(contract, ended_at=fate.left_at, end_reason=reason))


_Reason = Literal["cancelled", "payment_failed", "completed"]
_END_REASONS: dict[str, _Reason] = {FAILED_PAYMENT: "payment_failed", TERM_END: "completed"}


def _renewed(
    rng: Random, book: Book, key: SourceKey, contract: Subscription, ended_at: datetime
) -> Subscription:
    """The contract for another year, told on its last day or before."""
    early = timedelta(0) if chance(rng, RENEWS_ON_THE_DAY) else timedelta(days=rng.randint(3, 55))
    at = ended_at - early - timedelta(hours=1)
    longer = replace(contract, ended_at=ended_at + YEAR)
    book.tell(at, key, longer)
    _letter(book, at, THANKS_FOR_ANOTHER_YEAR)
    return longer


def payments(
    rng: Random, book: Book, habits: Habits, fate: Fate, start: datetime, end: datetime
) -> None:
    """Tells of every monthly payment: made, failed, tried again."""
    failing = {each.at: each for each in fate.happenings if each.cause == FAILED_PAYMENT}
    due = habits.payment_after(start)
    while due < end and not habits.term:
        for at, paid in _attempts(rng, due, failing.get(due)):
            record = Interaction(
                at=at, kind="payment" if paid else "payment_failed", party=book.party
            )
            book.tell(at, book.key("till", "payments"), record)
        due += MONTH


def _attempts(
    rng: Random, due: datetime, trouble: Happening | None
) -> Iterator[tuple[datetime, bool]]:
    """When that payment was tried, and whether it went through."""
    days: list[int] = [1] if chance(rng, HICCUP) else []
    if trouble is not None:
        days = list(RETRIES[: None if trouble.leaves_at else rng.randint(1, len(RETRIES))])
    goes_through = trouble is None or trouble.leaves_at is None
    tries = [due, *(due + timedelta(days=day) for day in days)]
    for at in tries:
        yield at, goes_through and at == tries[-1]


def price_letter(book: Book, habits: Habits, start: datetime) -> None:
    """Tells of the letter that went to everybody who pays by the month."""
    at = start + PRICE_LETTER
    if not habits.term and habits.joined < at:
        _letter(book, at, NEW_TERMS)


def orders(
    rng: Random, book: Book, habits: Habits, appetite: Appetite, start: datetime, end: datetime
) -> None:
    """Tells of what they bought beside the subscription; who comes less buys less."""
    if not habits.buys_every:
        return
    articles = catalogue()
    day = max(start, habits.joined)
    while day < end:
        if chance(rng, min(1.0, appetite.on(day)) / habits.buys_every):
            at = opening_hours(rng, day.date())
            article = rng.choice(articles)
            key = book.key("shop", "orders")
            item = OrderItem(sku=article.sku, name=article.title, amount_minor=article.price)
            record = Order(
                order_ref=key.source_id,
                at=at,
                currency=CURRENCY,
                total_minor=article.price,
                party=book.party,
                items=[item],
            )
            book.tell(at, key, record)
        day += timedelta(days=1)


def _letter(book: Book, at: datetime, text: str) -> None:
    record = Message(at=at, party=book.party, direction="out", channel="email", text=text)
    book.tell(at, book.key("billing", "letters"), record)
