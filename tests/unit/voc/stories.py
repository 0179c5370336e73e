"""Customers' pasts in a few words, for tests that are tables.

A story ``"log_in 0 1 2.5; email 3; call 4 5"`` is what happened, and on which days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from hub.core.records import (
    AnyRecord,
    Feedback,
    Interaction,
    Message,
    Order,
    Subscription,
    Ticket,
)
from hub.journeys.timeline import Event, events_of, in_order

START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""


def day(days: float) -> datetime:
    return START + timedelta(days=days)


def hour(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def _survey(at: datetime, instrument: str, score: float, high: float) -> Feedback:
    low = 0 if instrument == "nps" else 1
    return Feedback(at=at, instrument=instrument, score=score, scale_min=low, scale_max=high)


WORDS: Mapping[str, Callable[[datetime], AnyRecord]] = {
    "log_in": lambda at: Interaction(at=at, kind="login"),
    "report": lambda at: Interaction(at=at, kind="usage", subject="report"),
    "call": lambda at: Interaction(at=at, kind="call"),
    "visit": lambda at: Interaction(at=at, kind="visit"),
    "paid": lambda at: Interaction(at=at, kind="payment"),
    "failed": lambda at: Interaction(at=at, kind="payment_failed"),
    "email": lambda at: Ticket(at=at, channel="email"),
    "web": lambda at: Ticket(at=at, channel="web"),
    "sent": lambda at: Message(at=at, direction="out", author="kim", text="Hello"),
    "good": lambda at: Message(at=at, text="Thank you, great work, very helpful!"),
    "bad": lambda at: Message(at=at, text="Terrible. Broken again, I am very angry."),
    "rival": lambda at: Message(at=at, text="Globex does it for less."),
    "order": lambda at: Order(order_ref=at.isoformat(), at=at, currency="AUD", total_minor=900),
    "back": lambda at: Interaction(at=at, kind="return"),
    "nps3": lambda at: _survey(at, "nps", 3, 10),
    "nps7": lambda at: _survey(at, "nps", 7, 10),
    "nps9": lambda at: _survey(at, "nps", 9, 10),
    "csat2": lambda at: _survey(at, "csat", 2, 5),
    "csat3": lambda at: _survey(at, "csat", 3, 5),
}


def told(records: Mapping[str, AnyRecord]) -> list[Event]:
    """The timeline of records by their source key."""
    return in_order(e for source, record in records.items() for e in events_of(source, record))


def story(text: str, *others: AnyRecord) -> list[Event]:
    """A timeline: what ``text`` says happened, and other records."""
    records: list[AnyRecord] = list(others)
    for part in filter(str.strip, text.split(";")):
        word, *days = part.split()
        records += [WORDS[word](day(float(each))) for each in days]
    return told({f"app/records/{number}": record for number, record in enumerate(records)})


def ticket(
    at: float,
    *,
    solved: float | None = None,
    status: str = "open",
    agents: int | None = None,
    reopens: int | None = None,
    subject: str | None = None,
) -> Ticket:
    """A ticket by e-mail, on days."""
    return Ticket(
        at=day(at),
        channel="email",
        subject=subject,
        status="solved" if solved is not None and status == "open" else status,  # type: ignore[arg-type]
        solved_at=None if solved is None else day(solved),
        assignee_stations=agents,
        reopens=reopens,
    )


def contract(started: float, ended: float | None = None, why: str | None = None) -> Subscription:
    """A contract, on days."""
    from hub.core.records import PartyRef

    return Subscription(
        party=PartyRef(id="1"),
        started_at=day(started),
        ended_at=None if ended is None else day(ended),
        end_reason=why,  # type: ignore[arg-type]
    )


def days(numbers: Iterable[float]) -> str:
    """Numbers as a story writes them."""
    return " ".join(map(str, numbers))
