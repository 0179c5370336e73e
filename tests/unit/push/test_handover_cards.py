"""Which earlier contacts stand beside a card, and what names a card."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.core.ids import SourceKey
from hub.core.records import Interaction, Message, Record, Ticket
from hub.journeys.event import in_order
from hub.journeys.timeline import events_of
from hub.push.handover_cards import earlier, key_of
from hub.push.handover_tickets import Asked

START = datetime(2026, 11, 1, 20, tzinfo=UTC)
OWN = SourceKey("desk", "tickets", "9")


def ticket(at: datetime, channel: str = "voice", subject: str = "Late parcel") -> Ticket:
    return Ticket(at=at, channel=channel, subject=subject)


def before(*others: tuple[str, Record], zone: str = "UTC") -> list[str]:
    """What is said of the ticket that is opened ten days after the start."""
    asked = Asked(1, OWN, ticket(START + timedelta(days=10)), 2)
    told = [*others, (str(OWN), asked.ticket)]
    events = [event for source, record in told for event in events_of(source, record)]  # type: ignore[arg-type]  # records of the table below are all events
    return earlier(in_order(events), asked, ZoneInfo(zone))


def chat(days: float, subject: str = "late parcel") -> tuple[str, Record]:
    at = START + timedelta(days=days)
    return f"widget/chats/{days}", Interaction(at=at, kind="chat", channel="chat", subject=subject)


def test_the_chat_before_the_call_is_named_with_its_day() -> None:
    """Days are those of the business's clocks: an evening in UTC is the next day in Sydney."""
    assert before(chat(8)) == ["Same matter before: chat 2026-11-09"]
    assert before(chat(8), zone="Australia/Sydney") == ["Same matter before: chat 2026-11-10"]


@pytest.mark.parametrize(
    "other",
    [
        chat(8, "Invoice"),
        chat(2.9),
        chat(11),
        ("desk/comments/1", Message(at=START + timedelta(days=10), ticket="9", direction="in")),
    ],
    ids=["another-matter", "too-long-ago", "after-it", "the-ticket-itself"],
)
def test_what_is_no_earlier_contact_about_it_is_not_named(other: tuple[str, Record]) -> None:
    """Nothing is guessed together, and a ticket is not its own past."""
    assert before(other) == []


def test_the_last_three_are_enough() -> None:
    """The one who takes the call has to read it while the phone rings."""
    [line] = before(*(chat(days) for days in (5, 6, 7, 8, 9)))

    assert line == "Same matter before: chat 2026-11-08, chat 2026-11-09, chat 2026-11-10"


def test_a_cards_name_is_the_tickets_own() -> None:
    """The same in every database, another for every ticket, and within what systems take."""
    one, other = key_of(OWN), key_of(SourceKey("desk2", "tickets", "9"))

    assert one == key_of(SourceKey.parse("desk/tickets/9")) != other
    assert len(one) <= 64
    assert set(one) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
